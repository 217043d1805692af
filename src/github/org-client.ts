import type { OrgId } from '../model/identity.ts';
import type { GitHubClient } from './github-client.ts';

/** An organization that was found, and the client that speaks for it. */
export type OrgClient = { readonly client: GitHubClient; readonly org: string; readonly id: OrgId };
