/**
 * The bare program that a run is compared with: it fetches the pages of members and users over keep-alive connections,
 * 40 at a time to each service, and parses their JSON. It has the environment of the run that it is compared with.
 */
import { Agent, get } from 'node:http';
import type { Pages } from './measure.ts';

const { GITHUB_API_URL, PERMIT_API_URL, GH_TOKEN = '', PERMIT_API_KEY = '', BARE_PAGES = '' } = process.env;
const pages = JSON.parse(BARE_PAGES) as Pages;
const agent = new Agent({ keepAlive: true, maxSockets: 40 });

const fetchAll = (count: number, url: (page: number) => string, token: string): Promise<unknown[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => fetchPage(url(index + 1), token)));

function fetchPage(url: string, token: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${token}`, 'user-agent': 'bare' };
  return new Promise((resolve, reject) => {
    get(url, { agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString())));
    }).once('error', reject);
  });
}

const members = (role: string) => (page: number) =>
  `${GITHUB_API_URL}/orgs/acme/members?role=${role}&per_page=100&page=${page}`;
await Promise.all([
  fetchAll(pages.owners, members('admin'), GH_TOKEN),
  fetchAll(pages.others, members('member'), GH_TOKEN),
  fetchAll(
    pages.users,
    (page) =>
      `${PERMIT_API_URL}${pages.facts}/users?page=${page}&per_page=100&include_resource_instance_roles=true`,
    PERMIT_API_KEY,
  ),
]);
agent.destroy();
