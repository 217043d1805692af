// The licenses of the packages in the bundle, which must be passed on with it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isReplaced } from './bundle-options.js';

/**
 * The folders of the packages that a bundle contains.
 * @param metafile esbuild's, whose inputs are paths relative to the working directory.
 * @returns sorted, each once.
 */
export function bundledPackages(metafile) {
  const used = Object.values(metafile.outputs)
    .flatMap(({ inputs }) => Object.keys(inputs))
    .filter((path) => !isReplaced(path));
  const folders = used.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0] ?? []);
  return [...new Set(folders)].sort();
}

/** Name, version and license text of each package. @throws Error for a package without a license, which must not be bundled. */
export function licenses(folders) {
  const named = new Map(folders.map(describe));
  const texts = [...named].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, text]) => `${name}\n\n${text}\n`);
  return `gh-permit-sync holds these packages, each under its own license.\n\n${texts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

function describe(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (typeof license !== 'string') throw new Error(`${folder}: package.json names no license`);
  return [
    `${name} ${version} (${license})`,
    licenseText(folder) ?? `License: ${license}. ${authorOf(folder)}`,
  ];
}

function licenseText(folder) {
  const files = readdirSync(folder);
  const text = (name) => readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n').trim();
  const own = files.find((one) => /^licen[cs]e(?:[-.].*)?$/i.test(one));
  if (own) return text(own);
  // Some packages keep it as the last section of their readme.
  const readme = files.find((one) => /^readme(?:\..*)?$/i.test(one));
  return readme && /^#*[ \t]*licen[cs]e[ \t]*$\n(?:-+\n)?([\s\S]{200,})/im.exec(text(readme))?.[1]?.trim();
}

/** The copyright holders, for a package without a license text. */
function authorOf(folder) {
  const { author, contributors, homepage, repository } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  );
  const who = [author, ...(contributors ?? [])]
    .map((one) => (typeof one === 'string' ? one : one?.name))
    .filter(Boolean);
  const where = homepage ?? (typeof repository === 'string' ? repository : repository?.url);
  return [who.length > 0 ? `Copyright: ${who.join(', ')}.` : '', where].filter(Boolean).join(' ');
}
