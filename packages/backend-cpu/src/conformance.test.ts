import './register.ts';
import { conformanceTests } from '@tenfold/backend-testkit';
import { describe, it } from 'vitest';

const tests = await conformanceTests('cpu');

describe.each([...new Set(tests.map(({ family }) => family))])('%s', (family) => {
  for (const { name, run } of tests.filter((test) => test.family === family)) it(name, run);
});
