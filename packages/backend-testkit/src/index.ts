/**
 * `@tenfold/backend-testkit`: the conformance suite for backends. Every op, against PyTorch's values and gradients.
 *
 * @packageDocumentation
 */
export type { NoCase, OpCase, Results } from './case.ts';
export { caseOf, methodCases, opCases } from './cases/all.ts';
export {
  accumulated,
  allowance,
  ConformanceError,
  composed,
  decode,
  type Measured,
  type Tolerance,
  tolerances,
} from './compare.ts';
export { type ConformOptions, type ConformReport, conform, type Failure, type FamilyCount } from './conform.ts';
export { badge, type ReportOptions, textReport } from './conform-report.ts';
export { type ConformanceTest, conformanceTests, type SamplePart } from './conformance.ts';
export {
  type Encoded,
  type Family,
  families,
  type InputData,
  loadFixture,
  type OpFixture,
  type Sample,
  type TensorData,
} from './fixture.ts';
export { makeInput, makeTensorOf } from './input.ts';
export { loadPrograms, type ProgramsFixture } from './programs.ts';
export { CheckReport } from './report.ts';
export type { Speed } from './speed.ts';
export { type Tier, type TierTest, tierTests } from './tiers.ts';
export { loadBackend, type Target, useBackend, watched } from './under-test.ts';
