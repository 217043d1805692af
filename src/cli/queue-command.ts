import { loadQueueSettings } from '../config/queue-settings.ts';
import { startStop } from '../http/stop.ts';
import { SyncError } from '../model/errors.ts';
import { type EntryId, isEntryId, type QueueAdmin } from '../model/queue.ts';
import { printable } from '../model/text.ts';
import { bind } from '../queue/binding.ts';
import { openQueue } from '../queue/queue.ts';
import { openRedis } from '../queue/redis.ts';
import { renderErrorJson } from '../report/error-json.ts';
import { renderQueueJson } from '../report/queue-json.ts';
import { renderQueueMarkdown } from '../report/queue-markdown.ts';
import type { QueueReport } from '../report/queue-report.ts';
import { renderQueueText } from '../report/queue-text.ts';
import { openLog } from './log.ts';
import { type CommonOptions, logOptions } from './options.ts';
import type { QueueRequest } from './queue-options.ts';
import { type Terminal, wantsColor } from './terminal.ts';

/** @returns 0, or 1 for an error. */
export async function queueCommand(
  request: QueueRequest,
  options: CommonOptions,
  terminal: Terminal,
): Promise<0 | 1> {
  const log = openLog(terminal, logOptions(options));
  try {
    const report = await answer(request, options, terminal);
    terminal.out(render(report, options, terminal));
    return 0;
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    log.error(error);
    if (options.output === 'json') terminal.out(renderErrorJson('queue', error));
    return 1;
  }
}

async function answer(
  request: QueueRequest,
  options: CommonOptions,
  terminal: Terminal,
): Promise<QueueReport> {
  const wanted = check(request);
  const settings = loadQueueSettings({ flags: options, env: terminal.env, cwd: process.cwd() });
  terminal.conceal(settings.secrets);
  const { url, prefix } = settings.redis;
  const { stop, dispose } = startStop(settings.timeoutMs);
  const redis = await openRedis({ url });
  const work = async (): Promise<QueueReport> => {
    await bind(redis, prefix, { owner: settings.owner }, 'check');
    return ask(openQueue(redis, { prefix }), wanted);
  };
  try {
    return await Promise.race([work(), stopped(stop.signal)]);
  } finally {
    dispose();
    redis.close();
  }
}

const stopped = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

type Wanted =
  | Exclude<QueueRequest, { readonly kind: 'retry' | 'discard' }>
  | { readonly kind: 'retry' | 'discard'; readonly ids: readonly EntryId[] | 'all' };

/** @throws SyncError `USAGE`: nothing named, too much, or something that is no id. */
function check(request: QueueRequest): Wanted {
  if (request.kind === 'status' || request.kind === 'list') return request;
  const { kind, ids, all } = request;
  const flag = kind === 'retry' ? '--all' : '--all-dead';
  const hint = `gh-permit-sync queue list prints the ids; ${flag} means every dead letter`;
  if (all && ids.length > 0) throw new SyncError('USAGE', `${flag} and ids exclude one another`, hint);
  if (!all && ids.length === 0) throw new SyncError('USAGE', `queue ${kind}: nothing is named`, hint);
  const odd = ids.find((id) => !isEntryId(id));
  if (odd !== undefined) {
    throw new SyncError('USAGE', `"${printable(odd).slice(0, 100)}" is no id of an entry`, hint);
  }
  return { kind, ids: all ? 'all' : [...new Set(ids)] };
}

async function ask(admin: QueueAdmin, wanted: Wanted): Promise<QueueReport> {
  switch (wanted.kind) {
    case 'status':
      return { kind: 'status', status: await admin.status() };
    case 'list': {
      const listed = await admin.list();
      const entries = wanted.dead ? listed.filter(({ state }) => state === 'dead') : listed;
      return { kind: 'list', dead: wanted.dead, entries };
    }
    case 'retry':
      return { kind: 'retry', asked: askedOf(wanted.ids), done: await admin.retry(wanted.ids) };
    case 'discard': {
      const ids = wanted.ids === 'all' ? 'all dead' : wanted.ids;
      return { kind: 'discard', asked: askedOf(wanted.ids), done: await admin.discard(ids) };
    }
  }
}

const askedOf = (ids: readonly EntryId[] | 'all'): number | undefined =>
  ids === 'all' ? undefined : ids.length;

function render(report: QueueReport, options: CommonOptions, terminal: Terminal): string {
  switch (options.output) {
    case 'json':
      return renderQueueJson(report);
    case 'markdown':
      return renderQueueMarkdown(report);
    case 'text':
      return renderQueueText(report, {
        color: wantsColor(options.color, terminal.env, terminal.outIsTty),
        quiet: options.quiet === true,
      });
  }
}
