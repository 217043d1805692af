import { SyncError } from '../model/errors.ts';
import { printable } from '../model/text/text.ts';
import { describeWrongType, type WrongType } from './keys.ts';

const LONGEST_WORDS = 200;

/** What Redis answers (the beginning of its message), what that means, and what to do about it. */
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
    what: 'does not let the user of REDIS_URL do this',
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
    what: "refuses writes, since it can't save them to its disk",
    hint: "see Redis' log: its disk may be full",
  },
  { answer: /^LOADING/, what: 'is still loading its records', hint: 'try again in a moment' },
  { answer: /^BUSY/, what: "is busy with someone else's script", hint: 'try again in a moment' },
  {
    answer: /^(?:CLUSTERDOWN|MASTERDOWN|TRYAGAIN)|None of startup nodes|Failed to refresh slots/,
    what: 'is a Cluster or a replica that lacks its masters at the moment',
    hint: 'try again in a moment; see the state of the Cluster',
  },
  {
    answer: /^NOREPLICAS/,
    what: 'takes no writes while it lacks replicas',
    hint: 'see the state of its replicas',
  },
  {
    answer: /certificate|altnames|SSL routines|wrong version number|packet length too long/i,
    what: 'and this program do not agree on TLS',
    hint: 'use rediss:// with TLS and redis:// without; NODE_EXTRA_CA_CERTS=FILE makes a certificate authority of your own trusted',
  },
  {
    answer: /unknown (?:redis )?command|unknown subcommand|syntax error/i,
    what: 'lacks a command of Redis 6.2',
    hint: 'use Redis 6.2 or later, or Valkey',
  },
  {
    answer: /MOVED|Cluster mode|cross.?slot/i,
    what: 'is a Cluster',
    hint: 'give at least two of its nodes in REDIS_URL, with a comma between',
  },
];

/**
 * @param error that a call ended with.
 * @param broken what broke the connection, where it is broken.
 * @param shown hosts without credentials. @param hasPassword whether one was sent: then it was the wrong one.
 * @param wrongType the key that is of another type than ours, where one is.
 * @returns a SyncError `QUEUE_UNAVAILABLE`; `CONFIG_INVALID` where the keys are somebody else's.
 */
export function explainRedisError(
  error: unknown,
  broken: Error | undefined,
  { shown, hasPassword }: { readonly shown: string; readonly hasPassword: boolean },
  wrongType?: WrongType,
): unknown {
  if (error instanceof SyncError) return error;
  // A mistake of ours is no outage.
  if (error instanceof TypeError || error instanceof RangeError) return error;
  const own = textOf(error);
  // These only say that there is no connection, not why.
  const vague = /Connection is closed|max retries per request|timed out|isn't writeable|refresh slots/i.test(
    own,
  );
  const told = vague && broken !== undefined ? textOf(broken) : own;
  const words = hasPassword ? told.replace(/^NOAUTH/, 'WRONGPASS') : told;
  const quote = printable(words).slice(0, LONGEST_WORDS);
  if (wrongType !== undefined) {
    const { message, repair } = describeWrongType(wrongType);
    return new SyncError('CONFIG_INVALID', `Redis at ${shown}: ${printable(message)}`, printable(repair));
  }
  if (isWrongType(words)) {
    return new SyncError(
      'CONFIG_INVALID',
      `Redis at ${shown} keeps something else under the prefix of this queue (${quote})`,
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

/** Whether Redis says that a key holds another type of value. */
export const isWrongType = (words: string): boolean => /\bWRONGTYPE\b/.test(words);

/** Errors of several attempts carry the words in their parts (`AggregateError` of both address families). */
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
