import { onTestFinished } from 'vitest';
import {
  addInstance,
  addPermitUser,
  addResource,
  addRole,
  addTenant,
  ENVIRONMENT_KEY,
  permitWorld,
  startPermitEmulator,
} from '../../src/demo/permit/permit.ts';
import { nextId } from '../../src/demo/permit/world.ts';
import { addTuple } from '../support/repository-world.ts';
import type { Description } from './descriptions.ts';
import type { Finding } from './judge-exchange.ts';
import type { Exchange } from './tap.ts';
import { type ChangedRequest, changesOf, exchangeOf, type ValidRequest } from './wrong-requests.ts';

function world() {
  const made = permitWorld();
  addTenant(made, 'production');
  const repository = addResource(made, 'repository', ['read', 'write'], { owner: ['read'] });
  addInstance(made, 'repository:api', 'default');
  addInstance(made, 'repository:web', 'default');
  addResource(made, 'team', [], { member: [] });
  const relation = { id: nextId(made), name: 'owner', subject: 'team' };
  made.resources.set('repository', { ...repository, relations: { owner: relation } });
  addTuple(made, { subject: 'team:1', relation: 'owner', object: 'repository:api' });
  addRole(made, 'editor', ['repository:write']);
  addPermitUser(made, { key: 'ann', attributes: {}, grants: ['default/member'] });
  addPermitUser(made, { key: 'bob' });
  return made;
}

/**
 * Sends an emulator a request that its service accepts, and before that every variation of it that the description
 * rules out. A product that is built on an emulator that accepts them would fail on the service.
 * @returns what the emulator answered otherwise than the service would.
 */
export async function probe(
  description: Description,
  judge: (exchange: Exchange) => readonly Finding[],
  valid: ValidRequest,
): Promise<readonly Finding[]> {
  const { url, close } = await startPermitEmulator(world());
  onTestFinished(close);
  const operation = `${valid.method} ${valid.path}`;
  const findings: Finding[] = [];
  const check = async (request: ChangedRequest, isRight: (status: number) => boolean): Promise<void> => {
    const answer = await send(url, request);
    const reasons = judge({ ...exchangeOf(request), answer }).map(({ reason }) => reason);
    const wrongAnswer = reasons.filter((reason) => reason.startsWith('answer'));
    if (!isRight(answer.status))
      wrongAnswer.push(`emulator: answers ${answer.status} when ${request.change}`);
    findings.push(...wrongAnswer.map((reason) => ({ operation, path: valid.path, reason })));
  };
  for (const request of changesOf(description, valid)) {
    const isWrong = judge(exchangeOf(request)).length > 0;
    if (isWrong) await check(request, (status) => status === 422 || status === 400);
  }
  await check({ ...valid, query: '', change: 'the request is right' }, (status) => status < 300);
  return findings;
}

async function send(url: string, { method, path, query, body }: ChangedRequest) {
  const answer = await fetch(`${url}${path}${query === '' ? '' : `?${query}`}`, {
    method,
    headers: {
      authorization: `Bearer ${ENVIRONMENT_KEY}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: await answer.text() };
}
