import type { Description, Operation, Parameter } from './descriptions.ts';
import { findOperation, follow } from './descriptions.ts';
import type { Exchange } from './tap.ts';

/** A request that a service accepts. */
export type ValidRequest = {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
};

/** The same request with one thing changed, which may or may not make it wrong. `change` says what. */
export type ChangedRequest = ValidRequest & { readonly query: string; readonly change: string };

const NO_KEY = 'ü b/';

/**
 * Everything about a request that a service checks, each time with one thing that it might refuse: fields left out,
 * added, or of another type, query parameters out of bounds. Whether it is wrong is for the description to say.
 */
export function changesOf(description: Description, valid: ValidRequest): readonly ChangedRequest[] {
  const found = findOperation(description, valid.method, valid.path);
  if (typeof found === 'string') throw new Error(`${valid.method} ${valid.path}: ${found}`);
  const queries = parametersOf(description, found.value).flatMap(changedQueries);
  const bodies = valid.body === undefined ? [] : changedValues(valid.body, 'body');
  return [
    ...queries.map((query) => ({ ...valid, query, change: shorten(query) })),
    ...bodies.map(({ value, change }) => ({ ...valid, body: value, query: '', change })),
  ];
}

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);

export const exchangeOf = ({ method, path, query, body }: ChangedRequest): Exchange => ({
  ...{ origin: '', method, path, query: new URLSearchParams(query) },
  contentType: body === undefined ? undefined : 'application/json',
  body: body === undefined ? '' : JSON.stringify(body),
  answer: undefined,
});

function parametersOf(description: Description, operation: Operation): readonly Parameter[] {
  return (operation.parameters ?? [])
    .map((one) => follow<Parameter>(description, one, '').value)
    .filter((parameter) => parameter.in === 'query');
}

type Bounded = { readonly type?: string; readonly maximum?: number; readonly maxItems?: number };

function changedQueries({ name, schema }: Parameter): readonly string[] {
  const { type, maximum, maxItems } = (schema ?? {}) as Bounded;
  const numbers = type === 'integer' ? [0, -1, ...(maximum === undefined ? [] : [maximum + 1])] : [];
  const tooMany =
    maxItems === undefined ? [] : Array.from({ length: maxItems + 1 }, (_, i) => `${name}=${i}`);
  return [
    `${name}=nonsense`,
    ...numbers.map((number) => `${name}=${number}`),
    ...(tooMany.length > 0 ? [tooMany.join('&')] : []),
  ];
}

type Changed = { readonly value: unknown; readonly change: string };

/** @param at where the value stands, e.g. `body.operations` */
function changedValues(value: unknown, at: string): readonly Changed[] {
  if (Array.isArray(value)) {
    const within = value.flatMap((one, index) =>
      changedValues(one, at).map(({ value: changed, change }) => ({
        value: value.with(index, changed),
        change,
      })),
    );
    return [{ value: {}, change: `${at} is an object` }, ...within];
  }
  if (typeof value !== 'object' || value === null) {
    return [
      { value: {}, change: `${at} is an object` },
      { value: NO_KEY, change: `${at} is "${NO_KEY}"` },
    ];
  }
  const fields = Object.entries(value);
  return [
    { value: [], change: `${at} is a list` },
    { value: { ...value, undescribed: 1 }, change: `${at} has another field` },
    ...fields.map(([left]) => ({
      value: Object.fromEntries(fields.filter(([name]) => name !== left)),
      change: `${at}.${left} is missing`,
    })),
    ...fields.flatMap(([name, one]) =>
      changedValues(one, `${at}.${name}`).map(({ value: changed, change }) => ({
        value: { ...value, [name]: changed },
        change,
      })),
    ),
  ];
}

const FACTS = '/v2/facts/main/dev';
const SCHEMA = '/v2/schema/main/dev';
const user = (key: string) => ({
  key,
  email: `${key}@acme.test`,
  first_name: 'Ann',
  last_name: 'Example',
  attributes: { seat: 1 },
  role_assignments: [{ role: 'member', tenant: 'default' }],
});
const granted = { user: 'ann', role: 'member', tenant: 'default' };
const onInstance = { user: 'bob', role: 'owner', resource_instance: 'repository:api', tenant: 'default' };

const tuple = (object: string) => ({ subject: 'team:1', relation: 'owner', object });
const instance = { key: 'new', tenant: 'default', resource: 'repository', attributes: {} };

/**
 * One of each operation of the emulated Permit, in a world with `ann`, `bob`, `editor`, `repository:web`, and
 * `repository:api` whose owner is `team:1`.
 */
export const PERMIT_REQUESTS: readonly ValidRequest[] = [
  { method: 'GET', path: '/v2/api-key/scope' },
  { method: 'GET', path: `${FACTS}/users` },
  { method: 'GET', path: `${FACTS}/users/ann` },
  { method: 'POST', path: `${FACTS}/users`, body: user('new') },
  { method: 'PUT', path: `${FACTS}/users/ann`, body: user('ann') },
  {
    method: 'PATCH',
    path: `${FACTS}/users/ann`,
    body: { email: 'a@b.test', first_name: 'A', attributes: {} },
  },
  { method: 'DELETE', path: `${FACTS}/users/ann` },
  { method: 'POST', path: `${FACTS}/bulk/users`, body: { operations: [user('new')] } },
  { method: 'PUT', path: `${FACTS}/bulk/users`, body: { operations: [user('ann')] } },
  { method: 'DELETE', path: `${FACTS}/bulk/users`, body: { idents: ['ann'] } },
  { method: 'GET', path: `${FACTS}/role_assignments` },
  { method: 'POST', path: `${FACTS}/role_assignments`, body: { ...granted, user: 'bob' } },
  { method: 'POST', path: `${FACTS}/role_assignments`, body: onInstance },
  { method: 'DELETE', path: `${FACTS}/role_assignments`, body: granted },
  { method: 'POST', path: `${FACTS}/role_assignments/bulk`, body: [{ ...granted, user: 'bob' }, onInstance] },
  { method: 'DELETE', path: `${FACTS}/role_assignments/bulk`, body: [granted] },
  { method: 'GET', path: `${FACTS}/tenants` },
  { method: 'GET', path: `${FACTS}/tenants/default` },
  { method: 'GET', path: `${FACTS}/tenants/default/users` },
  { method: 'POST', path: `${FACTS}/tenants`, body: { key: 'new', name: 'New', attributes: {} } },
  { method: 'PATCH', path: `${FACTS}/tenants/default`, body: { name: 'Renamed', attributes: {} } },
  { method: 'DELETE', path: `${FACTS}/tenants/production` },
  { method: 'GET', path: `${FACTS}/resource_instances` },
  { method: 'GET', path: `${FACTS}/resource_instances/repository:api` },
  { method: 'GET', path: `${FACTS}/resource_instances/detailed` },
  { method: 'POST', path: `${FACTS}/resource_instances`, body: instance },
  { method: 'PATCH', path: `${FACTS}/resource_instances/repository:api`, body: { attributes: {} } },
  { method: 'DELETE', path: `${FACTS}/resource_instances/repository:api` },
  { method: 'PUT', path: `${FACTS}/bulk/resource_instances`, body: { operations: [instance] } },
  { method: 'DELETE', path: `${FACTS}/bulk/resource_instances`, body: { idents: ['repository:api'] } },
  { method: 'GET', path: `${FACTS}/relationship_tuples` },
  { method: 'GET', path: `${FACTS}/relationship_tuples/detailed` },
  {
    method: 'POST',
    path: `${FACTS}/relationship_tuples`,
    body: { ...tuple('repository:web'), tenant: 'default' },
  },
  { method: 'DELETE', path: `${FACTS}/relationship_tuples`, body: tuple('repository:api') },
  {
    method: 'POST',
    path: `${FACTS}/relationship_tuples/bulk`,
    body: { operations: [tuple('repository:web')] },
  },
  {
    method: 'DELETE',
    path: `${FACTS}/relationship_tuples/bulk`,
    body: { idents: [tuple('repository:api')] },
  },
  { method: 'GET', path: `${SCHEMA}/roles` },
  { method: 'GET', path: `${SCHEMA}/roles/editor` },
  {
    method: 'POST',
    path: `${SCHEMA}/roles`,
    body: { key: 'new', name: 'New', permissions: ['repository:read'] },
  },
  { method: 'PATCH', path: `${SCHEMA}/roles/editor`, body: { name: 'Renamed', permissions: [] } },
  { method: 'POST', path: `${SCHEMA}/roles/editor/permissions`, body: { permissions: ['repository:read'] } },
  {
    method: 'DELETE',
    path: `${SCHEMA}/roles/editor/permissions`,
    body: { permissions: ['repository:write'] },
  },
  { method: 'GET', path: `${SCHEMA}/resources` },
  { method: 'GET', path: `${SCHEMA}/resources/repository` },
  {
    method: 'POST',
    path: `${SCHEMA}/resources`,
    body: {
      key: 'new',
      name: 'New',
      actions: { read: { name: 'Read' } },
      roles: { owner: { name: 'Owner', permissions: ['read'] } },
    },
  },
  { method: 'PATCH', path: `${SCHEMA}/resources/repository`, body: { name: 'Renamed' } },
  { method: 'GET', path: `${SCHEMA}/resources/repository/roles` },
  { method: 'GET', path: `${SCHEMA}/resources/repository/actions` },
  { method: 'POST', path: `${SCHEMA}/resources/repository/actions`, body: { key: 'new', name: 'New' } },
];

const question = {
  action: 'read',
  resource: { type: 'repository', key: 'api', tenant: 'default', attributes: {} },
  context: {},
};
const check = { ...question, user: { key: 'ann', email: 'ann@acme.test', attributes: {} } };

export const PDP_REQUESTS: readonly ValidRequest[] = [
  { method: 'POST', path: '/allowed', body: check },
  { method: 'POST', path: '/allowed/bulk', body: [check] },
  { method: 'POST', path: '/authorized_users', body: question },
];
