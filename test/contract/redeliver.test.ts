import nock from 'nock';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createDeliverySource } from '../../src/github/delivery-source.ts';
import {
  createGitHubClients,
  createWritingGitHubClients,
  type GitHubClientOptions,
} from '../../src/github/github-client.ts';
import { createRedeliver } from '../../src/github/redeliver.ts';
import { startStop } from '../../src/http/stop.ts';
import { once } from '../../src/model/once.ts';
import type { Attempt } from '../../src/model/webhooks/redelivery.ts';
import { FAST } from '../support/adapters.ts';
import { virtualClock } from '../support/virtual-clock.ts';

const API = 'https://ghe.example.com/api/v3';
const LIST = '/orgs/acme/hooks/7/deliveries';
const TOKEN = 'ghp_contract';
const NOW = Date.parse('2026-11-22T12:00:00Z');
const HOUR = 3_600_000;

beforeEach(() => nock.disableNetConnect());
afterEach(() => {
  nock.abortPendingRequests();
  nock.cleanAll();
  nock.enableNetConnect();
});

function open() {
  const control = startStop(60_000);
  onTestFinished(() => control.dispose());
  const { stop } = control;
  const observer = { onStart: () => undefined, onEnd: () => undefined };
  const options: GitHubClientOptions = {
    apiUrl: API,
    credentials: { kind: 'token', token: TOKEN },
    userAgent: 'gh-permit-sync/0.0.0-test',
    stop,
    observer,
    retry: FAST,
  };
  const credentials = { kind: 'token', inActions: false } as const;
  return {
    control,
    source: createDeliverySource(once(createGitHubClients(options)), credentials),
    redeliver: createRedeliver(once(createWritingGitHubClients(options)), credentials, {
      stop,
      observer,
      timing: virtualClock(),
    }),
  };
}

/** GitHub's `hook-delivery-item`, as JSON text, since its number is beyond what JavaScript would write. */
const item = (id: string, guid: string, hoursAgo = 1, code: number | null = 502): string =>
  `{"id":${id},"guid":"${guid}","delivered_at":"${new Date(NOW - hoursAgo * HOUR).toISOString()}",` +
  `"redelivery":false,"duration":0.27,"status":"failed to connect to host","status_code":${code},` +
  '"event":"organization","action":"member_added","installation_id":null,"repository_id":null,"throttled_at":null}';

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
const next = (cursor: string) => ({
  link: `<${API}/organizations/1/hooks/7/deliveries?per_page=100&cursor=${cursor}>; rel="next"`,
});
const answer = (query: string, items: readonly string[], headers: Record<string, string> = {}) =>
  nock(API)
    .get(`${LIST}?per_page=100${query}`)
    .reply(200, `[${items.join(',')}]`, { ...JSON_TYPE, ...headers });

const list = async (sinceHours = 72) =>
  open().source.listAttempts({ org: 'acme', id: 7 }, NOW - sinceHours * HOUR);
const idsOf = (read: Awaited<ReturnType<typeof list>>): readonly string[] =>
  read.kind === 'read' ? read.value.map(({ id }) => id) : [read.message];

describe('the deliveries of a webhook', () => {
  test('are read along the cursors, and their ids lose no digit', async () => {
    answer('', [item('92709368840283193', 'a'), item('42', 'b', 2, 200)], next('v1_41'));
    answer('&cursor=v1_41', [item('41', 'c', 3, null)]);
    const read = await list();
    expect(idsOf(read)).toEqual(['92709368840283193', '42', '41']);
    const expected: Attempt = {
      id: '92709368840283193',
      guid: 'a',
      deliveredAtMs: NOW - HOUR,
      event: 'organization',
      action: 'member_added',
      status: 'failed to connect to host',
      statusCode: 502,
    };
    expect(read).toMatchObject({ kind: 'read', value: [expected, { statusCode: 200 }, { statusCode: 0 }] });
    expect(nock.pendingMocks()).toEqual([]);
  });

  test('a page with only older deliveries is the last one requested', async () => {
    answer('', [item('3', 'a', 1)], next('v1_2'));
    answer('&cursor=v1_2', [item('2', 'b', 13), item('1', 'c', 14)], next('v1_0'));
    expect(idsOf(await list(12))).toEqual(['3', '2', '1']);
    expect(nock.pendingMocks()).toEqual([]);
  });

  test('no order is assumed: a page with a single recent delivery is followed', async () => {
    answer('', [item('3', 'a', 13), item('2', 'b', 1)], next('v1_1'));
    answer('&cursor=v1_1', [item('1', 'c', 2)]);
    expect(idsOf(await list(12))).toEqual(['3', '2', '1']);
  });

  test('an empty page is followed as well', async () => {
    answer('', [], next('v1_1'));
    answer('&cursor=v1_1', [item('1', 'c')]);
    expect(idsOf(await list())).toEqual(['1']);
  });

  test.each<[string, () => void, RegExp]>([
    [
      'a cursor that leads back to itself',
      () => {
        answer('', [item('2', 'a')], next('v1_1'));
        answer('&cursor=v1_1', [item('1', 'b')], next('v1_1'));
      },
      /leads back to itself/,
    ],
    [
      'a page that never comes',
      () => {
        answer('', [item('2', 'a')], next('v1_1'));
        nock(API).get(`${LIST}?per_page=100&cursor=v1_1`).times(9).reply(502, {});
      },
      /502/,
    ],
    [
      'more that follows without a cursor',
      () => answer('', [item('2', 'a')], { link: `<${API}/x?page=2>; rel="next"` }),
      /no cursor/,
    ],
    [
      'an item that is none',
      () => answer('', [item('2', 'a'), '{"id":1}']).persist(),
      /not what GitHub documents/,
    ],
    ['a number that is none', () => answer('', [item('0.5', 'a')]).persist(), /not what GitHub documents/],
  ])('%s: never a part of the list', async (_, prepare, says) => {
    prepare();
    expect(await list()).toMatchObject({
      kind: 'unread',
      code: 'GITHUB_UNAVAILABLE',
      message: expect.stringMatching(says),
    });
  });

  const hundred = Array.from({ length: 100 }, (_, i) => item(String(1000 - i), `g-${i}`));

  test('a list of exactly one full page ends there: asked for one less, GitHub names another page', async () => {
    answer('', hundred);
    nock(API)
      .get(`${LIST}?per_page=99`)
      .reply(200, `[${hundred.slice(0, 99).join(',')}]`, { ...JSON_TYPE, ...next('v1_901') });
    expect(idsOf(await list())).toHaveLength(100);
    expect(nock.pendingMocks()).toEqual([]);
  });

  test('a full page behind a gateway that drops the Link header: never a part of the list', async () => {
    answer('', hundred);
    nock(API)
      .get(`${LIST}?per_page=99`)
      .reply(200, `[${hundred.slice(0, 99).join(',')}]`, JSON_TYPE);
    expect(await list()).toMatchObject({ kind: 'unread', message: expect.stringMatching(/Link header/) });
  });

  test.each([403, 404])('%i: someone without permission is told what is needed', async (status) => {
    nock(API).get(`${LIST}?per_page=100`).reply(status, { message: 'No' });
    expect(await list()).toMatchObject({ kind: 'unread', hint: expect.stringContaining('admin:org_hook') });
  });
});

describe('one redelivery', () => {
  const ATTEMPTS = `${LIST}/92709368840283193/attempts`;
  const ask = () => open().redeliver({ org: 'acme', id: 7 }, '92709368840283193');

  test('is one POST without a body, with every digit of the id', async () => {
    let sent: Record<string, unknown> = {};
    nock(API)
      .post(ATTEMPTS, '')
      .reply(function () {
        sent = { authorization: this.req.headers.authorization };
        return [202, {}];
      });
    expect(await ask()).toEqual({ kind: 'requested' });
    expect(sent).toEqual({ authorization: `token ${TOKEN}` });
  });

  test.each([
    [404, 'failed', 'GITHUB_NOT_FOUND'],
    [410, 'failed', 'GITHUB_NOT_FOUND'],
    [422, 'failed', 'GITHUB_UNAVAILABLE'],
    [400, 'failed', 'GITHUB_UNAVAILABLE'],
    [500, 'failed', 'GITHUB_UNAVAILABLE'],
    [502, 'failed', 'GITHUB_UNAVAILABLE'],
    [403, 'barred', 'GITHUB_AUTH'],
    [401, 'barred', 'GITHUB_AUTH'],
  ])('%i is not repeated: %s, %s', async (status, kind, code) => {
    nock(API).post(ATTEMPTS).reply(status, { message: 'No' });
    const second = nock(API).post(ATTEMPTS).reply(202, {});
    expect(await ask()).toMatchObject({ kind, code });
    expect(second.isDone()).toBe(false);
  });

  test('after a rate limit, which means that it was not processed, it is sent again', async () => {
    nock(API).post(ATTEMPTS).reply(429, { message: 'slow down' }, { 'retry-after': '0' });
    nock(API).post(ATTEMPTS).reply(202, {});
    expect(await ask()).toEqual({ kind: 'requested' });
  });

  test('a broken connection leaves the outcome unknown', async () => {
    nock(API).post(ATTEMPTS).replyWithError('socket hang up');
    expect(await ask()).toMatchObject({ kind: 'failed', message: expect.stringContaining('may have been') });
  });

  test('one in progress when the run is stopped is awaited; the next is not sent', async () => {
    const { redeliver, control } = open();
    nock(API)
      .post(ATTEMPTS)
      .reply(() => {
        control.end({ kind: 'signal', name: 'SIGTERM' });
        return [202, {}];
      });
    expect(await redeliver({ org: 'acme', id: 7 }, '92709368840283193')).toEqual({ kind: 'requested' });
    expect(await redeliver({ org: 'acme', id: 7 }, '1')).toMatchObject({
      kind: 'barred',
      from: 'everything',
      code: 'INTERRUPTED',
    });
  });

  test('as many are sent per minute as GitHub allows in addition to the reads', async () => {
    const clock = virtualClock();
    const { control } = open();
    const posted: number[] = [];
    const client = {
      get: () => Promise.reject(new Error('no reads')),
      query: () => Promise.reject(new Error('no reads')),
      post: async () => void posted.push(clock.now()),
    };
    const redeliver = createRedeliver(
      async () => client,
      { kind: 'token', inActions: false },
      { stop: control.stop, observer: { onStart: () => undefined, onEnd: () => undefined }, timing: clock },
    );
    for (let i = 1; i <= 400; i++) await redeliver({ org: 'acme', id: 7 }, String(i));
    const most = posted.map((from) => posted.filter((at) => at >= from && at < from + 60_000).length);
    expect(posted).toHaveLength(400);
    expect(Math.max(...most) * 5).toBeLessThanOrEqual(900);
    expect(Math.max(...most)).toBe(160);
  });
});

test('a read-only client cannot write', async () => {
  const { control } = open();
  const client = await createGitHubClients({
    apiUrl: API,
    credentials: { kind: 'token', token: TOKEN },
    userAgent: 'gh-permit-sync/0.0.0-test',
    stop: control.stop,
    observer: { onStart: () => undefined, onEnd: () => undefined },
  })('acme');
  expect(Object.keys(client)).toEqual(['get', 'query']);
  await expect(client.query('mutation { x }', {})).rejects.toThrow('a query only reads');
});
