/**
 * `@tenfold/backend-testkit`: the conformance suite for backends. Every op, against PyTorch's values and gradients.
 *
 * @packageDocumentation
 */
export type { NoCase, OpCase } from './case.ts';
export { methodCases, opCases } from './cases/all.ts';
export { accumulated, ConformanceError, composed, type Measured, type Tolerance, tolerances } from './compare.ts';
export { type ConformanceTest, conformanceTests } from './conformance.ts';
export { type Family, families, loadFixture } from './fixture.ts';
export { loadPrograms, type ProgramsFixture } from './programs.ts';
export { CheckReport } from './report.ts';
