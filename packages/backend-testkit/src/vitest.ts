/**
 * `@tenfold/backend-testkit/vitest`: the conformance suite as tests of vitest.
 *
 * @packageDocumentation
 */
import { describe, it } from 'vitest';
import { fullName, type Tier, tierTests } from './tiers.ts';
import { deviceOf, type Target } from './under-test.ts';

export type { Tier } from './tiers.ts';
export type { Target } from './under-test.ts';

/** Options of {@link testBackend}. */
export interface TestBackendOptions {
  /** The highest tier that is tested. Default 3. */
  readonly tier?: Tier;
  /** Only the checks whose `family / op / name` contains this text. */
  readonly filter?: string;
  /** Milliseconds for one test. Default 60,000. */
  readonly timeout?: number;
}

/**
 * Defines the tests of a backend: a `describe` for each tier and family, an `it` for each check. What is timed is no test: `npx @tenfold/backend-testkit conform` has
 * it in its report.
 *
 * @example
 * import { testBackend } from '@tenfold/backend-testkit/vitest';
 * import { backend } from './index.js';
 * testBackend(backend, { tier: 2 });
 */
export function testBackend(
  target: Target,
  { tier = 3, filter = '', timeout = 60_000 }: TestBackendOptions = {},
): void {
  // vitest waits for it before any test runs
  describe('conformance', async () => {
    const tests = (await tierTests(await deviceOf(target), tier)).filter((test) => fullName(test).includes(filter));
    for (const [name, ofTier] of grouped(tests, (test) => `tier ${test.tier}`))
      describe(name, () => {
        for (const [family, checks] of grouped(ofTier, (test) => test.family))
          describe(family, () => {
            for (const check of checks) it(check.name, () => check.run(), timeout);
          });
      });
  });
}

function grouped<T>(list: readonly T[], keyOf: (x: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const x of list) {
    const group = groups.get(keyOf(x));
    if (group) group.push(x);
    else groups.set(keyOf(x), [x]);
  }
  return groups;
}
