/** Where one Redis server or Sentinel listens. An IPv6 address has no brackets. */
type RedisHost = { readonly host: string; readonly port: number };

type Common = {
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
};

/** What REDIS_URL says: one server, the nodes of a Cluster, or the Sentinels that know the master. */
export type RedisAddress =
  | (Common & { readonly kind: 'server'; readonly at: RedisHost; readonly db: number })
  | (Common & { readonly kind: 'cluster'; readonly nodes: readonly RedisHost[] })
  | (Common & {
      readonly kind: 'sentinel';
      readonly sentinels: readonly RedisHost[];
      readonly master: string;
      readonly db: number;
      readonly sentinelPassword: string | undefined;
    });

/** The forms that {@link parseRedisAddress} knows, for messages. */
export const REDIS_ADDRESS_FORMS =
  'redis://HOST:6379, rediss://USER:PASSWORD@HOST:6379/DB for TLS, several of these with commas between for a ' +
  'Cluster, or redis+sentinel://HOST:26379,HOST:26379/MASTER';

const PORT = 6379;
const SENTINEL_PORT = 26379;
const SERVER = /^(rediss?):\/\/(?:([^/?#]*)@)?([^/?#@,]+)(?:\/(\d{0,3}))?$/i;
const SENTINEL =
  /^(rediss?)\+sentinel:\/\/(?:([^/?#]*)@)?([^/?#@]+)\/([A-Za-z0-9._-]{1,200})(?:\/(\d{1,3}))?(?:\?sentinelPassword=([^&#]*))?$/i;
const HOST = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._-]{1,253}))(?::(\d{1,5}))?$/;

/**
 * Reads the forms of {@link REDIS_ADDRESS_FORMS}. User and password are percent-encoded; a password alone has a
 * colon before it. `?sentinelPassword=` is what the Sentinels themselves ask for.
 * @returns undefined for anything else.
 */
export function parseRedisAddress(text: string): RedisAddress | undefined {
  const sentinel = SENTINEL.exec(text.trim());
  if (sentinel !== null) return parseSentinel(sentinel);
  const servers = redisAddressesIn(text).map(parseServer);
  const [first] = servers;
  if (first === undefined || servers.length === 1) return first;
  if (servers.some((server) => server === undefined || server.db !== 0)) return undefined;
  const nodes = servers.flatMap((server) => (server === undefined ? [] : [server.at]));
  // One way in for all: what the others say has to be the same.
  const same = servers.every((other) => other?.tls === first.tls && sameOrNone(other, first));
  if (!same) return undefined;
  const { tls, username, password } = first;
  return { kind: 'cluster', tls, username, password, nodes };
}

/** Splits a list of addresses. A password may contain commas, so only a comma before a new address separates two. */
const redisAddressesIn = (text: string): readonly string[] =>
  text.split(/,(?=\s*rediss?:\/\/)/i).map((one) => one.trim());

/** Hosts and ports alone: fit for a message. */
export function shownRedisHosts(address: RedisAddress): string {
  const hosts =
    address.kind === 'server' ? [address.at] : address.kind === 'cluster' ? address.nodes : address.sentinels;
  const shown = hosts
    .map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`)
    .join(', ');
  return address.kind === 'sentinel' ? `${address.master} (by Sentinel at ${shown})` : shown;
}

type Server = Extract<RedisAddress, { readonly kind: 'server' }>;

const sameOrNone = (other: Server, first: Server): boolean =>
  (other.password === undefined && other.username === undefined) ||
  (other.password === first.password && other.username === first.username);

function parseServer(text: string): Server | undefined {
  const [, scheme = '', userInfo, place = '', db] = SERVER.exec(text) ?? [];
  const at = parseHost(place, PORT);
  const credentials = parseCredentials(userInfo);
  if (at === undefined || credentials === undefined) return undefined;
  return { kind: 'server', tls: isTls(scheme), ...credentials, at, db: Number(db || 0) };
}

function parseSentinel(parts: RegExpExecArray): RedisAddress | undefined {
  const [, scheme = '', userInfo, places = '', master = '', db, own] = parts;
  const sentinels = places.split(',').map((place) => parseHost(place.trim(), SENTINEL_PORT));
  const credentials = parseCredentials(userInfo);
  const sentinelPassword = own === undefined ? undefined : decoded(own);
  if (credentials === undefined || (own !== undefined && !sentinelPassword)) return undefined;
  const known = sentinels.flatMap((one) => (one === undefined ? [] : [one]));
  if (known.length < sentinels.length) return undefined;
  return {
    kind: 'sentinel',
    tls: isTls(scheme),
    ...credentials,
    sentinels: known,
    master,
    db: Number(db ?? 0),
    sentinelPassword,
  };
}

const isTls = (scheme: string): boolean => scheme.toLowerCase() === 'rediss';

function parseHost(place: string, usualPort: number): RedisHost | undefined {
  const [, v6, name, port] = HOST.exec(place) ?? [];
  const host = v6 ?? name;
  const number = port === undefined ? usualPort : Number(port);
  return host === undefined || number < 1 || number > 65_535 ? undefined : { host, port: number };
}

/** A user without a password could never log in; it may well be a password that lacks its colon. */
function parseCredentials(userInfo: string | undefined): Pick<Common, 'username' | 'password'> | undefined {
  if (userInfo === undefined) return { username: undefined, password: undefined };
  const colon = userInfo.indexOf(':');
  const username = decoded(userInfo.slice(0, Math.max(0, colon)));
  const password = decoded(userInfo.slice(colon + 1));
  if (colon < 0 || username === undefined || !password) return undefined;
  return { username: username === '' ? undefined : username, password };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
