import { isRecord, parseJson } from '../model/text/record.ts';
import { printable } from '../model/text/text.ts';

/** Facts about a run that holds the lock, for those who wait. Nothing is decided by them. */
export type Holder = {
  readonly command: string;
  readonly host: string;
  readonly pid: number;
  /** ISO 8601, by that machine's clock. */
  readonly since: string;
};

const LONGEST = 100;

/** @param text as it stands in Redis, where anybody may have written it. */
export function describeHolder(text: string): string {
  const facts = parseJson(text);
  const { command, host, pid, since } = isRecord(facts) ? facts : {};
  const words = [
    shown(command) ?? 'a run that does not say what it is',
    ...(shown(host) === undefined ? [] : [`on ${shown(host)}`]),
    ...(typeof pid === 'number' && Number.isSafeInteger(pid) ? [`(pid ${pid})`] : []),
    ...(shown(since) === undefined ? [] : [`since ${shown(since)}`]),
  ];
  return words.join(' ');
}

function shown(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = printable(value).trim();
  return text === '' ? undefined : text.slice(0, LONGEST);
}
