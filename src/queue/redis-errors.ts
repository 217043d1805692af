import { SyncError, WrongTypeError } from '../model/errors.ts';
import { printable } from '../model/text/text.ts';
import { describeWrongType, type WrongType } from './keys.ts';

const MAX_MESSAGE_LENGTH = 200;

/** Redis' answers, what they mean, and what to do about them. */
const ANSWERS: readonly {
  readonly answer: RegExp;
  readonly what: string;
  readonly hint: string;
}[] = [
  {
    answer: /^NOAUTH/,
    what: 'asks for a password',
    hint: 'put it into REDIS_URL, as in redis://:PASSWORD@HOST:6379',
  },
  {
    answer: /^WRONGPASS|invalid password|invalid username-password/i,
    what: 'refuses the user or the password of REDIS_URL',
    hint: 'correct REDIS_URL; characters such as @ / : # in a password are written percent-encoded',
  },
  {
    answer: /^NOPERM|\bNOPERM\b/,
    what: 'does not allow the user of REDIS_URL to do this',
    hint: "let that user run scripts, and the stream, hash, string and sorted set commands, on the prefix's keys",
  },
  {
    answer: /^READONLY|read only replica/,
    what: 'is a replica, which can only be read',
    hint: 'point REDIS_URL at the primary, or at the Sentinels that know it; after a failover try again',
  },
  {
    answer: /^OOM|\bOOM command not allowed/,
    what: 'has no memory left',
    hint: 'raise its maxmemory, or drain the queue; maxmemory-policy has to be noeviction',
  },
  {
    answer: /^MISCONF/,
    what: "refuses writes because it can't save them to disk",
    hint: "check Redis' log: its disk may be full",
  },
  { answer: /^LOADING/, what: 'is still loading its records', hint: 'try again in a moment' },
  { answer: /^BUSY/, what: "is busy with someone else's script", hint: 'try again in a moment' },
  {
    answer: /^(?:CLUSTERDOWN|MASTERDOWN|TRYAGAIN)|None of startup nodes|Failed to refresh slots/,
    what: 'is a Cluster or a replica without its masters at the moment',
    hint: 'try again in a moment; check the state of the Cluster',
  },
  {
    answer: /^NOREPLICAS/,
    what: 'refuses writes while it has too few replicas',
    hint: 'check the state of its replicas',
  },
  {
    answer: /certificate|altnames|SSL routines|wrong version number|packet length too long/i,
    what: 'and this program disagree about TLS',
    hint: 'use rediss:// with TLS and redis:// without; NODE_EXTRA_CA_CERTS=FILE adds a certificate authority of your own',
  },
  {
    answer: /unknown (?:redis )?command|unknown subcommand|syntax error/i,
    what: 'lacks a command that Redis 6.2 has',
    hint: 'use Redis 6.2 or later, or Valkey',
  },
  {
    answer: /MOVED|Cluster mode|cross.?slot/i,
    what: 'is a Cluster',
    hint: 'name at least two of its nodes in REDIS_URL, separated by a comma',
  },
];

/**
 * Turns a failed call into an error with a hint.
 * @param broken what broke the connection, if it is broken.
 * @param shown hosts without credentials. @param hasPassword whether a password was sent, which then was wrong.
 * @param wrongType a key with another type of value than the queue keeps there.
 * @returns a SyncError `QUEUE_UNAVAILABLE`, or a `WrongTypeError` if another program uses the keys.
 */
export function explainRedisError(
  error: unknown,
  broken: Error | undefined,
  { shown, hasPassword }: { readonly shown: string; readonly hasPassword: boolean },
  wrongType?: WrongType,
): unknown {
  if (error instanceof SyncError) return error;
  // A bug is not an outage.
  if (error instanceof TypeError || error instanceof RangeError) return error;
  const own = textOf(error);
  // These say only that there is no connection, not why.
  const vague = /Connection is closed|max retries per request|timed out|isn't writeable|refresh slots/i.test(
    own,
  );
  const told = vague && broken !== undefined ? textOf(broken) : own;
  const words = hasPassword ? told.replace(/^NOAUTH/, 'WRONGPASS') : told;
  const quote = printable(words).slice(0, MAX_MESSAGE_LENGTH);
  if (wrongType !== undefined) {
    const { message, repair } = describeWrongType(wrongType);
    return new WrongTypeError(`Redis at ${shown}: ${printable(message)}`, printable(repair));
  }
  if (isWrongType(words)) {
    return new WrongTypeError(
      `Redis at ${shown} holds other data under the prefix of this queue (${quote})`,
      'choose another redis.prefix in the config file',
    );
  }
  const known = ANSWERS.find(({ answer }) => answer.test(words));
  if (known !== undefined) {
    return new SyncError('QUEUE_UNAVAILABLE', `Redis at ${shown} ${known.what} (${quote})`, known.hint);
  }
  return new SyncError(
    'QUEUE_UNAVAILABLE',
    `Redis at ${shown} can't be reached (${quote})`,
    'check REDIS_URL and that Redis runs; nothing is lost, and the next attempt continues where this one ended',
  );
}

/** Whether Redis reports that a key holds another type of value. */
export const isWrongType = (words: string): boolean => /\bWRONGTYPE\b/.test(words);

/** An error of several attempts has its messages in its parts: Node tries IPv4 and IPv6 (`AggregateError`). */
function textOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return error.errors.map(textOf).join('; ');
  }
  // ClusterAllFailedError
  if (error instanceof Error && 'lastNodeError' in error && error.lastNodeError instanceof Error) {
    return `${error.message} ${textOf(error.lastNodeError)}`;
  }
  return error instanceof Error ? error.message : String(error);
}
