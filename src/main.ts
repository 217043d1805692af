import { run } from './cli/program.ts';

// `--version` alone is answered in bin/, so that nothing is loaded for it.
await run(process.argv.slice(2));
