import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  dial,
  eventually,
  head,
  memberAdded,
  openReceiver,
  PATH,
  type Post,
  post,
  SECRET,
  sign,
} from '../unit/receiver/support.ts';

describe('slow clients', () => {
  test.each([
    ['a body that never comes', '', { idleMs: 100 }],
    ['a body that stops', '{"action":', { idleMs: 100 }],
  ])('%s is given up', async (_, sent, bodyLimits) => {
    const { origin, producer, post } = await openReceiver({
      bodyLimits,
      timings: { lingerMs: 50, keepAliveMs: 60_000 },
    });
    const client = await dial(origin);
    const ended = new Promise((resolve) => client.once('close', resolve));
    client.write(head({ 'content-length': '1000', 'x-hub-signature-256': sign('') }) + sent);
    await ended;
    expect(client.heard()).toMatch(/^HTTP\/1.1 408 /);
    expect((await post()).status).toBe(202);
    expect(producer.entries.length).toBe(1);
  });

  test('a body that arrives a byte at a time has an overall time limit', async () => {
    const { origin } = await openReceiver({ bodyLimits: { wholeMs: 300, idleMs: 10_000 } });
    const client = await dial(origin);
    client.write(head({ 'content-length': '1000', 'x-hub-signature-256': sign('') }));
    const drip = setInterval(() => client.write('x'), 20);
    await eventually(() => client.heard().includes('TOO_SLOW'));
    clearInterval(drip);
  });

  test('a body that arrives slowly but steadily is accepted', async () => {
    const { origin } = await openReceiver({ bodyLimits: { idleMs: 400 } });
    const body = JSON.stringify(memberAdded());
    const client = await dial(origin);
    client.write(head({ 'content-length': String(body.length), 'x-hub-signature-256': sign(body) }));
    for (const piece of body.match(/.{1,30}/g) ?? []) {
      await new Promise((resolve) => setTimeout(resolve, 120));
      client.write(piece);
    }
    await eventually(() => client.heard() !== '');
    expect(client.heard()).toMatch(/^HTTP\/1.1 202 /);
  });

  test('drops headers that do not end', async () => {
    const { origin } = await openReceiver({ timings: { headersMs: 200 } });
    const client = await dial(origin);
    const ended = new Promise((resolve) => client.once('close', resolve));
    client.write(`POST ${PATH} HTTP/1.1\r\nhost: localhost\r\nx-`);
    await ended;
    expect(client.heard()).toMatch(/^HTTP\/1.1 408 /);
  });

  test('headers without end are refused', async () => {
    const { origin } = await openReceiver();
    const client = await dial(origin);
    client.write(head({ 'x-long': 'x'.repeat(20_000) }));
    await eventually(() => client.heard().startsWith('HTTP/1.1 431 '));
  });

  test('a client that announces a large body and sends nothing takes no room from others', async () => {
    const { origin, post } = await openReceiver({ bodyLimits: { mostInFlightBytes: 2_000 } });
    for (let i = 0; i < 20; i++) {
      const client = await dial(origin);
      client.write(head({ 'content-length': '1000000', 'x-hub-signature-256': sign('') }));
    }
    expect((await post()).status).toBe(202);
  });

  test('nor does one that sends a large body without a plausible signature', async () => {
    const { origin, post, told } = await openReceiver({ bodyLimits: { mostInFlightBytes: 2_000 } });
    const client = await dial(origin);
    client.write(head({ 'content-length': '1000000' }) + 'x'.repeat(900_000));
    expect((await post()).status).toBe(202);
    client.write('x'.repeat(100_000));
    await eventually(() => told.some(({ answer }) => answer === 'unauthorized'));
  });
});

describe('too much at once', () => {
  test('is answered with 503, and its room is free again afterwards', async () => {
    const { origin, post, producer } = await openReceiver({ bodyLimits: { mostInFlightBytes: 2_000 } });
    const refused = await post({ body: JSON.stringify({ ...memberAdded(), more: 'x'.repeat(2_000) }) });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '30']);
    expect(refused.body).toContain('OVERLOADED');
    const inFlight = async () => (await fetch(`${origin}/metrics`)).text();
    expect(await inFlight()).toContain('gh_permit_sync_body_bytes_in_flight 0');
    expect((await post()).status).toBe(202);
    expect(producer.entries.length).toBe(1);
  });

  test('ends the upload that has taken the most room for the longest time', async () => {
    const { origin, post } = await openReceiver({ bodyLimits: { mostInFlightBytes: 2_000 } });
    const filling = await dial(origin);
    filling.write(head({ 'content-length': '1999', 'x-hub-signature-256': sign('') }) + 'x'.repeat(1_899));
    const inFlight = async () => (await fetch(`${origin}/metrics`)).text();
    while (!(await inFlight()).includes('gh_permit_sync_body_bytes_in_flight 1899'));
    expect((await post()).status).toBe(202);
    await eventually(() => filling.heard().includes('OVERLOADED'));
    expect(await inFlight()).toContain('gh_permit_sync_body_bytes_in_flight 0');
  });

  test('a hundred deliveries at once are all queued', async () => {
    const { post, producer } = await openReceiver();
    const ids = Array.from({ length: 100 }, (_, i) => i + 1);
    const answers = await Promise.all(ids.map((id) => post({ body: JSON.stringify(memberAdded(id)) })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(producer.entries.map(({ id }) => Number(id)).sort((a, b) => a - b)).toEqual(ids);
  });
});

describe('the end', () => {
  test('finishes requests in progress, and accepts no more', async () => {
    const { receiver, origin, producer } = await openReceiver();
    const body = JSON.stringify(memberAdded());
    const client = await dial(origin);
    client.write(head({ 'content-length': String(body.length), 'x-hub-signature-256': sign(body) }));
    client.write(body.slice(0, 10));
    const silent = await dial(origin);
    const silentEnded = new Promise((resolve) => silent.once('close', resolve));
    // The head has arrived once the metrics of a later connection have.
    await fetch(`${origin}/metrics`);
    const ended = new Promise((resolve) => client.once('close', resolve));
    const closed = receiver.close();
    await silentEnded;
    await expect(post(receiver.url)).rejects.toThrow();
    client.write(body.slice(10));
    await closed;
    await ended;
    expect(client.heard()).toMatch(/^HTTP\/1.1 202 /);
    expect(producer.entries.length).toBe(1);
  });

  test('does not wait forever', async () => {
    const { receiver, origin } = await openReceiver({ timings: { graceMs: 100 } });
    const client = await dial(origin);
    client.write(head({ 'content-length': '1000', 'x-hub-signature-256': sign('') }));
    await fetch(`${origin}/healthz`);
    await receiver.close();
  });
});

test('an address already in use is refused, with what to do', async () => {
  const { origin } = await openReceiver();
  const taken = openReceiver({ port: Number(new URL(origin).port) });
  await expect(taken).rejects.toMatchObject({ code: 'USAGE', hint: expect.stringContaining('--port') });
  await expect(openReceiver({ host: '192.0.2.1' })).rejects.toMatchObject({ code: 'USAGE' });
});

describe('hostile deliveries', () => {
  const EVENTS = ['organization', 'membership', 'team', 'ping', 'push', '__proto__', 'constructor'] as const;

  test('any signed JSON or bytes get an answer from the table', async () => {
    const { post, heard } = await openReceiver();
    const body = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)),
      fc.uint8Array({ maxLength: 200 }),
      fc
        .record({ action: fc.string(), membership: fc.anything(), organization: fc.anything() })
        .map((value) => {
          try {
            return JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? String(one) : one));
          } catch {
            return '{}';
          }
        }),
    );
    const type = fc.constantFrom('application/json', 'application/x-www-form-urlencoded', 'text/plain');
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...EVENTS), body, type, async (event, sent, contentType) => {
        const { status } = await post({ body: sent, event, headers: { 'content-type': contentType } });
        expect([200, 202, 400, 415]).toContain(status);
      }),
      { numRuns: 300 },
    );
    expect(heard).toEqual([]);
  });

  test('forged ones reach nothing', async () => {
    const { post, producer, told } = await openReceiver();
    const right = sign(JSON.stringify(memberAdded()));
    const flip = (at: number): string =>
      right.slice(0, 7 + at) + (right[7 + at] === '0' ? '1' : '0') + right.slice(8 + at);
    const forged: readonly Post[] = [
      ...Array.from({ length: 64 }, (_, at) => ({ headers: { 'x-hub-signature-256': flip(at) } })),
      ...Array.from({ length: 71 }, (_, length) => ({
        headers: { 'x-hub-signature-256': right.slice(0, length) },
      })),
      { headers: { 'x-hub-signature-256': right }, body: JSON.stringify(memberAdded(8)) },
      { headers: { 'x-hub-signature-256': right }, body: `${JSON.stringify(memberAdded())} ` },
      { headers: { 'x-hub-signature-256': right.toUpperCase() } },
      { secret: null, headers: { 'x-hub-signature': `sha1=${'0'.repeat(40)}` } },
      { secret: SECRET.slice(1) },
      { secret: `${SECRET} ` },
    ];
    for (const one of forged) expect((await post(one)).status).toBe(401);
    expect(producer.entries).toEqual([]);
    expect(told.every(({ action, org }) => action === undefined && org === undefined)).toBe(true);
  });

  test('headers that are not HTTP, or are repeated, crash nothing', async () => {
    const { origin, post } = await openReceiver();
    const body = JSON.stringify(memberAdded());
    const signed = { 'content-length': String(body.length), 'x-hub-signature-256': sign(body) };
    const said = async (text: string): Promise<string> => {
      const client = await dial(origin);
      client.write(text);
      await eventually(() => client.heard() !== '');
      return client.heard().slice(9, 12);
    };
    expect(await said('\0\0\0\r\n\r\n')).toBe('400');
    expect(await said(head({ ...signed, 'X-HUB-SIGNATURE-256': sign('x') }) + body)).toBe('401');
    expect(await said(head({ ...signed, 'transfer-encoding': 'chunked' }) + body)).toBe('400');
    expect(await said(head(signed, `http://proxy.example${PATH}?a=b`) + body)).toBe('202');
    expect(await said(head(signed, `//${PATH}`) + body)).toBe('404');
    expect((await post()).status).toBe(202);
  });

  test('counts a client that hangs up, without a log line', async () => {
    const { origin, told, heard } = await openReceiver();
    const client = await dial(origin);
    client.write(head({ 'content-length': '1000', 'x-hub-signature-256': sign('') }));
    await fetch(`${origin}/healthz`);
    client.destroy();
    while (!(await (await fetch(`${origin}/metrics`)).text()).includes('deliveries_aborted_total 1'));
    expect([told, heard]).toEqual([[], []]);
  });
});
