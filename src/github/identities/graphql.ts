import { HttpFailure } from '../../http/http-failure.ts';
import { isRecord } from '../../model/text/record.ts';
import { printable } from '../../model/text/text.ts';

/** `errors`: what GitHub says about parts that are missing in `data`. If there are any, no list is complete. */
type GraphQLAnswer = { readonly data: unknown; readonly errors: readonly string[] };

/**
 * Sends a GraphQL query, which only reads.
 * @returns `too much` where GitHub gave up on it: the same query for fewer items may pass.
 * @throws HttpFailure once repeating has not helped; SyncError when the run is stopped.
 */
export type Query = (
  text: string,
  variables: Readonly<Record<string, string | number>>,
) => Promise<GraphQLAnswer | 'too much'>;

type Send = (
  parameters: Readonly<Record<string, unknown>>,
  parse: (body: unknown) => GraphQLAnswer | undefined,
) => Promise<{ readonly body: GraphQLAnswer }>;

/**
 * @param apiUrl of the REST API. GitHub Enterprise Server has `/api/graphql` next to `/api/v3`.
 * @param send repeats nothing for which `isTooMuch` holds.
 */
export function openQuery(apiUrl: string, send: Send): Query {
  const baseUrl = apiUrl.replace(/\/api\/v3\/?$/, '/api');
  return async (query, variables) => {
    if (!/^\s*query\b/.test(query)) throw new TypeError('a query only reads');
    try {
      const { body } = await send({ baseUrl, query, variables }, parseAnswer);
      return body.errors.some((error) => error.startsWith('RESOURCE_LIMITS_EXCEEDED')) ? 'too much' : body;
    } catch (error) {
      if (isTooMuch(error)) return 'too much';
      throw error;
    }
  };
}

/** GitHub answers 502 to a query that takes longer than 10 s. */
export const isTooMuch = (error: unknown): boolean => error instanceof HttpFailure && error.status === 502;

function parseAnswer(body: unknown): GraphQLAnswer | undefined {
  if (!isRecord(body)) return undefined;
  const { data = null, errors = [] } = body;
  if (!Array.isArray(errors) || (data === null && errors.length === 0)) return undefined;
  const told = errors.map(describe);
  // A rate limit of GraphQL comes with a 200 ("Rate limits and query limits for the GraphQL API").
  if (told.some((error) => error.startsWith('RATE_LIMIT'))) {
    const facts = { service: 'GitHub', request: 'POST /graphql', status: 200, isOwnWords: true } as const;
    throw new HttpFailure({ ...facts, reply: told.join('; '), throttled: true, retryAfterMs: 60_000 });
  }
  return { data, errors: told };
}

function describe(error: unknown): string {
  const { type, message } = isRecord(error) ? error : {};
  const words = [type, message].filter((part) => typeof part === 'string');
  return printable(words.join(': ')).slice(0, 300);
}
