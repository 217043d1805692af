import type { ConfigFile, parseConfigFile } from './document/check.ts';
import { type ConfigText, type ReadFile, readConfigFile } from './file.ts';
import type { Environment, SettingFlags } from './settings.ts';
import { fromEnvironment, fromFlag } from './source.ts';

export type ParseConfigFile = typeof parseConfigFile;

/** Where the settings of a command come from. */
export type Input = {
  readonly flags: SettingFlags;
  readonly env: Environment;
  /** Where a config file is looked for. */
  readonly cwd: string;
  /** Replaces the file system. */
  readonly readFile?: ReadFile;
  readonly parse: ParseConfigFile;
};

/** What the settings are chosen from: flags, environment and the config file. */
export type Sources = Pick<Input, 'flags' | 'env'> & ConfigFile;

/** Where a config file is named or looked for. */
type Place = Pick<Input, 'env' | 'cwd' | 'readFile'> & { readonly flags: Pick<SettingFlags, 'config'> };

/** The text of the config file, if there is one. @throws SyncError as `readConfigFile` does. */
export function findConfigFile({ flags, env, cwd, readFile }: Place): ConfigText | undefined {
  const path = fromFlag('--config', flags.config) ?? fromEnvironment(env, 'GH_PERMIT_SYNC_CONFIG');
  return readConfigFile(path && { path: path.text, by: path.by }, cwd, readFile);
}

/**
 * Adds the parser of config files. Loading it is a tenth of the cost of a small run, so it is loaded only where there
 * may be a file.
 */
export async function withParser<I extends Place>(input: I): Promise<I & Pick<Input, 'parse'>> {
  const parse = mayHaveFile(input) ? (await import('./document/check.ts')).parseConfigFile : noFile;
  return { ...input, parse };
}

/** An unreadable file counts too: loading the settings reports what is wrong with it. */
function mayHaveFile(place: Place): boolean {
  try {
    return findConfigFile(place) !== undefined;
  } catch {
    return true;
  }
}

/** Called only if a file is written at just this moment. */
export const noFile: ParseConfigFile = ({ name }) => {
  throw new Error(`${name} was not there a moment ago`);
};
