import { SyncError } from '../model/errors.ts';
import type { Path, Problem } from '../model/problem.ts';
import { concealer } from '../model/text/conceal.ts';
import { decodePrivateKey } from './credentials.ts';
import { invalid } from './problem.ts';
import type { Environment } from './settings.ts';

const instead = (variable: string): string =>
  `secrets come from the environment only: set ${variable}, and replace this one if others could read it`;

/** What secrets look like, and what to do with each. */
const SHAPES: readonly { readonly shape: RegExp; readonly hint: string }[] = [
  { shape: /(?<![A-Za-z0-9])(?:gh[pousr]|github_pat)_/i, hint: instead('GH_TOKEN') },
  { shape: /(?<![A-Za-z0-9])permit_key_/i, hint: instead('PERMIT_API_KEY') },
  // As text, and as base64 of it.
  { shape: /-----BEGIN|LS0tLS1CRUdJT/, hint: instead('GITHUB_APP_PRIVATE_KEY') },
  { shape: /rediss?(?:\+sentinel)?:\/\/[^/?#\s]*@/i, hint: instead('REDIS_URL') },
  { shape: /:\/\/[^/?#\s]*:[^/?#\s]*@/, hint: 'remove the credentials from the address' },
];

/**
 * What is wrong with a value that must not be where others can read it.
 * @returns undefined for a value that looks harmless.
 */
export function secretProblem(text: string): Problem | undefined {
  const found = SHAPES.find(({ shape }) => shape.test(text));
  return found && invalid('holds what looks like a secret', found.hint);
}

/** Whether a value must not be shown. */
export const looksSecret = (text: string): boolean => secretProblem(text) !== undefined;

/**
 * The variables of settings that come from the environment only, by the name of the key without case and punctuation.
 */
const VARIABLES: readonly (readonly [name: RegExp, variable: string])[] = [
  [/^(?:pat|(?:github|gh|access)?token)$/, 'GH_TOKEN'],
  [/^(?:apikey|permit(?:api)?key)$/, 'PERMIT_API_KEY'],
  [/^(?:github)?appid$/, 'GITHUB_APP_ID'],
  [/^(?:githubapp)?installationid$/, 'GITHUB_APP_INSTALLATION_ID'],
  [/^(?:githubapp)?privatekey$/, 'GITHUB_APP_PRIVATE_KEY'],
  [/^(?:(?:webhook)?secrets?|githubwebhooksecret)$/, 'GITHUB_WEBHOOK_SECRET'],
  [/^redisurl$/, 'REDIS_URL'],
  [/token|secret|passw(or)?d|passphrase|apikey|privatekey|credential/, 'the variable that the README names'],
];

/**
 * @param path of a key that the config does not know.
 * @returns the variable to set instead, or undefined if the key names no secret.
 */
export function variableInsteadOf(path: Path): string | undefined {
  const names = path.map((key) =>
    String(key)
      .toLowerCase()
      .replace(/[^a-z0-9]/g, ''),
  );
  const name = names.at(-1) ?? '';
  if (names.includes('permit') && /token|key|secret/.test(name)) return 'PERMIT_API_KEY';
  if (names.includes('redis') && /url|password|username|user/.test(name)) return 'REDIS_URL';
  return VARIABLES.find(([known]) => known.test(name))?.[1];
}

/** Shorter lines of a key could be ordinary text. */
const MIN_LINE_LENGTH = 16;

/**
 * The secret as given, and in the forms in which other text may repeat it: in an address, in JSON, in base64, in hexadecimal digits.
 */
export const formsOf = (text: string): readonly string[] => [
  text,
  encodeURIComponent(text),
  JSON.stringify(text).slice(1, -1),
  ...(text.length < MIN_ENCODED_LENGTH ? [] : [...base64(text), Buffer.from(text).toString('hex')]),
];

/** Anything shorter could be part of an ordinary word. */
const MIN_ENCODED_LENGTH = 6;

/** In either alphabet, and at any offset in a longer text: `Basic` has a name before the secret. */
function base64(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  return [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    // Characters at the edges may belong to the text beside the secret.
    const last = (before + bytes.length) % 3 === 0 ? encoded.length : encoded.length - 1;
    const inner = before === 0 ? [encoded, encoded.slice(0, last)] : [encoded.slice(before + 1, last)];
    return [...inner, ...inner.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))];
  });
}

/** Every secret of the environment in every form that could leak, the longest first. */
export function secretsOf(env: Environment): readonly string[] {
  const secrets = new Set<string>();
  const add = (text: string | undefined) => {
    if (text === undefined || text.trim() === '') return;
    for (const form of new Set([text, text.trim()])) for (const one of formsOf(form)) secrets.add(one);
  };
  for (const name of ['GH_TOKEN', 'GITHUB_TOKEN', 'PERMIT_API_KEY', 'GITHUB_WEBHOOK_SECRET']) add(env[name]);
  for (const secret of (env.GITHUB_WEBHOOK_SECRET ?? '').split(',')) add(secret);

  const key = env.GITHUB_APP_PRIVATE_KEY ?? '';
  const pem = decodePrivateKey(key);
  // A long text has many fragments, so only the forms that a whole key takes are included.
  for (const form of new Set([key, key.trim(), pem, `${pem}\n`])) {
    if (form.trim() === '') continue;
    for (const one of [form, encodeURIComponent(form), JSON.stringify(form).slice(1, -1)]) secrets.add(one);
    secrets.add(Buffer.from(form).toString('base64').replace(/=+$/, ''));
  }
  // A log may break the key's text anywhere a line ends, so each line is a secret of its own.
  for (const line of `${key}\n${pem}`.split(/\\n|\s+/)) {
    if (line.length < MIN_LINE_LENGTH || line.includes('-----')) continue;
    for (const form of formsOf(line)) secrets.add(form);
  }

  for (const secret of passwordsIn(env.REDIS_URL ?? '')) add(secret);
  for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']) {
    for (const secret of proxyCredentials(env[name]?.trim() ?? '')) add(secret);
  }
  return [...secrets].toSorted((a, b) => b.length - a.length);
}

/**
 * Every address in a list that holds credentials, with all parts that could leak: a password as written and decoded,
 * what takes its place without a colon, and that of the Sentinels. A password may hold an unescaped comma, slash
 * or @, and then the address is refused; what it holds is a secret all the same.
 */
function passwordsIn(addresses: string): readonly string[] {
  const trimmed = addresses.trim();
  const whole = secretParts(trimmed);
  const parts = trimmed.split(/,(?=\s*[a-z+]+:\/\/)/i).flatMap((address) => secretParts(address.trim()));
  return [...new Set([...whole, ...parts])];
}

function secretParts(address: string): readonly string[] {
  const userInfo = /:\/\/(.*)@/s.exec(address)?.[1] ?? '';
  const colon = userInfo.indexOf(':');
  const found = [
    colon < 0 ? userInfo : userInfo.slice(colon + 1),
    /[?&]sentinelPassword=([^&#\s]*)/i.exec(address)?.[1] ?? '',
  ].filter((secret) => secret !== '' && secret !== 'default');
  return found.length === 0 ? [] : [address, ...found, ...found.flatMap(decodedOf)];
}

/** The whole address, the password, and `user:password`, which a header of `Basic` holds in base64. */
function proxyCredentials(text: string): readonly string[] {
  const address = text.includes('://') ? text : `http://${text}`;
  const userInfo = /:\/\/(.*)@/s.exec(address)?.[1];
  if (userInfo === undefined) return [];
  return [text, ...secretParts(address), userInfo, ...decodedOf(userInfo)];
}

function decodedOf(secret: string): readonly string[] {
  try {
    return [decodeURIComponent(secret)];
  } catch {
    return [];
  }
}

/** A last safety net: wherever a secret ended up, no message repeats a secret of the environment. */
export function withoutSecrets(error: unknown, secrets: readonly string[]): unknown {
  if (!(error instanceof SyncError)) return error;
  const clean = concealer(secrets.filter(({ length }) => length >= MIN_ENCODED_LENGTH));
  const [message, hint] = [clean(error.message), clean(error.hint)];
  return message === error.message && hint === error.hint ? error : new SyncError(error.code, message, hint);
}
