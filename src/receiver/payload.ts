import { parseJson } from '../model/text/record.ts';

/** The two ways in which GitHub sends a payload, chosen in the settings of the webhook. */
export type PayloadForm = 'json' | 'form';

/** @returns undefined for a `Content-Type` that no webhook of GitHub has. */
export function payloadForm(contentType: string | undefined): PayloadForm | undefined {
  switch (contentType?.split(';', 1)[0]?.trim().toLowerCase()) {
    case 'application/json':
      return 'json';
    case 'application/x-www-form-urlencoded':
      return 'form';
    default:
      return undefined;
  }
}

// Fatal, and the mark of the byte order stays: the text has to give the same bytes again, since they are signed.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @returns undefined where the bytes are no UTF-8. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

export type Payload =
  | { readonly kind: 'parsed'; readonly value: unknown }
  | { readonly kind: 'unreadable'; readonly why: string };

export function parsePayload(text: string | undefined, form: PayloadForm): Payload {
  if (text === undefined) return { kind: 'unreadable', why: 'the body is not UTF-8' };
  const json = form === 'json' ? text : new URLSearchParams(text).get('payload');
  if (json === null) return { kind: 'unreadable', why: 'the form has no field "payload"' };
  const value = parseJson(json);
  return value === undefined
    ? { kind: 'unreadable', why: 'the payload is not JSON' }
    : { kind: 'parsed', value };
}
