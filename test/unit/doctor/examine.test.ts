import { expect, test } from 'vitest';
import { examine, type Probe } from '../../../src/doctor/examine.ts';
import { SyncError } from '../../../src/model/errors.ts';
import { type Finding, worst } from '../../../src/model/finding.ts';

const ok = (id: string, area: Finding['area']): Finding => ({ id, area, status: 'ok', message: id });
const probe = (area: Finding['area'], look: Probe['look']): Probe => ({
  id: `${area}.x`,
  subject: `the ${area}`,
  look,
});

test('one that fails stops no other, and the order is that of the areas', async () => {
  const found = await examine(
    [
      probe('redis', async () => [ok('redis.a', 'redis'), ok('redis.b', 'redis')]),
      probe('pdp', () => Promise.reject(new SyncError('PERMIT_UNAVAILABLE', 'no PDP', 'start it'))),
      probe('permit', () => Promise.reject(new TypeError('oops'))),
      probe('github', async () => [ok('github.a', 'github')]),
    ],
    new AbortController().signal,
  );
  expect(found).toEqual([
    ok('github.a', 'github'),
    {
      id: 'permit.x',
      area: 'permit',
      status: 'failed',
      message: 'oops',
      hint: expect.stringMatching(/bug/),
    },
    { id: 'pdp.x', area: 'pdp', status: 'failed', message: 'no PDP', hint: 'start it' },
    ok('redis.a', 'redis'),
    ok('redis.b', 'redis'),
  ]);
  expect(worst(found)).toBe('failed');
});

test('a probe that never answers fails when time runs out, and the others are kept', async () => {
  const control = new AbortController();
  const examined = examine(
    [
      probe('github', () => new Promise(() => undefined)),
      probe('redis', async () => [ok('redis.a', 'redis')]),
    ],
    control.signal,
  );
  await new Promise((resolve) => setTimeout(resolve, 10));
  control.abort();
  expect(await examined).toEqual([
    {
      id: 'github.x',
      area: 'github',
      status: 'failed',
      message: 'the github did not answer in time',
      hint: 'check the network, or raise --timeout',
    },
    ok('redis.a', 'redis'),
  ]);
});

test('the worst finding decides', () => {
  const of = (...statuses: Finding['status'][]) =>
    worst(statuses.map((status) => ({ ...ok('x', 'pdp'), status })));
  expect([of(), of('ok'), of('ok', 'warning'), of('warning', 'failed', 'ok')]).toEqual([
    'ok',
    'ok',
    'warning',
    'failed',
  ]);
});
