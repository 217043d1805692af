import type { EmulatedRequest } from '../server.ts';
import { type Flaw, unprocessable } from './answers.ts';

type Loc = readonly (string | number)[];
/** Checks a value that is present. @returns all of its flaws */
export type Check = (value: unknown, loc: Loc) => Flaw[];
export type Field = { readonly check: Check; readonly required: boolean };
/** The fields that an object may have; any other is refused. */
export type Shape = { readonly [field: string]: Field };

/** A field that must be there and may not be null. */
export const must = (check: Check): Field => ({ check, required: true });
/** A field that may be left out or null. */
export const may = (check: Check): Field => ({ check, required: false });

export const USER_KEY = /^[A-Za-z0-9|@+\-._]+$/;
export const URL_KEY = /^[A-Za-z0-9\-_]+$/;

export const text: Check = (value, loc) =>
  typeof value === 'string' ? [] : [{ loc, msg: 'str type expected', type: 'type_error.str' }];

export const matching =
  (pattern: RegExp): Check =>
  (value, loc) => {
    if (typeof value !== 'string') return text(value, loc);
    if (pattern.test(value)) return [];
    return [{ loc, msg: `string does not match regex "${pattern.source}"`, type: 'value_error.str.regex' }];
  };

export const email: Check = (value, loc) =>
  typeof value === 'string' && /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/.test(value)
    ? []
    : [{ loc, msg: 'value is not a valid email address', type: 'value_error.email' }];

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An object with any fields. */
export const dictionary: Check = (value, loc) =>
  isObject(value) ? [] : [{ loc, msg: 'value is not a valid dict', type: 'type_error.dict' }];

/** An object with any fields, all of which pass. */
export const dictionaryOf =
  (check: Check): Check =>
  (value, loc) =>
    isObject(value)
      ? Object.entries(value).flatMap(([name, one]) => check(one, [...loc, name]))
      : dictionary(value, loc);

export const listOf =
  (check: Check): Check =>
  (value, loc) =>
    Array.isArray(value)
      ? value.flatMap((one, index) => check(one, [...loc, index]))
      : [{ loc, msg: 'value is not a valid list', type: 'type_error.list' }];

export const shaped =
  (shape: Shape): Check =>
  (value, loc) => {
    if (!isObject(value)) return dictionary(value, loc);
    const flaws: Flaw[] = [];
    for (const [name, { check, required }] of Object.entries(shape)) {
      const one = value[name];
      const at = [...loc, name];
      if (one === undefined && required)
        flaws.push({ loc: at, msg: 'field required', type: 'value_error.missing' });
      else if (one === null && required) {
        flaws.push({ loc: at, msg: 'none is not an allowed value', type: 'type_error.none.not_allowed' });
      } else if (one !== undefined && one !== null) flaws.push(...check(one, at));
    }
    for (const name of Object.keys(value)) {
      if (shape[name] === undefined) {
        flaws.push({ loc: [...loc, name], msg: 'extra fields not permitted', type: 'value_error.extra' });
      }
    }
    return flaws;
  };

/**
 * Reads a JSON body as `T`, which the caller guarantees to be what `check` accepts.
 * @throws Refused with 422 and every flaw
 */
export function readBody<T>({ body, bodyKind, headers }: EmulatedRequest, check: Check): T {
  if (bodyKind === 'none')
    throw unprocessable([{ loc: ['body'], msg: 'field required', type: 'value_error.missing' }]);
  const isJson = /^application\/(?:[\w.+-]+\+)?json\b/i.test(headers['content-type'] ?? '');
  if (bodyKind === 'text' && isJson) {
    const flaw = {
      loc: ['body', 0],
      msg: 'Expecting value: line 1 column 1 (char 0)',
      type: 'value_error.jsondecode',
    };
    throw unprocessable([flaw]);
  }
  // FastAPI treats a body of any other content type as a string.
  const flaws = check(isJson ? body : String(body), ['body']);
  if (flaws.length > 0) throw unprocessable(flaws);
  return body as T;
}

/**
 * `page` from 1 and `per_page` from 1 to `most`.
 * @throws Refused with 422: Permit does not shorten what is too much
 */
export function readPaging({ search }: EmulatedRequest, most: number): { page: number; perPage: number } {
  const flaws: Flaw[] = [];
  const read = (name: string, fallback: number, upTo: number): number => {
    const given = search.get(name);
    if (given === null) return fallback;
    const number = Number(given);
    const loc = ['query', name];
    if (!/^-?\d+$/.test(given))
      flaws.push({ loc, msg: 'value is not a valid integer', type: 'type_error.integer' });
    else if (number < 1) {
      flaws.push({
        loc,
        msg: 'ensure this value is greater than or equal to 1',
        type: 'value_error.number.not_ge',
      });
    } else if (number > upTo) {
      const msg = `ensure this value is less than or equal to ${upTo}`;
      flaws.push({ loc, msg, type: 'value_error.number.not_le' });
    }
    return number;
  };
  const paging = {
    page: read('page', 1, Number.MAX_SAFE_INTEGER),
    perPage: read('per_page', Math.min(30, most), most),
  };
  if (flaws.length > 0) throw unprocessable(flaws);
  return paging;
}

/** @throws Refused with 422 when it is there and none of these words */
export function readWord<Word extends string>(
  { search }: EmulatedRequest,
  name: string,
  words: readonly Word[],
): Word | undefined {
  const given = search.get(name);
  if (given === null) return undefined;
  const word = words.find((one) => one === given);
  if (word !== undefined) return word;
  const msg = `value is not a valid enumeration member; permitted: ${words.join(', ')}`;
  throw unprocessable([{ loc: ['query', name], msg, type: 'type_error.enum' }]);
}

/** @throws Refused with 422 when it is there and no truth value */
export function readFlag({ search }: EmulatedRequest, name: string): boolean {
  const given = search.get(name)?.toLowerCase();
  if (given === undefined || ['false', '0', 'off', 'no'].includes(given)) return false;
  if (['true', '1', 'on', 'yes'].includes(given)) return true;
  const msg = 'value could not be parsed to a boolean';
  throw unprocessable([{ loc: ['query', name], msg, type: 'type_error.bool' }]);
}
