import { once } from 'node:events';
import { createServer, request as forward } from 'node:http';
import { type AddressInfo, connect } from 'node:net';

/**
 * A proxy that leads every host name to 127.0.0.1, at the port that was asked for: by CONNECT, and for http addresses
 * by being asked itself. `asked` are the hosts in the order of arrival, and how.
 * @param credentials `user:password` that it asks for.
 */
export async function startProxy(credentials?: string) {
  const asked: string[] = [];
  const expected = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;
  const server = createServer((incoming, response) => {
    const url = new URL(incoming.url ?? '');
    asked.push(`${url.hostname} ${url.pathname}`);
    if (incoming.headers['proxy-authorization'] !== expected) return void response.writeHead(407).end();
    const { 'proxy-authorization': _, ...headers } = incoming.headers;
    const onward = forward(
      {
        host: '127.0.0.1',
        port: url.port,
        method: incoming.method,
        path: url.pathname + url.search,
        headers,
      },
      (answer) => answer.pipe(response.writeHead(answer.statusCode ?? 502, answer.headers)),
    );
    onward.on('error', () => response.destroy());
    incoming.pipe(onward);
  });
  server.on('connect', (incoming, socket) => {
    const [host, port] = (incoming.url ?? '').split(':');
    asked.push(`CONNECT ${host}`);
    socket.on('error', () => undefined);
    if (incoming.headers['proxy-authorization'] !== expected) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    const onward = connect(Number(port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    asked,
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
