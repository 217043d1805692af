import type { Palette } from './palette.ts';

export type TextOptions = {
  readonly color: boolean;
  /** Everything, however long. */
  readonly verbose?: boolean | undefined;
  /** Columns of the terminal; undefined where the output is none, and then no line is wrapped. */
  readonly width?: number | undefined;
};

/** What every section of the text report is written with. */
export type Page = TextOptions & { readonly paint: Palette };

export const INDENT = '  ';
