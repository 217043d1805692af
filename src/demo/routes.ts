import type { Answer } from './server.ts';

type ParamNames<Template extends string> = Template extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParamNames<Rest>
  : never;
/** The decoded path parameters that a template such as `/orgs/{org}/members` names. */
type ParamsOf<Template extends string> = { readonly [name in ParamNames<Template>]: string };

/** One operation. `Ask` is what the service knows about a request by the time it is routed. */
export type Route<Ask> = {
  readonly method: string;
  readonly segments: readonly string[];
  readonly work: (ask: Ask, params: Readonly<Record<string, string>>) => Answer;
};

/** Makes routes of one service: `const on = routesFor<Ask>(); on('GET', '/orgs/{org}', (ask, { org }) => …)`. */
export function routesFor<Ask>() {
  return <Template extends string>(
    method: string,
    template: Template,
    work: (ask: Ask, params: ParamsOf<Template>) => Answer,
  ): Route<Ask> => ({ method, segments: template.split('/'), work: work as Route<Ask>['work'] });
}

/** `wrongMethod`: the path is known, but not with this method. */
export type Found<Ask> =
  | { readonly kind: 'found'; readonly route: Route<Ask>; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: 'wrongMethod' }
  | { readonly kind: 'unknown' };

/** @returns finds the route of a percent-encoded path; of two that fit, the one that comes first. */
export function findRoute<Ask>(routes: readonly Route<Ask>[]): (method: string, path: string) => Found<Ask> {
  const bySize = new Map<number, Route<Ask>[]>();
  for (const route of routes) {
    const size = route.segments.length;
    bySize.set(size, [...(bySize.get(size) ?? []), route]);
  }
  return (method, path) => {
    const segments = path.split('/');
    let wrongMethod = false;
    for (const route of bySize.get(segments.length) ?? []) {
      const params = matchSegments(route.segments, segments);
      if (params === undefined) continue;
      if (route.method === method) return { kind: 'found', route, params };
      wrongMethod = true;
    }
    return { kind: wrongMethod ? 'wrongMethod' : 'unknown' };
  };
}

function matchSegments(template: readonly string[], segments: readonly string[]) {
  const params: Record<string, string> = {};
  for (const [index, expected] of template.entries()) {
    const segment = segments[index] ?? '';
    if (expected.startsWith('{')) {
      if (segment === '') return undefined;
      try {
        params[expected.slice(1, -1)] = decodeURIComponent(segment);
      } catch {
        return undefined;
      }
    } else if (expected !== segment) return undefined;
  }
  return params;
}
