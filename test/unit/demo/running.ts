import { onTestFinished } from 'vitest';
import {
  type GitHubSwitches,
  type GitHubWorld,
  githubWorld,
  OWNER_TOKEN,
  startGitHubEmulator,
} from '../../../src/demo/github/github.ts';
import {
  ENVIRONMENT_KEY,
  type PermitSwitches,
  type PermitWorld,
  permitWorld,
  startPermitEmulator,
} from '../../../src/demo/permit/permit.ts';
import { type Emulator, type Service, startServer } from '../../../src/demo/server.ts';

/** Closes the emulator when the test has ended; its own failures then fail the test. */
function closing<E extends Emulator>(emulator: E): E {
  onTestFinished(() => emulator.close());
  return emulator;
}

export const runServer = async (service: Service) => closing(await startServer(service));
export const runGitHub = async (world: GitHubWorld = githubWorld(), options?: Partial<GitHubSwitches>) =>
  closing(await startGitHubEmulator(world, options));
export const runPermit = async (world: PermitWorld = permitWorld(), options?: Partial<PermitSwitches>) =>
  closing(await startPermitEmulator(world, options));

type Sent = {
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly redirect?: 'manual' | 'follow';
};
// biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of every shape
export type Got = { readonly status: number; readonly headers: Headers; readonly body: any };

/** One request with fetch; a JSON answer is read. */
export async function send(
  { url }: { readonly url: string },
  method: string,
  path: string,
  { token, body, headers = {}, redirect = 'manual' }: Sent = {},
): Promise<Got> {
  const response = await fetch(url + path, {
    method,
    redirect,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true && text !== '';
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

/** A GET of GitHub, as the owner of the default world unless told otherwise; `null` is nobody. */
export const github = (
  emulator: { readonly url: string },
  path: string,
  token: string | null = OWNER_TOKEN,
  headers: Record<string, string> = {},
) => send(emulator, 'GET', path, { token: token ?? undefined, headers });

const FACTS = '/v2/facts/main/dev';
const SCHEMA = '/v2/schema/main/dev';

/** A request to the facts of the default world's environment, by its own API key. */
export const facts = (emulator: { readonly url: string }, method: string, path: string, body?: unknown) =>
  send(emulator, method, `${FACTS}/${path}`, { token: ENVIRONMENT_KEY, body });
/** A request to the schema of the default world's environment, by its own API key. */
export const schema = (emulator: { readonly url: string }, method: string, path: string, body?: unknown) =>
  send(emulator, method, `${SCHEMA}/${path}`, { token: ENVIRONMENT_KEY, body });

export const logins = (body: { readonly login: string }[]): string[] => body.map(({ login }) => login);
