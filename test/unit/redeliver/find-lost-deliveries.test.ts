import { describe, expect, test } from 'vitest';
import type { Attempt } from '../../../src/model/webhooks/redelivery.ts';
import { findLostDeliveries } from '../../../src/redeliver/find-lost-deliveries.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const HOUR = 3_600_000;
const span = { sinceMs: NOW - 72 * HOUR, nowMs: NOW };

/** A failed `organization.member_added` of an hour ago, unless told otherwise. */
const attempt = (changes: Partial<Attempt> = {}): Attempt => ({
  id: '1',
  guid: 'a',
  deliveredAtMs: NOW - HOUR,
  event: 'organization',
  action: 'member_added',
  status: 'failed to connect to host',
  statusCode: 502,
  ...changes,
});

const ok = (changes: Partial<Attempt> = {}): Attempt =>
  attempt({ status: 'OK', statusCode: 200, ...changes });

/** GUID and the attempt that would be repeated. */
const chosen = (attempts: readonly Attempt[], within = span): readonly string[] =>
  findLostDeliveries(attempts, within).lost.map(({ guid, last }) => `${guid}:${last.id}`);

describe('which deliveries are delivered again', () => {
  const later = NOW - HOUR / 2;
  const cases: readonly (readonly [string, readonly Attempt[], readonly string[]])[] = [
    ['nothing was delivered', [], []],
    ['one that failed', [attempt()], ['a:1']],
    ['one that succeeded', [ok()], []],
    ['202, as the receiver answers', [ok({ statusCode: 202 })], []],
    ['a redirect, which GitHub does not follow', [attempt({ statusCode: 302 })], ['a:1']],
    ['OK is only a word', [attempt({ status: 'OK', statusCode: 503 })], ['a:1']],
    [
      'an older attempt failed, a later one succeeded',
      [attempt(), ok({ id: '2', deliveredAtMs: later })],
      [],
    ],
    ['it succeeded, and failed when repeated', [ok(), attempt({ id: '2', deliveredAtMs: later })], []],
    [
      'all attempts failed: the latest is repeated, once',
      [attempt({ id: '9', deliveredAtMs: later }), attempt({ id: '10', deliveredAtMs: later }), attempt()],
      ['a:10'],
    ],
    ['the success of another delivery does not count', [attempt(), ok({ id: '2', guid: 'b' })], ['a:1']],
    [
      'the oldest event first, whatever was tried last',
      [
        attempt({ guid: 'new', id: '5', deliveredAtMs: NOW - 2 * HOUR }),
        attempt({ guid: 'old', id: '1', deliveredAtMs: NOW - 3 * HOUR }),
        attempt({ guid: 'old', id: '7', deliveredAtMs: NOW - HOUR }),
      ],
      ['old:7', 'new:5'],
    ],
    [
      'in one second by the numbers, which no JavaScript number holds',
      [
        attempt({ guid: 'second', id: '9007199254740993' }),
        attempt({ guid: 'first', id: '9007199254740992' }),
      ],
      ['first:9007199254740992', 'second:9007199254740993'],
    ],
    ['shown twice by pages that shifted', [attempt(), attempt()], ['a:1']],
    ['from before --since', [attempt({ deliveredAtMs: NOW - 73 * HOUR })], []],
    ['on the moment of --since', [attempt({ deliveredAtMs: NOW - 72 * HOUR })], ['a:1']],
    [
      'first tried before --since, and again after it',
      [attempt({ deliveredAtMs: NOW - 73 * HOUR }), attempt({ id: '2' })],
      ['a:2'],
    ],
    ['its success is older than --since', [ok({ deliveredAtMs: NOW - 73 * HOUR }), attempt({ id: '2' })], []],
    ['under way', [attempt({ status: 'pending', statusCode: 0, deliveredAtMs: NOW - 5_000 })], []],
    [
      'so young that there is no word of it',
      [attempt({ status: '', statusCode: 0, deliveredAtMs: NOW })],
      [],
    ],
    [
      'a failure, and a repetition that is under way',
      [attempt(), attempt({ id: '2', status: 'pending', statusCode: 0, deliveredAtMs: NOW - 5_000 })],
      [],
    ],
    ['pending for an hour', [attempt({ status: 'pending', statusCode: 0 })], ['a:1']],
    ['timed out without a code', [attempt({ status: 'timed out', statusCode: 0 })], ['a:1']],
  ];
  test.each(cases)('%s', (_, attempts, expected) => {
    expect(chosen(attempts)).toEqual(expected);
    expect(chosen([...attempts].reverse())).toEqual(expected);
  });
});

describe('what the receiver would only ignore is left alone', () => {
  test.each([
    ['organization', 'member_added', true],
    ['organization', 'member_removed', true],
    ['organization', 'renamed', true],
    ['organization', 'deleted', true],
    ['organization', undefined, true],
    ['organization', 'member_invited', false],
    ['membership', 'added', true],
    ['membership', 'removed', true],
    ['membership', 'anything', false],
    ['team', 'edited', true],
    ['team', undefined, true],
    ['ping', undefined, false],
    ['push', undefined, false],
    ['repository', 'renamed', true],
    ['repository', 'edited', false],
  ])('%s %s: %s', (event, action, wanted) => {
    const { lost, ignored } = findLostDeliveries([attempt({ event, action })], span);
    expect({ lost: lost.length, ignored }).toEqual(
      wanted ? { lost: 1, ignored: 0 } : { lost: 0, ignored: 1 },
    );
  });
});

test('tells what was found', () => {
  const pending = { status: 'pending', statusCode: 0, deliveredAtMs: NOW };
  const found = findLostDeliveries(
    [
      attempt({ deliveredAtMs: NOW - 2 * HOUR }),
      attempt({ id: '2' }),
      ok({ id: '3', guid: 'b' }),
      attempt({ id: '4', guid: 'c', event: 'push' }),
      attempt({ id: '5', guid: 'd', ...pending }),
    ],
    span,
  );
  expect(found).toMatchObject({ deliveries: 4, ignored: 1, underWay: 1 });
  expect(found.lost).toMatchObject([{ attempts: 2, firstAtMs: NOW - 2 * HOUR, last: { id: '2' } }]);
});
