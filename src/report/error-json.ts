import type { ErrorToShow } from './error-text.ts';
import { jsonText } from './json.ts';

/** The document of a command that ended before it had anything else to say (CONTRACT §9). */
export const renderErrorJson = (command: string, { code, message, hint }: ErrorToShow): string =>
  jsonText({ version: 1, command, status: 'error', error: { code, message, hint } });
