import type { Fault, FaultAction, FaultRequest } from '../faults.ts';

/** What a broken record does to a service: it fails, and says nothing of whose fault it is. */
const CRASH: FaultAction = {
  kind: 'answer',
  status: 500,
  body: { title: 'An unexpected error occurred', error_code: 'UNEXPECTED_ERROR', message: 'internal error' },
};

/**
 * Users on whom Permit fails: every write that names one of them, alone or among others, comes to this.
 * @param only which of those writes; all of them when left out.
 */
export function poison(
  users: Iterable<string>,
  action: FaultAction = CRASH,
  only: (request: FaultRequest) => boolean = () => true,
): Fault {
  const keys = new Set(users);
  return {
    match: (request) =>
      request.method !== 'GET' && namedIn(request).some((key) => keys.has(key)) && only(request),
    do: action,
  };
}

/** Every user whom a write names, in its path or in its body. */
function namedIn({ path, body }: FaultRequest): readonly string[] {
  const parts = path.split('/');
  const at = parts.indexOf('users');
  const inPath = at < 0 ? undefined : parts[at + 1];
  const { operations, idents } = (body ?? {}) as { operations?: unknown; idents?: unknown };
  const items = [body, operations, idents].flatMap((one) => (Array.isArray(one) ? one : []));
  return [
    ...(inPath === undefined ? [] : [decodeURIComponent(inPath)]),
    ...[body, ...items].flatMap((item) => {
      if (typeof item === 'string') return [item];
      const { user, key } = (item ?? {}) as { user?: unknown; key?: unknown };
      return [user, key].filter((one) => typeof one === 'string');
    }),
  ];
}
