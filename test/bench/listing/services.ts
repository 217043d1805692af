/**
 * GitHub and Permit in a process of their own, told over IPC what to be. Each answer to a read is rendered once by the
 * emulator and then served from memory, so that the emulators are never what is measured.
 */
import { createServer, type IncomingMessage, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { addMember, githubWorld, orgOf, startGitHubEmulator } from '../../../src/demo/github/github.ts';
import { addPermitUser, permitWorld, startPermitEmulator } from '../../../src/demo/permit/permit.ts';
import { worldWithRepositories } from './repository-world.ts';

/** What the benchmark asks for; each is answered by `Served`. */
export type Order =
  | { readonly kind: 'serve'; readonly members: number; readonly users: 'all' | 'none' }
  | { readonly kind: 'serveRepositories' }
  | { readonly kind: 'reset'; readonly latencyMs: number };

export type Served = {
  readonly github: string;
  readonly permit: string;
  /** Requests since the last order. */
  readonly requests: { readonly github: number; readonly permit: number };
  /** The most requests that were unanswered at once, since the last order. */
  readonly peak: { readonly github: number; readonly permit: number };
  /** The requests since the last order, in the order in which they came. */
  readonly asked: { readonly github: readonly AskedRequest[]; readonly permit: readonly AskedRequest[] };
};

/** @property body empty without one, and in writes */
export type AskedRequest = { readonly method: string; readonly url: string; readonly body: string };

type Front = {
  readonly url: string;
  requests: number;
  peak: number;
  asked: AskedRequest[];
  readonly forget: () => void;
};

const state = { latencyMs: 0, users: 'all' as 'all' | 'none' };
let fronts: { github: Front; permit: Front; clearUsers: () => void } | undefined;

process.on('message', async (order: Order) => {
  if (order.kind === 'serve') {
    state.users = order.users;
    fronts = await open(order.members, order.users);
  }
  if (order.kind === 'serveRepositories') fronts = await openRepositories();
  if (!fronts) return;
  const { github, permit, clearUsers } = fronts;
  state.latencyMs = order.kind === 'reset' ? order.latencyMs : 0;
  const served: Served = {
    github: github.url,
    permit: permit.url,
    requests: { github: github.requests, permit: permit.requests },
    peak: { github: github.peak, permit: permit.peak },
    asked: { github: github.asked, permit: permit.asked },
  };
  for (const front of [github, permit]) Object.assign(front, { requests: 0, peak: 0, asked: [] });
  if (state.users === 'none') {
    clearUsers();
    permit.forget();
  }
  process.send?.(served);
});

async function open(members: number, users: 'all' | 'none') {
  const [github, permit] = [githubWorld(), permitWorld()];
  const owners = Math.ceil(members / 200);
  for (let i = 1; i < members; i++) {
    const login = `person-${i}`;
    addMember(github, 'acme', { login, role: i < owners ? 'admin' : 'member' });
  }
  const { id: org, members: listed } = orgOf(github, 'acme');
  if (users === 'all') {
    for (const [id, { role }] of listed) {
      const mark = { github_id: id, github_login: github.users.get(id)?.login ?? '', github_orgs: [org] };
      const attributes = { ...mark, managed_by: 'gh-permit-sync:default', managed_origin: 'created' };
      addPermitUser(permit, { key: `github|${id}`, attributes, grants: [`default/${role}`] });
    }
  }
  return {
    github: await front((await startGitHubEmulator(github)).url),
    permit: await front((await startPermitEmulator(permit)).url),
    clearUsers: () => permit.users.clear(),
  };
}

async function openRepositories() {
  return {
    github: await front((await startGitHubEmulator(worldWithRepositories())).url),
    permit: await front((await startPermitEmulator(permitWorld())).url),
    clearUsers: () => undefined,
  };
}

/** Serves what `emulator` answers, reads from memory once they were answered. */
async function front(emulator: string): Promise<Front> {
  const known = new Map<string, Rendered>();
  let inFlight = 0;
  const server = createServer((incoming, response) => {
    self.requests += 1;
    inFlight += 1;
    self.peak = Math.max(self.peak, inFlight);
    response.once('close', () => {
      inFlight -= 1;
    });
    const answer = async (): Promise<void> => {
      const { url = '/', method = 'GET' } = incoming;
      const body = await buffer(incoming);
      const isRead = method === 'GET' || url === '/graphql';
      const asked = { method, url, body: isRead ? body.toString() : '' };
      self.asked.push(asked);
      const key = `${method} ${url} ${asked.body}`;
      const fresh = (isRead ? known.get(key) : undefined) ?? (await forward(emulator, incoming, body));
      if (isRead) known.set(key, fresh);
      else known.clear();
      response.writeHead(fresh.status, fresh.headers).end(fresh.body);
    };
    if (state.latencyMs > 0) setTimeout(() => void answer(), state.latencyMs);
    else void answer();
  });
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const self: Front = {
    ...{ url: `http://127.0.0.1:${port}`, requests: 0, peak: 0, asked: [] },
    forget: () => known.clear(),
  };
  return self;
}

type Rendered = {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
};

/** The `host` header is passed on, so that links lead back here. */
async function forward(emulator: string, incoming: IncomingMessage, body: Buffer): Promise<Rendered> {
  const { method, headers, url = '/' } = incoming;
  const answered = await new Promise<IncomingMessage>((resolve, reject) => {
    send(emulator + url, { method, headers }, resolve)
      .once('error', reject)
      .end(body);
  });
  const { 'transfer-encoding': _chunked, connection: _kept, ...kept } = answered.headers;
  return { status: answered.statusCode ?? 500, headers: kept, body: await buffer(answered) };
}
