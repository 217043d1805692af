#!/usr/bin/env node
// An old Node has to be able to read this file: whatever is newer than Node 8 is loaded after the check. It is CommonJS
// because Node starts a module a tenth slower.
const NEEDED = '20.19';

function isOlder(version, than) {
  const [major, minor] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = than.split('.').map(Number);
  return major < leastMajor || (major === leastMajor && minor < leastMinor);
}

/**
 * Node 22 and later can keep compiled code, so that a small run starts faster: in a place of the user's own, since code
 * from there is not checked again. Not in CI, where nothing is kept. Node itself heeds NODE_DISABLE_COMPILE_CACHE.
 */
function keepCompiledCode({ CI, XDG_CACHE_HOME, LOCALAPPDATA, HOME }) {
  const { enableCompileCache } = require('node:module');
  const home = XDG_CACHE_HOME || LOCALAPPDATA || HOME;
  // Node loops for ever where it can't make the folder above (below /proc, for one).
  if (!enableCompileCache || CI || !home || !require('node:fs').existsSync(home)) return;
  enableCompileCache(home === HOME ? `${HOME}/.cache/gh-permit-sync` : `${home}/gh-permit-sync`);
}

function printVersion() {
  process.stdout.on('error', ({ code }) => {
    process.stderr.on('error', () => undefined);
    if (code !== 'EPIPE') process.stderr.write(`warning: stdout can't be written (${code})\n`);
  });
  process.stdout.write(`${require('../package.json').version}\n`);
}

const [, , first, ...more] = process.argv;
if (isOlder(process.versions.node, NEEDED)) {
  const found = process.versions.node;
  process.stderr.write(`error: gh-permit-sync needs Node ${NEEDED} or later, and this is Node ${found}\n`);
  process.exit(1);
} else if ((first === '--version' || first === '-V') && more.length === 0) {
  printVersion();
} else {
  keepCompiledCode(process.env);
  require('./program.js');
}
