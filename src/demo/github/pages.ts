import type { Answer } from '../server.ts';
import type { Ask } from './caller.ts';

const DEFAULT_PER_PAGE = 30;
const MAX_PER_PAGE = 100;

/**
 * One page of a list. `per_page` above 100 counts as 100; what isn't a positive number counts as not given. After
 * the last page there is nothing, with 200.
 * @param numericPath the path in the Link header, by ids (docs.github.com/rest/using-the-rest-api/using-pagination)
 */
export function page<T>(
  ask: Ask,
  numericPath: string,
  items: readonly T[],
  show: (item: T) => unknown,
): Answer {
  const { request, switches } = ask;
  const perPage = Math.min(positive(request.search.get('per_page')) ?? DEFAULT_PER_PAGE, MAX_PER_PAGE);
  const number = positive(request.search.get('page')) ?? 1;
  const last = Math.max(1, Math.ceil(items.length / perPage));
  const path = switches.linkPaths === 'numeric' ? numericPath : request.path;
  const to = (target: number): string => {
    const search = new URLSearchParams(request.search);
    search.set('page', String(target));
    return `${request.origin}${path}?${search}`;
  };
  const links = [
    ...(number > 1 ? [['prev', Math.min(number - 1, last)] as const] : []),
    ...(number < last ? [['next', number + 1] as const, ['last', last] as const] : []),
    ...(number > 1 ? [['first', 1] as const] : []),
  ].map(([relation, target]) => `<${to(target)}>; rel="${relation}"`);
  return {
    status: 200,
    body: items.slice((number - 1) * perPage, number * perPage).map(show),
    ...(links.length > 0 && switches.linkHeader === 'sent' ? { headers: { link: links.join(', ') } } : {}),
  };
}

function positive(text: string | null): number | undefined {
  const number = Number(text);
  return Number.isSafeInteger(number) && number > 0 ? number : undefined;
}
