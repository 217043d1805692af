import { expect, test } from 'vitest';
import { examinePermit } from '../../../src/doctor/permit.ts';
import { NOTHING_MISSING } from '../../../src/model/missing.ts';

const OWNER = { tenant: 'default', role: 'owner', resource: 'repository:api' };

const findings = (roles: readonly string[]) =>
  examinePermit({
    environment: async () => ({ project: 'p', environment: 'e' }),
    findMissing: async () => ({ ...NOTHING_MISSING, roles }),
    grants: [{ tenant: 'default', role: 'member' }, OWNER],
  });

test('a missing role of a resource points to the command policy', async () => {
  const found = (await findings(['owner of the resource repository'])).filter(
    ({ status }) => status === 'warning',
  );
  expect(found).toHaveLength(1);
  expect(JSON.stringify(found)).toContain('run gh-permit-sync policy, which creates it');
});

test('a missing role of the environment points to the command policy', async () => {
  const found = (await findings(['member'])).filter(({ status }) => status === 'warning');
  expect(found).toHaveLength(1);
  expect(JSON.stringify(found)).toContain('run gh-permit-sync policy, which creates it');
});
