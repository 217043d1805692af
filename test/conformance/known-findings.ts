import type { ServiceName } from './descriptions.ts';

/** A finding that somebody is about to fix. Every part must occur in the finding as it is printed. */
export type KnownFinding = {
  readonly service: ServiceName;
  readonly operation: string;
  readonly reason: string;
  readonly fixedBy: string;
};

/** Empty in the end: a finding that no longer occurs fails the test until it is removed here. */
export const KNOWN_FINDINGS: readonly KnownFinding[] = [
  ...lenient('Permit', 'GET /v2/facts/main/dev/users', ['search_operator=nonsense']),
  ...lenient('Permit', 'GET /v2/facts/main/dev/resource_instances', ['detailed=nonsense']),
  ...lenient('Permit', 'GET /v2/facts/main/dev/resource_instances/repository:api', ['detailed=nonsense']),
  ...lenient('Permit', 'GET /v2/schema/main/dev/resources', ['include_built_in=nonsense']),
  ...lenient('Permit', 'POST /v2/facts/main/dev/role_assignments/bulk', [
    'missing_user_policy=nonsense',
    'the request is right',
  ]),
  ...lenient('PDP', 'POST /allowed', [
    'body.user has another field',
    'body.user.attributes is a list',
    'body.user.email is an object',
    'body.user.key is an object',
    'body.user.key is missing',
  ]),
];

/** Changes to a request that the service refuses and the emulator does not. */
function lenient(
  service: ServiceName,
  operation: string,
  changes: readonly string[],
): readonly KnownFinding[] {
  return changes.map((reason) => ({ service, operation, reason, fixedBy: 'permit' }));
}
