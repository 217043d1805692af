import { type ErrorCode, SyncError } from '../model/errors.ts';
import { asWarning, type Problem, type Warning } from '../model/problem.ts';
import { count, enumerate } from '../model/text/text.ts';
import { hostAndPathOf, leadsTo } from '../model/webhooks/hook-address.ts';
import type { DeliverySource, HookAddress, HookRef, NamedHook } from '../model/webhooks/redelivery.ts';

/** Which webhooks to check: those whose address ends in the path, or the one with that id. */
export type HookChoice =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'id'; readonly id: number };

type FoundHooks = {
  readonly hooks: readonly NamedHook[];
  readonly warnings: readonly Warning[];
  /** Organizations, and the GitHub App, that should have been checked but could not be. */
  readonly missed: readonly string[];
};

type ListedHooks = { readonly org: string; readonly hooks: readonly HookAddress[] };
type Unlisted = { readonly org: string; readonly refusal: Problem<ErrorCode> };

/**
 * Finds the requested active webhooks. If the GitHub App's own webhook points to the path, organizations don't need
 * their own, and the credentials don't have to see them.
 * @throws SyncError when no organization has one: it names the webhooks that exist, without their secrets.
 */
export async function findHooks(
  orgs: readonly string[],
  choice: HookChoice,
  source: Pick<DeliverySource, 'listHooks' | 'readAppHook'>,
): Promise<FoundHooks> {
  const ofApp = await findAppHook(choice, source);
  const listed: ListedHooks[] = [];
  const unlisted: Unlisted[] = [];
  for (const org of orgs) {
    const answer = await source.listHooks(org);
    if (answer.kind === 'read') listed.push({ org, hooks: answer.value });
    else unlisted.push({ org, refusal: answer });
  }
  const chosen = listed.flatMap(({ org, hooks }) =>
    hooks.filter((hook) => isChosen(hook, choice)).map((hook) => ({ org, hook })),
  );
  if (chosen.length === 0 && ofApp.hook === undefined)
    throw nothingFound(listed, [...ofApp.unread, ...unlisted], choice, ofApp.other);
  // An id belongs to one webhook: once it is found, the other organizations do not matter.
  const elsewhere =
    choice.kind === 'id'
      ? []
      : [
          ...ofApp.unread,
          ...unlisted.filter(({ refusal }) => ofApp.hook === undefined || refusal.code !== 'GITHUB_AUTH'),
        ];
  const without =
    choice.kind === 'id' || ofApp.hook
      ? []
      : listed.filter(({ org }) => !chosen.some((one) => one.org === org));
  return {
    hooks: [
      ...(ofApp.hook ? [ofApp.hook] : []),
      ...chosen
        .filter(({ hook }) => hook.active)
        .map(({ org, hook }) => ({ org, id: hook.id, place: hostAndPathOf(hook.url) })),
    ],
    warnings: [
      ...elsewhere.map(({ refusal }) => asWarning(refusal)),
      ...without.map((one) => ({
        code: 'GITHUB_NOT_FOUND',
        message: describeAbsence([one], choice, ofApp.other),
      })),
      ...chosen
        .filter(({ hook }) => !hook.active)
        .map(({ org, hook }) => ({
          code: 'HOOK_INACTIVE',
          message:
            `the webhook ${hook.id} of ${org} (${hostAndPathOf(hook.url)}) is not active: GitHub delivers nothing to it; ` +
            'tick Active in its settings',
        })),
    ],
    missed: [...elsewhere, ...without].map(({ org }) => org),
  };
}

/** `other`: the App has a webhook that points elsewhere. */
async function findAppHook(
  choice: HookChoice,
  source: Pick<DeliverySource, 'readAppHook'>,
): Promise<{
  readonly hook?: NamedHook;
  readonly other?: HookRef & { readonly url: string };
  readonly unread: readonly Unlisted[];
}> {
  if (choice.kind === 'id') return { unread: [] };
  const answer = await source.readAppHook();
  if (answer.kind === 'unread') return { unread: [{ org: 'the GitHub App', refusal: answer }] };
  if (answer.value === undefined) return { unread: [] };
  const { url, ...ref } = answer.value;
  if (!leadsTo(url, choice.path)) return { other: answer.value, unread: [] };
  return { hook: { ...ref, place: hostAndPathOf(url) }, unread: [] };
}

const isChosen = (hook: HookAddress, choice: HookChoice): boolean =>
  choice.kind === 'id' ? hook.id === choice.id : leadsTo(hook.url, choice.path);

function nothingFound(
  listed: readonly ListedHooks[],
  unlisted: readonly Unlisted[],
  choice: HookChoice,
  ofApp: (HookRef & { readonly url: string }) | undefined,
): SyncError {
  const [first] = unlisted;
  const refused = unlisted.map(({ refusal }) => refusal.message);
  if (listed.length === 0 && first && ofApp === undefined) {
    return new SyncError(first.refusal.code, refused.join('\n'), first.refusal.hint);
  }
  const hint =
    choice.kind === 'id'
      ? 'give --hook the number at the end of the address of its settings page, or leave it out to use --path'
      : 'use the --path of the receiver, or --hook with the id of the webhook; to add a webhook, open Webhooks in ' +
        'the settings of the organization';
  return new SyncError(
    'GITHUB_NOT_FOUND',
    [describeAbsence(listed, choice, ofApp), ...refused].join('\n'),
    hint,
  );
}

function describeAbsence(
  listed: readonly ListedHooks[],
  choice: HookChoice,
  ofApp: (HookRef & { readonly url: string }) | undefined,
): string {
  const orgs = enumerate(listed.map(({ org }) => org));
  const what =
    choice.kind === 'id'
      ? `no webhook ${choice.id} in ${orgs}`
      : `no webhook of ${orgs} points to ${choice.path}`;
  const hooks = listed.flatMap((one) => one.hooks);
  const besides =
    ofApp === undefined ? '' : `; the webhook of the GitHub App points to ${hostAndPathOf(ofApp.url)}`;
  if (listed.length === 0 && ofApp)
    return `the webhook of the GitHub App points to ${hostAndPathOf(ofApp.url)}`;
  if (hooks.length === 0) return `${what}: there is no webhook at all${besides}`;
  const names = hooks.map(
    ({ id, url, active }) => `${id} at ${hostAndPathOf(url)}${active ? '' : ' (not active)'}`,
  );
  return `${what}: there ${hooks.length === 1 ? 'is' : 'are'} ${count(hooks.length, 'webhook')}, ${enumerate(names)}${besides}`;
}
