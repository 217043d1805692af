import { expect, test } from 'vitest';
import { aboutSavedPlan, runNotes } from '../../../src/cli/runs/run-notes.ts';
import { DEFAULT_LIMITS } from '../../../src/model/limits.ts';
import type { GraphPlan } from '../../../src/model/plan.ts';
import { planFor } from '../../support/builders.ts';

const QUIET = { dryRun: false, audit: undefined };
const settings = {
  limits: DEFAULT_LIMITS,
  overrides: {},
  acceptedTeams: [] as readonly string[],
  redis: { prefix: 'x', url: undefined },
};

test('a dry run with --audit records nothing, and says so', () => {
  expect(runNotes({ dryRun: true, audit: 'a.jsonl' }, settings)).toEqual([
    expect.stringMatching(/^note: --audit .*records nothing$/),
  ]);
  expect(runNotes({ dryRun: false, audit: 'a.jsonl' }, settings)).toEqual([]);
  expect(runNotes({ ...QUIET, dryRun: true }, settings)).toEqual([]);
});

test.each([
  [{ removals: 0 }, ['--allow-removals 0 has no effect']],
  // A quarter of anything allows one person.
  [{ demotions: 1, moves: 2 }, ['--allow-demotions 1 has no effect']],
  [{ removals: 2, demotions: 2, moves: 2 }, []],
])("an override that can't raise anything: %j", (overrides, said) => {
  const notes = runNotes(QUIET, { ...settings, overrides });
  expect(notes).toEqual(said.map((words) => expect.stringContaining(words)));
  for (const note of notes) expect(note).toContain('only raises');
});

test.each([
  [[{ kind: 'count', people: 5 }] as const, 5, 6],
  [[{ kind: 'count', people: 0 }] as const, 0, 1],
  [[{ kind: 'ratio', ratio: 0 }] as const, 0, 1],
])('for the limits %j, %i does not raise anything and %i does', (removals, same, more) => {
  const limits = { ...DEFAULT_LIMITS, removals };
  expect(runNotes(QUIET, { ...settings, limits, overrides: { removals: same } })).toHaveLength(1);
  expect(runNotes(QUIET, { ...settings, limits, overrides: { removals: more } })).toEqual([]);
});

test('--accept-team without Redis says that it does nothing', () => {
  const acceptedTeams = ['platform'];
  expect(runNotes(QUIET, { ...settings, acceptedTeams })).toEqual([expect.stringContaining('REDIS_URL')]);
  const redis = { prefix: 'x', url: 'redis://r' };
  expect(runNotes(QUIET, { ...settings, acceptedTeams, redis })).toEqual([]);
});

test('a saved plan that changes only the graph of repositories has something to apply', () => {
  const drop = { name: 'repository:7', tenant: 'default', repository: 'acme/x', reason: 'gone' };
  const graph: GraphPlan = {
    ...{ changes: [], losses: [], gone: [], kept: [], waiting: [] },
    before: { repositories: 1, links: 0 },
  };
  const noted = (changes: GraphPlan['changes']) => {
    const plan = { ...planFor({}), people: [], graph: { ...graph, changes } };
    return aboutSavedPlan('p.json', { status: 'pending', plan }, { repeatedFlags: [], planFlags: [] });
  };
  expect(noted([])).toContain('there is nothing in it to apply');
  expect(noted([{ kind: 'deleteInstance', ...drop }])).toContain('gh-permit-sync apply p.json applies it');
});
