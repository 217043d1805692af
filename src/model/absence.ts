import type { OrgId } from './identity.ts';

declare const proof: unique symbol;

/**
 * Proof that somebody is not what they were asked about: no active member, in no such team, no collaborator. A 404 or
 * a list without a name proves nothing by itself (CONTRACT §6.2). Only the GitHub adapter makes one, by `provenAbsence`.
 */
export type ProvenAbsence = { readonly kind: 'absent'; readonly [proof]: true };

/** What a proof of absence rests on. */
export type AbsenceEvidence =
  /** GitHub answered 200 about this very person in this very organization, and what it said excludes the fact. */
  | { readonly kind: 'answered otherwise'; readonly org: OrgId }
  /**
   * GitHub's own 404 about the person, and in the same phase, with the same credential, the organization under its
   * numeric id and a 200 about a witness: `witness` is the owner's login, the team, or a listed collaborator.
   */
  | { readonly kind: 'not found beside a witness'; readonly org: OrgId; readonly witness: string };

const ABSENT = { kind: 'absent' } as ProvenAbsence;

/** @param _evidence is demanded, not kept: whoever makes a proof has to have all of it. */
export const provenAbsence = (_evidence: AbsenceEvidence): ProvenAbsence => ABSENT;

/** A fact about a person, or the proof that it does not hold. */
export type Proven<Fact> = Fact | ProvenAbsence;

/** @returns the fact; undefined where it is proven not to hold. */
export const holding = <Fact extends string | true>(fact: Proven<Fact> | undefined): Fact | undefined =>
  typeof fact === 'object' ? undefined : fact;
