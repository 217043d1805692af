/** A shorter fragment of a secret could be ordinary text. */
const MIN_FRAGMENT_LENGTH = 12;
/** Shorter secrets are only replaced in their exact form. */
const MIN_FOLDED_LENGTH = 6;
/**
 * Every fragment holds, wherever it begins in the text, a piece of this length at one of `STRIDE` successive
 * positions: so that most of a long text is skipped.
 */
const PIECE = 6;
const STRIDE = MIN_FRAGMENT_LENGTH - PIECE + 1;

/** Public words that a careless secret may consist of. Concealing them would only reveal that it does. */
const PUBLIC_WORDS = ['gh-permit-sync', 'github_webhook_secret', 'github_app_private_key', 'permit_api_key'];

/** An address with a password. Its host is not a secret, so fragments of it are not concealed. */
const ADDRESS = /:\/\/|%3a%2f%2f/i;

/**
 * Replaces secrets with asterisks: each as it is; from six characters on also in any case; fragments of twelve or more
 * characters too. Neither escape sequences, invisible characters nor percent and JSON escapes in between hide one.
 * @param secrets in every form that could leak.
 */
export function concealer(secrets: Iterable<string>): (text: string) => string {
  const forms = [...new Set(secrets)].filter((form) => form !== '').sort((a, b) => b.length - a.length);
  const exact = forms.filter((form) => form.length < MIN_FRAGMENT_LENGTH || ADDRESS.test(form));
  const long = forms.filter((form) => form.length >= MIN_FRAGMENT_LENGTH && !ADDRESS.test(form));
  const short = forms.filter(({ length }) => length >= MIN_FOLDED_LENGTH && length < MIN_FRAGMENT_LENGTH);
  // No line break is ever inside a fragment that is looked for: texts are read line by line.
  let joined = '';
  for (const form of long.map((one) => one.toLowerCase())) if (!joined.includes(form)) joined += `${form}\n`;
  const known = { joined, hasPiece: pieceLookup(joined), short: short.map((form) => form.toLowerCase()) };
  return (text) => {
    if (forms.length === 0) return text;
    let plain = text;
    for (const form of exact) if (plain.includes(form)) plain = plain.replaceAll(form, '***');
    return plain
      .split('\n')
      .map((line) => concealLine(line, known))
      .join('\n');
  };
}

type SecretForms = {
  readonly joined: string;
  readonly hasPiece: (piece: string) => boolean;
  readonly short: readonly string[];
};

/** For a short report, searching a long key is faster than making an index of it. */
const LOOKUPS_BEFORE_INDEX = 500;

function pieceLookup(joined: string): SecretForms['hasPiece'] {
  let lookups = 0;
  let index: Set<string> | undefined;
  return (piece) => {
    if (index) return index.has(piece);
    lookups += 1;
    if (lookups < LOOKUPS_BEFORE_INDEX) return joined.includes(piece);
    index = new Set();
    for (let at = 0; at + PIECE <= joined.length; at += 1) index.add(joined.slice(at, at + PIECE));
    return index.has(piece);
  };
}

/** A part of a text, from `start` up to `end`. */
type Interval = readonly [start: number, end: number];

function concealLine(line: string, known: SecretForms): string {
  const spans = spansIn(line.toLowerCase(), known);
  for (const pattern of DISGUISED.test(line) ? DISGUISES : []) {
    const { text, starts, ends } = undisguised(line, pattern);
    for (const [start, end] of spansIn(text.toLowerCase(), known))
      spans.push([starts[start] ?? 0, ends[end - 1] ?? line.length]);
  }
  if (spans.length === 0) return line;
  let plain = '';
  let done = 0;
  for (const [start, end] of joinedSpans(spans).map((span) => wholeEscapes(line, span))) {
    plain += `${line.slice(done, start)}***`;
    done = end;
  }
  return plain + line.slice(done);
}

/** @param text in lower case. */
function spansIn(text: string, { joined, hasPiece, short }: SecretForms): Interval[] {
  const spans: Interval[] = [];
  for (let at = 0; at + PIECE <= text.length; at += STRIDE) {
    if (!hasPiece(text.slice(at, at + PIECE))) continue;
    for (let start = Math.max(0, at - STRIDE + 1); start <= at; start += 1) {
      const fragment = text.slice(start, start + MIN_FRAGMENT_LENGTH);
      if (fragment.length < MIN_FRAGMENT_LENGTH || !joined.includes(fragment)) continue;
      if (PUBLIC_WORDS.some((word) => word.includes(fragment))) continue;
      spans.push([start, start + MIN_FRAGMENT_LENGTH]);
    }
  }
  for (const form of short)
    for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + 1))
      spans.push([at, at + form.length]);
  return spans;
}

/** Half an escape (`\\"`) or a missing quotation mark would break the JSON around it. */
function wholeEscapes(line: string, [start, end]: Interval): Interval {
  const isInside = (at: number): boolean => {
    let backslashes = 0;
    while (line[at - 1 - backslashes] === '\\') backslashes += 1;
    return backslashes % 2 === 1;
  };
  const quotes = line[start] === '"' && !isInside(start);
  const closes = line[end - 1] === '"' && !isInside(end - 1);
  return [
    quotes ? start + 1 : isInside(start) ? start - 1 : start,
    closes ? end - 1 : isInside(end) && end < line.length ? end + 1 : end,
  ];
}

/** Joins intervals that touch or overlap. */
function joinedSpans(spans: readonly Interval[]): readonly Interval[] {
  const joined: Interval[] = [];
  for (const [start, end] of spans.toSorted(([a], [b]) => a - b)) {
    const last = joined.at(-1);
    if (last === undefined || start > last[1]) joined.push([start, end]);
    else joined[joined.length - 1] = [last[0], Math.max(last[1], end)];
  }
  return joined;
}

/** A quick check for any of the patterns below. */
const DISGUISED = /[^\t\r\n -~]|%[0-9a-f]{2}|\\u[0-9a-f]{4}|\\\||\[[\d;:?]*[a-z]/iu;

/** What acts on a terminal, or is what is left of that when the control characters are gone (`[31m`). */
const SEQUENCE = String.raw`(?:\u001b|\\u001b|%1b)?\][^\u0007\u001b]{0,500}?(?:\u0007|\u001b\\)|(?:\u001b|\u009b|\\u001b|\\u009b|%1b)?(?:\[|%5b)[\d;:?]*(?:[ -/]*[a-z])|\u009b[\d;:?]*[a-z]|\u001b[ -/]*[0-~]`;
/** Nothing that can be seen, as it is and as JSON escapes it. */
const INVISIBLE = String.raw`[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]`;
/** Characters that an address or JSON writes otherwise. */
const ESCAPE = String.raw`(?<percent>(?:%[0-9a-f]{2})+)|(?<units>(?:\\u[0-9a-f]{4})+)`;
/** What a table in Markdown puts before a pipe. */
const BEFORE_PIPE = String.raw`\\(?=\|)`;

/** A secret may itself contain one of these, so the text is searched in each way. */
const DISGUISES: readonly RegExp[] = [
  new RegExp(`(?<gone>${INVISIBLE})`, 'giu'),
  new RegExp(`(?<gone>${SEQUENCE}|${INVISIBLE})`, 'giu'),
  new RegExp(`(?<gone>${SEQUENCE}|${INVISIBLE}|${BEFORE_PIPE})|${ESCAPE}`, 'giu'),
];

/** The text as a reader sees it. `starts` and `ends` give the position of each of its characters in the line. */
function undisguised(
  line: string,
  pattern: RegExp,
): { readonly text: string; readonly starts: readonly number[]; readonly ends: readonly number[] } {
  let text = '';
  const starts: number[] = [];
  const ends: number[] = [];
  const keep = (characters: string, start: number, end: number): void => {
    for (let at = 0; at < characters.length; at += 1) {
      text += characters[at];
      starts.push(start);
      ends.push(end);
    }
  };
  let done = 0;
  const copyUpTo = (end: number): void => {
    for (; done < end; done += 1) keep(line[done] ?? '', done, done + 1);
  };
  for (const match of line.matchAll(pattern)) {
    copyUpTo(match.index);
    done = match.index + match[0].length;
    const { percent, units } = match.groups ?? {};
    if (percent !== undefined) keep(shown(decoded(percent)), match.index, done);
    if (units !== undefined) keep(shown(unescaped(units)), match.index, done);
  }
  copyUpTo(line.length);
  return { text, starts, ends };
}

const shown = (text: string): string => text.replace(new RegExp(INVISIBLE, 'gu'), '');

/** Together, since two of them can be one character. */
const unescaped = (units: string): string =>
  String.fromCharCode(...(units.match(/[0-9a-f]{4}/gi) ?? []).map((unit) => Number.parseInt(unit, 16)));

function decoded(percent: string): string {
  try {
    return decodeURIComponent(percent);
  } catch {
    return percent;
  }
}
