import type { GitHubId, OrgId } from '../model/identity.ts';
import { writeMark } from '../model/mark.ts';
import {
  addMember,
  addOrg,
  addToken,
  addUser,
  emptyGitHubWorld,
  type GitHubWorld,
  orgOf,
} from './github/github.ts';
import { addPermitUser, type PermitWorld, permitWorld } from './permit/permit.ts';

export const DEMO_ORG = 'acme';
export const DEMO_TOKEN = 'ghp_emulatedDemo';

const OWNERS = ['ada', 'grace', 'linus'];
const MEMBERS = [
  ...[
    'alan',
    'annie',
    'barbara',
    'brian',
    'claude',
    'dennis',
    'dorothy',
    'donald',
    'edith',
    'edsger',
    'frances',
  ],
  ...[
    'guido',
    'hedy',
    'ida',
    'joan',
    'katherine',
    'ken',
    'leslie',
    'margaret',
    'mary',
    'niklaus',
    'radia',
    'rob',
  ],
  ...['shafi', 'sophie', 'tim', 'vint', 'yukihiro'],
];

/** What is wrong in Permit when the demo begins, one person each. */
const JOINED = ['radia', 'sophie', 'vint'];
const LEFT = ['kevin', 'trudy'];
const PROMOTED = 'grace';
const DEMOTED = 'brian';
const LOST_GRANT = 'ida';
const LEFT_WITH_FOREIGN_GRANT = 'mallory';

export type DemoWorlds = { readonly github: GitHubWorld; readonly permit: PermitWorld };

/** An organization of a few dozen people, and a Permit environment that has drifted from it in every way. */
export function demoWorlds(): DemoWorlds {
  const github = emptyGitHubWorld();
  const org = addOrg(github, DEMO_ORG);
  for (const login of OWNERS) addMember(github, DEMO_ORG, { login, role: 'admin' });
  for (const login of MEMBERS) addMember(github, DEMO_ORG, { login });
  addMember(github, DEMO_ORG, { login: 'invited-ivy', state: 'pending' });
  const [owner = ''] = OWNERS;
  addToken(github, DEMO_TOKEN, { kind: 'pat', userId: addUser(github, owner).id, scopes: ['read:org'] });

  const permit = permitWorld();
  const sync = (
    login: string,
    role: 'admin' | 'member',
    more: Partial<Parameters<typeof addPermitUser>[1]> = {},
  ) => {
    const { id } = addUser(github, login);
    addPermitUser(permit, {
      key: `github|${id}`,
      grants: [`default/${role}`],
      ...more,
      attributes: { ...markOf(id, login, org.id), ...more.attributes },
    });
  };
  for (const login of [...OWNERS, ...MEMBERS]) {
    if (JOINED.includes(login)) continue;
    sync(login, OWNERS.includes(login) ? 'admin' : 'member');
  }
  sync(PROMOTED, 'member', { attributes: { seat: 'B-12' } });
  sync(DEMOTED, 'admin');
  sync(LOST_GRANT, 'member', { grants: [] });
  for (const login of LEFT) sync(login, 'member');
  sync(LEFT_WITH_FOREIGN_GRANT, 'member', { grants: ['default/member', 'default/billing'] });
  addPermitUser(permit, {
    key: 'svc-deploy',
    attributes: { purpose: 'deployments' },
    grants: ['default/admin'],
  });
  return { github, permit };
}

function markOf(id: number, login: string, orgId: number): Readonly<Record<string, unknown>> {
  const mark = {
    id: id as GitHubId,
    login,
    orgs: [orgId as OrgId],
    owner: 'default',
    origin: 'created',
  } as const;
  return { ...writeMark(mark) };
}

/** People of whom Permit and GitHub still say different things: login, and what each says. */
export function disagreements({ github, permit }: DemoWorlds): readonly string[] {
  const wanted = new Map<string, string>();
  for (const [id, { role, state }] of orgOf(github, DEMO_ORG).members) {
    const login = github.users.get(id)?.login;
    if (login !== undefined && state === 'active') wanted.set(login, role);
  }
  const held = new Map<string, string>();
  for (const { key, attributes, grants } of permit.users.values()) {
    if (attributes?.managed_by === undefined) continue;
    held.set(String(attributes.github_login ?? key), grants.map(({ role }) => role).join(' and '));
  }
  return [...new Set([...wanted.keys(), ...held.keys()])]
    .filter((login) => wanted.get(login) !== held.get(login))
    .map(
      (login) =>
        `${login}: ${wanted.get(login) ?? 'nothing'} on GitHub, ${held.get(login) ?? 'nothing'} in Permit`,
    );
}
