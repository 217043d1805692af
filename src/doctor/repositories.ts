import { type Finding, findingsIn } from '../model/finding.ts';
import type { BasePermission } from '../model/repositories/access-model.ts';
import type { PermitGraph } from '../model/repositories/graph.ts';
import { count, enumerate } from '../model/text/text.ts';

type GitHubAnswers = {
  /** How many of the organization's repositories are mirrored. */
  readonly repositories: number;
  /** Undefined if GitHub does not show it. */
  readonly base: BasePermission | undefined;
  /** Names; undefined if GitHub shows none to this credential. */
  readonly customRoles: readonly string[] | undefined;
};

/** Whether the credential sees what the mirror of an organization's repositories needs. */
export function judgeRepositories(
  org: string,
  { repositories, base, customRoles }: GitHubAnswers,
): readonly Finding[] {
  const { ok, skipped, warning, failed } = findingsIn('github');
  const [list, permission, roles] = ['repositories', 'base-permission', 'custom-repository-roles'].map(
    (what) => `github.${what}:${org}`,
  ) as [string, string, string];
  return [
    repositories > 0
      ? ok(list, `${count(repositories, 'repository', 'repositories')} of ${org} can be mirrored`)
      : warning(
          list,
          `no repository of ${org} can be mirrored: none matches, or all are archived`,
          'correct repositories.match, or install the GitHub App on all repositories',
        ),
    base === undefined
      ? failed(
          permission,
          `GitHub does not show the base permission of ${org}, so none of its repositories are mirrored`,
          'give the App the permission Organization › Administration: read, or use a token of an owner with admin:org',
        )
      : ok(permission, `the base permission of ${org} is ${base}`),
    customRoles === undefined
      ? skipped(
          roles,
          `GitHub shows no custom repository roles of ${org}: they need GitHub Enterprise, and an App the permission Organization › Custom repository roles: read`,
        )
      : ok(roles, `${count(customRoles.length, 'custom repository role')} of ${org} can be seen`),
  ];
}

/** What `policy` creates for repositories: roles as `type#role`, relations of `repository`. */
type Model = { readonly roles: readonly string[]; readonly relations: readonly string[] };

/**
 * Whether Permit has the model, and evaluates it.
 * @param isReBacDisabled undefined if the API key may not read the environment's settings.
 */
export function judgeModel(
  wanted: Model,
  { roles, relations }: PermitGraph['model'],
  isReBacDisabled: boolean | undefined,
): readonly Finding[] {
  const { ok, failed } = findingsIn('permit');
  const lacking = [
    ...wanted.roles.filter((role) => !roles.has(role)),
    ...wanted.relations.filter((relation) => !relations.has(relation)),
  ];
  const id = 'permit.repository-model';
  return [
    lacking.length === 0
      ? ok(id, 'the repository model exists')
      : failed(
          id,
          `Permit lacks parts of the repository model: ${enumerate(lacking, 5)}`,
          'run gh-permit-sync policy, which creates it',
        ),
    ...(isReBacDisabled === true
      ? [
          failed(
            'permit.rebac',
            'ReBAC is switched off in this environment, so the PDP ignores roles on instances and links',
            'switch it on in the settings of the environment in Permit, and restart your PDP if you run one',
          ),
        ]
      : []),
    ...(isReBacDisabled === false ? [ok('permit.rebac', 'ReBAC is on')] : []),
  ];
}
