import { expect, test } from 'vitest';
import { TrackedMap } from '../../../src/demo/tracked-map.ts';

test('what is derived is kept until the map, or another one behind it, changes', () => {
  const map = new TrackedMap<string, number>();
  const other = new TrackedMap<string, number>();
  let computed = 0;
  const sum = () =>
    map.derive('sum', () => {
      computed += 1;
      return [...map.values(), ...other.values()].reduce((total, value) => total + value, 0);
    }, [other]);
  map.set('a', 1);
  expect([sum(), sum(), computed]).toEqual([1, 1, 1]);
  map.set('a', 2);
  expect([sum(), computed]).toEqual([2, 2]);
  other.set('b', 3);
  expect([sum(), computed]).toEqual([5, 3]);
  map.delete('a');
  expect([sum(), computed]).toEqual([3, 4]);
  other.clear();
  expect([sum(), sum(), computed]).toEqual([0, 0, 5]);
});

test('what is kept does not grow with the number of names', () => {
  const map = new TrackedMap<string, number>();
  for (let index = 0; index < 1000; index += 1) expect(map.derive(`n${index}`, () => index)).toBe(index);
  expect(map.derive('n999', () => -1)).toBe(999);
  expect(map.derive('n0', () => -1)).toBe(-1);
});
