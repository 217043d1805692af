import { namesOrganization } from '../model/rule.ts';
import type { Answers } from './answers.ts';

/** A text quoted for YAML, which reads JSON strings. */
export const quotedYaml = (text: string): string => JSON.stringify(text);

const listOf = (texts: readonly string[]): string => `[${texts.map(quotedYaml).join(', ')}]`;

/** In the folder where npm has installed the package. */
export const INSTALLED_SCHEMA = './node_modules/gh-permit-sync/dist/config.schema.json';

/**
 * The config file. It shows every default, commented out. A `#` without a space after it begins a setting or an example
 * that is valid once the `#` is removed.
 * @param schema address or path of the JSON Schema.
 */
export function renderConfigFile({ orgs, tenant, userKey, owner, adopt }: Answers, schema: string): string {
  const [org = ''] = orgs;
  return `# yaml-language-server: $schema=${schema}
# Without a network: copy dist/config.schema.json of the package beside this file, and write $schema=./config.schema.json
#
# Who on GitHub gets which roles in Permit, for gh-permit-sync. What is commented out is the default, or an example.
# Never put secrets here: GH_TOKEN, PERMIT_API_KEY and the like come from the environment.

# Part of the mark on every user that this config manages. A user with another owner's mark is never written: two configs
# that share a Permit environment need two owners.
owner: ${quotedYaml(owner)}

# sync adds and removes; upsert-only never removes anything.
#mode: sync

github:
  # Whose members are synced. Grants are computed over all of them together: leaving one organization takes away
  # only what that one gave.
  orgs: ${listOf(orgs)}
  # For GitHub Enterprise Server: https://HOST/api/v3
  #apiUrl: https://api.github.com

permit:
  # Tenant of the rules that name none. {org} stands for the organization.
  tenant: ${quotedYaml(tenant)}
  #apiUrl: https://api.permit.io
  #pdpUrl: https://cloudpdp.api.permit.io
  # Permit's published rate limits. Lower numbers leave room for other users of the same API key.
  #pace: { requestsPerMinute: 1000, writesPerMinute: 300, deletesPerMinute: 60, bulkPer10Minutes: 100, schemaPostsPerMinute: 40 }

users:
  # Template of user keys. {id} is GitHub's numeric ID, which never changes. A {login} can be renamed, and anyone can
  # claim it then. Changing this later moves every user to a new key, under the limit moves.
  key: ${quotedYaml(userKey)}
  # For a person without any grant left: delete the user, or unassign to keep the user and remove the grants.
  #onLeave: delete
  # Existing Permit users with a member's key that this tool doesn't manage yet: none leaves them alone, plain adopts
  # those with nothing beyond the managed grants, all adopts every one.
${adopt === undefined ? '  #adopt: none' : `  adopt: ${adopt}`}
  # User keys that are never written, service users for example.
  #protect: ["svc-*"]

# Who gets what. "gh-permit-sync policy" creates the roles and tenants that are named here.
# A person holds a role when a rule's subject matches one of the person's locators, all of "also" do, and none
# of "unless" does. Deny wins over allow. The order never changes who gets what: it runs from the strongest rule
# to the weakest, so that a run can tell a promotion from a demotion.
grants:
${defaultRules(orgs, tenant)}
  # A whole team, in a tenant of its own. The team's maintainers decide who is in it.
  #- { subject: "github:${org}:team:platform:*", roles: [deployer], tenant: production }
  # The maintainers of a team own one resource instance. #4242 is the team's ID, which survives a rename.
  #- { subject: "github:${org}:team:#4242:maintainer", roles: [owner], resource: "repository:payments-api" }
  # Outside collaborators on the organization's repositories.
  #- { subject: "github:${org}:collaborator", roles: [guest] }
  # Members who are not in the team of contractors. A contractor who leaves that team gets this role.
  #- { subject: "github:${org}:role:member", unless: ["github:${org}:team:contractors:*"], roles: [insider] }
  # Bots get nothing in any tenant, whatever the rules above say.
  #- { subject: "github:*:user:*-bot", effect: deny, roles: ["*"] }

# Grants (tenant/role) that are managed although no rule gives them: a managed user who holds one loses it.
#manages: ["production/auditor"]

# GitHub's repositories in Permit: who may read, write or administer which, through teams, organization roles, the base
# permission or as a collaborator. "gh-permit-sync policy" creates the model, "gh-permit-sync verify" compares Permit's
# answers with GitHub's. {} mirrors all repositories of all organizations. See docs/REPOSITORIES.md.
#repositories: { match: ["*"] }

# A plan that crosses a limit is refused as a whole. The refusal names the flag that allows it once. A limit is a number
# of people, a percentage of the managed users, or a list of these: the smallest applies. repositories and links count
# what is removed from the mirror of repositories, against what is there. floors: the least number of holders of a role
# in each tenant. A first run is also refused if it would create second users for people who already have one
# (--allow-duplicates N).
#limits: { removals: [25%, 100], demotions: [25%, 100], moves: [25%, 100], repositories: [25%, 100], links: [25%, 1000], floors: { admin: 1 } }

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

/** The default rules, written out so that a reviewer sees them. */
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
