import { expect, test } from 'vitest';
import { findImpostors } from '../../../src/plan/impostors.ts';
import { listing, member, ORG_IDS, type OrgName, ours } from '../../support/builders.ts';

type Case = {
  readonly name: string;
  /** The organizations that users know. */
  readonly known: readonly OrgName[];
  readonly listed: readonly OrgName[];
  readonly configured: readonly OrgName[];
  readonly retired?: readonly OrgName[];
  /** Organizations whose config pins the id of this one. */
  readonly pins?: { readonly [org in OrgName]?: OrgName };
  readonly believed: readonly OrgName[];
};

test.each<Case>([
  { name: 'a first run', known: [], listed: ['acme'], configured: ['acme'], believed: ['acme'] },
  {
    name: 'one more organization',
    known: ['acme'],
    listed: ['acme', 'labs'],
    configured: ['acme', 'labs'],
    believed: ['acme', 'labs'],
  },
  {
    name: 'another id instead of the one in the marks',
    known: ['acme'],
    listed: ['labs'],
    configured: ['labs'],
    believed: [],
  },
  {
    name: 'the same, and the former one is given up',
    known: ['acme'],
    listed: ['labs'],
    configured: ['labs'],
    retired: ['acme'],
    believed: ['labs'],
  },
  {
    name: 'the same while yet another organization could not be read, which may be the one that users know, or not',
    known: ['acme'],
    listed: ['labs'],
    configured: ['labs', 'research'],
    believed: [],
  },
  {
    name: 'one that marks name is trusted, whatever else is unknown',
    known: ['acme', 'research'],
    listed: ['acme', 'labs'],
    configured: ['acme', 'labs', 'research'],
    believed: ['acme'],
  },
  {
    name: 'a pinned organization that no mark names, next to a leftover id',
    known: ['acme'],
    listed: ['labs', 'research'],
    configured: ['labs', 'research'],
    pins: { labs: 'labs' },
    believed: ['labs'],
  },
  {
    name: 'an id that is pinned for an unlisted organization is not left over',
    known: ['acme'],
    listed: ['labs'],
    configured: ['labs', 'acme'],
    pins: { acme: 'acme' },
    believed: ['labs'],
  },
  {
    name: 'a pinned organization under another id, on a first run',
    known: [],
    listed: ['labs'],
    configured: ['labs'],
    pins: { labs: 'acme' },
    believed: [],
  },
  {
    name: 'the same although users know the other id, and a new organization beside it',
    known: ['labs'],
    listed: ['labs', 'research'],
    configured: ['labs', 'research'],
    pins: { labs: 'acme' },
    believed: [],
  },
])('$name', ({ known, listed, configured, retired = [], pins = {}, believed }) => {
  const users = known.map((org, i) => ours(i + 1, `user-${i}`, { orgs: [org] }));
  const { complete, impostors } = findImpostors(
    listed.map((org) => listing(org, member(9, 'owner', 'admin'))),
    users,
    {
      owner: 'default',
      configuredOrgs: configured,
      orgPins: Object.fromEntries(Object.entries(pins).map(([org, other]) => [org, ORG_IDS[other]])),
      retiredOrgs: retired.map((org) => ORG_IDS[org]),
    },
  );
  expect(complete.map(({ org }) => org)).toEqual(believed);
  expect(impostors.map(({ org }) => org)).toEqual(listed.filter((org) => !believed.includes(org)));
  for (const { hint, message } of impostors) {
    // The report doesn't suggest retiring an organization that was merely not read.
    if (/pins/.test(message)) expect(hint).toContain('github.orgs');
    else expect(hint.includes('--retire-org')).toBe(configured.length === listed.length);
    expect(message).not.toContain('undefined');
  }
});
