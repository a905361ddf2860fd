import '@tenfold/autograd';
import { cpu } from '@tenfold/backend-cpu';
import { loadOnnx } from '@tenfold/onnx-import';
import { ModelProto } from '@tenfold/onnx-model';
import { isFloat, manualSeed, randn, registerBackend, type Tensor } from '@tenfold/tensor-core';
import { expect, test } from 'vitest';
import { settings } from '../src/ops/settings.ts';
import { type OnnxTest, readOnnxTests } from './onnx-tests.ts';
import { inputsOf, listOf } from './run-test.ts';

registerBackend(cpu());

const tests = readOnnxTests();

/** Whether each input is of a float dtype and no setting. */
function continuous(x: OnnxTest): boolean[] {
  const { graph } = ModelProto.decode(tests.bytes(x.model, x.bytes));
  return x.inputs.map(({ name, dtype }) => {
    const node = graph?.node?.find(({ input }) => input?.includes(name));
    return dtype === 'float32' && !settings[node?.opType ?? '']?.includes(node?.input?.indexOf(name) ?? -1);
  });
}

const random = (x: Tensor, scale: number): Tensor => randn(x.shape, { dtype: 'float64' }).mul(scale);

/** The derivative along a random direction: by backward, and by the difference of two values. `null` where nothing is differentiable. */
async function derivatives(x: OnnxTest): Promise<[backward: number, numerical: number] | null> {
  const moved = continuous(x);
  if (!moved.includes(true)) return null;
  const model = await loadOnnx(tests.bytes(x.model, x.bytes), { strict: false, dtype: 'float64' });
  manualSeed(1);
  // off the whole numbers of many tests, where functions have kinks
  const inputs = inputsOf(x, tests).map((t, i) => {
    const wide = isFloat(t.dtype) ? t.to('float64') : t;
    return moved[i] ? wide.add(random(t, 0.01)) : wide;
  });
  if (inputs.some((t) => !t.isfinite().all().itemSync())) return null;
  const direction = inputs.map((t) => random(t, 1));
  const weighted = (args: readonly Tensor[]): Tensor | null => {
    manualSeed(2);
    const sums = listOf(model.forward(...args))
      .filter((y) => isFloat(y.dtype) && y.numel() > 0)
      .map((y) => random(y, 1).mul(y).sum());
    return sums.length > 0 ? sums.reduce((a, b) => a.add(b)) : null;
  };
  const leaves = inputs.map((t, i) => (moved[i] ? t.clone().requiresGrad_() : t));
  const value = weighted(leaves);
  if (!value?.requiresGrad) return null;
  value.backward();
  const slopes = leaves.map((t, i) => t.grad?.mul(direction[i]).sum().itemSync() ?? 0);
  const at = (step: number): number =>
    weighted(inputs.map((t, i) => (moved[i] ? t.add(direction[i].mul(step)) : t)))?.itemSync() ?? Number.NaN;
  return [slopes.reduce((a, b) => a + b), (at(1e-6) - at(-1e-6)) / 2e-6];
}

test('gradients are those of numerical differences', { timeout: 60_000 }, async () => {
  // bodies of functions have the same ops; unique has no derivative, and says so; bits of float64 are no int32
  const sample = tests.tests.filter(
    (x) => x.passes && !/_expanded|test_unique|test_bitcast|ai_onnx_ml|test_scan_sum/.test(x.name),
  );
  const wrong: string[] = [];
  let count = 0;
  for (const x of sample.filter((_, i) => i % 6 === 0)) {
    const pair = await derivatives(x);
    if (pair === null || pair.every(Number.isNaN)) continue;
    count++;
    const [backward, numerical] = pair;
    if (!(Math.abs(backward - numerical) <= 1e-4 * (1 + Math.abs(numerical))))
      wrong.push(`${x.name}: ${backward}, ${numerical}`);
  }
  expect(wrong).toEqual([]);
  expect(count).toBe(258);
});
