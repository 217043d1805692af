import { SyncError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import { type ConfigDocument, positionOf } from './document.ts';
import type { Flaw } from './flaw.ts';
import { nameOf } from './problem.ts';
import { secretFlaw } from './secret.ts';
import type { Environment } from './settings.ts';
import type { Path } from './syntax.ts';

/**
 * A setting's text and where it was said: `by` is what a message names, `code` what a mistake in it raises.
 */
export type Said = { readonly text: string; readonly by: string; readonly code: 'USAGE' | 'CONFIG_INVALID' };

/** What a flag says; undefined where it is absent. An empty one is an unset variable in somebody's script. */
export function fromFlag(flag: string, value: string | undefined): Said | undefined {
  if (value === undefined) return undefined;
  const said: Said = { text: value.trim(), by: flag, code: 'USAGE' };
  refuse(
    said,
    said.text === '' ? { what: 'is empty', mend: `give ${flag} a value, or leave it out` } : undefined,
  );
  return checked(said);
}

/** What a variable says; undefined where it is unset or blank: GitHub Actions passes missing values as empty ones. */
export function fromEnvironment(env: Environment, name: string): Said | undefined {
  const text = env[name]?.trim() ?? '';
  return text === '' ? undefined : checked({ text, by: name, code: 'CONFIG_INVALID' });
}

/** What the file says, which was searched for secrets when it was read. */
export function fromFile(
  document: ConfigDocument | undefined,
  path: Path,
  text: string | undefined,
): Said | undefined {
  if (document === undefined || text === undefined) return undefined;
  return { text, by: placeOf(document, path), code: 'CONFIG_INVALID' };
}

/** `gh-permit-sync.yaml:4:11: permit.tenant`. */
export function placeOf(document: ConfigDocument, path: Path): string {
  const { line, column } = positionOf(document, path, 'value');
  return `${printable(document.name)}:${line}:${column}: ${nameOf(path)}`;
}

/** @throws SyncError where there is a flaw. */
export function refuse(said: Said, flaw: Flaw | undefined): void {
  if (flaw !== undefined) throw new SyncError(said.code, `${said.by}: ${flaw.what}`, flaw.mend);
}

function checked(said: Said): Said {
  refuse(said, secretFlaw(said.text));
  return said;
}
