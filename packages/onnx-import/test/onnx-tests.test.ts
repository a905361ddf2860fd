import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { cpu } from '@tenfold/backend-cpu';
import { toOnnx } from '@tenfold/onnx-export';
import { importModel, loadOnnx, type OnnxModule } from '@tenfold/onnx-import';
import { ModelProto } from '@tenfold/onnx-model';
import { OnnxExportError, registerBackend, type Tensor } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import { failing } from './failing.ts';
import { type OnnxTest, readOnnxTests } from './onnx-tests.ts';
import { inputsOf, listOf, modelOf, runTest } from './run-test.ts';

registerBackend(cpu());

const tests = readOnnxTests();
/** What is wrong with each test that fails. */
const wrong = new Map<OnnxTest, string>();

describe("the ONNX project's own tests", () => {
  // how many of how many that onnxruntime passes; the rest is in failing.ts
  test.each([
    ['node', 1293, 1342],
    ['pytorch-converted', 57, 57],
    ['pytorch-operator', 23, 23],
    ['simple', 15, 15],
    // former versions of ops, each release back to opset 6 and before
    ['ONNX 1.12.0', 395, 402],
    ['ONNX 1.9.0', 411, 418],
    ['ONNX 1.7.0', 178, 178],
    ['ONNX 1.6.0', 15, 15],
    ['ONNX 1.5.0', 28, 28],
    ['ONNX 1.4.1', 14, 14],
    ['ONNX 1.3.0', 30, 30],
    ['ONNX 1.2.1', 24, 24],
    ['ONNX 1.1.2', 3, 3],
  ])('%s: %i of %i', { timeout: 120_000 }, async (group, passed, of) => {
    const known = tests.tests.filter((x) => x.group === group);
    for (const x of known) {
      const what = await runTest(x, tests);
      if (what !== null) wrong.set(x, what);
    }
    const measure = known.filter((x) => x.passes);
    expect(measure.length).toBe(of);
    expect(measure.filter((x) => !wrong.has(x)).length).toBe(passed);
  });

  test('those that fail are known, with their reasons', () => {
    const rest = new Map(wrong);
    for (const { reason, says, named = /^/, count, passedByOnnxRuntime } of failing) {
      const found = [...rest].filter(([x, what]) => says.test(what) && named.test(x.name)).map(([x]) => x);
      for (const x of found) rest.delete(x);
      const names = found.filter((x) => x.passes).map((x) => x.name);
      expect([names, found.length], reason).toEqual([passedByOnnxRuntime, count]);
    }
    expect([...rest].map(([x, what]) => `${x.name}: ${what}`)).toEqual([]);
  });

  test('onnxruntime passes a sample of what it is said to pass', { timeout: 60_000 }, () => {
    const require = createRequire(import.meta.url);
    const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
    const args = [
      path('../scripts/run-in-onnxruntime.mjs'),
      require.resolve('onnxruntime-node'),
      path('onnx-tests.br'),
    ];
    const lines = execFileSync(process.execPath, [...args, '0', '12'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .split('\n')
      .filter(Boolean);
    expect(lines.length).toBe(Math.ceil(tests.tests.length / 12));
    for (const line of lines) {
      const [index] = line.split(' ', 1);
      const { name, passes } = tests.tests[Number(index)];
      expect([name, line.endsWith(' pass')]).toEqual([name, passes]);
    }
  });
});

/** The model with all inputs but the first as constants: settings such as axes, that no tracer lets be read. */
function withConstants(x: OnnxTest): OnnxModule {
  const model = ModelProto.decode(tests.bytes(x.model, x.bytes));
  const { graph } = model;
  for (const { name, dims, at, bytes } of x.inputs.slice(1)) {
    const elemType = graph?.input?.find((info) => info.name === name)?.type?.tensorType?.elemType;
    graph?.initializer?.push({ name, dims: [...dims], dataType: elemType, rawData: tests.bytes(at, bytes) });
  }
  return importModel(model, { strict: false });
}

/** Outputs of the model and of what it was exported as. */
async function exportedAgain(x: OnnxTest, model: OnnxModule, inputs: readonly Tensor[]) {
  const inputNames = model.inputNames;
  const bytes = await toOnnx(model, [...inputs], {
    opsetVersion: 20,
    inputNames,
    outputNames: x.outputs.map(({ name }) => name),
  });
  const again = await loadOnnx(bytes);
  return [listOf(model.forward(...inputs)), listOf(again.forward(...inputs)), bytes, again] as const;
}

test('what is imported is exported, and imported again: the same numbers', { timeout: 120_000 }, async () => {
  // the bodies of functions have the same ops
  const sample = tests.tests
    .filter((x) => x.passes && !wrong.has(x) && !x.name.includes('_expanded'))
    .filter((_, i) => i % 10 === 0);
  const refused: string[] = [];
  for (const x of sample) {
    const inputs = inputsOf(x, tests);
    const model = await modelOf(x, tests);
    model.eval();
    try {
      const pair = await exportedAgain(x, model, inputs).catch((error: unknown) => {
        if (!(error instanceof OnnxExportError)) throw error;
        return exportedAgain(x, withConstants(x).eval(), inputs.slice(0, 1));
      });
      pair[0].forEach((y, k) => {
        const z = pair[1][k];
        const same = y.isFloatingPoint() ? y.allclose(z, { rtol: 1e-5, atol: 1e-6, equalNan: true }) : y.equal(z);
        expect([x.name, z.dtype, z.shape, same]).toEqual([x.name, y.dtype, y.shape, true]);
      });
    } catch (error) {
      if (!(error instanceof OnnxExportError)) throw error;
      expect(error.message).toMatch(/a value of shape .* is read while the model is traced/);
      refused.push(x.name);
    }
  }
  // their first input says what shape the result has, or how often a loop turns; or values decide what the result is
  expect(refused).toEqual([
    'test_bitcast_float32_to_int32',
    'test_melweightmatrix',
    'test_nonmaxsuppression_limit_output_size',
    'test_constantofshape_float_ones (ONNX 1.12.0)',
    'test_unique_sorted_with_negative_axis (ONNX 1.12.0)',
    'test_nonmaxsuppression_identical_boxes (ONNX 1.9.0)',
  ]);
  expect(sample.length).toBe(203);
});
