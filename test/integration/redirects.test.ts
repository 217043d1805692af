import { describe, expect, onTestFinished, test } from 'vitest';
import { type GitHubEmulator, orgOf } from '../../src/demo/github/github.ts';
import {
  addPermitUser,
  ENVIRONMENT_KEY,
  permitWorld,
  startPermitEmulator,
} from '../../src/demo/permit/permit.ts';
import { type Emulator, startServer } from '../../src/demo/server.ts';
import type { UserKey } from '../../src/model/identity.ts';
import { githubWithAcme, openSource, openTarget, thrownBy } from '../support/adapters.ts';

/** Another server, which answers everything as if it were the real one, and remembers what it was sent. */
async function stranger(): Promise<Emulator> {
  const emulator = await startServer({ work: () => ({ status: 200, body: [] }) });
  onTestFinished(() => emulator.close());
  return emulator;
}

const redirect = (github: Emulator, path: string, location: string, status = 301): void => {
  github.faults.push({
    match: (request) => request.path === path,
    do: { kind: 'answer', status, headers: { location }, body: { message: 'Moved' } },
  });
};

async function permit(users = 3) {
  const world = permitWorld();
  for (let i = 0; i < users; i++) addPermitUser(world, { key: `user-${i}` });
  const emulator = await startPermitEmulator(world);
  onTestFinished(() => emulator.close());
  return emulator;
}

describe('GitHub redirects', () => {
  const byId = (github: GitHubEmulator): string => `/organizations/${orgOf(github.world, 'acme').id}`;

  test.each([301, 302, 307, 308])('to the same place (%s) are followed', async (status) => {
    const github = await githubWithAcme({ members: 3 });
    redirect(github, '/orgs/acme', `${github.url}${byId(github)}`, status);
    redirect(github, '/orgs/acme/memberships/owner', `${byId(github)}/memberships/owner`, status);
    expect(await openSource(github).source.listOrg('acme')).toMatchObject({
      kind: 'complete',
      id: orgOf(github.world, 'acme').id,
    });
    expect(github.requests.at(-1)?.headers.authorization).toContain('token ');
  });

  test('in a loop end', async () => {
    const github = await githubWithAcme({ members: 3 });
    redirect(github, '/orgs/acme', '/orgs/acme');
    expect(await openSource(github).source.listOrg('acme')).toMatchObject({ kind: 'incomplete' });
    expect(github.requests.filter(({ path }) => path === '/orgs/acme').length).toBeLessThanOrEqual(4);
  });

  test.each(['/orgs/acme', '/orgs/acme/members', '/orgs/acme/memberships/owner'])(
    'of %s to another origin are refused, and nothing is sent there',
    async (path) => {
      const [github, other] = [await githubWithAcme({ members: 3 }), await stranger()];
      redirect(github, path, `${other.url}/orgs/acme`);
      expect(await openSource(github).source.listOrg('acme')).toMatchObject({
        kind: 'incomplete',
        code: 'GITHUB_UNAVAILABLE',
        message: expect.stringContaining('not followed'),
      });
      expect(other.requests).toEqual([]);
      // A redirect is not a temporary fault.
      expect(github.requests.filter((one) => one.path === path).length).toBeLessThanOrEqual(2);
    },
  );

  test.each([
    'http://127.0.0.1.example.com:1/',
    '//example.com/x',
    'ftp://127.0.0.1/',
    'http://',
    'javascript:alert(1)',
  ])('to %s are refused', async (location) => {
    const github = await githubWithAcme({ members: 3 });
    redirect(github, '/orgs/acme', location);
    expect(await openSource(github).source.listOrg('acme')).toMatchObject({ kind: 'incomplete' });
  });
});

describe('Permit redirects', () => {
  test('of reads to the same place are followed', async () => {
    const emulator = await permit();
    redirect(emulator, '/v2/api-key/scope', `${emulator.url}/v2/api-key/scope?again=1`, 307);
    emulator.faults.splice(0, 1, { ...(emulator.faults[0] as (typeof emulator.faults)[0]), times: 1 });
    expect(await openTarget(emulator).reader.readUsers()).toHaveLength(3);
  });

  test.each(['/v2/api-key/scope', 'users'])(
    'of %s to another origin are refused at once, and nothing is sent there',
    async (where) => {
      const [emulator, other] = [await permit(), await stranger()];
      const { organization, project, environment } = emulator.world;
      expect(organization).toBeDefined();
      const path = where === 'users' ? `/v2/facts/${project.id}/${environment.id}/users` : where;
      redirect(emulator, path, `${other.url}${path}`);
      const error = await thrownBy(() => openTarget(emulator).reader.readUsers());
      expect(error).toMatchObject({
        code: 'PERMIT_UNAVAILABLE',
        message: expect.stringContaining('not followed'),
      });
      expect(other.requests).toEqual([]);
      expect(emulator.requests.filter((one) => one.path === path)).toHaveLength(1);
    },
  );

  test.each([301, 302, 303, 307, 308])("of a write (%s) don't count as its success", async (status) => {
    const [emulator, other] = [await permit(), await stranger()];
    for (const to of [`${emulator.url}/v2/api-key/scope`, `${other.url}/`]) {
      emulator.faults.length = 0;
      emulator.faults.push({
        match: ({ method }) => method === 'POST',
        do: { kind: 'answer', status, headers: { location: to }, body: '<h1>Moved</h1>' },
      });
      const { writer } = openTarget(emulator);
      const error = await thrownBy(() =>
        writer.writeOne('createUser', { key: 'new' as UserKey, attributes: {} }),
      );
      expect(error).toMatchObject({ name: 'WriteError', kind: expect.not.stringMatching(/^ambiguous$/) });
    }
    expect(emulator.world.users.has('new')).toBe(false);
    expect(JSON.stringify(other.requests)).not.toContain(ENVIRONMENT_KEY);
    expect(other.requests).toEqual([]);
  });
});
