import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Oversized, openExchange, TimedOut } from '../../../src/http/exchange.ts';
import { proxyFor } from '../../../src/http/proxy.ts';
import { MAX_BODY_BYTES } from '../../../src/http/sizes.ts';
import { startProxy } from '../../support/proxy.ts';

const BOUNDS = { timeoutMs: 30_000 };

async function serving(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const received = async (encoding: string, body: Buffer): Promise<string> => {
  const url = await serving((_, response) =>
    response.writeHead(200, { 'content-encoding': encoding }).end(body),
  );
  return (await openExchange(undefined)({ method: 'GET', url }, BOUNDS)).body.toString();
};

describe('a body', () => {
  test.each([
    ['gzip', gzipSync('words')],
    ['br', brotliCompressSync('words')],
    ['identity', Buffer.from('words')],
  ])('is decoded from %s', async (encoding, body) => {
    expect(await received(encoding, body)).toBe('words');
  });

  test.each([
    ['that broke off', 'gzip', gzipSync('words').subarray(0, 12)],
    ['of an encoding that was not asked for', 'deflate', deflateSync('words')],
  ])('%s is no answer', async (_, encoding, body) => {
    await expect(received(encoding, body)).rejects.toThrow();
  });

  test('is limited in size after it is decoded', async () => {
    await expect(received('gzip', gzipSync(Buffer.alloc(MAX_BODY_BYTES + 1)))).rejects.toThrow(Oversized);
    expect(await received('gzip', gzipSync(Buffer.alloc(MAX_BODY_BYTES)))).toHaveLength(MAX_BODY_BYTES);
  });
});

test('abandons an answer that never arrives, and one that is no longer awaited', async () => {
  const url = await serving(() => undefined);
  const send = openExchange(undefined);
  await expect(send({ method: 'GET', url }, { timeoutMs: 20 })).rejects.toThrow(TimedOut);
  const reason = new Error('stopped');
  await expect(send({ method: 'GET', url }, { ...BOUNDS, signal: AbortSignal.abort(reason) })).rejects.toBe(
    reason,
  );
});

test('a request with a body says how long it is, whatever its method', async () => {
  const url = await serving((request, response) => response.end(request.headers['content-length']));
  const sent = await openExchange(undefined)({ method: 'DELETE', url, body: '{"ä":1}' }, BOUNDS);
  expect(sent.body.toString()).toBe('8');
});

test.each([
  ['refuses', 'right', /^the proxy 127\.0\.0\.1:\d+ refuses the connection \(407\)$/, 'proxy-refused'],
  [
    'is not there',
    undefined,
    /^the proxy 127\.0\.0\.1:9 can't be reached \(ECONNREFUSED\)$/,
    'proxy-unreachable',
  ],
])('a proxy that %s is named, without its credentials', async (_, password, message, trouble) => {
  const proxy = password === undefined ? undefined : await startProxy(`corp:${password}`);
  if (proxy) onTestFinished(proxy.close);
  const address = `http://corp:wrong@127.0.0.1:${proxy?.port ?? 9}`;
  const send = openExchange({ http: address, https: address, noProxy: '' });
  for (const url of ['https://github.test/', 'http://github.test/']) {
    await expect(send({ method: 'GET', url }, BOUNDS)).rejects.toMatchObject({
      name: 'ProxyFailure',
      message: expect.stringMatching(message),
      trouble,
    });
  }
});

test.each([
  ['', 'https://api.github.com', true],
  ['*', 'https://api.github.com', false],
  ['github.com', 'https://api.github.com', false],
  ['.github.com', 'https://api.github.com', false],
  ['*.github.com', 'https://api.github.com', false],
  ['GitHub.com', 'https://github.com', false],
  ['hub.com', 'https://github.com', true],
  ['a.test, github.com', 'https://github.com', false],
  ['github.com:443', 'https://github.com', false],
  ['github.com:8443', 'https://github.com', true],
  ['github.com:8443', 'https://github.com:8443', false],
  ['', 'http://localhost:7766', false],
  ['', 'http://[::1]:7766', false],
  ['', 'http://127.1.2.3', false],
])('NO_PROXY=%s: %s by the proxy: %s', (noProxy, address, isProxied) => {
  const proxies = { http: 'http://proxy:1', https: 'http://proxy:1', noProxy };
  expect(proxyFor(proxies, new URL(address)) !== undefined).toBe(isProxied);
});
