import '@tenfold/backend-cpu/register';
import { ones, type Tensor, zeros } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import {
  enableGrad,
  grad,
  inferenceMode,
  isGradEnabled,
  isInferenceModeEnabled,
  noGrad,
  setGradEnabled,
} from './index.ts';

const leaf = (...shape: number[]): Tensor => ones(shape, { requiresGrad: true });
const values = (x: Tensor | null | undefined): unknown => x?.toArraySync();

describe('setGradEnabled', () => {
  test('as a statement stays until the scope around it ends', () => {
    {
      using _ = noGrad();
      setGradEnabled(true);
      expect(isGradEnabled()).toBe(true);
    }
    expect(isGradEnabled()).toBe(true);
    setGradEnabled(false);
    expect(leaf(1).mul(2).requiresGrad).toBe(false);
    setGradEnabled(true);
    expect(leaf(1).mul(2).requiresGrad).toBe(true);
    expect(() => setGradEnabled(1 as never)).toThrow('expected a boolean, got number 1');
  });

  test('with a function, and as a scope', () => {
    expect(setGradEnabled(false, () => isGradEnabled())).toBe(false);
    {
      using _ = setGradEnabled(false);
      expect(isGradEnabled()).toBe(false);
    }
    expect(isGradEnabled()).toBe(true);
  });
});

describe('inferenceMode', () => {
  test('makes inference tensors, and nothing records', () => {
    const x = leaf(2);
    const [y, mode] = inferenceMode(() => [x.mul(2), [isInferenceModeEnabled(), isGradEnabled()]] as const);
    expect(mode).toEqual([true, false]);
    expect([isInferenceModeEnabled(), isGradEnabled()]).toEqual([false, true]);
    expect([y.isInference(), y.requiresGrad, x.isInference(), y.clone().isInference()]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(inferenceMode(() => enableGrad(() => x.mul(2).requiresGrad))).toBe(false);
    expect(inferenceMode(() => inferenceMode(false, () => x.mul(2).requiresGrad))).toBe(true);
  });

  test('views of inference tensors are inference tensors, of normal ones normal', () => {
    const frozen = inferenceMode(() => ones([4]));
    expect([frozen.view([2, 2]).isInference(), frozen.detach().isInference()]).toEqual([true, true]);
    const x = zeros([4]);
    const view = inferenceMode(() => x.view([2, 2]));
    expect(view.isInference()).toBe(false);
    view.add_(1);
    expect(values(x)).toEqual([1, 1, 1, 1]);
  });

  test('inference tensors serve where nothing is saved, and clones everywhere', () => {
    const frozen = inferenceMode(() => ones([2]));
    const x = leaf(2);
    expect(values(grad(x.add(frozen).sum(), x)[0])).toEqual([1, 1]);
    expect(() => x.mul(frozen)).toThrow('Inference tensors cannot be saved for backward');
    expect(values(grad(x.mul(frozen.clone()).sum(), x)[0])).toEqual([1, 1]);
    expect(values(noGrad(() => x.mul(frozen)))).toEqual([1, 1]);
  });

  test('inside, everything may be written; outside, inference tensors may not', () => {
    const frozen = inferenceMode(() => ones([2]));
    const x = zeros([2]);
    inferenceMode(() => {
      frozen.add_(1);
      x.add_(frozen);
    });
    expect([values(frozen), values(x), x.version]).toEqual([[2, 2], [2, 2], 1]);
    expect(() => frozen.add_(1)).toThrow('Inplace update to inference tensor outside InferenceMode is not allowed');
    expect(() => noGrad(() => frozen.add_(1))).toThrow('Inplace update to inference tensor');
    expect(values(frozen)).toEqual([2, 2]);
  });

  test('as a scope and over a promise', async () => {
    {
      using _ = inferenceMode();
      expect(ones([1]).isInference()).toBe(true);
    }
    const y = await inferenceMode(async () => {
      await Promise.resolve();
      return ones([1]);
    });
    expect([y.isInference(), ones([1]).isInference()]).toEqual([true, false]);
    expect(() => inferenceMode(1 as never)).toThrow('mode must be a boolean');
  });
});
