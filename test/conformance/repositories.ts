import {
  addRepository,
  deleteRepository,
  orgOf,
  removeTeamMember,
  setBasePermission,
  setCollaborator,
  setTeamRole,
  teamOf,
} from '../../src/demo/github/github.ts';
import { populateRepositories } from '../support/repositories.ts';
import type { Scenario } from './place.ts';

const CONFIG = `
github: { orgs: [acme] }
users: { key: "{login}" }
repositories: { orgs: [acme], match: ["*"] }
limits: { removals: 100%, demotions: 100%, repositories: 100%, links: 100%, floors: { admin: 0 } }
`;

/** Repositories, and everything that a second lookup asks about what was lost. */
export const repositoryScenarios: readonly Scenario[] = [
  [
    'repositories are mirrored, and what is lost is asked about alone',
    async ({ open }) => {
      const place = await open();
      const { world } = place.github;
      populateRepositories(world);
      addRepository(world, 'acme', { name: 'solo', collaborators: { dan: 'admin', stranger: 'read' } });
      place.configure(CONFIG);
      await place.run(0, 'policy');
      await place.run(0, 'reconcile');
      await place.run(0, 'reconcile');
      deleteRepository(world, 'acme', 'next.js');
      setBasePermission(world, 'acme', 'none');
      setTeamRole(world, 'acme', 'handbook', 'platform', undefined);
      setTeamRole(world, 'acme', 'payments-api', 'core', 'read');
      setCollaborator(world, 'acme', 'payments-api', 'guest', undefined);
      for (const login of ['dan', 'stranger']) setCollaborator(world, 'acme', 'solo', login, undefined);
      removeTeamMember(world, 'acme', 'core', 'ben');
      orgOf(world, 'acme').teams.delete(teamOf(world, 'acme', 'ent:contractors').id);
      await place.run(0, 'reconcile');
      await place.run(0, 'reconcile');
    },
  ],
];
