import { type Finding, findingsIn } from '../model/finding.ts';
import { count, enumerate } from '../model/text/text.ts';

const { ok, warning } = findingsIn('github');

type IdentitiesView = {
  /** How many people each source knows, by its name in the report, such as `SAML of acme`. */
  readonly sources: ReadonlyMap<string, number>;
  /** Why some identities may be missing. */
  readonly flaw: string | undefined;
  /** Every member, and why no identity is clearly theirs; undefined if one is. */
  readonly members: readonly { readonly login: string; readonly why: string | undefined }[];
};

const ID = 'github.identities';

/**
 * Which sources of identities the credential can see, how many members have one, and what is ambiguous. People are
 * named by their logins: emails and subjects stay out of the report.
 */
export function judgeIdentities({ sources, flaw, members }: IdentitiesView): readonly Finding[] {
  if (flaw !== undefined) {
    const hint = 'until they can be read, nobody moves to another user key, and new people wait';
    return [warning(ID, flaw, hint)];
  }
  const unclear = members.filter(({ why }) => why !== undefined);
  const from = [...sources].map(([source, people]) => `${source}: ${people}`);
  const seen = from.length === 0 ? 'no source shows any' : enumerate(from);
  const known = `${members.length - unclear.length} of ${count(members.length, 'member')} have a clear identity (${seen})`;
  if (unclear.length === 0) return [ok(ID, known)];
  const reasons = new Set(unclear.map(({ why = '' }) => why));
  const details = [...reasons].slice(0, MAX_REASONS).map((reason) => {
    const logins = unclear.filter(({ why }) => why === reason).map(({ login }) => login);
    return `${enumerate(logins, 5)}: ${reason}`;
  });
  const hint =
    from.length === 0
      ? 'use a GitHub App with Organization › Members: read, or an owner’s token with read:org; for an identity provider of the enterprise set github.enterprise'
      : 'link their identities, or use {map}; new people wait, and managed people keep their user keys';
  return [warning(ID, `${known}; ${details.join('; ')}`, hint)];
}

/** Each shared identity is a separate reason. */
const MAX_REASONS = 5;
