import { effectiveAccess, orgOf } from '../../src/demo/github/github.ts';
import { LEVELS, type Level } from '../../src/model/repositories/access-model.ts';
import type { Stage } from './stage.ts';

/** Every answer of the PDP that is not GitHub's own, for everyone on either side. */
export async function pdpMismatches({ github, permit, env }: Stage): Promise<readonly string[]> {
  const org = orgOf(github.world, 'acme');
  const questions = [...org.repositories.all.values()].flatMap((repository) => {
    const access = effectiveAccess(org, repository);
    return [...github.world.users.values()].flatMap(({ id, login }) => {
      const role = access.get(id) ?? '';
      const base = org.repositories.customRoles.get(role)?.base ?? role;
      const most = repository.archived ? -1 : LEVELS.indexOf(base as Level);
      return LEVELS.map((level, at) => ({ login, level, repository, onGitHub: at <= most }));
    });
  });
  const checks = questions.map(({ login, level, repository }) => ({
    user: { key: login },
    action: level,
    resource: { type: 'repository', key: String(repository.id), tenant: 'default' },
  }));
  const answer = await fetch(`${permit.url}/allowed/bulk`, {
    method: 'POST',
    headers: { authorization: `Bearer ${env.PERMIT_API_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify(checks),
  });
  const { allow } = (await answer.json()) as { readonly allow: readonly { readonly allow: boolean }[] };
  return questions.flatMap(({ login, level, repository: { name }, onGitHub }, index) =>
    allow[index]?.allow === onGitHub ? [] : [`${login} ${level} ${name}: ${onGitHub} on GitHub`],
  );
}
