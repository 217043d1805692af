#!/usr/bin/env node
// An old Node has to be able to read this file: whatever is newer than ES2015 is imported after the check.
const NEEDED = '20.19';

function isOlder(version, than) {
  const [major, minor] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = than.split('.').map(Number);
  return major < leastMajor || (major === leastMajor && minor < leastMinor);
}

if (isOlder(process.versions.node, NEEDED)) {
  const found = process.versions.node;
  process.stderr.write(`error: gh-permit-sync needs Node ${NEEDED} or later, and this is Node ${found}\n`);
  process.exit(1);
} else {
  import('../dist/main.js');
}
