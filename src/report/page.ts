/**
 * What a command has to say, as one value. `render` (render.ts) turns it into text, Markdown or JSON, and actions.ts into
 * what GitHub's runner reads. No renderer knows which report it renders.
 */
export type Page = {
  /** The heading of the Markdown document: "gh-permit-sync policy: ✅ in sync". Holds no text from outside. */
  readonly heading: string;
  /** The first line of the text. */
  readonly title: Phrase;
  /** What the run reads and writes, a line each, below the title. */
  readonly where?: readonly Phrase[];
  /** What `title` says besides the heading, for Markdown: organizations, a dry run. */
  readonly context?: readonly Phrase[];
  /** In the order of the text; Markdown shows urgent sections first. */
  readonly sections: readonly Section[];
  /** The last lines of the text, the first of the Markdown. */
  readonly summary?: Summary;
  /**
   * When the text stays empty: `always` where stderr says it all, `with --quiet` where nothing needs attention.
   */
  readonly isSilent?: 'always' | 'with --quiet';
  /** The JSON document. */
  readonly document: unknown;
  /** For GitHub Actions; undefined for a command that only answers a question. */
  readonly actions?: ActionsReport;
};

/** What a piece of text means; shown by colour alone. */
export type Tone = 'plain' | 'faint' | 'good' | 'caution' | 'alarm' | 'news';

/** `code` marks a name or something to copy: Markdown shows it as code, whatever it holds. */
export type Span = {
  readonly text: string;
  readonly tone?: Tone;
  readonly strong?: boolean;
  readonly code?: boolean;
};

/** May quote text from outside anywhere: every renderer makes it harmless. */
export type Phrase = string | readonly (string | Span)[];

/** "Applied: 1 user created. 412 members, 431 ms." */
export type Summary = {
  readonly verdict?: string;
  readonly tone: Tone;
  readonly sentence: string;
  readonly facts: string;
  /** What happens next, or what to do. */
  readonly next?: string;
};

/** What a change does to what Permit holds. */
export type Sign = '+' | '~' | '-';

/** Something beside a label. */
export type Remark = {
  readonly text: Phrase;
  readonly tone?: Tone;
  /** Introduces it in the text; in Markdown the column's heading does. */
  readonly lead?: string;
  /** Its line breaks stay. */
  readonly isMultiline?: boolean;
  /** Where the other format says it elsewhere. */
  readonly only?: 'text' | 'markdown';
};

export type Row = {
  readonly sign?: Sign;
  /** Stands in the place of a sign, in the text alone. */
  readonly bullet?: string;
  /** Of the sign or the bullet, or else of the label. */
  readonly tone?: Tone;
  readonly label: Phrase;
  /** One for each column of the section after the label's; "" leaves one out. */
  readonly remarks?: readonly Remark[];
  /** `without --quiet` is about the text alone. */
  readonly shown?: 'with --full' | 'without --quiet';
};

/** Rows that belong to one person or thing. */
export type Group = {
  readonly sign?: Sign;
  /** Begins a row of its own in the text, and stands in the first column of every row in Markdown. */
  readonly title: Phrase;
  /** Beside the title, in the text alone. */
  readonly note?: Span;
  readonly remarks?: readonly Remark[];
  readonly rows: readonly Row[];
  /** What the title itself changes ("create"): a row of its own in Markdown, where titles have none. */
  readonly own?: string;
  /** Where not all fit: the lowest first. Default 0. */
  readonly rank?: number;
  /** What folded groups are counted as: "leaving". The text merges groups of one kind whose rows are equal. */
  readonly kind?: string;
  /** How many people or things it stands for. Default 1. */
  readonly count?: number;
};

export type Section = {
  /** Rows without a title follow the title of the page. */
  readonly title: string;
  /** Where it makes sense in one format alone. */
  readonly only?: 'text' | 'markdown';
  /** Needs a decision: last in the text, next to the prompt, and first in Markdown. */
  readonly isUrgent?: boolean;
  /** Markdown shows it closed. */
  readonly isClosed?: boolean;
} & (
  | {
      readonly kind: 'rows';
      /** Headings in Markdown: of the label, then of each remark. Columns without content are left out. */
      readonly columns: readonly string[];
      readonly rows: readonly Row[];
      /** Shown even without rows, for what its title says. */
      readonly isAlwaysShown?: boolean;
    }
  | {
      readonly kind: 'groups';
      /** The first is that of the group's title. */
      readonly columns: readonly string[];
      readonly groups: readonly Group[];
      /** What the groups are, for counting those that are folded. */
      readonly noun: readonly [singular: string, plural: string];
    }
  | {
      /** Cells as they are, never wrapped: for other programs to cut. */
      readonly kind: 'table';
      readonly columns: readonly string[];
      readonly rows: readonly { readonly cells: readonly Phrase[]; readonly tone?: Tone }[];
    }
  | {
      /** Sentences, with something to copy below each. */
      readonly kind: 'steps';
      readonly steps: readonly { readonly text?: string; readonly copy?: string }[];
    }
);

export type Annotation = { readonly title: string; readonly message: string };

export type ActionsReport = {
  readonly errors: readonly Annotation[];
  readonly warnings: readonly Annotation[];
  /** Outputs of the step, in this order. */
  readonly outputs: { readonly [name: string]: string | number | boolean };
};

export const SIGN_TONE: { readonly [sign in Sign]: Tone } = { '+': 'good', '~': 'caution', '-': 'alarm' };

/** A name or something to copy. */
export const name = (text: string): Span => ({ text, code: true });

/** As many groups as fit: those with the lowest ranks, in their own order. */
export function mostTelling<G extends Group>(groups: readonly G[], most: number): readonly G[] {
  if (groups.length <= most) return groups;
  const chosen = new Set(groups.toSorted((a, b) => (a.rank ?? 0) - (b.rank ?? 0)).slice(0, most));
  return groups.filter((group) => chosen.has(group));
}

/** Warnings of any report, below one another. */
export const warningsSection = (
  warnings: readonly { readonly code: string; readonly message: string }[],
  title = 'Warnings',
): Section => ({
  kind: 'rows',
  title,
  columns: ['Code', 'Message'],
  rows: warnings.map(({ code, message }) => ({
    bullet: '!',
    tone: 'caution',
    label: [name(code)],
    remarks: [{ text: message }],
  })),
});
