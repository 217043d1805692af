// Prints a CycloneDX SBOM of the built package: the packages that are bundled in dist, and no development tools.
import { readFileSync } from 'node:fs';

const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

const component = (name, version, license) => {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  // `expression` takes a single license id as well as "MIT OR Apache-2.0".
  return { type: 'library', 'bom-ref': purl, name, version, licenses: [{ expression: license }], purl };
};

// Each chapter of the licenses file has one line "name version (license)".
const components = read('dist/THIRD-PARTY-LICENSES.txt')
  .split(/^-{80}$/m)
  .map((chapter) => {
    const [, name, version, license] = /^(\S+) (\d+\.\S+) \((.+)\)$/m.exec(chapter) ?? [];
    if (name === undefined) throw new Error(`no package is named in: ${chapter.trim().slice(0, 80)}`);
    return component(name, version, license);
  });

const { name, version, license } = JSON.parse(read('package.json'));
const bom = {
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  version: 1,
  metadata: { component: { ...component(name, version, license), type: 'application' } },
  components,
};
process.stdout.write(`${JSON.stringify(bom, null, 2)}\n`);
