import { describe, expect, test } from 'vitest';
import {
  addMember,
  addOrg,
  addRepository,
  deleteRepository,
  mayReadRepositories,
  repositoryOf,
  setCollaborator,
  transferRepository,
} from '../../src/demo/github/github.ts';
import { openMirror } from '../support/mirror.ts';
import type { Stage } from '../support/stage.ts';

const CONFIG = `
github: { orgs: [acme, labs] }
permit: { tenant: default }
repositories: {}
grants:
  - { subject: "github:*:role:member", roles: [member] }
limits: { removals: 100%, demotions: 100%, repositories: 100%, links: 100%, floors: { admin: 0 } }
`;

/** Both organizations mirrored, and someone whose only access is one repository. */
async function openTwo(config = CONFIG) {
  const mirror = await openMirror(config, ({ github: { world }, env }) => {
    Object.assign(env, { GITHUB_ORG: '' });
    addOrg(world, 'labs');
    addMember(world, 'labs', { login: 'owner', role: 'admin' });
    addRepository(world, 'labs', { name: 'notes', visibility: 'private' });
    mayReadRepositories(world);
  });
  const first = await mirror.reconcile();
  expect(first, first.stderr).toMatchObject({ code: 0 });
  return mirror;
}

const refuse = ({ github }: Stage, matches: (path: string) => boolean, status = 403): void =>
  void github.faults.push({
    match: ({ path }) => matches(path),
    do: { kind: 'answer', status, body: { message: status === 404 ? 'Not Found' : 'Forbidden' } },
  });

/** What Permit holds of one instance: whether it is there, its links, and the roles on it. */
const heldOn = ({ permit: { world } }: Stage, name: string) => ({
  exists: world.instances.has(name),
  links: [...world.tuples.keys()].filter((tuple) => tuple.endsWith(name)).sort(),
  roles: [...world.users.values()].flatMap(({ key, grants }) =>
    grants.flatMap(({ resource, role }) => (resource === name ? [`${role} of ${key}`] : [])),
  ),
});

describe('a repository goes to a configured organization that this run could not read', () => {
  test.each<readonly [string, (stage: Stage, id: number) => void]>([
    ['and GitHub says where it is now', () => undefined],
    [
      'and GitHub shows it to nobody, as it does to the App of the former organization',
      (stage, id) => refuse(stage, (path) => path === `/repositories/${id}`, 404),
    ],
  ])('%s', async (_, also) => {
    const { stage, reconcile } = await openTwo();
    const { id } = repositoryOf(stage.github.world, 'acme', 'payments-api');
    const name = `repository:${id}`;
    const before = heldOn(stage, name);
    expect(before).toMatchObject({ exists: true, roles: expect.arrayContaining(['writer of guest']) });
    transferRepository(stage.github.world, 'acme', 'payments-api', 'labs');
    setCollaborator(stage.github.world, 'labs', 'payments-api', 'guest', 'write');
    refuse(stage, (path) => path.startsWith('/orgs/labs'));
    also(stage, id);

    const second = await reconcile();
    expect(second, second.stderr).toMatchObject({ code: 4 });
    expect(heldOn(stage, name)).toEqual(before);

    stage.github.faults.splice(0);
    const third = await reconcile();
    expect(third, JSON.stringify(third.warnings)).toMatchObject({ code: 0, status: 'applied' });
    expect(heldOn(stage, name)).toMatchObject({
      exists: true,
      roles: expect.arrayContaining(['writer of guest']),
    });
    expect(await reconcile()).toMatchObject({ code: 0, status: 'in-sync' });
  });

  test('of which only the repositories could not be read', async () => {
    const { stage, reconcile } = await openTwo();
    const name = `repository:${repositoryOf(stage.github.world, 'acme', 'payments-api').id}`;
    const before = heldOn(stage, name);
    transferRepository(stage.github.world, 'acme', 'payments-api', 'labs');
    refuse(stage, (path) => path.startsWith('/orgs/labs/repos'));
    expect(await reconcile()).toMatchObject({ code: 4 });
    expect(heldOn(stage, name)).toEqual(before);
  });

  test('one that was deleted meanwhile waits too', async () => {
    const { stage, reconcile } = await openTwo();
    const name = `repository:${repositoryOf(stage.github.world, 'acme', 'payments-api').id}`;
    deleteRepository(stage.github.world, 'acme', 'payments-api');
    refuse(stage, (path) => path.startsWith('/orgs/labs'));
    expect(await reconcile()).toMatchObject({ code: 4 });
    expect(heldOn(stage, name)).toMatchObject({ exists: true });
    stage.github.faults.splice(0);
    expect(await reconcile()).toMatchObject({ code: 0, status: 'applied' });
    expect(heldOn(stage, name)).toMatchObject({ exists: false, links: [], roles: [] });
  });
});

describe('--org narrows a run to one organization', () => {
  test('a repository that went to the other one stays', async () => {
    const { stage, reconcile } = await openTwo();
    const name = `repository:${repositoryOf(stage.github.world, 'acme', 'payments-api').id}`;
    const before = heldOn(stage, name);
    transferRepository(stage.github.world, 'acme', 'payments-api', 'labs');
    await reconcile('--org', 'acme');
    expect(heldOn(stage, name)).toEqual(before);
  });

  test('one that was deleted goes: the other organization does not have it either', async () => {
    const { stage, reconcile } = await openTwo();
    const name = `repository:${repositoryOf(stage.github.world, 'acme', 'payments-api').id}`;
    deleteRepository(stage.github.world, 'acme', 'payments-api');
    const second = await reconcile('--org', 'acme');
    expect(second, JSON.stringify(second.warnings)).toMatchObject({ code: 0, status: 'applied' });
    expect(heldOn(stage, name)).toMatchObject({ exists: false });
  });

  test('one that went to a person goes', async () => {
    const { stage, reconcile } = await openTwo();
    const name = `repository:${repositoryOf(stage.github.world, 'acme', 'payments-api').id}`;
    stage.github.faults.push({
      match: ({ path }) => path === `/${name.replace('repository:', 'repositories/')}`,
      do: {
        kind: 'answer',
        status: 200,
        body: {
          ...{ id: Number(name.slice('repository:'.length)), name: 'payments-api', archived: false },
          ...{ private: false, visibility: 'public', owner: { id: 99, login: 'eve', type: 'User' } },
        },
      },
    });
    deleteRepository(stage.github.world, 'acme', 'payments-api');
    expect(await reconcile('--org', 'acme')).toMatchObject({ code: 0, status: 'applied' });
    expect(heldOn(stage, name)).toMatchObject({ exists: false });
  });
});

test('an enterprise team stays while an organization that may have it was not read', async () => {
  const { stage, reconcile } = await openTwo();
  const { world } = stage.github;
  const acme = world.orgs.get('acme');
  const team = [...(acme?.teams.values() ?? [])].find(({ slug }) => slug === 'ent:contractors');
  expect(team).toBeDefined();
  const before = heldOn(stage, `github_team:${team?.id}`);
  expect(before.roles).toEqual(['member of cat']);
  if (team) acme?.teams.delete(team.id);
  refuse(stage, (path) => path.startsWith('/orgs/labs'));
  expect(await reconcile()).toMatchObject({ code: 4 });
  expect(heldOn(stage, `github_team:${team?.id}`)).toEqual(before);
  stage.github.faults.splice(0);
  expect(await reconcile()).toMatchObject({ code: 0, status: 'applied' });
  expect(heldOn(stage, `github_team:${team?.id}`)).toMatchObject({ exists: false, roles: [] });
});
