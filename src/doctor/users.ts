import { SyncError } from '../model/errors.ts';
import { type Finding, findingsIn } from '../model/finding.ts';
import { folded } from '../model/identity.ts';
import { readMark } from '../model/mark.ts';
import type { Member } from '../model/member.ts';
import type { PermitReader } from '../model/ports.ts';
import { count, quantity } from '../model/text/text.ts';
import type { PermitUser, UserSettings } from '../model/user.ts';

const { ok, skipped, warning, failed } = findingsIn('permit');

type UsersProbe = Pick<PermitReader, 'countUsers' | 'readUsers'> & {
  /** The members of all organizations; undefined if they could not be listed, which another check reports. */
  readonly members: () => Promise<readonly Pick<Member, 'id' | 'login'>[] | undefined>;
  readonly owner: string;
  readonly userSettings: Pick<UserSettings, 'key' | 'adopt'>;
  /** @throws SyncError if a run would refuse to give these users other keys. */
  readonly requireKeys: (users: readonly PermitUser[]) => void;
};

/** More users would cost a tenth of Permit's limit of requests a minute. */
const MAX_USERS_READ = 10_000;

/** What Permit already holds, and what a first run does about it. @throws SyncError if Permit can't be read. */
export async function examineUsers(probe: UsersProbe): Promise<readonly Finding[]> {
  const id = 'permit.users';
  const total = await probe.countUsers();
  if (total > MAX_USERS_READ) {
    return [
      skipped(
        id,
        `Permit holds ${quantity(total)} users, too many to check here: see gh-permit-sync reconcile --dry-run`,
      ),
    ];
  }
  const users = total === 0 ? [] : await probe.readUsers();
  if (users.length === 0) return [ok(id, 'Permit holds no users yet')];
  const others = users.filter((user) => !isOurs(user, probe.owner));
  const managed = users.length - others.length;
  const members = managed === 0 ? await probe.members() : undefined;
  const kinds = members === undefined ? [] : kindsOf(others, members);
  const parts = [
    `${quantity(managed)} managed by this config`,
    ...kinds.map(({ what, users: found }) => `${quantity(found)} ${what}`),
  ];
  const rest = others.length - kinds.reduce((sum, { users: found }) => sum + found, 0);
  if (rest > 0) parts.push(count(rest, 'other'));
  const message = `Permit holds ${count(users.length, 'user')}: ${parts.join(', ')}`;
  const hint = hintOf(kinds, probe.userSettings);
  return [hint === '' ? ok(id, message) : warning(id, message, hint), ...judgeKeys(users, probe)];
}

function judgeKeys(users: readonly PermitUser[], { requireKeys }: UsersProbe): readonly Finding[] {
  try {
    requireKeys(users);
    return [];
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    return [failed('permit.user-keys', error.message, error.hint)];
  }
}

function isOurs({ attributes }: PermitUser, owner: string): boolean {
  const reading = readMark(attributes);
  return reading.kind === 'valid' && reading.mark.owner === owner;
}

const TEMPLATES = ['{login}', 'github|{id}', '{id}'] as const;

type Kind = {
  /** "under members' logins". */
  readonly what: string;
  /** The template of `users.key` that gives these keys; undefined for emails, which no listing of members shows. */
  readonly template: (typeof TEMPLATES)[number] | undefined;
  readonly users: number;
};

/** Counts the keys that belong to members, and those that are emails; none is counted twice. */
function kindsOf(
  users: readonly PermitUser[],
  members: readonly Pick<Member, 'id' | 'login'>[],
): readonly Kind[] {
  const templateOf = new Map<string, Kind['template']>(
    members.flatMap(({ id, login }) =>
      TEMPLATES.map((template) => [
        folded(template.replace('{login}', () => login).replace('{id}', String(id))),
        template,
      ]),
    ),
  );
  const found = users.map(
    ({ key }) => templateOf.get(folded(key)) ?? (key.includes('@') ? 'email' : undefined),
  );
  return [
    ...TEMPLATES.map((template) => ({
      what: template === '{login}' ? "under members' logins" : `under members' ids as ${template}`,
      template,
      users: found.filter((one) => one === template).length,
    })),
    { what: 'under emails', template: undefined, users: found.filter((one) => one === 'email').length },
  ].filter(({ users: some }) => some > 0);
}

/** @returns "" where a first run has nothing to decide. */
function hintOf(kinds: readonly Kind[], { key, adopt }: UsersProbe['userSettings']): string {
  const refused = kinds.some(({ template }) => template !== undefined && template !== key);
  const taken = kinds.some(({ template }) => template === key) && adopt === 'none';
  // A key made of an identity is compared with the emails of members in the run itself.
  const emails =
    kinds.some(({ template }) => template === undefined) && /^[^{]*(?:\{(?:login|id)\}[^{]*)*$/.test(key);
  return [
    ...(refused
      ? [
          'the first run is refused rather than create second users: gh-permit-sync reconcile --dry-run ' +
            'gives the commands to adopt them, or to create new users alongside them',
        ]
      : []),
    ...(taken
      ? [
          'users under the keys of users.key are left alone unless they are adopted: gh-permit-sync reconcile ' +
            '--dry-run says how many need --adopt plain or --adopt all',
        ]
      : []),
    ...(emails
      ? [
          'this config does not match emails with members: if these users are members, the first run ' +
            'creates duplicates of them; to match them, set users.profile to [email], or users.key to an ' +
            'identity such as {email}',
        ]
      : []),
  ].join('\n');
}
