import { schemaAddress } from '../config/file.ts';
import { namesOrganization } from '../model/rule.ts';
import type { Answers } from './answers.ts';

/** A text as it may stand anywhere in YAML: what JSON quotes, YAML reads as it was. */
export const quotedYaml = (text: string): string => JSON.stringify(text);

const listOf = (texts: readonly string[]): string => `[${texts.map(quotedYaml).join(', ')}]`;

/**
 * The config file. Every default stands in it, commented out; a `#` without a blank behind it begins a setting or an
 * example that is valid once the `#` is taken away.
 * @param version of this package.
 */
export function renderConfigFile({ orgs, tenant, userKey, owner, adopt }: Answers, version: string): string {
  const [org = ''] = orgs;
  return `# yaml-language-server: $schema=${schemaAddress(version)}
#
# Who on GitHub gets which roles in Permit, for gh-permit-sync. What is commented out is the default, or an example.
# Secrets never stand here: GH_TOKEN, PERMIT_API_KEY and the like come from the environment.

# Stands in the mark of every user that this config manages. A user with another owner's mark is never written, so
# two configs that share a Permit environment need two owners.
owner: ${quotedYaml(owner)}

# sync gives and takes; upsert-only never takes anything away.
#mode: sync

github:
  # Whose members are synced. Grants are computed over all of them together: leaving one organization takes away
  # only what that one gave.
  orgs: ${listOf(orgs)}
  # For GitHub Enterprise Server: https://HOST/api/v3
  #apiUrl: https://api.github.com

permit:
  # Where a rule gives its roles that names no tenant. {org} stands for the organization.
  tenant: ${quotedYaml(tenant)}
  #apiUrl: https://api.permit.io
  #pdpUrl: https://cloudpdp.api.permit.io
  # Permit's published limits, kept by waiting; less leaves room for others who use the same API key.
  #pace: { requestsPerMinute: 1000, writesPerMinute: 300, deletesPerMinute: 60, bulkPer10Minutes: 100, schemaPostsPerMinute: 40 }

users:
  # What Permit's users are called. {id} is GitHub's numeric id, which never changes; a {login} may be renamed, and is
  # then free for anybody to claim. Changing this later moves every user to a new key, under the limit moves.
  key: ${quotedYaml(userKey)}
  # When a person is left without any grant: delete the user, or unassign to keep it and take the grants.
  #onLeave: delete
  # Users without our mark who stand in Permit under a member's key: none leaves them alone, plain takes over those
  # who hold nothing beyond the managed grants, all takes over every one.
${adopt === undefined ? '  #adopt: none' : `  adopt: ${adopt}`}
  # User keys that are never written, service users for example.
  #protect: ["svc-*"]

# Who gets what. A role that is named here has to exist in Permit.
# A person holds a role when a rule's subject matches one of the person's locators, all of "also" do, and none
# of "unless" does. Deny wins over allow. The order never changes who gets what: it runs from the strongest rule
# to the weakest, so that a run can tell a promotion from a demotion.
grants:
${defaultRules(orgs, tenant)}
  # A whole team, in a tenant of its own. Whoever maintains the team decides who is in it.
  #- { subject: "github:${org}:team:platform:*", roles: [deployer], tenant: production }
  # The maintainers of a team own one resource instance. #4242 is the team's id, which survives a rename.
  #- { subject: "github:${org}:team:#4242:maintainer", roles: [owner], resource: "repository:payments-api" }
  # People outside of the organization who can reach one of its repositories.
  #- { subject: "github:${org}:collaborator", roles: [guest] }
  # Members who are not in the team of contractors. A contractor who leaves that team gets this role.
  #- { subject: "github:${org}:role:member", unless: ["github:${org}:team:contractors:*"], roles: [insider] }
  # Bots get nothing in any tenant, whatever the rules above say.
  #- { subject: "github:*:user:*-bot", effect: deny, roles: ["*"] }

# Grants (tenant/role) that are governed though no rule gives them: a managed user who holds one loses it.
#manages: ["production/auditor"]

# A plan that crosses a limit is refused whole, and the refusal names the flag that allows it once. A limit is a number
# of people, a percentage of the managed users, or a list of which the smallest holds. floors: least number of holders
# of a role in each tenant. A first run is also refused if it would create second users for people who have one already
# (--allow-duplicates N).
#limits: { removals: [25%, 100], demotions: [25%, 100], moves: [25%, 100], floors: { admin: 1 } }

# What "gh-permit-sync policy" creates in Permit. It adds and changes, and never deletes.
#policy:
#  tenants: { production: { name: Production } }
#  resources: { membership: { actions: [create-repo, view-private-repo, edit-repo, delete-repo] } }
#  roles:
#    admin: { permissions: ["membership:*"] }
#    member: { permissions: ["membership:view-private-repo"] }

# For receive, drain and queue; the address of Redis comes from REDIS_URL.
#redis: { prefix: ${quotedYaml(`gh-permit-sync:${owner}`)} }
`;
}

/** What holds without rules of one's own, written out so that a reviewer sees it. */
function defaultRules(orgs: readonly string[], tenant: string): string {
  const shared = orgs.length > 1 && !namesOrganization(tenant);
  const members = `  # All other members.
  - { subject: "github:*:role:member", roles: [member] }`;
  if (!shared) {
    const whose = orgs.length > 1 ? 'each organization, in its tenant' : 'the organization';
    return `  # Owners of ${whose}.
  - { subject: "github:*:role:admin", roles: [admin] }
${members}`;
  }
  const subjects = orgs.map((org) => `github:${org}:role:admin`);
  return `  # CAREFUL: the organizations share a tenant, so an owner of any of these is admin of them all. Give the owners of
  # those that should not be a rule of their own, with a weaker role.
  - { subject: ${listOf(subjects)}, roles: [admin] }
${members}`;
}
