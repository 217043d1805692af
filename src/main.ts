import { VERSION } from './version.ts';

const argv = process.argv.slice(2);

// Answered here, so that the commands and their libraries are not loaded for it.
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  process.stdout.write(`${VERSION}\n`);
} else {
  const { run } = await import('./cli/program.ts');
  await run(argv);
}
