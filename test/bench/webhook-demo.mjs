/**
 * What this project grew from, for the benchmark to measure beside the receiver: for each webhook it keeps the whole
 * body in Redis under `event:MILLISECONDS` and calls Permit twice before it answers. It checks no signature. The
 * original uses Express, which is slower than the bare server here.
 *
 * `node test/bench/webhook-demo.mjs REDIS_PORT PERMIT_URL`; prints where it listens.
 */
import { createServer } from 'node:http';
import { Redis } from 'ioredis';

const [, , redisPort, permit] = process.argv;
const redis = new Redis(Number(redisPort), '127.0.0.1');
const server = createServer(async (incoming, response) => {
  const chunks = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  await redis.set(`event:${Date.now()}`, text, 'EX', 86_400);
  const { login } = JSON.parse(text).membership.user;
  await call('/users', { key: login });
  await call('/role_assignments', { user: login, role: 'member', tenant: 'default' });
  response.end('ok');
});
server.listen(0, '127.0.0.1', () =>
  process.stdout.write(`http://127.0.0.1:${server.address().port}/github-membership\n`),
);

async function call(path, body) {
  const headers = { authorization: 'Bearer permit_key', 'content-type': 'application/json' };
  const response = await fetch(permit + path, { method: 'POST', headers, body: JSON.stringify(body) });
  await response.arrayBuffer();
}
