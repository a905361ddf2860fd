import './register.ts';
import { conformanceTests } from '@tenfold/backend-testkit';
import { devices } from '@tenfold/tensor-core';
import { describe, expect, inject, it } from 'vitest';

it('has an adapter: without one these tests would prove nothing', async () => {
  expect(await devices()).toContainEqual(expect.objectContaining({ name: 'webgpu', available: true }));
});

declare module 'vitest' {
  interface ProvidedContext {
    /** A leg that takes each n-th check only. */
    every: number;
  }
}

const every = inject('every') ?? 1;
const tests = (await conformanceTests('webgpu')).filter((_, i) => i % every === 0);

describe.each([...new Set(tests.map(({ family }) => family))])('%s', (family) => {
  for (const { name, run } of tests.filter((test) => test.family === family)) it(name, run);
});
