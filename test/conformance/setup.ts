import { expect } from 'vitest';
import { addHook, addTeam, addToken, OWNER_TOKEN, userOf } from '../../src/demo/github/github.ts';
import { PROJECT_KEY } from '../../src/demo/permit/permit.ts';
import { runDemo } from '../../src/demo/run-demo.ts';
import { BIN } from '../support/program.ts';
import { populate } from '../support/stage.ts';
import { company } from './people.ts';
import type { Context, Place, Scenario } from './place.ts';

const POLICY = (permissions: string): string => `
users: { key: "{login}" }
policy:
  tenants: { default: { name: Default }, production: { name: Production } }
  resources:
    membership: { actions: [create-repo, view-private-repo, edit-repo, delete-repo] }
    doc: { actions: [read, write] }
  roles:
    admin: { permissions: ["membership:*", "doc:*"] }
    member: { permissions: ["membership:view-private-repo"] }
    editor: { permissions: [${permissions}] }
`;

/** Gives the owner's token what webhooks and organization roles need. */
export function mayAdministerHooks({ github: { world } }: Pick<Place, 'github'>): void {
  const scopes = ['read:org', 'admin:org', 'admin:org_hook'];
  addToken(world, OWNER_TOKEN, { kind: 'pat', userId: userOf(world, 'owner').id, scopes });
}

export const setupScenarios: readonly Scenario[] = [
  [
    'policy creates resources, roles and tenants, changes them, and revokes permissions with leave',
    async ({ open }) => {
      const place = await open();
      place.permit.world.roles.clear();
      place.permit.world.tenants.clear();
      populate(place, 4, 2);
      place.configure(POLICY('"doc:read", "doc:write"'));
      await place.runAny('reconcile');
      await place.run(2, 'policy --dry-run --detailed-exitcode');
      await place.run(0, 'policy');
      expect(place.permit.world.roles.get('editor')?.permissions).toEqual(['doc:read', 'doc:write']);
      place.configure(POLICY('"doc:read"'));
      await place.run(3, 'policy');
      await place.run(0, 'policy --allow-revoke 1');
      await place.run(1, 'policy', { PERMIT_API_KEY: PROJECT_KEY });
      await place.run(0, 'reconcile');
    },
  ],
  [
    'init writes its files',
    async ({ open }) => {
      const place = await open();
      await place.run(0, 'init --org acme');
      await place.runAny('doctor');
    },
  ],
  [
    'doctor looks at everything: rules, teams, webhooks, PDP, Redis',
    async ({ open, redis }) => {
      const place = await open();
      mayAdministerHooks(place);
      company(place);
      addTeam(place.github.world, 'acme', { slug: 'another' });
      addHook(place.github.world, 'acme', { url: 'https://x.example.com/github-membership', secret: 's' });
      await place.runAny('doctor', { REDIS_URL: redis.url });
      place.configure(
        'grants: [{ subject: "github:acme:team:nowhere:*", roles: [nothing], tenant: nowhere }]',
      );
      await place.runAny('doctor --output json');
    },
  ],
  ['the demo', playDemo],
];

/** The demo starts emulators of its own, and runs the built program against them. */
async function playDemo({ watch }: Context): Promise<void> {
  let said = '';
  const plain = (text: string): string => text;
  const code = await runDemo({
    say: (text) => {
      said += text;
      const [, github, permit] = /this machine: (\S+) and (\S+)\.\n/.exec(text) ?? [];
      if (github !== undefined) watch('GitHub', github);
      if (permit !== undefined) watch('Permit', permit);
    },
    isOutLost: () => false,
    wrap: plain,
    strong: plain,
    // What the steps print is not for the reader of these tests.
    program: ['sh', '-c', '"$0" "$@" >/dev/null', process.execPath, BIN],
    command: 'gh-permit-sync',
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
    color: false,
  });
  expect(code, said).toBe(0);
}
