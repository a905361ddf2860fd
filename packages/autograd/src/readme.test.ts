/** The README's examples run, and say what it says. */
import '@tenfold/backend-cpu/register';
import { randn, type Tensor, tensor } from '@tenfold/tensor-core';
import { expect, test } from 'vitest';
import {
  checkpoint,
  checkpointSequential,
  detectAnomaly,
  grad,
  graphToDot,
  type Node,
  savedTensorsHooks,
  saveOnCpu,
} from './index.ts';

test('finding a failing backward', () => {
  const run = (): void =>
    detectAnomaly(() => {
      const x = tensor([-1], { requiresGrad: true });
      x.sqrt().sum().backward();
    });
  expect(run).toThrow(
    /^Function 'SqrtBackward0' returned nan values in its 0th output\.\nIts forward was called at .*readme\.test\.ts:\d+:\d+\.$/,
  );
});

test('less memory', () => {
  const w = randn([4, 4], { requiresGrad: true });
  const x = randn([3, 4]);
  const block = (h: Tensor, v: Tensor): Tensor => h.mm(v).tanh().mm(v).tanh();
  const layer = (h: Tensor): Tensor => block(h, w);
  const gradient = (y: Tensor): number[] => Array.from(grad(y.sum(), w)[0].toTypedArraySync(), Number);
  const plain = gradient(block(x, w));
  expect(gradient(checkpoint(block, [x, w]))).toEqual(plain);
  expect(gradient(saveOnCpu(() => block(x, w)))).toEqual(plain);
  expect(gradient(checkpointSequential([layer, layer, layer, layer], 2, x)).length).toBe(16);
  const halved = gradient(
    savedTensorsHooks(
      (t) => t.to('float16'),
      (t: Tensor) => t.to('float32'),
      () => block(x, w),
    ),
  );
  halved.forEach((value, i) => {
    expect(Math.abs(value - plain[i])).toBeLessThan(0.02 * (1 + Math.abs(plain[i])));
  });
});

test('looking at the graph', () => {
  const w = tensor([2], { requiresGrad: true });
  const loss = w.mul(3).sum();
  expect(graphToDot(loss, { params: { w }, showAttrs: true })).toContain('label="w\\n[1]"');
  const seen: unknown[] = [];
  const node = loss.gradFn as Node;
  node.registerPrehook((gradOutputs) => void seen.push(gradOutputs.length));
  node.registerHook((gradInputs, gradOutputs) => void seen.push([gradInputs.length, gradOutputs.length]));
  loss.backward();
  expect(seen).toEqual([1, [1, 1]]);
});
