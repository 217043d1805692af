import { type Answer, Refused } from '../server.ts';

/** The codes of Permit's OpenAPI description (`ErrorCode`) that the emulator uses. */
type PermitErrorCode =
  | 'INVALID_INPUT'
  | 'NOT_FOUND'
  | 'DUPLICATE_ENTITY'
  | 'FORBIDDEN_ACCESS'
  | 'INVALID_PERMISSION_FORMAT'
  | 'MISMATCH_RESOURCE_INSTANCES_TENANTS'
  | 'UNEXPECTED_ERROR';

const TITLES: { readonly [code in PermitErrorCode]: string } = {
  INVALID_INPUT: 'The provided input is invalid',
  NOT_FOUND: 'The requested data could not be found',
  DUPLICATE_ENTITY: 'This object already exists',
  FORBIDDEN_ACCESS: 'You are not allowed to do this',
  INVALID_PERMISSION_FORMAT: 'The permission has a wrong format',
  MISMATCH_RESOURCE_INSTANCES_TENANTS: 'The tenant and the resource instance do not match',
  UNEXPECTED_ERROR: 'An unexpected error occurred',
};

/** Permit's shape of every error but 422 (`ErrorDetails` in its OpenAPI description). */
export function refusal(status: number, code: PermitErrorCode, message: string): Refused {
  const body = { id: 'e0000000000000000000000000000000', title: TITLES[code], error_code: code, message };
  return new Refused({
    status,
    body: { ...body, support_link: 'https://permit-io.slack.com', additional_info: null },
  });
}

/** @param kind the entity, as in `User` */
export const notFound = (kind: string, ident: string): Refused =>
  refusal(404, 'NOT_FOUND', `could not find '${kind}' with the given filters: '${ident}'`);

/** One flaw of a request: its place, its description and its type. */
export type Flaw = {
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly type: string;
};

/** FastAPI's shape of the error for a request that doesn't match the description. */
export const unprocessable = (flaws: readonly Flaw[]): Refused =>
  new Refused({ status: 422, body: { detail: flaws } });

export const ok = (body: unknown): Answer => ({ status: 200, body });
export const created = (body: unknown): Answer => ({ status: 201, body });
export const noContent: Answer = { status: 204 };
