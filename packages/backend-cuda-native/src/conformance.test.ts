import './register.ts';
import { conformanceTests } from '@tenfold/backend-testkit';
import { devices } from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import { noCuda } from './no-cuda.test-support.ts';

if (noCuda === null) {
  it('has a device: without one these tests would prove nothing', async () => {
    expect(await devices()).toContainEqual(expect.objectContaining({ name: 'cuda:0', available: true }));
  });

  const tests = await conformanceTests('cuda');

  describe.each([...new Set(tests.map(({ family }) => family))])('%s', (family) => {
    for (const { name, run } of tests.filter((test) => test.family === family)) it(name, run);
  });
} else it.skip(`conformance: ${noCuda}`, () => {});
