import type { Fault, FaultAction, FaultRequest } from '../faults.ts';

/** A broken record makes a service fail without naming the culprit. */
const CRASH: FaultAction = {
  kind: 'answer',
  status: 500,
  body: { title: 'An unexpected error occurred', error_code: 'UNEXPECTED_ERROR', message: 'internal error' },
};

/**
 * Users and resource instances ("type:key") on which Permit fails: every write that names one of them, alone or among
 * others, comes to this. Tuples and role assignments name the instances that they are about.
 * @param only which of those writes; all of them when left out.
 */
export function poison(
  names: Iterable<string>,
  action: FaultAction = CRASH,
  only: (request: FaultRequest) => boolean = () => true,
): Fault {
  const keys = new Set(names);
  return {
    match: (request) =>
      request.method !== 'GET' && namedIn(request).some((key) => keys.has(key)) && only(request),
    do: action,
  };
}

/** Every user and resource instance that a write names, in its path or in its body. */
function namedIn({ path, body }: FaultRequest): readonly string[] {
  const parts = path.split('/');
  const at = parts.findIndex((part) => part === 'users' || part === 'resource_instances');
  const inPath = at < 0 ? undefined : parts[at + 1];
  const { operations, idents } = (body ?? {}) as { operations?: unknown; idents?: unknown };
  const items = [body, operations, idents].flatMap((one) => (Array.isArray(one) ? one : []));
  return [
    ...(inPath === undefined ? [] : [decodeURIComponent(inPath)]),
    ...[body, ...items].flatMap((item) => {
      if (typeof item === 'string') return [item];
      const { user, key, resource, resource_instance, subject, object } = (item ?? {}) as {
        readonly [field: string]: unknown;
      };
      const named = typeof resource === 'string' ? `${resource}:${key}` : key;
      return [user, named, resource_instance, subject, object].filter((one) => typeof one === 'string');
    }),
  ];
}
