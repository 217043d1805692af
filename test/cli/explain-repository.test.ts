import { expect, test } from 'vitest';
import { repositoryOf, teamOf, userOf } from '../../src/demo/github/github.ts';
import { dropInstance, revoke } from '../../src/demo/permit/permit.ts';
import { openMirror } from '../support/mirror.ts';

const CONFIG = 'github: { orgs: [acme] }\nrepositories: {}\npolicy: {}\n';

async function mirroredStage() {
  const { stage, run, reconcile } = await openMirror(CONFIG);
  expect((await reconcile()).code).toBe(0);
  const explain = async (login: string, repository: string) => {
    const ran = await run('explain', login, '--repository', repository, '-o', 'json');
    return { code: ran.code, document: JSON.parse(ran.stdout) };
  };
  return { ...stage, run, explain };
}

type Way = {
  readonly name: string;
  readonly gives: string;
  readonly github: string;
  readonly permit: boolean;
};
const waysIn = ({ ways }: { readonly ways: readonly Way[] }): readonly string[] =>
  ways.map(({ name, gives, github, permit }) => `${name} ${gives}: ${github} ${permit}`);

test('every way of access is named, with what gives it on GitHub and in Permit', async () => {
  const { explain, run, github } = await mirroredStage();
  github.requests.length = 0;
  const ben = await explain('ben', 'payments-api');
  expect(ben.document).toMatchObject({
    ...{ github: { role: 'maintainer', level: 'maintain' }, permit: { level: 'maintain' }, warnings: [] },
    repository: { name: 'acme/payments-api', instance: true },
  });
  expect(waysIn(ben.document)).toEqual([
    'acme reader: yes true',
    'acme/platform triager: yes true',
    'acme/core maintainer: yes true',
  ]);
  expect(github.requests.some(({ path }) => /\/members$|\/teams$/.test(path))).toBe(false);
  expect(waysIn((await explain('eve', 'acme/handbook')).document)).toEqual([
    'acme triager: yes true',
    'acme reader: yes true',
  ]);
  const guest = await run('explain', 'guest', '--repository', 'payments-api');
  expect(guest.stdout).toMatch(
    /writer on repository:\d+ \(acme\/payments-api\) +gives write\s+on GitHub and/,
  );
});

test('drift shows on the side where it is', async () => {
  const { explain, permit, github } = await mirroredStage();
  const { id } = repositoryOf(github.world, 'acme', 'payments-api');
  revoke(permit.world, 'ben', `default/member@github_team:${teamOf(github.world, 'acme', 'core').id}`);
  repositoryOf(github.world, 'acme', 'payments-api').collaborators.delete(userOf(github.world, 'dan').id);
  repositoryOf(github.world, 'acme', 'payments-api').collaborators.set(
    userOf(github.world, 'cat').id,
    'admin',
  );
  expect(waysIn((await explain('ben', 'payments-api')).document)).toContain(
    'acme/core maintainer: yes false',
  );
  expect(waysIn((await explain('dan', 'payments-api')).document)).toContain(
    'acme/payments-api custom_deployer_write: no true',
  );
  expect((await explain('cat', 'payments-api')).document).toMatchObject({
    ...{ github: { level: 'admin' }, permit: { level: 'read' } },
    ways: [{ relation: 'owner_read' }, { on: `repository:${id}`, github: 'yes', permit: false }],
  });
  dropInstance(permit.world, `repository:${id}`);
  const { document } = await explain('ben', 'payments-api');
  expect(document).toMatchObject({ github: { level: 'maintain' }, permit: { level: null }, ways: [] });
  expect(document.warnings.map(({ code }: { code: string }) => code)).toEqual([
    'UNKNOWN_INSTANCE',
    'NOT_LINKED',
  ]);
  expect(document.github.sources).toEqual([
    { source: 'organization', name: 'acme', role: 'read' },
    { source: 'team', name: 'platform', role: 'triage' },
    { source: 'team', name: 'core', role: 'maintain' },
  ]);
});

test('a login or a repository that nobody knows ends with 1, and an unclear answer with 4', async () => {
  const { run, explain, github } = await mirroredStage();
  const stranger = await run('explain', 'nobody-here', '--repository', 'payments-api');
  expect([stranger.code, stranger.stderr]).toEqual([1, expect.stringContaining('has the login nobody-here')]);
  const attic = await run('explain', 'ann', '--repository', 'attic');
  expect([attic.code, attic.stderr]).toEqual([1, expect.stringContaining('is archived')]);
  github.faults.push({
    match: ({ path }) => path.includes('/memberships/'),
    do: { kind: 'answer', status: 403, body: { message: 'Forbidden', documentation_url: 'https://docs' } },
  });
  const unclear = await explain('ann', 'payments-api');
  expect([unclear.code, unclear.document.warnings[0].code]).toEqual([4, 'LOOKUP_FAILED']);
  expect(waysIn(unclear.document).every((way) => way.endsWith('unknown true'))).toBe(true);
});
