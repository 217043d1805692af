import { type Route, routesFor } from '../routes.ts';
import type { Answer } from '../server.ts';
import { notFound, ok, refusal } from './answers.ts';
import { type Ask, FACTS } from './ask.ts';
import { saveUser } from './grants.ts';
import { listOf, must, readBody, shaped, text } from './shapes.ts';
import { newUser, replacedUser, USER_SHAPE, type UserBody } from './users.ts';
import type { PermitUser } from './world.ts';

/** The maximum of users in one bulk call. */
const MAX_USERS = 3000;

const OPERATIONS = shaped({ operations: must(listOf(shaped(USER_SHAPE))) });
const IDENTS = shaped({ idents: must(listOf(text)) });

const on = routesFor<Ask>();

export const bulkRoutes: readonly Route<Ask>[] = [
  on('POST', `${FACTS}/bulk/users`, (ask) => writeMany(ask, newUser)),
  on('PUT', `${FACTS}/bulk/users`, (ask) => writeMany(ask, replacedUser)),
  on('DELETE', `${FACTS}/bulk/users`, deleteMany),
];

/** All or nothing: everything is checked before anything is written. */
function writeMany(ask: Ask, make: (ask: Ask, body: UserBody) => PermitUser): Answer {
  const { operations } = readBody<{ operations: UserBody[] }>(ask.request, OPERATIONS);
  mustFit(operations);
  const keys = new Set<string>();
  const emails = new Map<string, string>();
  for (const { key, email } of operations) {
    if (keys.has(key)) throw refusal(409, 'DUPLICATE_ENTITY', `the user '${key}' comes twice`);
    keys.add(key);
    if (email == null) continue;
    if (emails.has(email.toLowerCase()))
      throw refusal(409, 'DUPLICATE_ENTITY', `the email '${email}' comes twice`);
    emails.set(email.toLowerCase(), key);
  }
  const users = operations.map((operation) => make(ask, operation));
  for (const user of users) saveUser(ask, user);
  return ok({});
}

function deleteMany(ask: Ask): Answer {
  const { idents } = readBody<{ idents: string[] }>(ask.request, IDENTS);
  const { users } = ask.world;
  mustFit(idents);
  const keys = idents.flatMap((ident) => {
    const user = users.find(ident);
    if (user === undefined && ask.switches.bulkDeleteUnknown === 'notFound') throw notFound('User', ident);
    return user === undefined ? [] : [user.key];
  });
  for (const key of keys) users.delete(key);
  return ok({});
}

function mustFit(items: readonly unknown[]): void {
  if (items.length === 0) throw refusal(400, 'INVALID_INPUT', 'the list of users is empty');
  if (items.length > MAX_USERS) {
    throw refusal(403, 'FORBIDDEN_ACCESS', `a bulk call takes ${MAX_USERS} users at most`);
  }
}
