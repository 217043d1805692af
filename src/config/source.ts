import { SyncError } from '../model/errors.ts';
import type { Path, Problem } from '../model/problem.ts';
import { isLoopback } from './address.ts';
import type { ConfigDocument } from './document/document.ts';
import { invalid } from './problem.ts';
import { secretProblem } from './secret.ts';
import type { Environment } from './settings.ts';

/** A setting's text and its source: `by` names it in messages, `code` is the error that a mistake in it raises. */
export type SettingText = {
  readonly text: string;
  readonly by: string;
  readonly code: 'USAGE' | 'CONFIG_INVALID';
};

/**
 * A flag's value; undefined without the flag. An empty one comes from an unset variable in a script, and is refused.
 */
export function fromFlag(flag: string, value: string | undefined): SettingText | undefined {
  if (value === undefined) return undefined;
  const given: SettingText = { text: value.trim(), by: flag, code: 'USAGE' };
  if (given.text === '') refuse(given, invalid('is empty', `give ${flag} a value, or omit it`));
  return checked(given);
}

/** A variable's value; undefined if unset or blank, since GitHub Actions passes missing values as empty ones. */
export function fromEnvironment(env: Environment, name: string): SettingText | undefined {
  const text = env[name]?.trim() ?? '';
  return text === '' ? undefined : checked({ text, by: name, code: 'CONFIG_INVALID' });
}

/** A value of the file, which was searched for secrets when it was read. */
export function fromFile(
  document: ConfigDocument | undefined,
  path: Path,
  text: string | undefined,
): SettingText | undefined {
  if (document === undefined || text === undefined) return undefined;
  return { text, by: document.placeOf(path), code: 'CONFIG_INVALID' };
}

/** @throws SyncError if there is a problem. */
export function refuse(given: SettingText, problem: Problem | undefined): undefined {
  if (problem !== undefined) throw new SyncError(given.code, `${given.by}: ${problem.message}`, problem.hint);
}

function checked(given: SettingText): SettingText {
  refuse(given, secretProblem(given.text));
  return given;
}

/**
 * Reports everything that is missing at once, instead of one thing at a time.
 * @param checks each throws a SyncError for what is missing.
 * @throws SyncError with the code of the first.
 */
export function requireAll(checks: readonly (() => unknown)[]): void {
  const errors = checks.flatMap((check) => {
    try {
      check();
      return [];
    } catch (error) {
      if (error instanceof SyncError) return [error];
      throw error;
    }
  });
  const [first, ...more] = errors;
  if (first === undefined) return;
  if (more.length === 0) throw first;
  const lines = (part: 'message' | 'hint'): string => errors.map((error) => error[part]).join('\n');
  throw new SyncError(first.code, lines('message'), lines('hint'), { cause: first });
}

/**
 * The address after a flag, to which a heartbeat is sent: https, or http on loopback. Its path and query may be all
 * that keeps others out, so no message shows them.
 * @throws SyncError `USAGE`
 */
export function heartbeatAddress(flag: string, value: string | undefined): string | undefined {
  const address = webAddress(flag, value);
  if (address === undefined) return undefined;
  const { protocol, hostname } = new URL(address);
  if (protocol === 'https:' || isLoopback(hostname)) return address;
  throw new SyncError('USAGE', `${flag}: the address is not https`, 'use https; only loopback may be http');
}

/** The http or https address after a flag, without credentials. @throws SyncError `USAGE` */
export function webAddress(flag: string, value: string | undefined): string | undefined {
  const given = fromFlag(flag, value);
  if (given === undefined) return undefined;
  const url =
    /^https?:\/\/[^\s\\]+$/i.test(given.text) && URL.canParse(given.text) ? new URL(given.text) : undefined;
  const hint = `give an address such as ${flag} https://example.com/path`;
  if (url === undefined) throw new SyncError('USAGE', `${flag}: not an http or https address`, hint);
  if (url.username === '' && url.password === '') return url.href;
  throw new SyncError('USAGE', `${flag}: the address holds credentials`, hint);
}
