import { expect, test } from 'vitest';
import { addMember, githubWorld } from '../../../src/emulator/github.ts';
import { addPermitUser, permitWorld } from '../../../src/emulator/permit.ts';
import { facts, github, runGitHub, runPermit } from './running.ts';

const PEOPLE = 100_000;
/** Loose enough for a busy machine, and less than sorting 100,000 people for each of the pages would take. */
const MOST_MS = 2500;
const PAGES = Array.from({ length: 100 }, (_, index) => (index + 1) * 10);

test('a page of 100,000 members costs no more than a page of a few', async () => {
  const world = githubWorld();
  for (let index = 0; index < PEOPLE; index += 1) addMember(world, 'acme', { login: `m${index}` });
  const emulator = await runGitHub(world);
  const get = (page: number) => github(emulator, `/orgs/acme/members?role=member&per_page=100&page=${page}`);
  expect((await get(1)).headers.get('link')).toContain('&page=1000>; rel="last"');
  const start = performance.now();
  for (const page of PAGES) expect((await get(page)).body).toHaveLength(100);
  expect(performance.now() - start).toBeLessThan(MOST_MS);
});

test('a page of 100,000 users, and a change, cost no more than among a few', async () => {
  const world = permitWorld();
  for (let index = 0; index < PEOPLE; index += 1) {
    addPermitUser(world, { key: `u${index}`, grants: ['default/member'] });
  }
  const emulator = await runPermit(world, { userOrder: 'shuffled' });
  const get = (page: number) => facts(emulator, 'GET', `users?per_page=100&page=${page}`);
  expect((await get(1)).body.page_count).toBe(1000);
  expect((await facts(emulator, 'GET', 'role_assignments?per_page=1000')).body).toHaveLength(1000);
  const start = performance.now();
  for (const page of PAGES) {
    expect((await get(page)).body.data).toHaveLength(100);
  }
  for (const page of PAGES) {
    expect((await facts(emulator, 'PATCH', 'users/u5', { attributes: { page } })).status).toBe(200);
    expect((await facts(emulator, 'GET', 'users/u5')).body.attributes).toEqual({ page });
  }
  expect(performance.now() - start).toBeLessThan(MOST_MS);
});
