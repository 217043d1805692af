import { type Answer, Refused } from '../server.ts';

/** GitHub's shape of an error (docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api). */
export function refusal(
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Refused {
  const body = { message, documentation_url: 'https://docs.github.com/rest', status: String(status) };
  return new Refused({ status, body, headers });
}

export const notFound = (): Refused => refusal(404, 'Not Found');
export const badCredentials = (): Refused => refusal(401, 'Bad credentials');
/** @param accepted the permission that an App or a fine-grained token would need, e.g. `members=read` */
export const integrationForbidden = (accepted: string): Refused =>
  refusal(403, 'Resource not accessible by integration', { 'x-accepted-github-permissions': accepted });

export const ok = (body: unknown): Answer => ({ status: 200, body });
export const noContent: Answer = { status: 204 };
