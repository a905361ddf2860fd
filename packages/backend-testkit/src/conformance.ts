/** The conformance suite as a list of named checks, for any test runner. */
import { grad } from '@tenfold/autograd';
import {
  type Capabilities,
  DeviceError,
  type DType,
  type Interpreter,
  interpreters,
  isTensor,
  type Operand,
  type OpSpec,
  type Outputs,
  replay,
  resolveDevice,
  type Tensor,
  trace,
  withLayer,
} from '@tenfold/tensor-core';
import type { OpCase, Results } from './case.ts';
import { caseOf } from './cases/all.ts';
import type { Check } from './checks/check.ts';
import { createChecks } from './checks/create.ts';
import { randomChecks } from './checks/random.ts';
import {
  accumulated,
  ConformanceError,
  decode,
  expectSame,
  expectTensor,
  narrowed,
  type Tolerance,
  tolerances,
} from './compare.ts';
import { type Family, families, loadFixture, type Sample, type TensorData } from './fixture.ts';
import { makeInput, makeTensorOf } from './input.ts';
import { otherNodes } from './node-names.ts';
import { checkProgram, checkRefusal, loadPrograms } from './programs.ts';
import { CheckReport } from './report.ts';

/** One check. `run` resolves if the backend conforms and rejects with a {@link ConformanceError} that says what differed. */
export interface ConformanceTest {
  readonly family: Family | 'random' | 'programs';
  readonly op: string;
  /** `'add / broadcast float32'` */
  readonly name: string;
  /** What the check computes, and PyTorch's results; absent for checks that need none. */
  readonly sample?: Sample;
  run(): Promise<CheckReport>;
}

/** What of a sample is checked: everything, only results (in place and from traces too), or only nodes and gradients. */
export type SamplePart = 'all' | 'values' | 'gradients';

/** Families whose ops add many terms. */
const accumulating: ReadonlySet<Family> = new Set([
  'reduce',
  'linalg',
  'softmax',
  'loss',
  'conv',
  'decomposition',
  'norm',
  'attention',
]);

/** How near the results and gradients of a family must be, by dtype. */
function toleranceOf(
  { row, family, narrow }: SampleCheck,
  kind: 'value' | 'gradient',
  { dtype }: TensorData,
): Tolerance {
  if (narrow && dtype === 'float32') return narrowed;
  const own = row.tolerance?.[dtype];
  if (own) return own;
  if (dtype === 'float32' && (kind === 'gradient' || accumulating.has(family))) return accumulated;
  return tolerances[dtype];
}

/**
 * Every sample of every op on a device: values, dtypes and shapes, first and second gradients, in-place forms and replayed traces, all against
 * PyTorch. Samples of dtypes that the device lacks are left out, and those with int64 elements beyond the bits that it has. Then what needs no PyTorch: data that comes back as it went, and the stated Philox streams
 * of random numbers.
 *
 * @example
 * for (const { name, run } of await conformanceTests('cpu')) it(name, run);
 */
export async function conformanceTests(device: string, part: SamplePart = 'all'): Promise<ConformanceTest[]> {
  const tests = (await samplesOf(device)).map((given): ConformanceTest => {
    const { family, op, sample } = given;
    const run = () => orRefused({ ...given, device, part, report: new CheckReport() });
    return { family, op, name: `${op} / ${sample.name}`, sample, run };
  });
  const { dtypes } = resolveDevice(device).runtime.capabilities;
  return [...tests, ...plainTests(device), ...(await programTests(device, dtypes))];
}

/** A sample that a device has the dtypes for. */
export interface GivenSample {
  readonly family: Family;
  readonly op: string;
  readonly row: OpCase;
  readonly sample: Sample;
  /** The sample of the fixture: {@link sample} itself, unless that was made narrow. */
  readonly original: Sample;
  /** Whether the sample was computed by PyTorch in float64. */
  readonly narrow: boolean;
}

/** All samples for a device. */
export async function samplesOf(device: string): Promise<GivenSample[]> {
  const { capabilities } = resolveDevice(device).runtime;
  const has = ({ inputs, outputs }: Sample) =>
    [...inputs, ...outputs].every(
      (x) => typeof x !== 'object' || x === null || (capabilities.dtypes.includes(x.dtype) && fits(x, capabilities)),
    );
  const given: GivenSample[] = [];
  for (const family of families) {
    for (const { op, samples } of await loadFixture(family)) {
      const row = caseOf(op);
      if (!row)
        throw new ConformanceError(`the fixtures have samples of '${op}', but cases/${family}.ts has no row for it`);
      for (const original of samples) {
        if (row.exclude?.[original.name]) continue;
        const narrow = !has(original);
        const sample = narrow ? narrowerOf(family, original) : original;
        if (sample && has(sample)) given.push({ family, op, row, sample, original, narrow });
      }
    }
  }
  return given;
}

/** Families whose samples are run in float32 too where there is no float64; the others have as many samples of each. */
const narrowable: ReadonlySet<Family> = new Set([
  'linalg',
  'softmax',
  'loss',
  'conv',
  'pool',
  'spatial',
  'norm',
  'attention',
]);

/** Samples made to need more digits than float32 has: their inputs are large and lie near together. */
const needDigits: ReadonlySet<string> = new Set(['far from 0', 'one value']);

/** A sample in float64 as one in float32; `null` where an argument asks for float64. */
function narrowerOf(family: Family, sample: Sample): Sample | null {
  if (!narrowable.has(family) || needDigits.has(sample.name) || JSON.stringify(sample.args ?? {}).includes('float64'))
    return null;
  // tensors are the only objects of a sample that have a dtype
  const text = JSON.stringify(sample).replaceAll('"dtype":"float64"', '"dtype":"float32"');
  return { ...(JSON.parse(text) as Sample), name: `${sample.name} as float32` };
}

/** Decompositions may be left to cpu, if the device says so. */
async function orRefused(check: SampleCheck): Promise<CheckReport> {
  try {
    return await checkSample(check);
  } catch (error) {
    if (
      check.family !== 'decomposition' ||
      !(error instanceof DeviceError) ||
      !error.message.includes('it runs on cpu')
    )
      throw error;
    check.report.refused++;
    return check.report;
  }
}

/** Whether a device keeps all elements: not those of int64 beyond 32 bits if it has no more. */
function fits({ dtype, data }: TensorData, { int64Bits = 64 }: Capabilities): boolean {
  if (dtype !== 'int64' || int64Bits === 64) return true;
  return data.map((x) => Number(decode(x))).every((x) => x === (x | 0));
}

/** Checks that need no sample. */
function plainTests(device: string): ConformanceTest[] {
  const test = (family: 'create' | 'random', { op, name, run: check }: Check): ConformanceTest => {
    const run = async () => {
      await check(device);
      return new CheckReport();
    };
    return { family, op, name: `${op} / ${name}`, run };
  };
  return [...createChecks.map((check) => test('create', check)), ...randomChecks.map((check) => test('random', check))];
}

/** Programs run where the device has float64: their loss is summed in it. */
async function programTests(device: string, dtypes: readonly DType[]): Promise<ConformanceTest[]> {
  const { programs, refused } = await loadPrograms();
  const has = (tensors: readonly TensorData[]) => tensors.every(({ dtype }) => dtypes.includes(dtype));
  if (!dtypes.includes('float64')) return [];
  const test = (name: string, check: (report: CheckReport) => Promise<void>) => {
    const run = async () => {
      const report = new CheckReport();
      await check(report);
      return report;
    };
    return { family: 'programs', op: 'program', name, run } as const;
  };
  return [
    ...programs
      .filter(({ values }) => has(values))
      .map((program) => test(program.name, (report) => checkProgram(program, device, report))),
    ...refused
      .filter(({ leaves }) => has(leaves))
      .map((program) => test(program.name, () => checkRefusal(program, device))),
  ];
}

const listOf = (results: Results): readonly Tensor[] => (isTensor(results) ? [results] : results);

/** One check on its way. */
interface SampleCheck extends GivenSample {
  readonly device: string;
  /** Or only the calls, of which nothing is read. */
  readonly part: SamplePart | 'calls';
  readonly report: CheckReport;
}

async function checkSample(check: SampleCheck): Promise<CheckReport> {
  if (check.part !== 'gradients') await checkResults(check);
  if (check.part === 'values') return check.report;
  const { op, sample, report } = check;
  const fresh = () => sample.inputs.map((input) => makeInput(input, check.device, true));
  if (sample.gradFn && !otherNodes[op]) checkNodes(await called(check, fresh()), sample.gradFn);
  if (sample.gradOut && sample.grads) await checkGradients(check, fresh());
  return report;
}

/** Makes the calls of a sample, in place and for gradients too, for those who watch them. What comes out is for others to judge. */
export async function exercise(given: GivenSample, device: string): Promise<void> {
  const check: SampleCheck = { ...given, device, part: 'calls', report: new CheckReport() };
  const { row, sample } = check;
  const args = sample.args ?? {};
  const fresh = (withGrad: boolean) => sample.inputs.map((input) => makeInput(input, device, withGrad));
  try {
    if (sample.gradOut && sample.grads) await checkGradients(check, fresh(true));
    else await called(check, fresh(false));
    const inputs = fresh(false);
    const { inplace } = row;
    if (sample.inplace && inplace)
      await orAsync(check, () => inplace(inputs, args), row.inplaceAsync?.bind(row, inputs, args));
  } catch {
    // the sample's own check says so
  }
}

async function checkResults(check: SampleCheck): Promise<void> {
  const { row, sample, device, report } = check;
  const args = sample.args ?? {};
  const fresh = () => sample.inputs.map((input) => makeInput(input, device, false));
  const expectValue = (what: string, actual: Tensor, expected: TensorData) =>
    expectTensor(what, actual, expected, toleranceOf(check, 'value', expected), report);
  for (const x of [...sample.inputs, ...sample.outputs])
    if (typeof x === 'object' && x !== null) report.dtypes.add(x.dtype);

  const outputs = await called(check, fresh(), (call) => withLayer(interpreters, inferenceChecker, call));
  if (outputs.length !== sample.outputs.length) {
    throw new ConformanceError(`${outputs.length} outputs, PyTorch gives ${sample.outputs.length}`);
  }
  for (const [i, expected] of sample.outputs.entries()) {
    await expectValue(`output ${i}`, outputs[i], expected);
    report.values++;
  }
  if (sample.inplace && row.inplace) {
    const [first, ...rest] = fresh();
    const inputs = [(first as Tensor).clone(), ...rest];
    const { inplace } = row;
    const [result] = await orAsync(check, () => inplace(inputs, args), row.inplaceAsync?.bind(row, inputs, args));
    await expectValue('in place', result, sample.outputs[0]);
    report.inPlace++;
  }
  if (!row.reads) {
    const derived = await checkTrace(row, fresh(), args, device);
    for (const [i, expected] of sample.outputs.entries())
      await expectValue(`derived output ${i}`, derived[i], expected);
    report.traces++;
  }
}

/** What the call gives. Ops that read while they run are called by their twins where the device can't be read at once. */
const called = (
  check: SampleCheck,
  inputs: readonly unknown[],
  around: (call: () => readonly Tensor[]) => readonly Tensor[] = (call) => call(),
): Promise<readonly Tensor[]> => {
  const { row, sample, device } = check;
  const args = sample.args ?? {};
  return orAsync(
    check,
    () => around(() => listOf(row.call(inputs, args, device))),
    row.callAsync?.bind(row, inputs, args),
  );
};

async function orAsync(
  { row, device }: SampleCheck,
  call: () => Results,
  twin: (() => Promise<Results>) | undefined,
): Promise<readonly Tensor[]> {
  try {
    return listOf(call());
  } catch (error) {
    const { syncRead } = resolveDevice(device).runtime.capabilities;
    if (!(error instanceof DeviceError) || syncRead || !row.reads) throw error;
    if (twin) return listOf(await twin());
    throw new ConformanceError(
      `the case has no form that awaits, for a device that can't be read at once: ${error.message}`,
      { cause: error },
    );
  }
}

/** A printed tensor shows its node: it must be PyTorch's. */
function checkNodes(outputs: readonly Tensor[], expected: readonly (string | null)[]): void {
  expected.forEach((name, i) => {
    const node = outputs[i].gradFn?.name ?? null;
    if (node !== name) throw new ConformanceError(`output ${i} has the node ${node}, in PyTorch ${name}`);
  });
}

/** Each op's inferred shapes and dtypes must be those of its results, inner ops of composites included. */
const inferenceChecker: Interpreter = {
  process(spec: OpSpec, inputs: readonly Operand[], attrs, next): Outputs {
    const outputs = next();
    if (!spec.infer || spec.inplaceOf) return outputs;
    const inferred = spec.infer(inputs, attrs);
    const metas = 'shape' in inferred ? [inferred] : inferred;
    listOf(outputs).forEach(({ shape, dtype }, i) => {
      if (metas[i].dtype !== dtype || metas[i].shape.join() !== shape.join()) {
        throw new ConformanceError(
          `${spec.name} infers ${metas[i].dtype}[${metas[i].shape}] but gives ${dtype}[${shape}]`,
        );
      }
    });
    return outputs;
  },
};

/** A replayed trace must give the very same numbers as the call. Gives what tracing has computed: there composite ops run their bodies, and no override. */
async function checkTrace(
  row: OpCase,
  inputs: readonly unknown[],
  args: object,
  device: string,
): Promise<readonly Tensor[]> {
  const tensors = inputs.filter(isTensor);
  const call = (...given: Tensor[]): Results => {
    const rest = [...given];
    return row.call(
      inputs.map((x) => (isTensor(x) ? rest.shift() : x)),
      args,
      device,
    );
  };
  const { graph, result } = trace(call, tensors);
  const replayed = replay(graph, tensors);
  const called = listOf(call(...tensors));
  for (const [i, expected] of called.entries()) await expectSame(`replayed output ${i}`, replayed[i], expected);
  return listOf(result);
}

async function checkGradients(check: SampleCheck, inputs: readonly unknown[]): Promise<void> {
  const { sample, device, report } = check;
  const { gradOut = [], grads = [], gradgrads } = sample;
  const leaves = inputs.filter((x): x is Tensor => isTensor(x) && x.requiresGrad);
  const expected = grads.filter((_, i) => isTensor(inputs[i]) && (inputs[i] as Tensor).requiresGrad);
  const outputs = await called(check, inputs);
  const flowing = outputs.filter((_, i) => gradOut[i]);
  const cotangents = gradOut.filter((x): x is TensorData => x !== null).map((data) => makeTensorOf(data, device));
  if (gradgrads) for (const cotangent of cotangents) cotangent.requiresGrad_();
  const results = grad(flowing, leaves, {
    gradOutputs: cotangents,
    allowUnused: true,
    createGraph: gradgrads !== undefined,
  });
  report.gradients += await compareGradients('gradient', check, results, expected);
  if (!gradgrads) return;
  // the scalar Σ sum(v · grad), differentiated by every leaf and by the cotangents
  const v = gradgrads.v.filter((_, i) => isTensor(inputs[i]) && (inputs[i] as Tensor).requiresGrad);
  const terms = results.flatMap((result, i) => {
    const factor = v[i];
    return result && factor && result.requiresGrad ? [result.mul(makeTensorOf(factor, device)).sum()] : [];
  });
  if (terms.length === 0) return;
  const total = terms.reduce((sum, term) => sum.add(term));
  const seconds = grad([total], [...leaves, ...cotangents], { allowUnused: true });
  const expectedInputs = gradgrads.inputs.filter((_, i) => isTensor(inputs[i]) && (inputs[i] as Tensor).requiresGrad);
  const expectedCotangents = gradgrads.gradOut.filter((_, i) => gradOut[i]);
  const expectedSeconds = [...expectedInputs, ...expectedCotangents];
  report.secondGradients += await compareGradients('second gradient', check, seconds, expectedSeconds);
}

/** `null` and zeros mean the same. Gives how many were compared. */
async function compareGradients(
  what: string,
  check: SampleCheck,
  actual: readonly (Tensor | null)[],
  expected: readonly (TensorData | null)[],
): Promise<number> {
  if (check.part === 'calls') return 0;
  for (const [i, wanted] of expected.entries()) {
    const got = actual[i];
    if (wanted && got)
      await expectTensor(`${what} ${i}`, got, wanted, toleranceOf(check, 'gradient', wanted), check.report);
    else if (wanted && wanted.data.some((x) => x !== 0)) throw new ConformanceError(`${what} ${i} is missing`);
    else if (got && (await got.ne(0).any().item()) !== 0)
      throw new ConformanceError(`${what} ${i} should be zero, got ${got}`);
  }
  return expected.length;
}
