import type { NoteCode } from '../model/errors.ts';
import { grantId } from '../model/grant.ts';
import { compareText } from '../model/identity.ts';
import { type Note, usersOf } from '../model/plan.ts';
import { instanceOf, REPOSITORY_TYPE } from '../model/repositories/access-model.ts';
import { enumerate } from '../model/text/text.ts';
import type { Basis } from './basis.ts';
import { type Decision, type KeepReason, type Kept, keep, NO_DECISION, skip, together } from './decision.ts';
import { reportKept } from './keys/claims.ts';
import { claimsToBeOurs, namesOf } from './ownership.ts';
import { ownedInstance } from './repositories/owned-instance.ts';

/** Users and people that a run leaves alone and reports: bad marks, unclear answers, organizations not listed. */
export const decideLeftAlone = (basis: Basis, decided: Decision): Decision =>
  together([
    skipDuplicates(basis),
    skipBadMarks(basis, decided),
    skipUnanswered(basis),
    skipUnprovenRoles(basis),
    keepUndecided(basis),
  ]);

/** Several managed users with one GitHub id. */
const skipDuplicates = (basis: Basis): Decision =>
  together(
    [...basis.ownership.duplicates].flatMap(([id, users]) => {
      if (!basis.isSelected(id, users.flatMap(namesOf))) return [];
      const keys = users.map(({ user }) => user.key).sort(compareText);
      const message = `the users ${enumerate(keys)} all carry the GitHub id ${id} and are left alone; delete the wrong ones`;
      return [
        skip(id, keys[0] ?? '', 'DUPLICATE_ID', message),
        ...users.map((one) => reportKept(basis, one, 'it is one of several users with that id')),
      ];
    }),
  );

/** Bad marks, except those that another decision already reports or repairs. Other owners repair their own. */
function skipBadMarks({ ownership, isSelected }: Basis, { people, skipped }: Decision): Decision {
  const settled = new Set<string>([
    ...skipped.filter(({ code }) => code === 'BAD_MARK').map(({ user }) => user),
    ...usersOf(people),
  ]);
  return together(
    ownership.others.map(({ user, reading }) => {
      if (reading.kind !== 'bad' || settled.has(user.key) || !isSelected(undefined, [user.key]))
        return NO_DECISION;
      if (!claimsToBeOurs(user, ownership.owner)) return keep(undefined, user.key, 'bad-mark');
      const message = `the user ${user.key} is left alone: its mark is not valid (${reading.flaw}); fix its attributes`;
      return skip(undefined, user.key, 'BAD_MARK', message);
    }),
  );
}

/** People about whom GitHub gave no clear answer. They keep everything, even if they should lose something. */
const skipUnanswered = ({ desired, input, ownership }: Basis): Decision =>
  together(
    [...(input.unconfirmed ?? [])].map(([id, unconfirmed]) => {
      if (unconfirmed.kind !== 'unanswered') return NO_DECISION;
      const known = ownership.managed.get(id) ?? ownership.moving.get(id)?.to;
      const login = desired.people.get(id)?.login ?? known?.mark.login ?? String(id);
      const message = `${login} (GitHub id ${id}) keeps everything, since GitHub gave no clear answer about them: ${unconfirmed.why}`;
      return skip(id, known?.user.key ?? login, 'LOOKUP_FAILED', message);
    }),
  );

/** People who keep a role on a repository, since an empty list of direct collaborators proves nothing about them. */
const skipUnprovenRoles = ({ desired, input, ownership }: Basis): Decision =>
  together(
    input.listings.flatMap(({ org, repositories }) =>
      [...(repositories?.unproven ?? [])].flatMap(([repository, people]) =>
        [...people].map((id) => {
          const known = ownership.managed.get(id);
          const login = desired.people.get(id)?.login ?? known?.mark.login ?? String(id);
          const name = repositories?.repositories.get(repository)?.name;
          // A lookup does not read it.
          const instance = input.graph?.instances.get(instanceOf(REPOSITORY_TYPE, repository));
          const written = instance && ownedInstance(instance, input.owner)?.title;
          const title = name === undefined ? (written ?? `${org}/#${repository}`) : `${org}/${name}`;
          const message = `${login} (GitHub id ${id}) keeps the role on ${title}, since GitHub lists no direct collaborator there at all, which proves nothing`;
          return skip(id, known?.user.key ?? login, 'LOOKUP_FAILED', message);
        }),
      ),
    ),
  );

/**
 * People who might get more if every organization had been listed: an `unless` or a `deny` about a missing one may
 * forbid it. Without this note, a narrowed run would look as if everyone were in sync.
 */
function keepUndecided({ desired, input, keys, ownership, isSelected }: Basis): Decision {
  if (input.configuredOrgs.length === input.listings.length) return NO_DECISION;
  return together(
    [...desired.people.values()].map(({ id, login, undecided }) => {
      if (undecided.size === 0) return NO_DECISION;
      const holder = ownership.managed.get(id);
      if (!isSelected(id, namesOf(holder))) return NO_DECISION;
      const held = new Set(holder?.user.grants.map(grantId));
      const user = holder?.user.key ?? keys.keyOf({ id, login });
      const hasAll = [...undecided].every((grant) => held.has(grant));
      return hasAll || user === undefined ? NO_DECISION : keep(id, user, 'withheld');
    }),
  );
}

const WHY_KEPT: readonly (readonly [KeepReason, NoteCode, string])[] = [
  [
    'out-of-scope',
    'KEPT_OUT_OF_SCOPE',
    'kept as they are, since an organization behind their grants was not listed completely in this run',
  ],
  [
    'unconfirmed',
    'KEPT_UNCONFIRMED',
    'kept, since a listing still shows them, though GitHub did not find them when asked about them alone; the next run decides',
  ],
  [
    'contradicted',
    'KEPT_UNCONFIRMED',
    'lose nothing yet, because GitHub answers the opposite of what its webhook said; they are looked up again',
  ],
  ['upsert-only', 'KEPT_UPSERT_ONLY', 'kept as they are, since the mode is upsert-only'],
  [
    'withheld',
    'KEPT_OUT_OF_SCOPE',
    'not given everything, since that depends on an organization that was not listed completely in this run',
  ],
  [
    'no-identity',
    'NO_IDENTITY',
    'stay under their user keys, since no identity is clearly theirs; gh-permit-sync explain LOGIN says why',
  ],
  ['protected', 'PROTECTED', 'not written, since users.protect names them'],
  [
    'bad-mark',
    'BAD_MARK',
    'left alone, since the mark is not valid; it names another owner, who has to fix it',
  ],
];

/** One note for each reason. People whose lookup failed are not noted: they are among the skipped. */
export function notesOf(kept: readonly Kept[], { input }: Basis): readonly Note[] {
  const isReported = ({ id, why }: Kept): boolean =>
    why === 'unconfirmed' && id !== undefined && input.unconfirmed?.get(id)?.kind === 'unanswered';
  return WHY_KEPT.flatMap(([reason, code, why]) => {
    const found = kept.filter((one) => one.why === reason && !isReported(one));
    // The same key can be kept twice: for its holder, and for the person who should have it.
    const users = [...new Set(found.map(({ user }) => user))];
    users.sort(compareText);
    return users.length === 0 ? [] : [{ code, users, message: `${enumerate(users)}: ${why}` }];
  });
}
