import { expect } from 'vitest';
import { addMember, addOrg, addTeam, addToken } from '../../src/demo/github/github.ts';
import { addPermitUser, addRole } from '../../src/demo/permit/permit.ts';
import { populate } from '../support/stage.ts';
import { company } from './people.ts';
import type { Scenario } from './place.ts';

const BY_LOGIN = 'users: { key: "{login}" }';

/** Answers other than success, which the emulators must give in the shape of the service. */
export const refusalScenarios: readonly Scenario[] = [
  [
    'GitHub refuses: a bad token, a workflow token, no scope, no such organization, single sign-on',
    async ({ open }) => {
      const place = await open();
      const { world } = place.github;
      populate(place, 4, 2);
      await place.run(1, 'reconcile', { GH_TOKEN: 'ghp_nobodys' });
      addToken(world, 'ghs_workflow', { kind: 'actions' });
      await place.run(1, 'reconcile', { GH_TOKEN: 'ghs_workflow' });
      await place.runAny('doctor', { GH_TOKEN: 'ghs_workflow' });
      const outsider = addMember(world, 'acme', { login: 'no-scope' });
      addToken(world, 'ghp_narrow', { kind: 'pat', userId: outsider.id, scopes: [] });
      await place.run(1, 'reconcile', { GH_TOKEN: 'ghp_narrow' });
      await place.runAny('doctor', { GH_TOKEN: 'ghp_narrow' });
      await place.runAny('redeliver', { GH_TOKEN: 'ghp_narrow' });
      await place.run(1, 'reconcile', { GITHUB_ORG: 'nowhere' });
      await place.runAny('doctor', { GITHUB_ORG: 'nowhere' });
      addOrg(world, 'closed').samlSsoUrl = 'https://github.com/orgs/closed/sso?authorization_request=A';
      await place.run(1, 'reconcile', { GITHUB_ORG: 'closed' });
      await place.run(1, 'reconcile', { GITHUB_APP_ID: '5', GITHUB_APP_PRIVATE_KEY: 'no key' });
    },
  ],
  [
    'GitHub refuses a while: secondary and primary rate limits',
    async ({ open }) => {
      const place = await open({ github: { limitStatus: 429, retryAfterSeconds: 60, pointsPerMinute: 2 } });
      populate(place, 4, 2);
      await place.runAny('reconcile --timeout 1s');
      expect(place.github.requests.map(({ status }) => status)).toContain(429);
      const { switches } = place.github;
      switches.limitStatus = 403;
      switches.pointsPerMinute = undefined;
      switches.primaryLimit = 1;
      await place.runAny('reconcile --timeout 1s');
      expect(place.github.requests.map(({ status }) => status)).toContain(403);
    },
  ],
  [
    'unreadable teams and collaborators, a secret team, a team that is gone',
    async ({ open }) => {
      const place = await open();
      const { world } = place.github;
      company(place);
      const plain = addMember(world, 'acme', { login: 'plain' });
      addTeam(world, 'acme', { slug: 'contractors-hidden', privacy: 'secret', members: ['dora'] });
      addToken(world, 'ghp_plain', { kind: 'pat', userId: plain.id, scopes: ['read:org'] });
      await place.run(4, 'reconcile', { GH_TOKEN: 'ghp_plain' });
      await place.runAny('doctor', { GH_TOKEN: 'ghp_plain' });
      await place.runAny('explain ann', { GH_TOKEN: 'ghp_plain' });
    },
  ],
  [
    'Permit refuses: a bad key, a missing role, a key it does not accept, a person who exists already',
    async ({ open }) => {
      const place = await open();
      const { permit } = place;
      populate(place, 4, 2);
      await place.run(1, 'reconcile', { PERMIT_API_KEY: 'permit_key_nobodys' });
      await place.runAny('doctor', { PERMIT_API_KEY: 'permit_key_nobodys' });
      await place.runAny('check owner edit-repo membership', { PERMIT_API_KEY: 'permit_key_nobodys' });
      permit.world.roles.delete('member');
      await place.runAny('reconcile');
      place.configure(BY_LOGIN);
      await place.runAny('doctor');
      permit.world.users.clear();
      addRole(permit.world, 'member');
      // Somebody else creates a person between our reading and our writing.
      permit.onRequest = ({ method }) => {
        if (method === 'POST') addPermitUser(permit.world, { key: 'person-0002', email: 'taken@acme.test' });
      };
      await place.runAny('reconcile');
      expect(permit.requests.map(({ status }) => status)).toContain(409);
    },
  ],
  [
    'Permit refuses a while: its rate limits',
    async ({ open }) => {
      const place = await open({
        permit: { rateLimits: { requestsPerMinute: 4, windowMs: 1_000 }, retryAfter: true },
      });
      populate(place, 6, 2);
      await place.runAny('reconcile --timeout 20s');
    },
  ],
];
