/**
 * The bare program that a run with repositories is compared with: it sends the reads of that run again, over keep-alive
 * connections, 40 at a time to each service, and parses the JSON of the answers.
 */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { json } from 'node:stream/consumers';
import type { AskedRequest, Served } from './services.ts';

const { GITHUB_API_URL = '', PERMIT_API_URL = '', GH_TOKEN = '', PERMIT_API_KEY = '' } = process.env;
const asked = JSON.parse(readFileSync(process.env.REPLAY ?? '', 'utf8')) as Served['asked'];
const agent = new Agent({ keepAlive: true, maxSockets: 40 });

function ask(origin: string, token: string, { method, url, body }: AskedRequest): Promise<unknown> {
  const headers = { authorization: `Bearer ${token}`, 'user-agent': 'bare' };
  return new Promise((resolve, reject) => {
    request(origin + url, { method, agent, headers }, (response) => json(response).then(resolve, reject))
      .once('error', reject)
      .end(body);
  });
}

await Promise.all([
  ...asked.github.map((one) => ask(GITHUB_API_URL, GH_TOKEN, one)),
  ...asked.permit.map((one) => ask(PERMIT_API_URL, PERMIT_API_KEY, one)),
]);
agent.destroy();
