import { SyncError } from '../model/errors.ts';
import { printable } from '../model/text/text.ts';
import { keysOf } from './keys.ts';
import { EVEN_WHEN_FULL } from './lua-common.ts';
import type { RedisConnection } from './redis.ts';
import { listOf, textOf } from './store.ts';

/** Whose queue it is. A receiver does not know the environment: it has no Permit key. */
export type Binding = { readonly owner: string; readonly environment?: string | undefined };

/**
 * ARGV: 'record' or 'check', owner, environment or ''. Returns what was recorded before, or ''.
 * Records nothing if anything differs.
 */
const BIND = `
local function known(field) return string.sub(redis.call('HGET', KEYS[1], field) or '', 1, 200) end
local owner, environment = known('owner'), known('environment')
local differs = (owner ~= '' and owner ~= ARGV[2])
  or (ARGV[3] ~= '' and environment ~= '' and environment ~= ARGV[3])
if ARGV[1] == 'record' and not differs then
  ${EVEN_WHEN_FULL}  redis.call('HSET', KEYS[1], 'owner', ARGV[2])
  if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'environment', ARGV[3]) end
end
return { owner, environment }
`;

/**
 * Binds the prefix to the owner and the Permit environment of the first run that knows them. Otherwise a run against
 * one environment could settle entries of another.
 * @param mode `check` records nothing, for commands that only read.
 * @throws SyncError `CONFIG_INVALID` if it belongs to another owner or environment.
 */
export async function bind(
  redis: RedisConnection,
  prefix: string,
  { owner, environment = '' }: Binding,
  mode: 'record' | 'check' = 'record',
): Promise<void> {
  const answer = listOf(await redis.run(BIND, [keysOf(prefix).binding], [mode, owner, environment]));
  const [boundOwner = '', boundEnvironment = ''] = answer.map(textOf);
  if (boundOwner !== '' && boundOwner !== owner) throw refusal(prefix, 'owner', boundOwner, owner);
  if (environment === '' || boundEnvironment === '' || boundEnvironment === environment) return;
  throw refusal(prefix, 'Permit environment', boundEnvironment, environment);
}

const refusal = (prefix: string, what: string, theirs: string, ours: string): SyncError =>
  new SyncError(
    'CONFIG_INVALID',
    `the queue under the Redis prefix "${prefix}" belongs to the ${what} "${printable(theirs)}", and this is ` +
      `"${printable(ours)}"`,
    `give each its own redis.prefix in the config file; if "${printable(theirs)}" is history, ` +
      `drain the queue and delete the key ${keysOf(prefix).binding}`,
  );
