import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import type { Fault, Service } from '../../../src/demo/server.ts';
import { runServer, send } from './running.ts';

/** What comes about at once comes about within this, however busy the machine is. */
const WITHIN = { timeout: 30_000, interval: 5 };

/** Counts how often the work was done. */
function counting() {
  const state = { done: 0 };
  const service: Service = {
    work: () => {
      state.done += 1;
      return { status: 200, body: { done: state.done, filler: 'x'.repeat(1000) } };
    },
  };
  return { state, service };
}
const always = (action: Fault['do'], times?: number): Fault => ({
  match: () => true,
  do: action,
  ...(times === undefined ? {} : { times }),
});

describe('what arrives', () => {
  test('is recorded in the order of arrival, with the status that was answered', async () => {
    const server = await runServer({
      work: ({ path }) => ({ status: path === '/a' ? 201 : 404, body: null }),
    });
    await send(server, 'POST', '/a?x=1&x=2&y=%20', { body: { a: 1 }, headers: { 'x-mark': 'm' } });
    await send(server, 'GET', '/b%7Cc');
    expect(server.requests).toMatchObject([
      { method: 'POST', path: '/a', query: { x: '1,2', y: ' ' }, body: { a: 1 }, status: 201 },
      { method: 'GET', path: '/b%7Cc', query: {}, body: undefined, status: 404 },
    ]);
    expect(server.requests[0]?.headers['x-mark']).toBe('m');
  });

  test('may change the world before it is worked off', async () => {
    let value = 'before';
    const server = await runServer({ work: () => ({ status: 200, body: { value } }) });
    server.onRequest = async () => {
      value = 'after';
    };
    expect((await send(server, 'GET', '/')).body).toEqual({ value: 'after' });
    server.onRequest = undefined;
  });

  test('takes the latency, side by side, and the peak is known', async () => {
    const { service } = counting();
    const server = await runServer(service);
    server.latencyMs = 50;
    server.onRequest = untilArrived(4);
    const start = performance.now();
    await Promise.all([1, 2, 3, 4].map(() => send(server, 'GET', '/')));
    expect(performance.now() - start).toBeGreaterThanOrEqual(45);
    expect(server.peakInFlight).toBe(4);
  });

  test('is refused at arrival where the service says so', async () => {
    const server = await runServer({
      admit: (_request, inFlight) => (inFlight > 1 ? { status: 429 } : undefined),
      work: () => ({ status: 204 }),
    });
    server.latencyMs = 1000;
    const first = send(server, 'GET', '/');
    await vi.waitFor(() => expect(server.requests).toHaveLength(1), WITHIN);
    server.latencyMs = 0;
    expect((await send(server, 'GET', '/')).status).toBe(429);
    expect((await first).status).toBe(204);
  });

  test('and breaks the emulator itself fails the test that closes it', async () => {
    const { startServer } = await import('../../../src/demo/server.ts');
    const server = await startServer({
      work: () => {
        throw new Error('a bug');
      },
    });
    expect((await send(server, 'GET', '/')).status).toBe(500);
    await expect(server.close()).rejects.toThrow('a bug');
  });
});

/** Holds requests back until so many have arrived, however slow the machine is. */
function untilArrived(count: number): () => Promise<void> {
  let arrived = 0;
  let release: () => void = () => undefined;
  const all = new Promise<void>((resolve) => {
    release = resolve;
  });
  return () => {
    arrived += 1;
    if (arrived === count) release();
    return all;
  };
}

describe('a fault', () => {
  test('answers instead of doing the work, as JSON, as HTML, as null and as nothing', async () => {
    const { state, service } = counting();
    const server = await runServer(service);
    const bodies = [{ a: 1 }, '<html>', null, undefined];
    for (const body of bodies) {
      server.faults.push(always({ kind: 'answer', status: 502, body, headers: { 'Retry-After': '1' } }, 1));
    }
    const got = [];
    for (const _ of bodies) got.push(await send(server, 'GET', '/'));
    expect(got.map(({ status }) => status)).toEqual([502, 502, 502, 502]);
    expect(got.map(({ body }) => body)).toEqual([{ a: 1 }, '<html>', null, '']);
    expect(got[1]?.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(got[0]?.headers.get('retry-after')).toBe('1');
    expect(state.done).toBe(0);
    expect((await send(server, 'GET', '/')).status).toBe(200);
  });

  test.each([
    ['before', 0],
    ['after', 1],
  ] as const)('resets the connection %s the work', async (when, done) => {
    const { state, service } = counting();
    const server = await runServer(service);
    server.faults.push(always({ kind: 'reset', when }));
    await expect(send(server, 'GET', '/')).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
    expect(state.done).toBe(done);
    expect(server.requests[0]?.status).toBe(0);
  });

  test.each([
    ['before', 0],
    ['after', 1],
  ] as const)('hangs %s the work until the emulator is closed', async (when, done) => {
    const { state, service } = counting();
    const server = await runServer(service);
    server.faults.push(always({ kind: 'hang', when }));
    const answer = fetch(server.url).then(
      () => 'answered',
      () => 'closed',
    );
    await vi.waitFor(() => expect(server.requests).toHaveLength(1), WITHIN);
    await vi.waitFor(() => expect(state.done).toBe(done), WITHIN);
    expect(await Promise.race([answer, sleep(60, 'hangs')])).toBe('hangs');
    expect(state.done).toBe(done);
    await server.close();
    expect(await answer).toBe('closed');
  });

  test('does the work and then fails', async () => {
    const { state, service } = counting();
    const server = await runServer(service);
    server.faults.push(always({ kind: 'failAfter', status: 503, body: { message: 'oops' } }));
    expect(await send(server, 'GET', '/')).toMatchObject({ status: 503, body: { message: 'oops' } });
    expect(state.done).toBe(1);
  });

  test('truncates the body under the whole content-length', async () => {
    const { state, service } = counting();
    const server = await runServer(service);
    server.faults.push(always({ kind: 'truncate' }, 1));
    const response = await fetch(server.url);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
    expect(state.done).toBe(1);
    const whole = await fetch(server.url);
    expect((await whole.text()).length).toBe(Number(response.headers.get('content-length')));
  });

  test('delays, and adds to another one', async () => {
    const { service } = counting();
    const server = await runServer(service);
    server.faults.push(always({ kind: 'delay', ms: 20 }), always({ kind: 'delay', ms: 20 }));
    server.faults.push(always({ kind: 'answer', status: 418 }));
    const start = performance.now();
    expect((await send(server, 'GET', '/')).status).toBe(418);
    expect(performance.now() - start).toBeGreaterThanOrEqual(38);
  });

  test('can pick a request by its number among those of its path, and by what it holds', async () => {
    const { service } = counting();
    const server = await runServer(service);
    server.faults.push(
      { match: ({ path, nth }) => path === '/list' && nth === 2, do: { kind: 'answer', status: 500 } },
      { match: ({ body }) => (body as { bad?: boolean })?.bad === true, do: { kind: 'answer', status: 400 } },
      { match: ({ query }) => query.page === '9', do: { kind: 'answer', status: 501 } },
    );
    const status = async (method: string, path: string, body?: unknown) =>
      (await send(server, method, path, { body })).status;
    expect(await status('GET', '/list?page=1')).toBe(200);
    expect(await status('GET', '/other')).toBe(200);
    expect(await status('GET', '/list?page=2')).toBe(500);
    expect(await status('GET', '/list?page=3')).toBe(200);
    expect(await status('GET', '/list?page=9')).toBe(501);
    expect(await status('POST', '/list', { bad: true })).toBe(400);
  });

  test('strikes as often as it may', async () => {
    const { service } = counting();
    const server = await runServer(service);
    server.faults.push(always({ kind: 'answer', status: 500 }, 2));
    const statuses = [];
    for (let index = 0; index < 3; index += 1) statuses.push((await send(server, 'GET', '/')).status);
    expect(statuses).toEqual([500, 500, 200]);
  });
});
