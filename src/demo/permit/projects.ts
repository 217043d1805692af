import { type Route, routesFor } from '../routes.ts';
import { notFound, ok, refusal } from './answers.ts';
import type { Ask } from './ask.ts';
import { ONCE } from './world.ts';

const EMAIL_CONFIGURATION = 'a0000000000000000000000000000000';

const on = routesFor<Ask>();

/** The project and the environment themselves, by id or key. */
export const projectRoutes: readonly Route<Ask>[] = [
  on('GET', '/v2/projects/{name}', (ask, { name }) => {
    requireReadable(ask);
    const { project } = ask.world;
    if (name !== project.id && name !== project.key) throw notFound('Project', name);
    return ok({ ...shown(ask), ...project, name: project.key });
  }),
  on('GET', '/v2/projects/{project}/envs/{environment}', (ask) => {
    requireReadable(ask);
    const { project, environment } = ask.world;
    return ok({
      ...shown(ask),
      ...environment,
      name: environment.key,
      project_id: project.id,
      email_configuration: EMAIL_CONFIGURATION,
      settings: { rebac_disabled: ask.switches.rebacDisabled },
    });
  }),
];

const shown = ({ world: { organization } }: Ask) => ({
  organization_id: organization.id,
  created_at: ONCE,
  updated_at: ONCE,
});

function requireReadable({ switches: { projectKeys } }: Ask): void {
  if (projectKeys === 'refused') throw refusal(403, 'FORBIDDEN_ACCESS', 'the API key may not read projects');
}
