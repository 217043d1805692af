import { expect, test } from 'vitest';
import { openPace } from '../../../src/http/pace.ts';
import { PUBLISHED_PACE } from '../../../src/model/pace.ts';
import type { Plan } from '../../../src/model/plan.ts';
import type { GraphChange } from '../../../src/model/repositories/graph-change.ts';
import { tooLong } from '../../../src/sync/duration-estimate.ts';

const links = (count: number): Plan => {
  const tuple = { subject: 'github_org:1', relation: 'owner_read', tenant: 'default', reason: '' };
  const changes = Array.from({ length: count }, (_, id): GraphChange => {
    return { kind: 'createTuple', ...tuple, object: `repository:${id + 1}` };
  });
  return { people: [], graph: { changes } } as unknown as Plan;
};

test('a plan of links that needs more bulk calls than Permit takes in time is refused before it begins', () => {
  const pace = openPace(PUBLISHED_PACE, new AbortController().signal);
  const schedule = { forecast: pace.forecast, remainingMs: () => 30 * 60_000, timeoutMs: 30 * 60_000 };
  expect(tooLong(links(300_000), schedule)).toBeUndefined();
  expect(tooLong(links(400_001), schedule)?.message).toBe(
    "Permit's limit of 100 bulk calls in 10 minutes makes this plan last at least 41 minutes, and --timeout leaves it 30 minutes",
  );
});
