import type { Sign } from '../model/change.ts';
import type { Warning } from '../model/problem.ts';
/**
 * The report of a command, as one value. `render` (render.ts) turns it into text, Markdown or JSON, and actions.ts into
 * workflow commands. No renderer knows which report it renders.
 */
export type Page = {
  /** The heading of the Markdown document: "gh-permit-sync policy: ✅ in sync". Holds no text from outside. */
  readonly heading: string;
  /** The first line of the text. */
  readonly title: Phrase;
  /** What the run reads and writes, a line each, below the title. */
  readonly where?: readonly Phrase[];
  /** What the text's title says beyond the heading, for Markdown: organizations, a dry run. */
  readonly context?: readonly Phrase[];
  /** In the order of the text; Markdown shows urgent sections first. */
  readonly sections: readonly Section[];
  /** The last lines of the text, the first of the Markdown. */
  readonly summary?: Summary;
  /**
   * When the text is empty: `always` if stderr says everything, `with --quiet` if nothing needs attention.
   */
  readonly isSilent?: 'always' | 'with --quiet';
  /** The JSON document. */
  readonly document: unknown;
  /** For GitHub Actions. Undefined for a command that only answers a question. */
  readonly actions?: ActionsReport;
};

/** What a piece of text means. Only the color shows it. */
export type Tone = 'plain' | 'faint' | 'good' | 'caution' | 'alarm' | 'news';

/** `code` marks a name or something to copy. Markdown shows it as code, whatever it contains. */
export type Span = {
  readonly text: string;
  readonly tone?: Tone;
  readonly strong?: boolean;
  readonly code?: boolean;
};

/** May quote untrusted text anywhere: every renderer escapes it. */
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

/** A cell of a row, after its label. */
export type Remark = {
  readonly text: Phrase;
  readonly tone?: Tone;
  /** Introduces the remark in the text. In Markdown the column heading does. */
  readonly lead?: string;
  /** Whether to keep line breaks. */
  readonly isMultiline?: boolean;
  /** Set if the other format shows it elsewhere. */
  readonly only?: 'text' | 'markdown';
};

export type Row = {
  readonly sign?: Sign;
  /** Replaces the sign. Text only. */
  readonly bullet?: string;
  /** The tone of the sign or bullet, or of the label if there is neither. */
  readonly tone?: Tone;
  readonly label: Phrase;
  /** One for each of the section's `columns` after the label's; "" leaves a cell empty. */
  readonly remarks?: readonly Remark[];
  /** `without --quiet` affects only the text. */
  readonly shown?: 'with --full' | 'without --quiet';
};

/** Rows that belong to one person or thing. */
export type Group = {
  readonly sign?: Sign;
  /** A line of its own in the text, and the first column of every row in Markdown. */
  readonly title: Phrase;
  /** Beside the title. Text only. */
  readonly note?: Span;
  readonly remarks?: readonly Remark[];
  readonly rows: readonly Row[];
  /** A change of the title itself ("create"). Markdown gives it a row, since titles have none there. */
  readonly own?: string;
  /** If not all groups fit, those with the lowest rank are shown. Default 0. */
  readonly rank?: number;
  /** What folded groups are counted as: "leaving". The text merges groups of one kind whose rows are equal. */
  readonly kind?: string;
  /** How many people or things it counts as. Default 1. */
  readonly count?: number;
};

export type Section = {
  /** Without a title, the rows follow the title of the page. */
  readonly title: string;
  /** Set if it makes sense in one format only. */
  readonly only?: 'text' | 'markdown';
  /** Needs a decision: shown last in the text, next to the prompt, and first in Markdown. */
  readonly isUrgent?: boolean;
  /** Whether Markdown shows it collapsed. */
  readonly isClosed?: boolean;
} & (
  | {
      readonly kind: 'rows';
      /** Headings in Markdown: of the label, then of each remark. Empty columns are left out. */
      readonly columns: readonly string[];
      readonly rows: readonly Row[];
      /** Whether it is shown even without rows, because of its title. */
      readonly isAlwaysShown?: boolean;
    }
  | {
      readonly kind: 'groups';
      /** Headings in Markdown: of the group's title, of the label, then of each remark. */
      readonly columns: readonly string[];
      readonly groups: readonly Group[];
      /** What the groups are, to count those that don't fit. */
      readonly noun: readonly [singular: string, plural: string];
    }
  | {
      /** Cells are never wrapped, so that other programs can split the lines. */
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

/** A phrase without its marks. */
export const plainText = (phrase: Phrase): string =>
  [phrase]
    .flat()
    .map((span) => (typeof span === 'string' ? span : span.text))
    .join('');

/** Phrases one after another. */
export const joinPhrases = (phrases: readonly Phrase[], between: string): readonly (string | Span)[] =>
  phrases.flatMap((phrase, index) => [...(index === 0 ? [] : [between]), ...[phrase].flat()]);

/** Appended to the title of a dry run. */
export const dryRunNote = (dryRun: boolean): readonly Span[] =>
  dryRun ? [{ text: ' (dry run)', tone: 'faint' }] : [];

/** A row that asks for attention. */
export const cautionRow = (label: Phrase, ...remarks: readonly Remark[]): Row => ({
  ...{ bullet: '!', tone: 'caution', label, remarks },
});

/** Warnings of any report, below one another. */
export const warningsSection = (warnings: readonly Warning[], title = 'Warnings'): Section => ({
  kind: 'rows',
  title,
  columns: ['Code', 'Message'],
  rows: warnings.map(({ code, message }) => cautionRow([name(code)], { text: message })),
});
