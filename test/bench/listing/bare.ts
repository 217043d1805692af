/**
 * The bare program that a run is compared with: it fetches the pages of members and users over keep-alive connections,
 * 40 at a time to each service, and parses their JSON. Where there are no users yet, it creates one for each member, in
 * the same bulk calls as a run. It has the environment of the run that it is compared with.
 */
import { Agent, request } from 'node:http';
import { CHANGES } from '../../../src/model/change.ts';
import type { Pages } from './measure.ts';

const { GITHUB_API_URL, PERMIT_API_URL, GH_TOKEN = '', PERMIT_API_KEY = '', BARE_PAGES = '' } = process.env;
const pages = JSON.parse(BARE_PAGES) as Pages;
const agent = new Agent({ keepAlive: true, maxSockets: 40 });

type Account = { readonly id: number; readonly login: string };

const fetchAll = async (
  count: number,
  url: (page: number) => string,
  token: string,
): Promise<readonly Account[]> =>
  (await Promise.all(Array.from({ length: count }, (_, index) => ask(url(index + 1), token)))).flat();

function ask(url: string, token: string, body?: unknown): Promise<readonly Account[]> {
  const text = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const headers = {
    ...{ authorization: `Bearer ${token}`, 'user-agent': 'bare' },
    ...(text && { 'content-type': 'application/json', 'content-length': text.length }),
  };
  return new Promise((resolve, reject) => {
    request(url, { method: text ? 'POST' : 'GET', agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString())));
    })
      .once('error', reject)
      .end(text);
  });
}

/** Sends the same bodies as a first run without a config file. */
async function createUsers(owners: readonly Account[], others: readonly Account[]): Promise<void> {
  const facts = `${PERMIT_API_URL}${pages.facts}`;
  const mark = { github_orgs: [1], managed_by: 'gh-permit-sync:default', managed_origin: 'created' };
  const users = [...owners, ...others].map(({ id, login }) => ({
    key: `github|${id}`,
    attributes: { github_id: id, github_login: login, ...mark },
  }));
  const grants = users.map(({ key }, index) => {
    const role = index < owners.length ? 'admin' : 'member';
    return { user: key, role, tenant: 'default' };
  });
  for (const operations of chunks(users, CHANGES.createUser.perCall)) {
    await ask(`${facts}/bulk/users`, PERMIT_API_KEY, { operations });
  }
  for (const some of chunks(grants, CHANGES.assignRole.perCall)) {
    await ask(`${facts}/role_assignments/bulk`, PERMIT_API_KEY, some);
  }
}

const chunks = <T>(items: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));

const members = (role: string) => (page: number) =>
  `${GITHUB_API_URL}/orgs/acme/members?role=${role}&per_page=100&page=${page}`;
const [owners, others] = await Promise.all([
  fetchAll(pages.owners, members('admin'), GH_TOKEN),
  fetchAll(pages.others, members('member'), GH_TOKEN),
  fetchAll(
    pages.users,
    (page) =>
      `${PERMIT_API_URL}${pages.facts}/users?page=${page}&per_page=100&include_resource_instance_roles=true`,
    PERMIT_API_KEY,
  ),
]);
if (pages.areMissing) await createUsers(owners, others);
agent.destroy();
