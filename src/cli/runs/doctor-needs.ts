import type { Probe } from '../../doctor/examine.ts';
import { judgeOrgRoles, judgeTeams } from '../../doctor/teams.ts';
import type { GitHubClient } from '../../github/github-client.ts';
import { findTeams } from '../../github/needs/find-teams.ts';
import { readOrgRoles } from '../../github/needs/list-org-roles.ts';
import { HttpFailure } from '../../http/http-failure.ts';
import type { OrgNeeds, TeamRef } from '../../model/member.ts';

type ClientOf = (org: string) => Promise<GitHubClient>;

/** Looks for what the rules name in an organization: teams and organization roles. */
export const needsProbes = (
  org: string,
  { teams, orgRoles }: OrgNeeds,
  clientOf: ClientOf,
): readonly Probe[] => [...teamProbe(org, teams, clientOf), ...orgRoleProbe(org, orgRoles, clientOf)];

/** Nothing where the rules name no team. */
function teamProbe(org: string, refs: readonly TeamRef[], clients: ClientOf): readonly Probe[] {
  const named = refs.filter((ref) => !ref.includes('*'));
  if (named.length === 0) return [];
  return [
    {
      id: `github.teams:${org}`,
      area: 'github',
      subject: `GitHub, asked about the teams of ${org},`,
      look: async () => {
        try {
          return judgeTeams(org, named, await findTeams(await clients(org), org, named));
        } catch (error) {
          // Why GitHub does not answer is told by the probe of the organization.
          if (error instanceof HttpFailure) return [];
          throw error;
        }
      },
    },
  ];
}

/** Nothing where the rules name no organization role. */
const orgRoleProbe = (org: string, wanted: readonly string[], clients: ClientOf): readonly Probe[] =>
  wanted.length === 0
    ? []
    : [
        {
          id: `github.org-roles:${org}`,
          area: 'github',
          subject: `GitHub, asked about the organization roles of ${org},`,
          look: async () => {
            try {
              const roles = await readOrgRoles(await clients(org), org);
              return judgeOrgRoles(
                org,
                wanted,
                roles.map(({ name }) => name),
              );
            } catch (error) {
              if (error instanceof HttpFailure) return judgeOrgRoles(org, wanted, undefined, error.answer);
              throw error;
            }
          },
        },
      ];
