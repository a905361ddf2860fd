import './register.ts';
import { conformanceTests } from '@tenfold/backend-testkit';
import { devices } from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';

it('has an adapter: without one these tests would prove nothing', async () => {
  expect(await devices()).toContainEqual(expect.objectContaining({ name: 'webgpu', available: true }));
});

const tests = await conformanceTests('webgpu');

describe.each([...new Set(tests.map(({ family }) => family))])('%s', (family) => {
  for (const { name, run } of tests.filter((test) => test.family === family)) it(name, run);
});
