/**
 * `npm run bench [-- PART…]`: runs the parts that are named, or all, and writes what they measured into their sections of
 * docs/PERFORMANCE.md. Loopback only. A part that does not end is stopped.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

/** What one part measured, as Markdown. */
export type Section = { readonly title: string; readonly body: string };

const DOCUMENT = 'docs/PERFORMANCE.md';
const MAX_RUN_MS = 15 * 60_000;

/** Each part is loaded only when it runs. */
const PARTS: Readonly<Record<string, () => Promise<Section>>> = {
  start: async () => (await import('./start.ts')).measure(),
  listing: async () => (await import('./listing/measure.ts')).measure(),
  repositories: async () => (await import('./repositories.ts')).measure(),
  receiver: async () => (await import('./receive.ts')).measure(),
  drain: async () => (await import('./drain.ts')).measure(),
};

const asked = process.argv.slice(2);
const unknown = asked.filter((part) => !(part in PARTS));
if (unknown.length > 0) {
  process.stderr.write(`unknown part ${unknown.join(', ')}; there are: ${Object.keys(PARTS).join(', ')}\n`);
  process.exit(1);
}
setTimeout(() => {
  process.stderr.write(`stopped after ${MAX_RUN_MS / 60_000} minutes\n`);
  process.exit(1);
}, MAX_RUN_MS).unref();

for (const [name, measure] of Object.entries(PARTS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const { title, body } = await measure();
  const date = new Date().toISOString().slice(0, 10);
  const text = `## ${title}\n\n${body.trim()}\n\n\`npm run bench -- ${name}\`, ${date}, ${machine()}.`;
  process.stdout.write(`${text}\n\n`);
  writeFileSync(DOCUMENT, withSection(readFileSync(DOCUMENT, 'utf8'), name, text));
}
// Ends whatever a part left open.
process.exit();

function machine(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `Node ${process.versions.node}, ${cpus().length} × ${cpu?.model.trim()}, ${memory} GiB`;
}

/** Replaces the section between its markers, or appends it. */
function withSection(document: string, name: string, text: string): string {
  const [from, to] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const section = `${from}\n${text}\n${to}`;
  const start = document.indexOf(from);
  const end = document.indexOf(to);
  if (start < 0 || end < start) return `${document.trimEnd()}\n\n${section}\n`;
  return document.slice(0, start) + section + document.slice(end + to.length);
}
