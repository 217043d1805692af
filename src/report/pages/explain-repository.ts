import type { Warning } from '../../model/problem.ts';
import { type Level, levelOf } from '../../model/repositories/access-model.ts';
import { highestLevel } from '../../model/repositories/access-paths.ts';
import type { AccessExplanation, AccessWay } from '../../model/repositories/verification.ts';
import { endFields, warningFields } from '../json.ts';
import { name, type Page, type Row, warningsSection } from '../page.ts';
import type { Cost } from '../run-report.ts';
import {
  describeRole,
  gitHubFields,
  pathFields,
  pathPhrase,
  sourcePhrase,
  type VerifyReport,
} from './verify.ts';

export type ExplainRepositoryReport = Cost &
  AccessExplanation &
  Pick<VerifyReport, 'nameOf'> & {
    /** Warnings that are not about the person. */
    readonly notes: readonly Warning[];
  };

/** Through which team, organization role, base permission or direct grant someone has access to a repository. */
export function explainRepositoryPage(report: ExplainRepositoryReport): Page {
  const { repository, login, id, user, gitHub, sources = [], ways, nameOf } = report;
  const permit = levelInPermit(report);
  return {
    heading: 'gh-permit-sync explain',
    title: [
      name(login),
      ` (GitHub id ${id}) on `,
      name(`${repository.org}/${repository.name}`),
      ': ',
      ...[describeRole(gitHub)].flat(),
      ` on GitHub, ${permit ?? 'no access'} in Permit`,
      ...(user === undefined ? [] : [' as ', name(user)]),
      '.',
    ],
    sections: [
      {
        kind: 'rows',
        title: 'On GitHub',
        columns: ['Source', 'Gives'],
        rows: sources.map(
          (source): Row => ({
            label: sourcePhrase(source),
            remarks: [{ lead: 'gives ', text: [name(source.role)] }],
          }),
        ),
      },
      {
        kind: 'rows',
        title: ways.length === 0 ? 'Ways of access: none' : 'Ways of access',
        columns: ['Role', 'Gives', 'Where'],
        isAlwaysShown: true,
        rows: ways.map(
          (way): Row => ({
            bullet: way.gitHub === 'yes' && way.permit ? ' ' : '!',
            tone: way.gitHub === 'yes' && way.permit ? 'plain' : 'caution',
            label: pathPhrase(way, nameOf),
            remarks: [{ lead: 'gives ', text: describeRole(way.role) }, { text: whereOf(way) }],
          }),
        ),
      },
      warningsSection(warningsOf(report), 'Notes'),
    ],
    document: documentOf(report, permit),
  };
}

function whereOf({ gitHub, permit }: AccessWay): string {
  switch (gitHub) {
    case 'yes':
      return permit ? 'on GitHub and in Permit' : 'on GitHub only';
    case 'no':
      return 'in Permit only';
    case 'unknown':
      return permit ? 'in Permit; GitHub gave no clear answer' : 'GitHub gave no clear answer';
    default:
      return gitHub satisfies never;
  }
}

/** By the grants and links that Permit holds; the PDP is not asked. */
const levelInPermit = ({ ways }: AccessExplanation): Level | undefined =>
  highestLevel(ways.filter(({ permit }) => permit).map(({ role }) => role));

function warningsOf(report: ExplainRepositoryReport): readonly Warning[] {
  const { gitHub, ways, repository, hasInstance, user, login, warnings, notes } = report;
  const level = gitHub === undefined ? undefined : levelOf(gitHub);
  const explained = highestLevel(ways.filter((way) => way.gitHub !== 'no').map(({ role }) => role));
  const say = (isSo: boolean, code: string, message: string): readonly Warning[] =>
    isSo ? [{ code, message }] : [];
  return [
    ...warnings,
    ...say(
      !hasInstance,
      'UNKNOWN_INSTANCE',
      `Permit has no instance repository:${repository.id}: gh-permit-sync reconcile creates it`,
    ),
    ...say(
      user === undefined,
      'UNKNOWN_USER',
      `Permit has no user for ${login}: gh-permit-sync reconcile creates one for members and collaborators`,
    ),
    ...say(
      level !== undefined && level !== explained,
      'NOT_LINKED',
      `GitHub gives ${level} through something that Permit does not link to the repository: gh-permit-sync reconcile links it`,
    ),
    ...notes,
  ];
}

function documentOf(report: ExplainRepositoryReport, permit: Level | undefined) {
  const { repository, login, id, user, gitHub, sources, ways, hasInstance, nameOf } = report;
  return {
    version: 1,
    command: 'explain',
    login,
    id,
    user: user ?? null,
    repository: {
      ...{ id: repository.id, name: `${repository.org}/${repository.name}` },
      ...{ tenant: repository.tenant, instance: hasInstance },
    },
    github: gitHubFields(gitHub, sources),
    permit: { level: permit ?? null },
    ways: ways.map((way) => ({ ...pathFields(way, nameOf), github: way.gitHub, permit: way.permit })),
    warnings: warningFields(warningsOf(report)),
    ...endFields(report),
  };
}
