import { HttpFailure } from '../http/http-failure.ts';
import type { Collaborator, Unread } from '../model/member.ts';
import { parseAccounts } from './answers.ts';
import type { OrgClient } from './org-client.ts';
import { listAll } from './pages.ts';

export type ListedCollaborators = {
  readonly collaborators: readonly Collaborator[] | undefined;
  readonly unread: readonly Unread[];
};

/** Everybody with access to a repository of the organization who is no member of it. */
export async function listCollaborators({ client, org }: OrgClient): Promise<ListedCollaborators> {
  const unread = (why: string): ListedCollaborators => ({
    collaborators: undefined,
    unread: [
      {
        what: { kind: 'collaborators' },
        message: `the outside collaborators of ${org} could not be read (${why})`,
      },
    ],
  });
  try {
    const collaborators = await listAll(client, '/orgs/{org}/outside_collaborators', { org }, parseAccounts);
    return collaborators ? { collaborators, unread: [] } : unread('the list did not come whole');
  } catch (error) {
    if (error instanceof HttpFailure) return unread(`${error.status ?? ''} ${error.reply}`.trim());
    throw error;
  }
}
