import { VERSION } from './version.ts';

const argv = process.argv.slice(2);

// Answered here, so that the commands and their libraries are not loaded for it.
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    process.stderr.on('error', () => undefined);
    if (code !== 'EPIPE') process.stderr.write(`warning: stdout can't be written (${code})\n`);
  });
  process.stdout.write(`${VERSION}\n`);
} else {
  const { run } = await import('./cli/program.ts');
  await run(argv);
}
