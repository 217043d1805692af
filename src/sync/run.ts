import type { Change, Result } from '../model/change.ts';
import type { OnApplied } from '../model/ledger.ts';
import type { LimitSettings, Verdict } from '../model/limits.ts';
import type { CompleteListing, IncompleteListing, Unread } from '../model/member.ts';
import type { Schedule } from '../model/pace.ts';
import type { Note, Plan } from '../model/plan.ts';
import type { GitHubSource, PermitReader, PermitWriter } from '../model/ports.ts';
import type { GraphChange, GraphResult } from '../model/repositories/graph-change.ts';
import type { Budget, RunRecord } from '../model/webhooks/queue.ts';
import type { PlanInput } from '../plan/make-plan.ts';
import type { Lack } from './preflight.ts';

/** What a run synchronizes, and within which limits. */
export type ReconcileRequest = Omit<
  PlanInput,
  'listings' | 'users' | 'now' | 'unconfirmed' | 'ids' | 'identities' | 'graph' | 'graphCounts' | 'keptLinks'
> &
  LimitSettings & {
    /** The organizations of this run. */
    readonly listedOrgs: readonly string[];
    /** The slug of the enterprise whose identity provider is asked where an organization shows none. */
    readonly enterprise?: string | undefined;
    /** Whether `userSettings.key` was set, or is only the default. */
    readonly userKeyChosen: boolean;
    /** The command that creates what Permit lacks, with the flags it needs. If left out, the command has no flags. */
    readonly policyCommand?: string;
  };

export type ReconcilePorts = {
  readonly github: GitHubSource;
  readonly reader: PermitReader;
  /** Undefined in a dry run. */
  readonly writer: PermitWriter | undefined;
  readonly pause: (attempt: number) => Promise<void>;
  readonly now: () => Date;
  readonly schedule: Schedule;
  /** @param changes how many the step is about to apply. */
  readonly announce: (step: Step, changes?: number) => void;
  /** Called with the judged plan before anything is applied, also in a dry run. If it throws, nothing is written. */
  readonly onJudged?: ((plan: Plan, verdict: Verdict) => Promise<void>) | undefined;
  readonly onApplied?: OnApplied<Change | GraphChange> | undefined;
  /** Undefined if runs share no budget. A dry run only reads it. */
  readonly budget?: Budget | undefined;
  /** Cleared while someone moves. Undefined if the caller takes care of it, or if runs share no Redis. */
  readonly record?: RunRecord | undefined;
};

/** What a run is about to do, for progress output. */
export type Step = 'list' | 'look' | 'apply';

export type ReconcileResult = {
  readonly plan: Plan;
  readonly verdict: Verdict;
  readonly results: readonly Result[];
  /** How each change to the graph of repositories ended, in the plan's order. */
  readonly graphResults: readonly GraphResult[];
  readonly incomplete: readonly IncompleteListing[];
  /** Teams and collaborators that could not be read, by organization. */
  readonly unread: readonly Unread[];
  /** The organizations that were listed completely; empty where people were looked up one by one. */
  readonly listings: readonly CompleteListing[];
  /** What the plan was made from: `listings` with the second lookups applied, and Permit's users. */
  readonly plannedFrom: Pick<PlanInput, 'now' | 'listings' | 'users' | 'graph'>;
  readonly notes: readonly Note[];
  /** What the rules name and Permit lacks. */
  readonly lacks: readonly Lack[];
};
