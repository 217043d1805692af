import { onHttpFailure } from '../../http/http-failure.ts';
import type { Account, Unread } from '../../model/member.ts';
import { parseAccounts } from '../answers.ts';
import type { OrgClient } from '../membership.ts';
import { listAll } from '../pages.ts';

type ListedCollaborators = {
  readonly collaborators: readonly Account[] | undefined;
  readonly unread: readonly Unread[];
};

/** Everyone with access to a repository of the organization who isn't a member of it. */
export async function listOutsideCollaborators({ client, org }: OrgClient): Promise<ListedCollaborators> {
  const unread = (why: string): ListedCollaborators => ({
    collaborators: undefined,
    unread: [
      {
        what: { kind: 'collaborators' },
        message: `the outside collaborators of ${org} could not be read (${why})`,
      },
    ],
  });
  const list = listAll(client, '/orgs/{org}/outside_collaborators', { org }, parseAccounts);
  return list.then(
    (collaborators) =>
      collaborators ? { collaborators, unread: [] } : unread('the list did not come whole'),
    onHttpFailure(({ answer }) => unread(answer)),
  );
}
