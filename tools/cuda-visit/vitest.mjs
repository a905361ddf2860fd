/** What tests import from `vitest`, for a machine where it is not installed: its own runner and matchers, without its processes. */
import {
  ASYMMETRIC_MATCHERS_OBJECT,
  getState,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
} from '@vitest/expect';
import { getCurrentTest } from '@vitest/runner';
import { spyOn } from '@vitest/spy';
// @ts-expect-error it has no types
import * as chai from 'chai';

export { afterAll, afterEach, beforeAll, beforeEach, describe, it, onTestFinished, test } from '@vitest/runner';

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

/** @typedef {import('@vitest/expect').ExpectStatic} ExpectStatic */

const call = (/** @type {unknown} */ value, /** @type {string | undefined} */ message) => {
  const assertion = /** @type {any} */ (chai.expect(value, message));
  const running = getCurrentTest();
  return running ? assertion.withTest(running) : assertion;
};

export const expect = /** @type {ExpectStatic} */ (
  Object.assign(call, chai.expect, /** @type {any} */ (globalThis)[ASYMMETRIC_MATCHERS_OBJECT])
);
expect.getState = () => getState(expect);
expect.setState = (/** @type {object} */ state) => setState(state, expect);
setState({ assertionCalls: 0 }, expect);

export const vi = { spyOn };

/** What the suite here provides, of a machine with a card. @type {Readonly<Record<string, unknown>>} */
const provided = {
  noCuda: null,
  cudaDriver: process.env.TENFOLD_CUDA_DRIVER ?? '/usr/lib/x86_64-linux-gnu/libcuda.so.1',
};

export const inject = (/** @type {string} */ name) => provided[name];
