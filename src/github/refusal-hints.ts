/** What GitHub's own words of refusal mean, and what to do about each. The first match is shown. */
const REFUSALS: readonly {
  readonly words: RegExp;
  readonly message: (org: string) => string;
  readonly hint: string;
}[] = [
  {
    words: /\bIP allow list\b/i,
    message: (org) => `the IP allow list of ${org} does not include the address this run comes from`,
    hint: 'add the address of the runner to the IP allow list of the organization or enterprise, or run where it is allowed',
  },
  {
    words: /installation has been suspended|suspended installation/i,
    message: (org) => `the installation of the GitHub App in ${org} is suspended`,
    hint: "an owner of the organization can unsuspend it: organization settings › GitHub Apps › Configure; or, if it was suspended by the App's owner, on the App's own page",
  },
  {
    words: /token'?s?'? lifetime|lifetime is (?:greater|longer)|maximum lifetime/i,
    message: (org) => `the token policy of ${org} refuses the token for its lifetime`,
    hint: 'create a token that expires sooner, at github.com/settings/tokens, or use a GitHub App',
  },
  {
    words: /forbids access via a (?:personal access token \(classic\)|fine-grained personal access token)/i,
    message: (org) => `the token policy of ${org} refuses this kind of token`,
    hint: 'use the kind of token the organization allows, or a GitHub App',
  },
  {
    words: /two-factor|\b2FA\b/i,
    message: (org) => `${org} requires two-factor authentication, which the token's owner has not enabled`,
    hint: 'enable it at github.com/settings/security for the account the token belongs to, or use a GitHub App',
  },
  {
    words: /SAML|single sign-on|\bSSO\b/i,
    message: (org) => `the token is not authorized for single sign-on in ${org}`,
    hint: 'authorize it at github.com/settings/tokens › Configure SSO',
  },
];

/** @returns undefined if the words are none of these. */
export function refusalIn(
  reply: string,
  org: string,
): { readonly message: string; readonly hint: string } | undefined {
  const found = REFUSALS.find(({ words }) => words.test(reply));
  return found && { message: found.message(org), hint: found.hint };
}
