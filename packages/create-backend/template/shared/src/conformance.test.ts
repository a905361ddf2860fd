/** The conformance suite, family by family: what is not reached yet is listed, and does not fail. */
import { tierTests } from '@tenfold/backend-testkit';
import { registerBackend } from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import { backend } from './index.ts';

/** The tier that these tests hold the backend to: 1, then 2, then 3. */
const tier = 1;
/** The families of checks that hold: add one when `npm run conform -- --filter 'its name / '` passes. */
const families: string[] = [];

registerBackend(backend);
const tests = await tierTests('__DEVICE__', tier);
const all = [...new Set(tests.map(({ family }) => family))];
const missing = all.filter((family) => !families.includes(family));
if (missing.length > 0) console.info(`tier ${tier} still needs these families of checks: ${missing.join(', ')}`);

for (const family of all) {
  const checks = tests.filter((test) => test.family === family);
  if (missing.includes(family)) it.todo(`${family} (${checks.length} checks)`);
  else describe(family, () => checks.forEach(({ name, run }) => it(name, run)));
}

it('knows every family in the list', () => {
  expect(families.filter((family) => !all.some((known) => known === family))).toEqual([]);
});
