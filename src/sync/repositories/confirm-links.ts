import type { OrgFacts } from '../../model/member.ts';
import type { Plan } from '../../model/plan.ts';
import type { GitHubSource } from '../../model/ports.ts';
import { instanceOf, ORG_TYPE, REPOSITORY_TYPE, TEAM_TYPE } from '../../model/repositories/access-model.ts';
import { type LinkAnswer, type LinkLoss, linkLossId } from '../../model/repositories/facts.ts';
import { endsOf } from '../../model/repositories/graph.ts';
import { type GraphChange, graphTarget } from '../../model/repositories/graph-change.ts';
import type { KeptLink } from '../../plan/plan-input.ts';

type KeptLinks = ReadonlyMap<string, KeptLink>;

/**
 * Asks GitHub about every repository, team and link that the plan would take away, and plans again without those that
 * it does not confirm.
 * @param replan plans again; what is in its argument stays.
 */
export async function confirmLinks(
  draft: Plan,
  listings: readonly OrgFacts[],
  { confirmLinkLosses }: Pick<GitHubSource, 'confirmLinkLosses'>,
  replan: (kept: KeptLinks) => Plan,
): Promise<{ readonly plan: Plan; readonly keptLinks: KeptLinks }> {
  const kept = new Map<string, KeptLink>();
  const asked = new Set<string>();
  let plan = draft;
  for (;;) {
    const open = (plan.graph?.losses ?? []).filter((loss) => !asked.has(linkLossId(loss)));
    if (open.length === 0) return { plan, keptLinks: kept };
    const answers = await confirmLinkLosses?.(open, listings);
    const titleOf = titles(plan);
    for (const loss of open) {
      const id = linkLossId(loss);
      asked.add(id);
      const stays = whyKept(answers?.get(id));
      if (stays) kept.set(id, { loss, title: titleOf(loss), about: instancesOf(loss), ...stays });
    }
    plan = kept.size === 0 ? plan : replan(kept);
  }
}

/** @returns undefined for what is proven to be gone. */
function whyKept(answer: LinkAnswer | undefined): Pick<KeptLink, 'why'> | undefined {
  if (answer === undefined) return { why: 'this source cannot be asked about it' };
  switch (answer.kind) {
    case 'absent':
      return undefined;
    case 'holds':
      return { why: undefined };
    case 'unclear':
      return { why: answer.why };
    default:
      return answer satisfies never;
  }
}

function instancesOf(loss: LinkLoss): readonly string[] {
  switch (loss.kind) {
    case 'repository':
      return [instanceOf(REPOSITORY_TYPE, loss.id)];
    case 'team':
      return [instanceOf(TEAM_TYPE, loss.id)];
    case 'base':
    case 'org-role':
      return [instanceOf(ORG_TYPE, loss.org)];
    case 'access':
      return [instanceOf(TEAM_TYPE, loss.team), instanceOf(REPOSITORY_TYPE, loss.repository)];
    default:
      return loss satisfies never;
  }
}

/** What reports call the subject of a loss. */
function titles({ graph }: Plan): (loss: LinkLoss) => string {
  const changes = new Map<string, GraphChange>(graph?.changes.map((change) => [graphTarget(change), change]));
  const betweenTwo = new Map<string, GraphChange>(
    graph?.changes.flatMap((one) => ('object' in one ? [[endsOf(one), one]] : [])),
  );
  return (loss) => {
    switch (loss.kind) {
      case 'repository':
        return changes.get(instanceOf(REPOSITORY_TYPE, loss.id))?.repository ?? `the repository ${loss.id}`;
      case 'team':
        return changes.get(instanceOf(TEAM_TYPE, loss.id))?.team ?? `the team ${loss.id}`;
      case 'base':
        return `the base permission ${loss.base} of ${instanceOf(ORG_TYPE, loss.org)}`;
      case 'org-role':
        return `the organization role ${loss.id}, which gives ${loss.level} on all repositories of ${instanceOf(ORG_TYPE, loss.org)}`;
      case 'access': {
        const subject = instanceOf(TEAM_TYPE, loss.team);
        const object = instanceOf(REPOSITORY_TYPE, loss.repository);
        const change = betweenTwo.get(endsOf({ subject, object }));
        return `${loss.role} of the team ${change?.team ?? loss.team} on ${change?.repository ?? loss.repository}`;
      }
      default:
        return loss satisfies never;
    }
  };
}
