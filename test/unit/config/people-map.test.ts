import { expect, test } from 'vitest';
import { parsePeopleMap } from '../../../src/config/users/people-map.ts';
import { load, refusal } from './support.ts';

const read = (text: string) => () => parsePeopleMap('people.csv', text);

test.each([
  ['the columns in any order, quotes, spaces and blank lines', 'KEY, github\n\n"a@x" , Ann \r\nb@x,7\n'],
  ['a byte for byte plain file', 'github,key\nAnn,a@x\n7,b@x'],
  ['a byte order mark, CRLF and rows without a value', '\uFEFFgithub,key\r\nAnn,a@x\r\n,\r\n7,b@x\r\n'],
])('a map of people: %s', (_, text) => {
  expect(read(text)()).toEqual([
    { person: 'ann', key: 'a@x' },
    { person: '7', key: 'b@x' },
  ]);
});

test.each([
  ['nothing', '', /^people\.csv:1: the header github,key is missing/],
  ['no header', 'ann,a@x\nbob,b@x', /^people\.csv:1: the header github,key is missing/],
  ['a misspelled column', 'githb,key\n', /the header github,key is missing; did you mean "github"\?/],
  ['an unknown column', 'github,key,team\nann,a@x,ops', /^people\.csv:1: unknown column "team"/],
  ['a person twice', 'github,key\nann,a@x\nANN,b@x', /^people\.csv:3: "ANN" is already in line 2/],
  ['a key twice', 'github,key\nann,a@x\nbob,A@x', /^people\.csv:3: "A@x" is already in line 2/],
  ['no key', 'github,key\nann,', /^people\.csv:2: has no key for ann/],
  ['no person', 'github,key\n,a@x', /^people\.csv:2: names no login/],
  ['a column too many', 'github,key\nann,a@x,ops', /^people\.csv:2: has 3 columns instead of 2/],
  ['a column too few', 'github,key\nann', /^people\.csv:2: has 1 column instead of 2/],
  ['a header twice', 'github,key,Key\nann,a@x,b@x', /^people\.csv:1: the column "key" is there twice$/],
  [
    'a header in an unclosed quote',
    '"github,key\nann,a@x',
    /^people\.csv:1: the header github,key is missing/,
  ],
  ['an unclosed quote', 'github,key\n"ann,a@x\nbob,b@x', /^people\.csv:2: has a quote that is not closed/],
  [
    'an unclosed quote in a key',
    'github,key\nann,"a@x\nbob,b@x',
    /^people\.csv:2: has a quote that is not closed/,
  ],
  [
    'a quote closed in another line',
    'github,key\n"ann\n",a@x',
    /^people\.csv:2: .*\npeople\.csv:3: has a quote/,
  ],
  ['a quote inside a field', 'github,key\na"n"n,a@x', /^people\.csv:2: has a quote that is not closed/],
  ['a quote within quotes', 'github,key\n"a""n",a@x', /^people\.csv:2: has a quote that is not closed/],
  ['a comma within quotes', 'github,key\nann,"a,x"', /^people\.csv:2: has a quote that is not closed/],
  ['an empty key in quotes', 'github,key\nann,""', /^people\.csv:2: has no key for ann/],
  [
    'many mistakes',
    `github,key\n${'ann,\n'.repeat(22)}`,
    /^(people\.csv:\d+: has no key for ann\n){20}and 2 more$/,
  ],
])('%s is refused with its line', (_, text, message) => {
  expect(read(text)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) }),
  );
});

test('the map is read beside the config file, and {map} needs one', () => {
  const file = 'users: { key: "{map}", map: people.csv }\n';
  const env = { GH_PERMIT_SYNC_CONFIG: 'conf/acme.yaml' };
  const files = { '/w/conf/acme.yaml': file, '/w/conf/people.csv': 'github,key\nann,a@x\n' };
  expect(load({ env, files }).users.map).toEqual([{ person: 'ann', key: 'a@x' }]);
  expect(refusal({ file })).toMatchObject({
    code: 'CONFIG_INVALID',
    message: 'gh-permit-sync.yaml:1:29: users.map: file not found: people.csv',
    hint: 'name an existing file, relative to the folder of the config file',
  });
  expect(refusal({ file: 'users: { key: "{map}" }\n' }).message).toMatch(
    /users\.key: \{map\} needs a map of people$/,
  );
  expect(refusal({ flags: { userKey: '{map}' } }).message).toBe('--user-key: {map} needs a map of people');
});
