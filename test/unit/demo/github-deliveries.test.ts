import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  addHook,
  addMember,
  addToken,
  deliver,
  deliveriesOf,
  deliveriesSettled,
  type GitHubHook,
  githubWorld,
  OWNER_TOKEN,
  orgOf,
  userOf,
} from '../../../src/demo/github/github.ts';
import { startTestReceiver } from '../../support/webhook-receiver.ts';
import { github, runGitHub, send } from './running.ts';

const PAYLOAD = { action: 'member_added', membership: { user: { login: 'ann', id: 5 } } };
const DAY = 86_400_000;

async function withHook(hook: Partial<GitHubHook> = {}, status?: number) {
  const receiver = await startTestReceiver(status);
  const world = githubWorld();
  addToken(world, OWNER_TOKEN, {
    kind: 'pat',
    userId: userOf(world, 'owner').id,
    scopes: ['admin:org_hook'],
  });
  const made = addHook(world, 'acme', { url: `${receiver.url}/github-membership`, ...hook });
  const emulator = await runGitHub(world);
  const path = `/orgs/acme/hooks/${made.id}/deliveries`;
  const post = (id: string, token = OWNER_TOKEN) =>
    send(emulator, 'POST', `${path}/${id}/attempts`, { token });
  return { receiver, world, hook: made, emulator, path, post };
}

describe('deliveries of a webhook', () => {
  test('are sent, signed, and listed with what the receiver answered', async () => {
    const { receiver, world, emulator, path } = await withHook({ secret: 's3cret' });
    await deliver(world, 'acme', 'organization', PAYLOAD, { guid: 'g-1' });
    const [got] = receiver.received;
    expect(JSON.parse(got?.body ?? '')).toEqual(PAYLOAD);
    expect(got?.headers).toMatchObject({
      'content-type': 'application/json',
      'x-github-event': 'organization',
      'x-github-delivery': 'g-1',
      'x-hub-signature-256': `sha256=${createHmac('sha256', 's3cret')
        .update(got?.body ?? '')
        .digest('hex')}`,
    });
    expect((await github(emulator, path)).body).toMatchObject([
      {
        guid: 'g-1',
        redelivery: false,
        status: 'OK',
        status_code: 202,
        event: 'organization',
        action: 'member_added',
      },
    ]);
  });

  test('as a form', async () => {
    const { receiver, world } = await withHook({ contentType: 'form' });
    await deliver(world, 'acme', 'organization', PAYLOAD);
    const [got] = receiver.received;
    expect(got?.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(JSON.parse(new URLSearchParams(got?.body).get('payload') ?? '')).toEqual(PAYLOAD);
  });

  test('reach no webhook that is not active or does not want the event; others share the GUID', async () => {
    const { world } = await withHook({ events: ['team'] });
    addHook(world, 'acme', { url: 'http://127.0.0.1:1/', active: false });
    const [one, two] = [
      addHook(world, 'acme', { url: 'http://127.0.0.1:1/' }),
      addHook(world, 'acme', { url: 'http://127.0.0.1:1/' }),
    ];
    const made = await deliver(world, 'acme', 'organization', PAYLOAD);
    expect(made.map(({ status, statusCode }) => [status, statusCode])).toEqual([
      ['failed to connect to host', 502],
      ['failed to connect to host', 502],
    ]);
    expect(deliveriesOf(world, one)[0]?.guid).toBe(deliveriesOf(world, two)[0]?.guid);
  });

  test('may be lost, or dropped without a trace', async () => {
    const { receiver, world, hook } = await withHook();
    await deliver(world, 'acme', 'organization', PAYLOAD, { fate: 'lost' });
    await deliver(world, 'acme', 'organization', PAYLOAD, { fate: 'dropped' });
    expect(receiver.received).toEqual([]);
    expect(deliveriesOf(world, hook).map(({ statusCode }) => statusCode)).toEqual([502]);
  });

  test('are listed newest first along the cursors, with numbers beyond 2^53', async () => {
    const { world, emulator, path } = await withHook();
    for (let i = 0; i < 5; i++) await deliver(world, 'acme', 'team', {}, { guid: `g-${i}`, fate: 'lost' });
    const guids: string[] = [];
    let next: string | undefined = `${path}?per_page=2`;
    while (next !== undefined) {
      const { body, headers }: Awaited<ReturnType<typeof github>> = await github(emulator, next);
      guids.push(...body.map(({ guid }: { guid: string }) => guid));
      expect(body[0].id).toBeGreaterThan(Number.MAX_SAFE_INTEGER);
      const link: string | undefined = /<([^>]*)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
      // New attempts come before the first page and shift nothing.
      if (guids.length === 2) await deliver(world, 'acme', 'team', {}, { guid: 'late', fate: 'lost' });
      next = link?.slice(emulator.url.length);
    }
    expect(guids).toEqual(['g-4', 'g-3', 'g-2', 'g-1', 'g-0']);
    expect((await github(emulator, `${path}?cursor=nonsense`)).status).toBe(400);
  });

  test('are kept for 3 days', async () => {
    const { world, hook, emulator, path, post } = await withHook();
    await deliver(world, 'acme', 'team', {}, { fate: 'lost', now: Date.now() - 3 * DAY - 1000 });
    expect((await github(emulator, path)).body).toEqual([]);
    expect((await post(deliveriesOf(world, hook)[0]?.id ?? '')).status).toBe(404);
  });
});

describe('a redelivery', () => {
  test('answers 202 and sends the same delivery once more, as an attempt of its own', async () => {
    const { receiver, world, hook, post } = await withHook({ secret: 's3cret' }, 503);
    const [failed] = await deliver(world, 'acme', 'organization', PAYLOAD);
    expect(failed).toMatchObject({ status: 'Invalid HTTP Response: 503', statusCode: 503 });
    receiver.status = 202;
    expect(await post(failed?.id ?? '')).toMatchObject({ status: 202, body: {} });
    await deliveriesSettled(world);
    const [first, second] = deliveriesOf(world, hook);
    expect(second).toMatchObject({
      guid: first?.guid,
      redelivery: true,
      status: 'OK',
      payload: first?.payload,
    });
    expect(second?.id).not.toBe(first?.id);
    expect(receiver.received[1]?.headers['x-hub-signature-256']).toBe(
      receiver.received[0]?.headers['x-hub-signature-256'],
    );
  });

  test('of what there is not, or of a webhook that is switched off, is refused', async () => {
    const { world, hook, post } = await withHook();
    const [made] = await deliver(world, 'acme', 'organization', PAYLOAD, { fate: 'lost' });
    expect((await post('12345')).status).toBe(404);
    Object.assign(hook, { active: false });
    expect((await post(made?.id ?? '')).status).toBe(422);
  });

  test('is for owners with admin:org_hook and for Apps that may write webhooks', async () => {
    const { world, emulator, path, post } = await withHook();
    const [made] = await deliver(world, 'acme', 'organization', PAYLOAD, { fate: 'lost' });
    const id = made?.id ?? '';
    const member = addMember(world, 'acme', { login: 'ann' }).id;
    const orgId = orgOf(world, 'acme').id;

    addToken(world, 'plain', { kind: 'pat', userId: userOf(world, 'owner').id, scopes: ['admin:org'] });
    addToken(world, 'member', { kind: 'pat', userId: member, scopes: ['admin:org_hook', 'read:org'] });
    addToken(world, 'blind', { kind: 'installation', orgId, permissions: { members: 'read' } });
    addToken(world, 'reads', { kind: 'installation', orgId, permissions: { organization_hooks: 'read' } });
    addToken(world, 'writes', { kind: 'installation', orgId, permissions: { organization_hooks: 'write' } });
    addToken(world, 'workflow', { kind: 'actions' });
    const statuses: Record<string, readonly number[]> = {};
    for (const token of ['plain', 'member', 'blind', 'reads', 'writes', 'workflow', OWNER_TOKEN]) {
      statuses[token] = [(await github(emulator, path, token)).status, (await post(id, token)).status];
    }
    expect(statuses).toEqual({
      plain: [404, 404],
      member: [404, 404],
      blind: [403, 403],
      reads: [200, 403],
      writes: [200, 202],
      workflow: [403, 403],
      [OWNER_TOKEN]: [200, 202],
    });
    await deliveriesSettled(world);
  });
});
