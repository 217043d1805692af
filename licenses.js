// Whose work is in the bundle: their licences want to be passed on with it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The folders of the packages of which something is in a bundle.
 * @param metafile of esbuild: its inputs by their path from the working directory.
 * @returns sorted, each once.
 */
export function bundledPackages(metafile) {
  const used = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
  const folders = used.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0] ?? []);
  return [...new Set(folders)].sort();
}

/** Name, version and licence text of each. @throws where a package tells no licence: then it must not be bundled. */
export function licenses(folders) {
  const named = new Map(folders.map(describe));
  const texts = [...named].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, text]) => `${name}\n\n${text}\n`);
  return `gh-permit-sync holds these packages, each under its own licence.\n\n${texts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

function describe(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (typeof license !== 'string') throw new Error(`${folder}: no licence is told`);
  return [
    `${name} ${version} (${license})`,
    licenceText(folder) ?? `Licence: ${license}. ${authorOf(folder)}`,
  ];
}

function licenceText(folder) {
  const files = readdirSync(folder);
  const text = (name) => readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n').trim();
  const own = files.find((one) => /^licen[cs]e(?:[-.].*)?$/i.test(one));
  if (own) return text(own);
  // Some have it as the last chapter of what there is to read.
  const readme = files.find((one) => /^readme(?:\..*)?$/i.test(one));
  return readme && /^#*[ \t]*licen[cs]e[ \t]*$\n(?:-+\n)?([\s\S]{200,})/im.exec(text(readme))?.[1]?.trim();
}

/** Where no text came with the package, who holds the rights. */
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
