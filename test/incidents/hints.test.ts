// trivy#10567, NixOS/org#247: hints that send people the wrong way. Each follows GitHub's own words.
import { describe, expect, test } from 'vitest';
import { agreedStage } from '../support/agreement.ts';

const REFUSALS = [
  [
    'Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled, and your IP address is not permitted to access this resource.',
    /hint: add the address of the runner to the IP allow list/,
  ],
  ['This installation has been suspended', /hint: an owner of the organization can unsuspend it/],
  [
    "The 'acme' organization forbids access via a fine-grained personal access tokens if the token's lifetime is greater than 366 days. Please adjust your token's lifetime at the following URL: https://github.com/settings/personal-access-tokens/1",
    /hint: create a token that expires sooner/,
  ],
  [
    '`acme` forbids access via a personal access token (classic). Please use a GitHub App, OAuth App, or a personal access token with fine-grained permissions.',
    /hint: use the kind of token the organization allows/,
  ],
  ['This organization requires two-factor authentication to be enabled.', /hint: enable it at github.com/],
  [
    'Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.',
    /hint: authorize it at/,
  ],
] as const;

describe('GitHub says why it refuses', () => {
  test.each(REFUSALS)('%s', async (message, hint) => {
    const stage = await agreedStage(2, 1);
    stage.github.faults.push({
      match: ({ path }) => path.startsWith('/orgs/acme'),
      do: { kind: 'answer', status: 403, body: { message } },
    });
    const ran = await stage.run(['reconcile']);
    expect(ran.code).toBe(1);
    expect(ran.stderr.replace(/\s+/g, ' ')).toMatch(hint);
    expect(ran.stderr).not.toMatch(/read:org/);
  });

  test('and which permissions it accepts', async () => {
    const stage = await agreedStage(2, 1);
    stage.github.faults.push({
      match: ({ path }) => path.startsWith('/orgs/acme'),
      do: {
        kind: 'answer',
        status: 403,
        body: { message: 'Resource not accessible by personal access token' },
        headers: { 'x-accepted-github-permissions': 'members=read' },
      },
    });
    const ran = await stage.run(['reconcile']);
    expect(ran.stderr.replace(/\s+/g, ' ')).toMatch(/GitHub accepts: members=read/);
  });
});
