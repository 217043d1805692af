// What a hostile or broken server sends may be any size: each run ends with a clear code, in bounded memory.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { agreedStage } from '../support/agreement.ts';
import { BIN, emptyFolder } from '../support/program.ts';
import type { Stage } from '../support/stage.ts';

type Serve = (request: IncomingMessage, response: ServerResponse) => void;

async function serving(serve: Serve): Promise<string> {
  const server = createServer(serve);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const json = (response: ServerResponse, body: unknown, headers: Record<string, string> = {}): void => {
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
};

/**
 * Tells the most memory that the program ever held, as the last line of stderr. `resourceUsage().maxRSS` would start
 * from what the process held that forked this one.
 */
const MEASURED = `const { readFileSync } = await import('node:fs');
process.on('exit', () => process.stderr.write('\\n' + /VmHWM.*/.exec(readFileSync('/proc/self/status', 'utf8'))));
process.argv.splice(1, 1, ${JSON.stringify(BIN)});
await import(${JSON.stringify(BIN)});`;

async function measured(args: readonly string[], env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', MEASURED, 'x', ...args], {
    cwd: emptyFolder(),
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => {
    stdout += String(text);
  });
  child.stderr.on('data', (text) => {
    stderr += String(text);
  });
  const [code] = await once(child, 'close');
  return { code, stdout, stderr, maxRssMb: Number(/VmHWM:\s+(\d+)/.exec(stderr)?.[1]) / 1024 };
}

const person = (id: number) => ({ id, login: `person-${id}` });
const page = (from: number) => Array.from({ length: 100 }, (_, index) => person(from + index));
const OBJECTS = gzipSync(`[${'{},'.repeat(30_000_000)}{}]`);

const GITHUB: Readonly<Record<string, Serve>> = {
  'a gzip bomb': (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(OBJECTS);
  },
  'a body without an end': (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const more = (): void => {
      while (!response.destroyed && response.write(' '.repeat(64 * 1024)));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  },
  'a last page 200,000,000': (request, response) =>
    json(response, page(1), { link: `<http://${request.headers.host}/x?page=200000000>; rel="last"` }),
  'the same page forever': (request, response) =>
    json(response, page(1), { link: `<http://${request.headers.host}/x?page=2>; rel="next"` }),
  'the same 9,000 pages': (request, response) =>
    json(response, page(1), { link: `<http://${request.headers.host}/x?page=9000>; rel="last"` }),
  'two pages in turn forever': (request, response) => {
    const number = Number(new URL(request.url ?? '', 'http://x').searchParams.get('page'));
    json(response, page(number % 2 === 0 ? 1 : 500), { link: '<http://x/x?page=2>; rel="next"' });
  },
  'a page of 50,000': (_, response) =>
    json(
      response,
      Array.from({ length: 50_000 }, (__, id) => person(id + 1)),
    ),
  'huge headers': (_, response) => json(response, page(1), { 'x-huge': 'x'.repeat(200_000) }),
};

/** At most one page: this process shows at less cost that the run ends, and its memory shows nothing. */
const SMALL = [
  'a last page 200,000,000',
  'two pages in turn forever',
  'huge headers',
  'a total of 3,000,000,000',
];

/** One run against a hostile server: it ends with exit 1 and this code, and in bounded memory. */
async function expectBoundedEnd(name: string, stage: Stage, env: Record<string, string>, code: string) {
  const args = ['reconcile', '--output', 'json'];
  if (SMALL.includes(name)) {
    const ran = await stage.run(args, { env });
    expect({ code: ran.code, error: JSON.parse(ran.stdout).error?.code }).toEqual({ code: 1, error: code });
    return;
  }
  const ran = await measured(args, { ...stage.env, ...env });
  expect({ code: ran.code, error: JSON.parse(ran.stdout).error?.code }).toEqual({ code: 1, error: code });
  expect(ran.maxRssMb).toBeLessThan(300);
}

describe('GitHub sends more than any organization has', () => {
  test.each(Object.entries(GITHUB))('%s', { timeout: 60_000 }, async (name, hostile) => {
    const stage = await agreedStage(3, 1);
    const url = await serving((request, response) => {
      if (!request.url?.includes('/members')) return json(response, { id: 1, login: 'acme' });
      hostile(request, response);
    });
    await expectBoundedEnd(name, stage, { GITHUB_API_URL: url }, 'GITHUB_INCOMPLETE');
  });
});

const user = (id: number) => ({ key: `user-${id}`, attributes: {}, associated_tenants: [] });
const users = (from: number) => Array.from({ length: 100 }, (_, index) => user(from + index));

const PERMIT: Readonly<Record<string, Serve>> = {
  'a gzip bomb': GITHUB['a gzip bomb'] as Serve,
  'a body without an end': GITHUB['a body without an end'] as Serve,
  'a total of 3,000,000,000': (_, response) =>
    json(response, { data: users(1), total_count: 3e9, page_count: 3e7 }),
  'the same page forever': (_, response) =>
    json(response, { data: users(1), total_count: 900_000, page_count: 9000 }),
  'huge headers': (_, response) =>
    json(response, { data: users(1), total_count: 1 }, { 'x-huge': 'x'.repeat(200_000) }),
};

describe('Permit sends more than any environment has', () => {
  test.each(Object.entries(PERMIT))('%s', { timeout: 60_000 }, async (name, hostile) => {
    const stage = await agreedStage(3, 1);
    const url = await serving((request, response) => {
      if (!request.url?.includes('/users')) {
        return json(response, { organization_id: 'o', project_id: 'p', environment_id: 'e' });
      }
      hostile(request, response);
    });
    await expectBoundedEnd(name, stage, { PERMIT_API_URL: url }, 'PERMIT_UNAVAILABLE');
  });
});

test("the PDP sends a gzip bomb, and check doesn't treat it as a decision", {
  timeout: 60_000,
}, async () => {
  const stage = await agreedStage(3, 1);
  const url = await serving(GITHUB['a gzip bomb'] as Serve);
  const ran = await measured(['check', 'nobody', 'read', 'repository', '--user-key', '{login}'], {
    ...stage.env,
    PERMIT_PDP_URL: url,
  });
  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain('PERMIT_UNAVAILABLE');
  expect(ran.maxRssMb).toBeLessThan(300);
});
