import { SyncError } from '../model/errors.ts';
import type { Environment, ProxySettings } from './settings.ts';

/**
 * The lower-case name wins, as it does for curl.
 * @throws SyncError `CONFIG_INVALID`: no address of a proxy. It is never shown: it may hold a password.
 */
export function chooseProxies(env: Environment): ProxySettings {
  return {
    http: proxyOf(env, 'HTTP_PROXY'),
    https: proxyOf(env, 'HTTPS_PROXY'),
    noProxy: (env.no_proxy ?? env.NO_PROXY ?? '').trim(),
  };
}

function proxyOf(env: Environment, name: string): string | undefined {
  const lower = env[name.toLowerCase()]?.trim();
  const text = lower || env[name]?.trim();
  if (!text) return undefined;
  const address = text.includes('://') ? text : `http://${text}`;
  const usable =
    /^https?:\/\/[^\s\\]+$/i.test(address) && URL.canParse(address) && new URL(address).hostname !== '';
  if (usable) return address;
  throw new SyncError(
    'CONFIG_INVALID',
    `${lower ? name.toLowerCase() : name}: is not the address of an HTTP proxy`,
    'set it to http://HOST:PORT or https://HOST:PORT, with USER:PASSWORD@ before the host if the proxy asks for it; ' +
      'characters such as @ / : # in a password are percent-encoded',
  );
}
