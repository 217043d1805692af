import type { OrgId } from './identity.ts';

declare const proof: unique symbol;

/**
 * Proof that a person is not an active member, not in a team, or not a collaborator. A 404 or a list without the person
 * proves nothing by itself (CONTRACT §6.2). Only the GitHub adapter makes one, with `provenAbsence`.
 */
export type ProvenAbsence = { readonly kind: 'absent'; readonly [proof]: true };

/** What a proof of absence rests on. */
type AbsenceEvidence =
  /** GitHub answered 200 about this person in this organization, and the answer rules the fact out. */
  | { readonly kind: 'answered otherwise'; readonly org: OrgId }
  /**
   * GitHub's own 404 about the person, and in the same phase, with the same credential, the organization under its
   * numeric id and a 200 about a witness: `witness` is the owner's login, the team, or a listed collaborator.
   */
  | { readonly kind: 'not found beside a witness'; readonly org: OrgId; readonly witness: string };

const ABSENT = { kind: 'absent' } as ProvenAbsence;

/** @param _evidence required but not kept: a caller without it can't make a proof. */
export const provenAbsence = (_evidence: AbsenceEvidence): ProvenAbsence => ABSENT;

/** A fact about a person, or the proof that it does not hold. */
export type Proven<Fact> = Fact | ProvenAbsence;

/** @returns the fact; undefined if it is proven not to hold. */
export const heldFact = <Fact extends string | true>(fact: Proven<Fact> | undefined): Fact | undefined =>
  typeof fact === 'object' ? undefined : fact;
