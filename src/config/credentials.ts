import { createPrivateKey, type KeyObject } from 'node:crypto';
import { type ErrorCode, SyncError } from '../model/errors.ts';
import type { Problem } from '../model/problem.ts';
import { invalid } from './problem.ts';
import type { Environment, GitHubAuth } from './settings.ts';

const APP_ID = 'GITHUB_APP_ID';
const APP_KEY = 'GITHUB_APP_PRIVATE_KEY';
const INSTALLATION_ID = 'GITHUB_APP_INSTALLATION_ID';
const APP_VARIABLES = [APP_ID, APP_KEY, INSTALLATION_ID];

/**
 * The App if there is one, else the token, if there is one. A wrong credential is never skipped in favor of a valid
 * one: someone who configured an App must not find out later that a personal token did the work.
 * @throws SyncError `GITHUB_AUTH`: an incomplete App, or a credential that can't be sent.
 */
export function optionalGitHubAuth(env: Environment): GitHubAuth | undefined {
  if (APP_VARIABLES.some((name) => textOf(env, name) !== undefined)) return appAuth(env);
  for (const variable of ['GH_TOKEN', 'GITHUB_TOKEN'] as const) {
    const token = textOf(env, variable);
    if (token === undefined) continue;
    refuse('GITHUB_AUTH', variable, headerProblem(token) ?? permitKeyProblem(token));
    return { kind: 'token', token, variable };
  }
  return undefined;
}

/** The same where one is needed. @throws SyncError also for none. */
export function gitHubAuth(env: Environment): GitHubAuth {
  const auth = optionalGitHubAuth(env);
  if (auth !== undefined) return auth;
  throw new SyncError(
    'GITHUB_AUTH',
    'no GitHub credential: one of GH_TOKEN, GITHUB_TOKEN, or GITHUB_APP_ID with GITHUB_APP_PRIVATE_KEY is needed' +
      `${setButEmpty(env, ['GH_TOKEN', 'GITHUB_TOKEN', APP_ID, APP_KEY])}`,
    env.GITHUB_ACTIONS === 'true' ? ACTIONS_HINT : TERMINAL_HINT,
  );
}

/** For a run that needs no credential for GitHub. */
export const NO_GITHUB_AUTH: GitHubAuth = { kind: 'token', token: '', variable: 'GH_TOKEN' };

const ACTIONS_HINT =
  "the workflow's own GITHUB_TOKEN cannot read organization members: pass a GitHub App " +
  '(Organization › Members: read; actions/create-github-app-token makes its token) or a personal access token ' +
  'with read:org, kept as a secret; a secret that the workflow may not read arrives empty';
const TERMINAL_HINT =
  'set GH_TOKEN to a personal access token with read:org, for instance by ' +
  '`gh auth refresh -s read:org && export GH_TOKEN=$(gh auth token)`, or configure a GitHub App';

function appAuth(env: Environment): GitHubAuth {
  const [appId, key, installation] = APP_VARIABLES.map((name) => textOf(env, name));
  const missing = [appId === undefined ? APP_ID : '', key === undefined ? APP_KEY : ''].filter(Boolean);
  if (appId === undefined || key === undefined) {
    const given = APP_VARIABLES.filter((name) => textOf(env, name) !== undefined);
    throw new SyncError(
      'GITHUB_AUTH',
      `incomplete GitHub App credentials: ${given.join(' and ')} without ${missing.join(' and ')}${setButEmpty(env, missing)}`,
      `set ${missing.join(' and ')} as well, or unset ${given.join(' and ')} to use a token`,
    );
  }
  // GitHub accepts an App's number, and its client id.
  if (!/^(?:\d{1,15}|Iv[A-Za-z0-9.]{10,40})$/.test(appId)) {
    refuse('GITHUB_AUTH', APP_ID, invalid('is not an App ID', "give the number on the App's settings page"));
  }
  const privateKey = decodePrivateKey(key);
  refuse('GITHUB_AUTH', APP_KEY, privateKeyProblem(privateKey));
  if (installation !== undefined && !/^[1-9]\d{0,14}$/.test(installation)) {
    const hint =
      'give the number at the end of the address of the installation, or unset it to have it looked up';
    refuse('GITHUB_AUTH', INSTALLATION_ID, invalid('is not a number', hint));
  }
  const installationId = installation === undefined ? undefined : Number(installation);
  return { kind: 'app', appId, privateKey: `${privateKey}\n`, installationId };
}

/** @throws SyncError `PERMIT_AUTH`: no key, or one that can't be sent. */
export function permitKey(env: Environment): string {
  const key = textOf(env, 'PERMIT_API_KEY');
  if (key === undefined) {
    throw new SyncError(
      'PERMIT_AUTH',
      `no Permit API key: PERMIT_API_KEY is needed${setButEmpty(env, ['PERMIT_API_KEY'])}`,
      'copy the key of the environment in Permit under Settings › API Keys and set PERMIT_API_KEY to it',
    );
  }
  refuse('PERMIT_AUTH', 'PERMIT_API_KEY', headerProblem(key) ?? gitHubTokenProblem(key));
  return key;
}

/** The same where it is optional. @throws SyncError for one that is flawed */
export const optionalPermitKey = (env: Environment): string | undefined =>
  textOf(env, 'PERMIT_API_KEY') === undefined ? undefined : permitKey(env);

/**
 * A variable's text without surrounding blanks. A blank one counts as unset: GitHub Actions sets missing secrets to
 * blank.
 */
function textOf(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}

function setButEmpty(env: Environment, names: readonly string[]): string {
  const empty = names.filter((name) => env[name] !== undefined && textOf(env, name) === undefined);
  if (empty.length === 0) return '';
  return ` (${empty.join(' and ')} ${empty.length === 1 ? 'is' : 'are'} set but empty)`;
}

/** What would break the header that carries `credential`. */
function headerProblem(credential: string): Problem | undefined {
  if (/^(?:bearer|token|basic)\s/i.test(credential)) {
    return invalid('begins with an Authorization scheme', 'give only the credential');
  }
  if (/^(["']).*\1$/.test(credential)) {
    return invalid('begins and ends with quotes, which are part of the value', 'remove the quotes');
  }
  if (/^[\x21-\x7e]+$/.test(credential)) return undefined;
  const message = 'contains a space, a line break or a character that no credential has';
  return invalid(message, 'copy it again, all of it and nothing else');
}

/** A credential under the other service's variable would be sent to the wrong company. */
function permitKeyProblem(token: string): Problem | undefined {
  if (!token.startsWith('permit_key_')) return undefined;
  return invalid('holds a Permit API key', 'put that into PERMIT_API_KEY, and a GitHub token here');
}

function gitHubTokenProblem(key: string): Problem | undefined {
  if (!/^(?:gh[pousr]_|github_pat_)/.test(key)) return undefined;
  return invalid('holds a GitHub token', 'put that into GH_TOKEN, and the Permit API key here');
}

function refuse(code: ErrorCode, name: string, problem: Problem | undefined): void {
  if (problem !== undefined) throw new SyncError(code, `${name}: ${problem.message}`, problem.hint);
}

/**
 * The PEM text of a key that was given as PEM with line breaks, as PEM with `\n` written out (which is what many
 * secret stores make of it), or as base64 of either; in quotes or without.
 * @returns the text unchanged if it is none of these; {@link privateKeyProblem} then says what is wrong.
 */
export function decodePrivateKey(text: string): string {
  const plain = unquoted(text);
  const pem = plain.includes('-----BEGIN') ? plain : unquoted(fromBase64(plain));
  return pem.replaceAll('\\r', '').replaceAll('\\n', '\n').replaceAll('\r', '').trim();
}

/** Quotes that a dotenv file or a shell script puts around a value. */
const unquoted = (text: string): string => /^\s*(["'])([\s\S]*)\1\s*$/.exec(text)?.[2] ?? text;

function fromBase64(text: string): string {
  const decoded = Buffer.from(text.replace(/\s+/g, ''), 'base64').toString('latin1');
  return decoded.includes('-----BEGIN') ? decoded : text;
}

/** Why `pem` can't sign for a GitHub App. Node's own error is not passed on, because it is about a secret. */
export function privateKeyProblem(pem: string): Problem | undefined {
  const hint = 'give the .pem file that GitHub made for the App: its text, or base64 of it';
  if (!pem.includes('-----BEGIN'))
    return invalid('is neither a private key in PEM form nor the base64 of one', hint);
  if (/-----BEGIN (PUBLIC KEY|CERTIFICATE)/.test(pem))
    return invalid('is not the private part of the key', hint);
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MISSING_PASSPHRASE' || /ENCRYPTED/.test(pem)) {
      return invalid('is encrypted with a passphrase', 'give the key without a passphrase');
    }
    const message = pem.includes('\n')
      ? "is damaged: it can't be read as a private key"
      : "has lost its line breaks: it can't be read as a private key";
    return invalid(message, hint);
  }
  if (key.asymmetricKeyType === 'rsa') return undefined;
  return invalid('is not an RSA key, and GitHub Apps have RSA keys', hint);
}
