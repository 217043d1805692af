import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareIds, isEntryId, QUEUED_EVENTS, type QueueEntry } from '../../../src/model/webhooks/queue.ts';
import {
  ageSeconds,
  FIELDS,
  fieldsOf,
  parseDead,
  parseEntry,
  parseRecord,
} from '../../../src/queue/entry.ts';
import { entry } from './entries.ts';

/** As a script gives them: in order, '' for an absent one. */
const valuesOf = (one: QueueEntry): readonly string[] => FIELDS.map((name) => String(one[name] ?? ''));

const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const maybe = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: undefined });
const entries = fc.record({
  delivery: fc.uuid(),
  event: fc.constantFrom(...QUEUED_EVENTS),
  action: fc.stringMatching(/^[a-z]{1,10}_[a-z]{1,10}$/),
  org: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9-]{0,38}$/),
  orgId: maybe(id),
  login: maybe(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,38}(\[bot\])?$/)),
  id: maybe(id),
  team: maybe(id),
  repository: maybe(id),
  at: fc
    .date({ min: new Date('2020-01-01'), max: new Date('2090-01-01'), noInvalidDate: true })
    .map((at) => at.toISOString()),
}) as unknown as fc.Arbitrary<QueueEntry>;

describe('an entry', () => {
  test('comes out as it went in', () => {
    fc.assert(
      fc.property(entries, (one) => {
        expect(parseEntry(valuesOf(one))).toEqual(one);
        const written = FIELDS.flatMap((name) => (one[name] === undefined ? [] : [name, String(one[name])]));
        expect(fieldsOf(one)).toEqual(written);
      }),
    );
  });

  test('is never read in part, whatever its fields hold', () => {
    const junk = fc.array(fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.constant(null)));
    fc.assert(
      fc.property(
        junk,
        fc.nat({ max: FIELDS.length - 1 }),
        fc.string({ unit: 'binary' }),
        (values, i, odd) => {
          expect(parseEntry(values)).toBeUndefined();
          const parsed = parseEntry(valuesOf(entry('octocat')).toSpliced(i, 1, odd));
          if (parsed !== undefined) expect(JSON.stringify(parsed)).not.toMatch(/[\p{Cc}\p{Cf}]/u);
        },
      ),
    );
  });

  test.each([
    ['login', '../admin'],
    ['login', 'a b'],
    ['login', 'x'.repeat(101)],
    ['org', 'acme/../evil'],
    ['org', ''],
    ['orgId', '0'],
    ['orgId', '-1'],
    ['id', '9007199254740993'],
    ['id', '1e3'],
    ['team', '4.2'],
    ['repository', '0'],
    ['repository', '9007199254740993'],
    ['repository', 'payments-api'],
    ['event', 'push'],
    ['event', '__proto__'],
    ['action', 'Member Added'],
    ['delivery', ''],
    ['delivery', 'a\nb'],
    ['at', 'yesterday'],
    ['at', '2026-13-45T99:99:99Z'],
  ] as const)('with %s = %j can’t be read', (name, value) => {
    const values = valuesOf(entry('octocat')).map((was, i) => (FIELDS[i] === name ? value : was));
    expect(parseEntry(values)).toBeUndefined();
  });
});

test('records and dead letters of any form are read safely', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => {
      expect(parseRecord(text).attempts).toBeGreaterThanOrEqual(0);
      expect(parseDead(text).entry).toBeUndefined();
    }),
  );
  expect(parseRecord('3 1760000000000 Permit said no')).toEqual({ attempts: 3, reason: 'Permit said no' });
  expect(parseDead(JSON.stringify(['10', 'no', '1', ...valuesOf(entry('a'))]))).toEqual({
    entry: entry('a'),
    attempts: 10,
    reason: 'no',
  });
});

test('entries of a version without repositories can still be read', () => {
  const values = valuesOf(entry('ann', { team: 42 })).slice(0, FIELDS.indexOf('repository'));
  expect(parseEntry([...values, ''])).toEqual(entry('ann', { team: 42 }));
  expect(parseDead(JSON.stringify(['10', 'no', '1', ...values])).entry).toEqual(entry('ann', { team: 42 }));
});

test('ids are in the order of arrival, beyond what a number holds', () => {
  const inOrder = ['1-1', '1-2', '1-10', '2-0', '9007199254740992-0', '9007199254740993-0'];
  expect(inOrder.toReversed().toSorted(compareIds)).toEqual(inOrder);
  expect(['1-1', '1', '1-', '-1', 'x', '1-1-1', '', '1-1\n'].filter(isEntryId)).toEqual(['1-1']);
});

test.each([
  ['1000-0', 61_000, 60],
  ['1000-0', 500, 0],
  ['0-1', 61_000, 0],
  ['no id', 61_000, 0],
  ['99999999999999999999-0', 61_000, 0],
])('the age of %s at %d is %d s', (one, now, seconds) => {
  expect(ageSeconds(one, now)).toBe(seconds);
});
