import { parseConfigFile } from '../../../src/config/document/check.ts';
import { loadSettings } from '../../../src/config/load.ts';
import type { Environment, SettingFlags, Settings } from '../../../src/config/settings.ts';
import { SyncError } from '../../../src/model/errors.ts';

/** The variables of a working environment, without a config file. */
export const ENOUGH: Environment = {
  GITHUB_ORG: 'acme',
  GH_TOKEN: 'ghp_working',
  PERMIT_API_KEY: 'permit_key_working',
};

export type Given = {
  readonly flags?: SettingFlags;
  /** Over {@link ENOUGH}. */
  readonly env?: Environment;
  /** Text of `gh-permit-sync.yaml` in the working directory. */
  readonly file?: string;
  /** Other files, by their absolute path; the working directory is `/w`. */
  readonly files?: { readonly [path: string]: string | Uint8Array };
};

export function load({ flags = {}, env = {}, file, files = {} }: Given = {}): Settings {
  const all = { ...files, ...(file === undefined ? {} : { '/w/gh-permit-sync.yaml': file }) };
  const readFile = (path: string) => {
    const content = all[path as keyof typeof all] as string | Uint8Array | undefined;
    if (content === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
    return typeof content === 'string' ? new TextEncoder().encode(content) : content;
  };
  return loadSettings({ flags, env: { ...ENOUGH, ...env }, cwd: '/w', readFile, parse: parseConfigFile });
}

/** The error that loading ends with; fails the test where it does not. */
export function refusal(given: Given): SyncError {
  try {
    load(given);
  } catch (error) {
    if (error instanceof SyncError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** The lines about a config file, without its name. */
export const problems = (file: string, given: Omit<Given, 'file'> = {}): readonly string[] =>
  refusal({ file, ...given })
    .message.split('\n')
    .map((line) => line.replace(/^gh-permit-sync\.yaml:/, ''));
