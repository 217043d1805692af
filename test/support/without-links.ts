import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A gateway in front of `url` that drops the `Link` header of every answer. @returns its address. */
export async function withoutLinks(url: string): Promise<string> {
  const server = createServer(async (request, response) => {
    const { host: _own, ...headers } = request.headers as Record<string, string>;
    const answer = await fetch(`${url}${request.url}`, { method: request.method ?? 'GET', headers });
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
    response.end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
