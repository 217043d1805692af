import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useRedis } from '../support/redis.ts';
import { type Descriptions, FILES, readDescriptions, SERVICES, type ServiceName } from './descriptions.ts';
import { probe } from './emulators.ts';
import { githubRouteScenarios } from './github-routes.ts';
import { type Finding, judgeBy } from './judge-exchange.ts';
import { KNOWN_FINDINGS, type KnownFinding } from './known-findings.ts';
import { peopleScenarios } from './people.ts';
import { permitGraphScenarios } from './permit-graph.ts';
import { openPlace, type Scenario } from './place.ts';
import { queueScenarios } from './queue.ts';
import { refusalScenarios } from './refusals.ts';
import { repositoryScenarios } from './repositories.ts';
import { setupScenarios } from './setup.ts';
import { type Exchange, openTap, type Tap } from './tap.ts';
import { PDP_REQUESTS, PERMIT_REQUESTS } from './wrong-requests.ts';

const folder = process.env.API_DESCRIPTIONS?.trim();

if (folder === undefined || folder === '') {
  test.skip('every request and answer is as the services describe them', () => undefined);
  const files = Object.values(FILES).join(', ');
  print(`conformance: skipped, set API_DESCRIPTIONS to a folder with ${files}`);
} else {
  const descriptions = readDescriptions(folder);
  describe('every request and answer is as the services describe them', () => conform(descriptions));
}

const SCENARIOS: readonly Scenario[] = [
  ...peopleScenarios,
  ...setupScenarios,
  ...queueScenarios,
  ...repositoryScenarios,
  ...refusalScenarios,
  ...githubRouteScenarios,
  ...permitGraphScenarios,
];

function conform(descriptions: Descriptions): void {
  const redis = useRedis();
  const servers = new Map<string, ServiceName>();
  const judges = Object.fromEntries(
    SERVICES.map((service) => [service, judgeBy(descriptions[service])]),
  ) as Record<ServiceName, ReturnType<typeof judgeBy>>;
  const counts: Record<ServiceName, number> = { GitHub: 0, Permit: 0, PDP: 0 };
  const occurred = new Set<KnownFinding>();
  const watch = (service: ServiceName, url: string): void => void servers.set(url, service);
  let tap: Tap;
  let judged = 0;

  beforeAll(() => {
    tap = openTap();
  });
  afterAll(() => {
    tap.close();
    const total = SERVICES.reduce((sum, service) => sum + counts[service], 0);
    const each = SERVICES.map((service) => `${service} ${counts[service]}`).join(', ');
    print(`conformance: ${total} exchanges validated (${each})`);
  });

  test.each(SCENARIOS)('%s', async (_, play) => {
    await play({ open: (switches) => openPlace(watch, switches), watch, redis });
    const exchanges = tap.exchanges.slice(judged);
    judged = tap.exchanges.length;
    expect(findingsOf(exchanges)).toEqual([]);
  });

  test.each([
    ...PERMIT_REQUESTS.map((request) => ['Permit', request] as const),
    ...PDP_REQUESTS.map((request) => ['PDP', request] as const),
  ])('the emulated %s refuses what the service refuses: $1.method $1.path', async (service, request) => {
    const findings = await probe(descriptions[service], judges[service], request);
    counts[service] += tap.exchanges.length - judged;
    judged = tap.exchanges.length;
    expect(linesOf(service, findings)).toEqual([]);
  });

  test('every finding that is excused still occurs', () => {
    expect(KNOWN_FINDINGS.filter((known) => !occurred.has(known))).toEqual([]);
  });

  /** One line for each kind of finding. */
  function findingsOf(exchanges: readonly Exchange[]): readonly string[] {
    const lines = exchanges.flatMap((exchange) => {
      const service = serviceOf(exchange);
      if (service === undefined) return [];
      counts[service] += 1;
      return linesOf(service, judges[service](exchange));
    });
    return [...new Set(lines)];
  }

  function linesOf(service: ServiceName, findings: readonly Finding[]): readonly string[] {
    return findings
      .filter((finding) => !isExcused(service, finding))
      .map(({ operation, reason }) => `${service}: ${operation}: ${reason}`);
  }

  function serviceOf({ origin, path }: Exchange): ServiceName | undefined {
    // GraphQL has its own schema, which the tests of the queries use.
    if (path === '/graphql') return undefined;
    const service = servers.get(origin);
    return service === 'Permit' && !path.startsWith('/v2/') ? 'PDP' : service;
  }

  function isExcused(service: ServiceName, { operation, reason }: Finding): boolean {
    const known = KNOWN_FINDINGS.find(
      (one) => one.service === service && one.operation === operation && reason.includes(one.reason),
    );
    if (known !== undefined) occurred.add(known);
    return known !== undefined;
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
