import fc from 'fast-check';
import { expect, test } from 'vitest';
import { grantId } from '../../src/model/grant.ts';
import { tupleId } from '../../src/model/repositories/graph.ts';
import { makePlan, type PlanInput } from '../../src/plan/make-plan.ts';
import { applyToGraph } from '../support/apply-to-graph.ts';
import { applyToUsers } from '../support/apply-to-users.ts';
import { gitHubId, ORG_IDS } from '../support/builders.ts';
import {
  levelInPermit,
  PEOPLE,
  REPOSITORIES,
  type RepositoryWorld,
  repositoryWorlds,
} from './repository-worlds.ts';
import { RUNS } from './worlds.ts';

const always = (says: (world: RepositoryWorld) => void): void =>
  fc.assert(fc.property(repositoryWorlds(), says), RUNS);

/** What Permit holds once the plan is applied: the graph's gains, the people, the graph's losses. */
function reached(input: PlanInput): PlanInput {
  const plan = makePlan(input);
  const graph = input.graph && applyToGraph(plan.graph?.changes ?? [], input.graph);
  const users = applyToUsers(plan, input.users).map((user) => ({
    ...user,
    // Permit takes the roles on an instance with it.
    grants: user.grants.filter(
      ({ resource }) =>
        resource === undefined || !input.graph?.instances.has(resource) || graph?.instances.has(resource),
    ),
  }));
  return { ...input, graph, users };
}

test('after one plan, Permit answers as GitHub does for everyone on every repository', () => {
  always(({ input, levelOf, foreign }) => {
    const { users, graph } = reached(input);
    if (graph === undefined) throw new Error('no graph');
    const table = (level: (person: number, repository: number) => unknown) =>
      Object.fromEntries(
        PEOPLE.flatMap((person) =>
          REPOSITORIES.map((repository) => [`${person} on ${repository}`, level(person, repository)]),
        ),
      );
    const isOurs = (repository: number): boolean => !foreign.has(`repository:${repository}`);
    expect(
      table((person, repository) =>
        isOurs(repository) ? levelInPermit(users, graph, foreign, gitHubId(person), repository) : undefined,
      ),
    ).toEqual(table(levelOf));
  });
});

test('a second plan is empty', () => {
  always(({ input }) => {
    const after = reached(input);
    // With an instance of ours, Permit takes what others gave on it, which the next plan may find to have been all.
    fc.pre(
      input.users.every(({ grants }) =>
        grants.every(
          ({ role, resource }) =>
            role !== 'own' || resource === undefined || after.graph?.instances.has(resource),
        ),
      ),
    );
    const { people, graph } = makePlan(after);
    expect({ people, changes: graph?.changes }).toEqual({ people: [], changes: [] });
  });
});

test('what is not ours stays: instances, their attributes, links and roles of others', () => {
  always(({ input, foreign }) => {
    const after = reached(input);
    // Permit takes the links of an instance with it.
    const isThere = (name: string): boolean =>
      name === 'folder:1' || after.graph?.instances.has(name) === true;
    const isOfModel = (role: string): boolean => role !== 'own';
    for (const name of foreign) {
      expect(after.graph?.instances.get(name)).toEqual(input.graph?.instances.get(name));
    }
    const links = (graph: PlanInput['graph']) =>
      graph?.tuples
        .filter(({ subject, object }) => isThere(subject) && isThere(object))
        .filter(({ subject, object }) => foreign.has(object) || subject === 'folder:1')
        .map(tupleId)
        .sort();
    expect(links(after.graph)).toEqual(links(input.graph));
    const grants = (users: PlanInput['users']) =>
      Object.fromEntries(
        input.users.map(({ key }) => [
          key,
          users
            .find((user) => user.key === key)
            ?.grants.filter(
              ({ role, resource }) =>
                resource !== undefined &&
                after.graph?.instances.has(resource) &&
                (foreign.has(resource) || !isOfModel(role)),
            )
            .map(grantId)
            .sort() ?? [],
        ]),
      );
    expect(grants(after.users)).toEqual(grants(input.users));
    for (const { name, attributes } of after.graph?.instances.values() ?? []) {
      if (input.graph?.instances.has(name))
        expect(attributes.note).toBe(input.graph.instances.get(name)?.attributes.note);
    }
  });
});

test('where the repositories of an organization were not read, nothing on its instances is taken', () => {
  always(({ input }) => {
    const unread = [{ what: { kind: 'repositories' as const }, message: 'not read' }];
    const listings = input.listings.map((one) =>
      one.org === 'acme' ? { ...one, repositories: undefined, teams: [], orgRoles: [], unread } : one,
    );
    const after = reached({ ...input, listings });
    const ofAcme = [...(input.graph?.instances.values() ?? [])]
      .filter(({ attributes }) => attributes.github_org === ORG_IDS.acme)
      // Another organization may list it now.
      .filter(({ name }) => !listings.some(({ repositories: facts }) => facts?.repositories.has(idOf(name))))
      .map(({ name }) => name);
    for (const name of ofAcme) {
      expect(after.graph?.instances.get(name)).toEqual(input.graph?.instances.get(name));
    }
    for (const { key, grants } of input.users) {
      const left = after.users.find((user) => user.key === key)?.grants.map(grantId) ?? [];
      const held = grants.filter(({ resource = '' }) => ofAcme.includes(resource)).map(grantId);
      expect(left).toEqual(expect.arrayContaining(held));
    }
  });
});

const idOf = (name: string): number => Number(name.split(':')[1]);
