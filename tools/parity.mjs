/** `npm run parity`: runs the conformance suite on the built packages and writes docs/parity.md. */
import { writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parityFacts, parityText } from './parity/text.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
/** @param {string} path */
const load = (path) => import(pathToFileURL(resolve(root, 'packages', path)).href);

await load('backend-cpu/dist/register.js');
/** @type {import('./parity/text.mjs').Source} */
const source = {
  testkit: await load('backend-testkit/dist/index.js'),
  autograd: await load('autograd/dist/index.js'),
};

/** @type {Map<string, import('../packages/backend-testkit/src/index.ts').CheckReport[]>} */
const reports = new Map();
const failures = [];
for (const { op, name, run } of await source.testkit.conformanceTests('cpu')) {
  try {
    reports.set(op, [...(reports.get(op) ?? []), await run()]);
  } catch (error) {
    failures.push(`${name}: ${error instanceof Error ? error.message : error}`);
  }
}
if (failures.length > 0) {
  console.error(`docs/parity.md was not written: ${failures.length} checks fail.\n${failures.join('\n')}`);
  process.exit(1);
}
writeFileSync(resolve(root, 'docs/parity.md'), parityText(source, await parityFacts(source), reports));
console.log('wrote docs/parity.md');
