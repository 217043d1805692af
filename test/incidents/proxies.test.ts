// slash-command-dispatch#457, octokit.js#557: one client goes through the corporate proxy, the other does not.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { addMember } from '../../src/demo/github/github.ts';
import { agreedStage } from '../support/agreement.ts';
import { loopbackCertificate, loopbackKey } from '../support/loopback-certificate.ts';
import { emptyFolder } from '../support/program.ts';
import { startProxy } from '../support/proxy.ts';
import { type Stage, writes } from '../support/stage.ts';

const named = (url: string, host: string): string => `http://${host}:${new URL(url).port}`;

/** GitHub, Permit and the PDP under names that only the proxy can resolve. */
const namesOf = (stage: Stage) => ({
  ...stage.env,
  GITHUB_API_URL: named(stage.github.url, 'github.test'),
  PERMIT_API_URL: named(stage.permit.url, 'permit.test'),
  PERMIT_PDP_URL: named(stage.permit.url, 'pdp.test'),
});

async function proxy(credentials?: string) {
  const started = await startProxy(credentials);
  onTestFinished(started.close);
  return started;
}

const hostsOf = (asked: readonly string[]): readonly string[] =>
  [...new Set(asked.map((line) => line.split(' ')[0] ?? ''))].toSorted();

describe('GitHub, Permit and the PDP are all reached through the proxy', () => {
  test.each(['HTTP_PROXY', 'http_proxy'])('named by %s', async (variable) => {
    const stage = await agreedStage(3, 1);
    const { asked, port } = await proxy();
    const env = { ...namesOf(stage), [variable]: `http://127.0.0.1:${port}` };
    const ran = await stage.run(['reconcile', '--allow-http', '--output', 'json'], { env });
    expect({ code: ran.code, status: JSON.parse(ran.stdout).status }).toEqual({ code: 0, status: 'in-sync' });
    await stage.run(['check', 'person-0001', 'read', 'repository', '--allow-http'], { env });
    expect(hostsOf(asked)).toEqual(['github.test', 'pdp.test', 'permit.test']);
  });

  test('with the user and the password in its address, which are never shown', async () => {
    const stage = await agreedStage(3, 1);
    const { port } = await proxy('corp:s3cr3t-word');
    const env = { ...namesOf(stage), HTTP_PROXY: `http://corp:s3cr3t-word@127.0.0.1:${port}` };
    const ran = await stage.run(['reconcile', '--allow-http', '--verbose'], { env });
    expect(ran.code).toBe(0);
    expect(ran.stdout + ran.stderr).not.toMatch(/s3cr3t/);
  });

  test('writes too', async () => {
    const stage = await agreedStage(3, 1);
    const { port } = await proxy();
    const env = { ...namesOf(stage), HTTP_PROXY: `http://127.0.0.1:${port}` };
    addMember(stage.github.world, 'acme', { login: 'newcomer', role: 'member' });
    const ran = await stage.run(['reconcile', '--allow-http', '--output', 'json'], { env });
    expect(JSON.parse(ran.stdout)).toMatchObject({ status: 'applied', summary: { failed: 0 } });
    expect(writes(stage.permit)).toBeGreaterThan(0);
  });

  test('https addresses by CONNECT', async () => {
    const stage = await agreedStage(3, 1);
    const { asked, port } = await proxy();
    const tls = await tlsServer();
    const env = {
      ...stage.env,
      GITHUB_API_URL: `https://github.test:${tls}`,
      PERMIT_API_URL: `https://permit.test:${tls}`,
      HTTPS_PROXY: `127.0.0.1:${port}`,
      // The certificate is for loopback names. Node reads this once, so the program has a process of its own.
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
    };
    const ran = await stage.spawn(['doctor', '--output', 'json'], { env });
    expect(hostsOf(asked.map((line) => line.replace('CONNECT ', '')))).toEqual([
      'github.test',
      'permit.test',
    ]);
    expect(ran.stdout).toContain('told by the TLS server');
  });
});

/** Answers everything with a 403 that says who it is. */
async function tlsServer(): Promise<number> {
  const server = createTlsServer({ cert: loopbackCertificate, key: loopbackKey }, (_, response) =>
    response
      .writeHead(403, { 'content-type': 'application/json' })
      .end(JSON.stringify({ message: 'told by the TLS server' })),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe('no proxy', () => {
  test.each(['NO_PROXY', 'no_proxy'])('for what %s names', async (variable) => {
    const stage = await agreedStage(3, 1);
    const { asked, port } = await proxy();
    const env = {
      ...namesOf(stage),
      HTTP_PROXY: `http://127.0.0.1:${port}`,
      [variable]: 'github.test, .test',
    };
    // These names are known to the proxy alone: nobody else can be reached by them.
    const ran = await stage.run(['reconcile', '--allow-http', '--timeout', '1s'], { env });
    expect(ran.code).toBe(1);
    expect(asked).toEqual([]);
  });

  test('for loopback, whatever the environment says', async () => {
    const stage = await agreedStage(3, 1);
    const proxies = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY'];
    const dead = Object.fromEntries(proxies.map((name) => [name, 'http://127.0.0.1:9']));
    // In processes of their own: the libraries below read these variables from the process.
    const ran = await stage.spawn(['reconcile'], { env: dead });
    expect(ran.code).toBe(0);
    const checked = await stage.spawn(['check', 'person-0001', 'read', 'repository'], { env: dead });
    expect(checked.stderr).not.toContain('proxy');
  });
});

describe('a broken proxy is named', () => {
  test.each([
    ['refuses', 'corp:right', 'wrong', /the proxy 127\.0\.0\.1:\d+ refuses the connection \(407\)/],
  ])('it %s', async (_, wanted, given, words) => {
    const stage = await agreedStage(3, 1);
    const { port } = await proxy(wanted);
    const env = { ...namesOf(stage), HTTP_PROXY: `http://corp:${given}@127.0.0.1:${port}` };
    const ran = await stage.run(['reconcile', '--allow-http'], { env });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(words);
    expect(ran.stderr).toMatch(/HTTPS_PROXY or HTTP_PROXY/);
  });

  test('it does not exist', async () => {
    const stage = await agreedStage(3, 1);
    const env = { ...namesOf(stage), HTTP_PROXY: 'http://127.0.0.1:9' };
    const ran = await stage.run(['doctor', '--allow-http'], { env });
    expect(ran.stdout).toMatch(/the proxy 127\.0\.0\.1:9 can't be reached \(ECONNREFUSED\)/);
  });

  test.each(['socks5://proxy:1080', 'http://', 'http://user:s3cr3t-word@'])(
    '%s is CONFIG_INVALID, and not shown',
    async (address) => {
      const stage = await agreedStage(1, 1);
      const ran = await stage.run(['reconcile'], { env: { HTTPS_PROXY: address } });
      expect(ran.code).toBe(1);
      expect(ran.stderr).toMatch(/HTTPS_PROXY: .*CONFIG_INVALID/s);
      expect(ran.stderr).not.toContain('s3cr3t');
    },
  );
});

test('NODE_EXTRA_CA_CERTS makes both GitHub and Permit requests trust a company certificate', async () => {
  const stage = await agreedStage(1, 1);
  const port = await tlsServer();
  const url = `https://localhost:${port}`;
  const file = join(emptyFolder(), 'ca.pem');
  writeFileSync(file, loopbackCertificate);
  const env = { ...stage.env, GITHUB_API_URL: url, PERMIT_API_URL: url, NODE_EXTRA_CA_CERTS: file };
  const ran = await stage.spawn(['doctor', '--output', 'json'], { env });
  expect(ran.stdout.match(/told by the TLS server/g)?.length).toBeGreaterThanOrEqual(2);
  expect(ran.stdout).not.toMatch(/certificate/i);
});
