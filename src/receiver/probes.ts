import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendAnswer, sendText } from './answer.ts';
import type { Metrics } from './metrics.ts';
import type { WatchedQueue } from './watched-queue.ts';

/** No path of deliveries can be one of these. */
export const PROBES = ['/healthz', '/readyz', '/metrics'] as const;

/** Answers what is asked besides deliveries, by Kubernetes and Prometheus; 404 for all that there is not. */
export async function answerProbe(
  queue: WatchedQueue,
  metrics: Metrics,
  asked: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const known = PROBES.find((one) => one === asked);
  if (known === undefined) return sendAnswer(response, { code: 'not_found', message: 'nothing is here' });
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    const answer = { code: 'method_not_allowed', message: 'this is read by GET' } as const;
    return sendAnswer(response, answer, { allow: 'GET, HEAD' });
  }
  switch (known) {
    case '/healthz':
      return sendText(response, 200, '{"status":"alive"}', JSON_TYPE);
    case '/readyz':
      if (await queue.isReady()) return sendText(response, 200, '{"status":"ready"}', JSON_TYPE);
      return sendAnswer(response, { code: 'queue_unavailable', message: 'Redis does not answer' });
    case '/metrics':
      metrics.queueIs((await queue.isReady()) ? 'reachable' : 'away');
      metrics.queueHolds(await queue.status());
      return sendText(response, 200, await metrics.render(), { 'content-type': metrics.contentType });
    default:
      return known satisfies never;
  }
}

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
