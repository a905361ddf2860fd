import { linalg, registerBackend, resolveDevice, scaledDotProductAttention, tensor } from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import { attention, cpu, equations } from './lean.ts';

describe('the lean backend', () => {
  const open = (options?: Parameters<typeof cpu>[0]) => {
    registerBackend(cpu(options));
    return Object.keys(resolveDevice('cpu').runtime.overrides);
  };

  it('derives functions whose kernels are left out', () => {
    expect(open()).not.toContain('scaledDotProductAttention');
    const [query, key, value] = [
      tensor([[1, 0]]),
      tensor([
        [1, 0],
        [0, 1],
      ]),
      tensor([[1], [3]]),
    ];
    const weight = 1 / (1 + Math.exp(-1 / Math.SQRT2));
    const [[result]] = scaledDotProductAttention(query, key, value).toArraySync() as number[][];
    expect(result).toBeCloseTo(weight + 3 * (1 - weight), 5);
  });

  it('has the decompositions that methods need, and says which group has the others', () => {
    open();
    expect(
      tensor([
        [2, 0],
        [0, 4],
      ])
        .inverse()
        .toArraySync(),
    ).toEqual([
      [0.5, 0],
      [0, 0.25],
    ]);
    expect(() => linalg.solve(tensor([[2]]), tensor([[6]]))).toThrow('cpu({ kernels: [equations] })');
  });

  it.each(['wasm', 'plain'] as const)('takes groups in the %s engine', (engine) => {
    const overrides = open({ engine, kernels: [attention, equations] });
    expect(overrides.includes('scaledDotProductAttention')).toBe(engine === 'wasm');
    expect(linalg.solve(tensor([[2]]), tensor([[6]])).toArraySync()).toEqual([[3]]);
  });
});
