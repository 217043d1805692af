import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import {
  addHook,
  addMember,
  addTeamMember,
  deliver,
  deliveriesOf,
  deliveriesSettled,
  hooksOf,
  orgOf,
  removeMember,
  removeTeamMember,
  teamOf,
  userOf,
} from '../../src/demo/github/github.ts';
import { type Receiving, startReceiving } from '../support/receiving.ts';
import { populate } from '../support/stage.ts';
import { company, RULES } from './people.ts';
import type { Context, Place, Scenario } from './place.ts';
import { mayAdministerHooks } from './setup.ts';

const SECRET = 'the-secret-of-the-webhook';
const FREELY = '--allow-removals 9 --allow-demotions 9';

type Sync = { readonly place: Place; readonly env: Readonly<Record<string, string>> };

/** The company, synced with Redis, and a webhook that leads to a receiver of its own. */
async function openSync({ open, redis }: Context): Promise<Sync> {
  const place = await open();
  mayAdministerHooks(place);
  company(place);
  place.configure(`${RULES}redis: { prefix: "${redis.prefix()}" }\n`);
  const env = { REDIS_URL: redis.url, GITHUB_WEBHOOK_SECRET: SECRET };
  await place.run(0, 'reconcile', env);
  return { place, env };
}

async function receive({ place, env }: Sync, args: readonly string[] = []): Promise<Receiving> {
  const receiving = await startReceiving(args, { cwd: place.cwd, env: { ...place.env, ...env } });
  addHook(place.github.world, 'acme', { url: receiving.url, secret: SECRET });
  return receiving;
}

type About = { readonly action: string; readonly login: string };

function tell(place: Place, event: 'organization' | 'membership', { action, login }: About, lost = false) {
  const { world } = place.github;
  const user = { login, id: userOf(world, login).id };
  const { id } = orgOf(world, 'acme');
  const team = teamOf(world, 'acme', 'platform');
  const payload = {
    action,
    organization: { login: 'acme', id },
    ...(event === 'organization'
      ? { membership: { state: 'active', role: 'member', user } }
      : { scope: 'team', member: user, team: { id: team.id, slug: team.slug, name: team.name } }),
  };
  return deliver(world, 'acme', event, payload, { fate: lost ? 'lost' : 'sent' });
}

async function eventually(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 3000) throw new Error('it never came about');
    await sleep(10);
  }
}

export const queueScenarios: readonly Scenario[] = [
  [
    'webhooks are received, drained, inspected; a full run settles the rest',
    async (context) => {
      const sync = await openSync(context);
      const { place, env } = sync;
      const { world } = place.github;
      const receiving = await receive(sync);
      addMember(world, 'acme', { login: 'joiner' });
      await tell(place, 'organization', { action: 'member_added', login: 'joiner' });
      removeTeamMember(world, 'acme', 'platform', 'ben');
      await tell(place, 'membership', { action: 'removed', login: 'ben' });
      await place.run(0, 'queue status', env);
      await place.run(0, 'queue list', env);
      await place.run(0, `drain --settle 0 ${FREELY}`, env);
      expect(place.held().joiner?.grants).toContain('default/member');
      removeMember(world, 'acme', 'joiner');
      await tell(place, 'organization', { action: 'member_removed', login: 'joiner' });
      await place.run(0, `drain --settle 0 ${FREELY}`, env);
      expect(place.held().joiner).toBeUndefined();
      addTeamMember(world, 'acme', 'contractors', 'ann');
      await tell(place, 'membership', { action: 'added', login: 'ann' });
      await place.run(0, `reconcile --drain ${FREELY}`, env);
      await place.runAny('doctor', env);
      receiving.kill('SIGTERM');
      expect(await receiving.ended).toBe(0);
    },
  ],
  [
    'more hints than it is worth looking up are settled by listing the organization',
    async (context) => {
      const sync = await openSync(context);
      const { place, env } = sync;
      populate(place, 40, 2);
      await receive(sync);
      for (let i = 2; i < 40; i++) {
        const login = `person-${String(i).padStart(4, '0')}`;
        await tell(place, 'organization', { action: 'member_added', login });
      }
      await place.run(0, 'drain --settle 0', env);
      expect(place.held()['person-0039']?.grants).toContain('default/member');
    },
  ],
  [
    'receive --drain converges by itself',
    async (context) => {
      const sync = await openSync(context);
      const { place } = sync;
      const receiving = await receive(sync, ['--drain', '--settle', '0']);
      addMember(place.github.world, 'acme', { login: 'joiner' });
      await tell(place, 'organization', { action: 'member_added', login: 'joiner' });
      await eventually(() => place.held().joiner?.grants.includes('default/member') === true);
      receiving.kill('SIGTERM');
      expect(await receiving.ended).toBe(0);
    },
  ],
  [
    'lost deliveries are found and sent again',
    async (context) => {
      const sync = await openSync(context);
      const { place, env } = sync;
      const { world } = place.github;
      await receive(sync);
      for (const login of ['ann', 'ben']) {
        await tell(place, 'organization', { action: 'member_added', login }, true);
      }
      await place.run(0, 'redeliver --dry-run', env);
      await place.run(0, 'redeliver', env);
      await deliveriesSettled(world);
      await place.run(0, 'redeliver --output json', env);
      const [hook] = hooksOf(world, orgOf(world, 'acme')).values();
      expect(hook && deliveriesOf(world, hook).filter(({ redelivery }) => redelivery)).toHaveLength(2);
    },
  ],
];
