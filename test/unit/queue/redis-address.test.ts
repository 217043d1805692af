import { describe, expect, test } from 'vitest';
import { parseRedisAddress, shownRedisHosts } from '../../../src/model/webhooks/redis-address.ts';

const NONE = { tls: false, username: undefined, password: undefined };
const server = (host: string, port = 6379, over: object = {}) => ({
  kind: 'server',
  ...NONE,
  at: { host, port },
  db: 0,
  ...over,
});

test.each([
  ['redis://localhost', server('localhost')],
  [' REDIS://10.0.0.1:7000/ ', server('10.0.0.1', 7000)],
  ['rediss://cache.example.com:6380/2', server('cache.example.com', 6380, { tls: true, db: 2 })],
  ['redis://[::1]:6380', server('::1', 6380)],
  ['redis://:p%40ss%2F@h', server('h', 6379, { password: 'p@ss/' })],
  ['redis://default:a:b@h', server('h', 6379, { username: 'default', password: 'a:b' })],
  ['redis://:a,b@h', server('h', 6379, { password: 'a,b' })],
  [
    'rediss://u:pw@a:1,rediss://b:2, rediss://u:pw@c',
    {
      kind: 'cluster',
      tls: true,
      username: 'u',
      password: 'pw',
      nodes: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
        { host: 'c', port: 6379 },
      ],
    },
  ],
  [
    'rediss+sentinel://:pw@s1,[::2]:5000/main/3?sentinelPassword=x%20y',
    {
      kind: 'sentinel',
      tls: true,
      username: undefined,
      password: 'pw',
      sentinels: [
        { host: 's1', port: 26379 },
        { host: '::2', port: 5000 },
      ],
      master: 'main',
      db: 3,
      sentinelPassword: 'x y',
    },
  ],
])('%s', (text, expected) => {
  expect(parseRedisAddress(text)).toEqual(expected);
});

describe('is not a Redis address', () => {
  test.each([
    '',
    'localhost:6379',
    'http://localhost',
    'redis://',
    'redis:///1',
    'redis://h:0',
    'redis://h:99999',
    'redis://h/x',
    'redis://h?family=6',
    'redis://h#x',
    'redis://user@h',
    'redis://user:@h',
    'redis://:%zz@h',
    'redis://a,b',
    'redis://a,rediss://b',
    'redis://:x@a,redis://:y@b',
    'redis://a/1,redis://b/1',
    'redis+sentinel://h',
    'redis+sentinel://h,/m',
    'redis+sentinel://h/m?password=x',
    'redis://h\r\nFLUSHALL',
  ])('%j', (text) => {
    expect(parseRedisAddress(text)).toBeUndefined();
  });
});

test.each([
  ['redis://:hush@h:1', 'h:1'],
  ['redis://:hush@[::1]', '[::1]:6379'],
  ['redis://:hush@a,redis://:hush@b', 'a:6379, b:6379'],
  ['redis+sentinel://:hush@s/main?sentinelPassword=hush', 'main (by Sentinel at s:26379)'],
])('%s is shown without its password', (text, expected) => {
  const address = parseRedisAddress(text);
  expect(address && shownRedisHosts(address)).toBe(expected);
});
