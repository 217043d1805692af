import { SyncError } from '../model/errors.ts';
import type { DeliverySource, HookAddress, NamedHook, Refusal } from '../model/redelivery.ts';
import { count, enumerate } from '../model/text.ts';
import { leadsTo, placeOf } from './hook-address.ts';

/** Which webhooks are looked into: those whose address ends in the path, or the one of that number. */
export type HookChoice =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'id'; readonly id: number };

export type FoundHook = NamedHook & { readonly org: string };
export type Warning = { readonly code: string; readonly message: string };

export type FoundHooks = {
  readonly hooks: readonly FoundHook[];
  readonly warnings: readonly Warning[];
  /** Organizations that could not be looked into although they should have been. */
  readonly missed: readonly string[];
};

type Listed = { readonly org: string; readonly hooks: readonly HookAddress[] };
type Unlisted = { readonly org: string; readonly refusal: Refusal };

/**
 * Finds the active webhooks that are asked for.
 * @throws SyncError when there is none in any organization: it names those that there are, without their secrets.
 */
export async function findHooks(
  orgs: readonly string[],
  choice: HookChoice,
  source: Pick<DeliverySource, 'listHooks'>,
): Promise<FoundHooks> {
  const listed: Listed[] = [];
  const unlisted: Unlisted[] = [];
  for (const org of orgs) {
    const answer = await source.listHooks(org);
    if (answer.kind === 'read') listed.push({ org, hooks: answer.value });
    else unlisted.push({ org, refusal: answer });
  }
  const chosen = listed.flatMap(({ org, hooks }) =>
    hooks.filter((hook) => isChosen(hook, choice)).map((hook) => ({ org, hook })),
  );
  if (chosen.length === 0) throw nothingFound(listed, unlisted, choice);
  // A number is one webhook's alone: once it is found, the other organizations do not matter.
  const elsewhere = choice.kind === 'id' ? [] : unlisted;
  const without =
    choice.kind === 'id' ? [] : listed.filter(({ org }) => !chosen.some((one) => one.org === org));
  return {
    hooks: chosen
      .filter(({ hook }) => hook.active)
      .map(({ org, hook }) => ({ org, id: hook.id, place: placeOf(hook.url) })),
    warnings: [
      ...elsewhere.map(({ refusal: { code, message, hint } }) => ({ code, message: `${message}; ${hint}` })),
      ...without.map((one) => ({ code: 'GITHUB_NOT_FOUND', message: describeAbsence([one], choice) })),
      ...chosen
        .filter(({ hook }) => !hook.active)
        .map(({ org, hook }) => ({
          code: 'HOOK_INACTIVE',
          message:
            `the webhook ${hook.id} of ${org} (${placeOf(hook.url)}) is not active: GitHub delivers nothing to it; ` +
            'tick Active in its settings',
        })),
    ],
    missed: [...elsewhere, ...without].map(({ org }) => org),
  };
}

const isChosen = (hook: HookAddress, choice: HookChoice): boolean =>
  choice.kind === 'id' ? hook.id === choice.id : leadsTo(hook.url, choice.path);

function nothingFound(
  listed: readonly Listed[],
  unlisted: readonly Unlisted[],
  choice: HookChoice,
): SyncError {
  const [first] = unlisted;
  const refused = unlisted.map(({ refusal }) => refusal.message);
  if (listed.length === 0 && first) {
    return new SyncError(first.refusal.code, refused.join('\n'), first.refusal.hint);
  }
  const mend =
    choice.kind === 'id'
      ? 'give --hook the number at the end of the address of its settings page, or leave it out to go by --path'
      : "give --path as it stands in the receiver's command line, or --hook with the number of the webhook; a new " +
        'one is added in the settings of the organization under Webhooks';
  return new SyncError('GITHUB_NOT_FOUND', [describeAbsence(listed, choice), ...refused].join('\n'), mend);
}

function describeAbsence(listed: readonly Listed[], choice: HookChoice): string {
  const orgs = enumerate(listed.map(({ org }) => org));
  const what =
    choice.kind === 'id'
      ? `no webhook ${choice.id} in ${orgs}`
      : `no webhook of ${orgs} leads to ${choice.path}`;
  const hooks = listed.flatMap((one) => one.hooks);
  if (hooks.length === 0) return `${what}: there is no webhook at all`;
  const names = hooks.map(
    ({ id, url, active }) => `${id} at ${placeOf(url)}${active ? '' : ' (not active)'}`,
  );
  return `${what}: there ${hooks.length === 1 ? 'is' : 'are'} ${count(hooks.length, 'webhook')}, ${enumerate(names)}`;
}
