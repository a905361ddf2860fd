/** The conformance suite as a list of named checks, for any test runner. */
import { builtinOps, type DType, isFloat, isTensor, OpSpec, replay, resolveDevice, Tensor, tensor, trace } from '@tenfold/tensor-core';
import type { OpCase } from './case.ts';
import { allCases, families, type FamilyName } from './cases/all.ts';
import { ConformanceError, expectTensor, tolerances } from './compare.ts';
import { loadFixture, type OpFixture, type Sample } from './fixture.ts';
import { makeInput } from './input.ts';

/** One check. `run` resolves if the backend conforms and rejects with a `ConformanceError` that says what differed. */
export interface ConformanceTest {
  readonly family: string;
  /** `'add / broadcast float32'` */
  readonly name: string;
  run(): Promise<void>;
}
