import { expect, test } from 'vitest';
import { addMember, githubWorld } from '../../../src/demo/github/github.ts';
import { addPermitUser, permitWorld } from '../../../src/demo/permit/permit.ts';
import { facts, github, runGitHub, runPermit } from './running.ts';

const MANY = 20_000;
const FEW = 1000;
const REQUESTS = 50;
/** Sorting 20,000 people for each page would take more than twenty times as much as sorting 1,000. */
const MAX_RATIO = 5;

/** Milliseconds of CPU, which a busy machine hardly changes. */
async function cpuOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

test('a page of 20,000 members costs no more than a page of 1,000', async () => {
  const open = async (people: number) => {
    const world = githubWorld();
    for (let index = 0; index < people; index += 1) addMember(world, 'acme', { login: `m${index}` });
    const emulator = await runGitHub(world);
    const get = (page: number) =>
      github(emulator, `/orgs/acme/members?role=member&per_page=100&page=${page}`);
    expect((await get(1)).headers.get('link')).toContain(`&page=${people / 100}>; rel="last"`);
    return async () => {
      for (let i = 0; i < REQUESTS; i += 1) expect((await get((i % 10) + 1)).body).toHaveLength(100);
    };
  };
  const few = await open(FEW);
  const many = await open(MANY);
  await few();
  expect(await cpuOf(many)).toBeLessThan(MAX_RATIO * (await cpuOf(few)));
});

test('a page of 20,000 users, and a change, cost no more than among 1,000', async () => {
  const open = async (people: number) => {
    const world = permitWorld();
    for (let index = 0; index < people; index += 1) {
      addPermitUser(world, { key: `u${index}`, grants: ['default/member'] });
    }
    const emulator = await runPermit(world, { userOrder: 'shuffled' });
    const get = (page: number) => facts(emulator, 'GET', `users?per_page=100&page=${page}`);
    expect((await get(1)).body.page_count).toBe(people / 100);
    expect((await facts(emulator, 'GET', 'role_assignments?per_page=1000')).body).toHaveLength(1000);
    return async () => {
      for (let i = 0; i < REQUESTS; i += 1) expect((await get((i % 9) + 2)).body.data).toHaveLength(100);
      for (let page = 0; page < REQUESTS; page += 1) {
        expect((await facts(emulator, 'PATCH', 'users/u5', { attributes: { page } })).status).toBe(200);
        expect((await facts(emulator, 'GET', 'users/u5')).body.attributes).toEqual({ page });
      }
    };
  };
  const few = await open(FEW);
  const many = await open(MANY);
  await few();
  expect(await cpuOf(many)).toBeLessThan(MAX_RATIO * (await cpuOf(few)));
});
