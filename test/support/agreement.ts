import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { orgOf } from '../../src/demo/github/github.ts';
import { addPermitUser } from '../../src/demo/permit/permit.ts';
import { markOf } from './adapters.ts';
import { emptyFolder, type Ran } from './program.ts';
import { openStage, populate, type Stage } from './stage.ts';

/** Puts every active member of `acme` into Permit, with mark and role, as an earlier run would have done. */
export function agree({ github, permit }: Pick<Stage, 'github' | 'permit'>): void {
  for (const [id, { role, state }] of orgOf(github.world, 'acme').members) {
    const login = github.world.users.get(id)?.login;
    if (login === undefined || state !== 'active') continue;
    addPermitUser(permit.world, {
      key: login,
      attributes: markOf(github.world, login),
      grants: [`default/${role}`],
    });
  }
}

/** `acme` with this many people, `owners` of them owners, and Permit in sync. */
export async function agreedStage(members: number, owners = 1): Promise<Stage> {
  const stage = await openStage();
  populate(stage, members, owners);
  agree(stage);
  return stage;
}

/** The logins that `populate` gives, from the first to the last. */
export const people = (first: number, last: number): readonly string[] =>
  Array.from({ length: last - first + 1 }, (_, i) => `person-${String(first + i).padStart(4, '0')}`);

/** A folder in which the program finds this config file. */
export function folderWith(yaml: string): string {
  const folder = emptyFolder();
  writeFileSync(join(folder, 'gh-permit-sync.yaml'), yaml);
  return folder;
}

/** What a test asks of the report of `--output json`. */
export type Told = {
  readonly status: string;
  readonly summary: {
    readonly people: { readonly joining: number; readonly leaving: number; readonly demoted: number };
  };
  readonly changes: readonly {
    readonly kind: string;
    readonly user: string;
    readonly outcome: string;
    readonly error?: { readonly code: string };
  }[];
  readonly guard: {
    readonly verdict: string;
    readonly violations: readonly Readonly<Record<string, unknown>>[];
  };
  readonly unmanaged: readonly Readonly<Record<string, string>>[];
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
};

/** The report of a run with `--output json`. @throws when stdout is not a JSON document. */
export const told = ({ stdout }: Pick<Ran, 'stdout'>): Told => JSON.parse(stdout) as Told;

/** The words of a `reconcile`, with a report that can be parsed. */
export const reconcileJson = (...more: readonly string[]): readonly string[] => [
  'reconcile',
  '--output',
  'json',
  ...more,
];
