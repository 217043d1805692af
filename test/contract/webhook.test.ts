import { describe, expect, test } from 'vitest';
import {
  AT,
  dial,
  eventually,
  head,
  memberAdded,
  openReceiver,
  PATH,
  type Post,
  SECRET,
  sign,
} from '../unit/receiver/support.ts';

const MB = 1024 * 1024;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const form = (payload: unknown): string => `payload=${encodeURIComponent(JSON.stringify(payload))}`;

describe('every row of the table', () => {
  const rows: readonly (readonly [string, Post, number, string])[] = [
    ['a member who joined', {}, 202, 'queued'],
    ['the same by form', { body: form(memberAdded()), headers: FORM }, 202, 'queued'],
    [
      'a content type with a charset',
      { headers: { 'content-type': 'application/json; charset=utf-8' } },
      202,
      'queued',
    ],
    ['an encoding that is none', { headers: { 'content-encoding': 'identity' } }, 202, 'queued'],
    ['GET', { method: 'GET' }, 405, 'METHOD_NOT_ALLOWED'],
    ['PUT', { method: 'PUT' }, 405, 'METHOD_NOT_ALLOWED'],
    ['DELETE', { method: 'DELETE' }, 405, 'METHOD_NOT_ALLOWED'],
    ['OPTIONS', { method: 'OPTIONS' }, 405, 'METHOD_NOT_ALLOWED'],
    ['text', { headers: { 'content-type': 'text/plain' } }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['no content type', { headers: { 'content-type': '' } }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a compressed body', { headers: { 'content-encoding': 'gzip' } }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['no signature', { secret: null }, 401, 'UNAUTHORIZED'],
    ['another secret', { secret: 'not-the-secret-at-all' }, 401, 'UNAUTHORIZED'],
    [
      'a signature of sha1',
      { headers: { 'x-hub-signature-256': `sha1=${'a'.repeat(40)}` } },
      401,
      'UNAUTHORIZED',
    ],
    [
      'half a signature',
      { headers: { 'x-hub-signature-256': sign('{}').slice(0, 40) } },
      401,
      'UNAUTHORIZED',
    ],
    ['a signature of another body', { headers: { 'x-hub-signature-256': sign('{}') } }, 401, 'UNAUTHORIZED'],
    [
      'a signature and a forged one',
      { headers: { 'x-hub-signature-256': `${sign(JSON.stringify(memberAdded()))},x` } },
      401,
      'UNAUTHORIZED',
    ],
    ['no JSON', { body: '{' }, 400, 'INVALID'],
    ['no body', { body: '' }, 400, 'INVALID'],
    ['bytes that are no text', { body: Uint8Array.of(0x7b, 0xff, 0x7d) }, 400, 'INVALID'],
    ['JSON that says it is a form', { headers: FORM }, 400, 'INVALID'],
    ['a form without payload', { body: 'a=b', headers: FORM }, 400, 'INVALID'],
    ['no event', { event: undefined }, 400, 'INVALID'],
    ['no action', { body: '{}' }, 400, 'INVALID'],
    ['no subject', { body: '{"action":"member_added","organization":{"login":"acme"}}' }, 400, 'INVALID'],
    ['a ping', { event: 'ping', body: '{"zen":"Keep it logically awesome."}' }, 200, 'ignored'],
    ['a ping that is a list', { event: 'ping', body: '[]' }, 200, 'ignored'],
    ['an invitation', { body: '{"action":"member_invited"}' }, 200, 'ignored'],
    ['another event', { event: 'push', body: '{"ref":"main"}' }, 200, 'ignored'],
    ['another action', { event: 'membership', body: '{"action":"edited"}' }, 200, 'ignored'],
    ['another organization', { body: JSON.stringify(memberAdded(7, 'ann', 'labs')) }, 200, 'ignored'],
  ];

  test.each(rows)('%s', async (_, what, status, word) => {
    const { post, producer, heard } = await openReceiver();
    const answer = await post(what);
    expect([answer.status, answer.body]).toEqual([status, expect.stringContaining(`"${word}"`)]);
    expect(answer.headers.get('content-type')).toMatch('application/json');
    expect(answer.headers.get('allow')).toBe(status === 405 ? 'POST' : null);
    expect(producer.entries.length).toBe(status === 202 ? 1 : 0);
    expect(heard).toEqual([]);
  });

  test('queued and ignored deliveries get exactly these answers', async () => {
    const { post } = await openReceiver();
    expect((await post()).body).toBe('{"status":"queued"}');
    expect((await post({ event: 'ping', body: '{}' })).body).toBe('{"status":"ignored"}');
  });

  test.each([
    ['/', 404],
    ['/other', 404],
    [`${PATH}/`, 404],
    [PATH.toUpperCase(), 404],
    [`${PATH}?from=github`, 202],
  ])('the path %s', async (path, status) => {
    const { post, origin } = await openReceiver();
    expect((await post({ url: origin + path })).status).toBe(status);
  });

  test('a path of its own, with a slash at its end', async () => {
    const { receiver, post, origin } = await openReceiver({ path: '/hooks/' });
    expect(receiver.url).toBe(`${origin}/hooks/`);
    expect((await post()).status).toBe(202);
    expect((await post({ url: `${origin}/hooks` })).status).toBe(404);
  });

  test('the queue is unavailable, full or silent', async () => {
    const { post, producer, heard } = await openReceiver({ queueBounds: { appendMs: 50 } });
    for (const state of ['away', 'away', 'full', 'silent'] as const) {
      producer.state = state;
      const answer = await post();
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '30']);
    }
    producer.state = 'up';
    expect((await post()).status).toBe(202);
    expect(producer.entries.length).toBe(1);
    // A queue that is full was reached: it came back in between.
    expect(heard).toEqual(['away', 'back', 'away', 'back']);
  });
});

describe('the order of the table', () => {
  /** Each flaw alone gives its own answer; together with all that stand below it, still. */
  const flaws: readonly (readonly [number, Post])[] = [
    [405, { method: 'PUT' }],
    [415, { headers: { 'content-type': 'text/plain' } }],
    [413, { body: 'x'.repeat(101) }],
    [401, { secret: 'not-the-secret-at-all' }],
    [400, { body: '{' }],
    [200, { body: JSON.stringify(memberAdded(7, 'ann', 'labs')) }],
  ];
  test.each(flaws.map(([status], index) => [status, index] as const))('%i', async (status, index) => {
    const { post, producer } = await openReceiver({
      bodyLimits: { mostBytes: 100 + JSON.stringify(memberAdded(7, 'ann', 'labs')).length },
    });
    producer.state = 'away';
    const padded = (body: unknown): unknown =>
      typeof body === 'string' && body.startsWith('x') ? 'x'.repeat(1_000) : body;
    const below: Post = Object.assign(
      {},
      ...flaws
        .slice(index)
        .map(([, flaw]) => flaw)
        .reverse(),
    );
    expect((await post({ ...below, body: padded(below.body) as string })).status).toBe(status);
  });

  test('an unknown path comes first', async () => {
    const { post, origin } = await openReceiver();
    const answer = await post({ url: `${origin}/other`, method: 'PUT', secret: null });
    expect(answer.status).toBe(404);
  });
});

describe('what is queued', () => {
  test('holds ids only, of the delivery, at its time', async () => {
    const { post, producer } = await openReceiver();
    await post({
      body: JSON.stringify({ ...memberAdded(), sender: { login: 'boss' }, extra: 'x'.repeat(1_000) }),
    });
    expect(producer.entries).toEqual([
      {
        delivery: '72d3162e-cc78-11e3-81ab-4c9367dc0958',
        event: 'organization',
        action: 'member_added',
        org: 'acme',
        orgId: 100,
        login: 'ann',
        id: 7,
        team: undefined,
        repository: undefined,
        at: new Date(AT).toISOString(),
      },
    ]);
  });

  test('a delivery without an id gets a fresh one each time', async () => {
    const { post, producer } = await openReceiver();
    await post({ delivery: undefined });
    await post({ delivery: 'not an id' });
    const ids = producer.entries.map(({ delivery }) => delivery);
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('is reported once it is queued, and only then', async () => {
    const queued: string[] = [];
    const { post, producer, heard } = await openReceiver({ onQueued: ({ action }) => queued.push(action) });
    producer.state = 'away';
    await post();
    await post({ event: 'ping' });
    expect(queued).toEqual([]);
    producer.state = 'up';
    await post();
    await eventually(() => queued.length > 0);
    expect(queued).toEqual(['member_added']);
    expect(heard).toEqual(['away', 'back']);
  });
});

describe('secrets', () => {
  test('any of several is accepted', async () => {
    const { post } = await openReceiver({ secrets: ['the-old-secret-of-all', 'the-new-secret-of-all'] });
    expect((await post({ secret: 'the-old-secret-of-all' })).status).toBe(202);
    expect((await post({ secret: 'the-new-secret-of-all' })).status).toBe(202);
    expect((await post({ secret: SECRET })).status).toBe(401);
  });

  test('having none must be explicit', async () => {
    await expect(openReceiver({ secrets: [] })).rejects.toThrow(TypeError);
    const { post } = await openReceiver({ secrets: 'insecure' });
    expect((await post({ secret: null })).status).toBe(202);
    expect((await post({ secret: 'whatever-it-may-be' })).status).toBe(202);
  });

  test('neither they nor the request are ever echoed', async () => {
    const { post, told } = await openReceiver();
    const answers = [
      await post({ body: '{"password":"hunter2"}' }),
      await post({ body: '{hunter2' }),
      await post({ event: 'hunter2', secret: 'hunter2-hunter2' }),
    ];
    const seen = JSON.stringify([answers.map(({ body, headers }) => [body, [...headers]]), told]);
    expect(seen).not.toContain(SECRET);
    expect(seen).not.toContain('password');
    expect(seen).not.toContain('{hunter2');
  });
});

describe('the probes', () => {
  test('say that it is alive, and whether the queue is', async () => {
    const { origin, producer } = await openReceiver({ queueBounds: { pingMs: 50 } });
    const status = async (path: string) => (await fetch(origin + path)).status;
    for (const [state, ready] of [
      ['up', 200],
      ['away', 503],
      ['silent', 503],
      ['up', 200],
    ] as const) {
      producer.state = state;
      expect([await status('/healthz'), await status('/readyz')]).toEqual([200, ready]);
    }
  });

  test.each(['/healthz', '/readyz', '/metrics'])('%s is read, not written', async (path) => {
    const { origin } = await openReceiver();
    const answer = await fetch(origin + path, { method: 'POST' });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    const read = await fetch(origin + path, { method: 'HEAD' });
    expect([read.status, await read.text()]).toEqual([200, '']);
  });

  test('metrics count answers by event, and outside text creates no new series', async () => {
    const { origin, post, producer } = await openReceiver();
    const read = async () => (await fetch(`${origin}/metrics`)).text();
    await post();
    await post({ event: 'ping', body: '{}' });
    const before = (await read())
      .split('\n')
      .filter((line) => line.startsWith('gh_permit_sync_deliveries_total'));
    expect(before.sort()).toEqual([
      'gh_permit_sync_deliveries_total{answer="ignored",event="ping"} 1',
      'gh_permit_sync_deliveries_total{answer="queued",event="organization"} 1',
    ]);
    for (let i = 0; i < 20; i++) {
      await post({ event: `made_up_${i}`, body: '{}' });
      await post({ event: `forged_${i}`, secret: null });
    }
    producer.state = 'away';
    const after = await read();
    expect(after).not.toMatch(/made_up|forged/);
    expect(after).toContain('gh_permit_sync_deliveries_total{answer="ignored",event="other"} 20');
    expect(after).toContain('gh_permit_sync_deliveries_total{answer="unauthorized",event="unknown"} 20');
    expect(after).toContain('gh_permit_sync_queue_reachable 0');
    expect(after).toContain('gh_permit_sync_body_bytes_in_flight 0');
    expect(after).toContain('gh_permit_sync_delivery_duration_seconds_count{answer="queued"} 1');
  });
});

describe('large bodies', () => {
  const json = (bytes: number): string => {
    const text = JSON.stringify({ ...memberAdded(), filler: '' });
    return text.replace('"filler":""', `"filler":"${'x'.repeat(bytes - text.length)}"`);
  };

  test('of 25 MB are accepted, of one byte more are not', async () => {
    const { post, producer } = await openReceiver();
    expect((await post({ body: json(25 * MB) })).status).toBe(202);
    expect((await post({ body: json(25 * MB + 1) })).status).toBe(413);
    expect(producer.entries.length).toBe(1);
  });

  test('announced too large are refused before they are sent', async () => {
    const { origin, producer } = await openReceiver();
    const client = await dial(origin);
    client.write(head({ 'content-length': String(25 * MB + 1), 'x-hub-signature-256': sign('') }));
    await eventually(() => client.heard().includes('TOO_LARGE'));
    expect(client.heard()).toMatch(/^HTTP\/1.1 413 /);
    expect(producer.entries).toEqual([]);
  });

  test('without a length are refused once they are too large', async () => {
    const { origin } = await openReceiver({ bodyLimits: { mostBytes: 1_000 } });
    const client = await dial(origin);
    client.write(head({ 'transfer-encoding': 'chunked', 'x-hub-signature-256': sign('') }));
    const piece = `64\r\n${'x'.repeat(100)}\r\n`;
    client.write(piece.repeat(10));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(client.heard()).toBe('');
    client.write(piece);
    await eventually(() => client.heard().includes('TOO_LARGE'));
  });

  test('a client that expects 100 Continue gets it, or the refusal instead', async () => {
    const { origin } = await openReceiver();
    const body = JSON.stringify(memberAdded());
    const length = { 'content-length': String(body.length), expect: '100-continue' };
    const taken = await dial(origin);
    taken.write(head({ ...length, 'x-hub-signature-256': sign(body) }));
    await eventually(() => taken.heard().includes('100 Continue'));
    taken.write(body);
    await eventually(() => taken.heard().includes('"queued"'));
    const refused = await dial(origin);
    refused.write(head({ ...length, 'content-length': String(26 * MB) }));
    await eventually(() => refused.heard().includes('413'));
    expect(refused.heard()).not.toContain('100 Continue');
  });
});
