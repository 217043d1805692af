import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runInThisProcess } from './in-process.ts';

const ROOT = new URL('../../', import.meta.url);

/** A file of the repository. @param path from its root. */
export const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

/** Files below a folder of the repository, by their path from its root. */
export const filesIn = (folder: string, ending: RegExp): readonly string[] =>
  readdirSync(fileURLToPath(new URL(folder, ROOT)), { recursive: true, encoding: 'utf8' })
    .map((file) => `${folder}/${file}`)
    .filter((path) => ending.test(path))
    .sort();

/** Every page that a user or a contributor reads. */
export const PAGES: readonly string[] = [
  ...readdirSync(ROOT).filter((file) => file.endsWith('.md')),
  ...filesIn('docs', /\.md$/),
];

/** The fenced blocks of a page in one language, without the indent of a list. */
export const blocksOf = (page: string, language: string): readonly string[] =>
  [...read(page).matchAll(/^( *)```(\w+)\n(.*?)^\1```$/gms)].flatMap(([, indent = '', kind, text = '']) =>
    kind === language ? [text.replaceAll(new RegExp(`^${indent}`, 'gm'), '')] : [],
  );

/** The inline code of a page. */
export const inlineCodeOf = (page: string): readonly string[] =>
  [
    ...read(page)
      .replaceAll(/^ *```.*?^ *```$/gms, '')
      .matchAll(/`([^`\n]+)`/g),
  ].map(([, code = '']) => code);

/** The arguments of one call of the program. */
export type Call = readonly string[];

/** Calls of the program in shell text, also inside YAML, crontabs and prompts. */
export const callsIn = (text: string): readonly Call[] =>
  [
    ...text
      .replaceAll(/\\\n\s*/g, ' ')
      .matchAll(/(?:^|[\s"'/])gh-permit-sync(?:@[^\s"]+)?(?:\.js)?"? ([a-z][^#|>&\n`;]*)/gm),
  ].map(([, words = '']) => words.trim().split(/\s+/));

const helpTexts = new Map<string, Promise<string | undefined>>();

/** The help of a command, such as `['queue', 'list']`; undefined if there is no such command. */
export function helpOf(path: readonly string[]): Promise<string | undefined> {
  const name = path.join(' ');
  const known = helpTexts.get(name) ?? readHelp(path);
  helpTexts.set(name, known);
  return known;
}

async function readHelp(path: readonly string[]): Promise<string | undefined> {
  const { code, stdout } = await runInThisProcess([...path, '--help']);
  return code === 0 && stdout.includes(`gh-permit-sync ${path.join(' ')}`) ? stdout : undefined;
}

/** What the program doesn't know of a call: its command, or flags. Empty for a correct one. */
export async function unknownIn([command = '', ...rest]: Call): Promise<readonly string[]> {
  const path = command === 'queue' ? [command, rest[0] ?? ''] : [command];
  const help = await helpOf(path);
  if (help === undefined) return [path.join(' ')];
  return rest.filter((word) => /^--?[a-z]/.test(word) && !declares(help, word.replace(/=.*/, '')));
}

/** Whether a help text lists a flag, by its short or its long name. */
export const declares = (help: string, flag: string): boolean =>
  new RegExp(`^ +(?:-\\w, )?${flag}\\b|^ +${flag},`, 'm').test(help);
