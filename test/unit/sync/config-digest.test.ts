import { expect, test } from 'vitest';
import type { RepositorySettings } from '../../../src/model/repositories/facts.ts';
import { digestOf } from '../../../src/sync/config-digest.ts';
import type { ReconcileRequest } from '../../../src/sync/run.ts';

const URLS = { github: 'https://api.github.com', permit: 'https://api.permit.io' };
const MIRROR: RepositorySettings = { orgs: ['acme', 'labs'], match: ['*'], tenant: 'code' };
const partsWith = (repositories?: RepositorySettings) =>
  digestOf(
    { listedOrgs: ['acme'], configuredOrgs: ['acme'], repositories } as unknown as ReconcileRequest,
    URLS,
  ).parts;

test.each<[string, RepositorySettings | undefined, boolean]>([
  ['the order and case of organizations', { ...MIRROR, orgs: ['Labs', 'acme'] }, true],
  ['other organizations', { ...MIRROR, orgs: ['acme'] }, false],
  ['other patterns', { ...MIRROR, match: ['api-*'] }, false],
  ['another tenant', { ...MIRROR, tenant: 'default' }, false],
  ['no mirror', undefined, false],
])('a saved plan depends on what is mirrored: %s', (_, repositories, isSame) => {
  expect(partsWith(repositories).repositories === partsWith(MIRROR).repositories).toBe(isSame);
});
