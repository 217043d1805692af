import { describe, expect, test } from 'vitest';
import type { PermitSwitches } from '../../../src/demo/permit/permit.ts';
import { facts, runPermit, schema } from './running.ts';

/** Runs with limits over a clock that the test moves. */
async function limited(rateLimits: PermitSwitches['rateLimits'], retryAfter = false) {
  const clock = { now: 1_700_000_000_000 };
  const emulator = await runPermit(undefined, { rateLimits, retryAfter, now: () => clock.now });
  const call = async (method: string, path: string, body?: unknown) => {
    const { status, headers } = await facts(emulator, method, path, body);
    return { status, retryAfter: headers.get('retry-after') };
  };
  return { clock, call };
}
async function times(count: number, call: () => Promise<{ status: number }>) {
  const statuses = [];
  for (let index = 0; index < count; index += 1) statuses.push((await call()).status);
  return statuses;
}

describe("Permit's limits", () => {
  test('are off unless asked for', async () => {
    const { call } = await limited('off');
    expect(await times(70, () => call('DELETE', 'users/nobody'))).not.toContain(429);
  });

  test('are 60 DELETEs a minute, for all kinds of DELETE', async () => {
    const { call, clock } = await limited('on');
    expect(await times(59, () => call('DELETE', 'users/nobody'))).not.toContain(429);
    expect((await call('DELETE', 'bulk/users', { idents: ['nobody'] })).status).toBe(200);
    expect(await call('DELETE', 'users/nobody')).toEqual({ status: 429, retryAfter: null });
    expect((await call('GET', 'users/nobody')).status).toBe(404);
    clock.now += 60_000;
    expect((await call('DELETE', 'users/nobody')).status).toBe(404);
  });

  test('are 100 bulk calls in 10 minutes', async () => {
    const { call, clock } = await limited('on', true);
    const bulk = () => call('POST', 'bulk/users', { operations: [] });
    expect(await times(100, bulk)).not.toContain(429);
    clock.now += 60_000;
    expect(await bulk()).toEqual({ status: 429, retryAfter: '540' });
    clock.now += 540_000;
    expect((await bulk()).status).toBe(400);
  });

  test('are 40 POSTs to the schema a minute, and no other kind of request is among them', async () => {
    const clock = { now: 1_700_000_000_000 };
    const emulator = await runPermit(undefined, { rateLimits: 'on', now: () => clock.now });
    const post = () => schema(emulator, 'POST', 'roles', {});
    expect(await times(40, post)).not.toContain(429);
    expect((await post()).status).toBe(429);
    expect((await schema(emulator, 'PATCH', 'roles/admin', {})).status).toBe(200);
    expect((await schema(emulator, 'GET', 'roles')).status).toBe(200);
    expect((await facts(emulator, 'POST', 'tenants', {})).status).toBe(422);
    clock.now += 60_000;
    expect((await post()).status).toBe(422);
  });

  test('hold for writes and for requests over a sliding window, refused ones not counted', async () => {
    const { call, clock } = await limited({ requestsPerMinute: 4, writesPerMinute: 2, windowMs: 1000 }, true);
    expect((await call('PATCH', 'users/nobody', {})).status).toBe(404);
    clock.now += 600;
    expect((await call('PATCH', 'users/nobody', {})).status).toBe(404);
    expect(await call('PATCH', 'users/nobody', {})).toEqual({ status: 429, retryAfter: '1' });
    expect(await times(3, () => call('GET', 'users'))).toEqual([200, 200, 429]);
    clock.now += 400;
    expect((await call('PATCH', 'users/nobody', {})).status).toBe(404);
    expect((await call('PATCH', 'users/nobody', {})).status).toBe(429);
  });

  test('do not hold for the PDP', async () => {
    const { call } = await limited({ requestsPerMinute: 0 });
    expect((await call('GET', 'users')).status).toBe(429);
    const emulator = await runPermit(undefined, { rateLimits: { requestsPerMinute: 0 } });
    expect((await fetch(`${emulator.url}/allowed`, { method: 'POST' })).status).toBe(401);
  });
});
