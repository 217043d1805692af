// Emits the declarations of the library, and keeps only the files that its entry reaches.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';

/** @param entry a module below `src`. @param folder gets `index.d.ts` and what it imports. */
export function emitTypes(entry, folder) {
  const all = mkdtempSync(join(tmpdir(), 'types-'));
  try {
    const flags = [
      '--noEmit',
      'false',
      '--declaration',
      '--emitDeclarationOnly',
      '--rootDir',
      'src',
      '--outDir',
      all,
    ];
    execFileSync(
      process.execPath,
      ['node_modules/typescript/bin/tsc', '-p', 'scripts/tsconfig.types.json', ...flags],
      {
        stdio: 'inherit',
      },
    );
    const open = [join(all, basename(entry).replace(/\.ts$/, '.d.ts'))];
    for (const file of open) {
      const text = readFileSync(file, 'utf8').replace(/(['"])(\.\.?\/[^'"]+)\.ts\1/g, (_, quote, path) => {
        const target = join(dirname(file), `${path}.d.ts`);
        if (!open.includes(target)) open.push(target);
        return `${quote}${path}.js${quote}`;
      });
      const place = join(folder, relative(all, file));
      mkdirSync(dirname(place), { recursive: true });
      writeFileSync(place, text);
    }
  } finally {
    rmSync(all, { recursive: true, force: true });
  }
}
