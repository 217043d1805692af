import type { OrgId } from '../model/identity.ts';
import type { GitHubClient } from './github-client.ts';

/** An organization and its client. */
export type OrgClient = { readonly client: GitHubClient; readonly org: string; readonly id: OrgId };
