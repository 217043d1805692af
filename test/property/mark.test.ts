import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MARK_KEYS, type Mark, mergeMark, readMark, writeMark } from '../../src/model/mark.ts';
import type { Attributes, Json } from '../../src/model/user.ts';
import { gitHubId, orgId } from '../support/builders.ts';

const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

const marks: fc.Arbitrary<Mark> = fc.record({
  id: id.map(gitHubId),
  login: fc.string({ minLength: 1 }),
  orgs: fc.uniqueArray(id.map(orgId)).map((orgs) => orgs.sort((a, b) => a - b)),
  owner: fc.string({ minLength: 1 }),
  origin: fc.constantFrom('created', 'adopted'),
});

/** What others may have put there, even under our names. */
const attributes: fc.Arbitrary<Attributes> = fc
  .array(
    fc.tuple(
      fc.oneof(fc.string(), fc.constantFrom(...MARK_KEYS, '__proto__', 'constructor')),
      fc.jsonValue(),
    ),
    { maxLength: 6 },
  )
  .map((entries) => Object.fromEntries(entries as [string, Json][]));

const foreign = (all: Attributes): string =>
  JSON.stringify(Object.entries(all).filter(([key]) => !(MARK_KEYS as readonly string[]).includes(key)));

test('a mark is read as it was written, whatever stood there before', () => {
  fc.assert(
    fc.property(attributes, marks, (before, mark) => {
      expect(readMark(mergeMark(before, writeMark(mark)))).toEqual({ kind: 'valid', mark });
    }),
  );
});

test('attributes of others survive a mark that comes and goes', () => {
  fc.assert(
    fc.property(attributes, marks, (before, mark) => {
      const carried = mergeMark(before, writeMark(mark));
      expect(foreign(carried)).toBe(foreign(before));
      const released = mergeMark(carried, { github_id: mark.id });
      expect(foreign(released)).toBe(foreign(before));
      expect(readMark(released)).toEqual({ kind: 'none', id: mark.id });
    }),
  );
});

test('whatever stands in the attributes, a mark is valid, bad or none, and a valid one is whole', () => {
  const nearly = fc
    .tuple(marks, fc.constantFrom(...MARK_KEYS), fc.jsonValue())
    .map(([mark, key, value]) => ({ ...writeMark(mark), [key]: value }) as Attributes);
  fc.assert(
    fc.property(fc.oneof(attributes, nearly), (all) => {
      const reading = readMark(all);
      if (reading.kind !== 'valid') return;
      const written = writeMark(reading.mark);
      for (const key of MARK_KEYS) {
        if (key === 'github_orgs')
          expect(new Set(written[key] as Json[])).toEqual(new Set(all[key] as Json[]));
        else expect(written[key]).toEqual(all[key]);
      }
    }),
  );
});
