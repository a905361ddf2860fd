/** Ops that give gradients: their values by hand, and what they refuse. */
import { cpu } from '@tenfold/backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  builtinOps,
  DTypeError,
  dispatch,
  IndexError,
  ones,
  registerBackend,
  ShapeError,
  type Tensor,
  tensor,
} from '../index.ts';

beforeAll(() => registerBackend(cpu()));

const doubles = (data: number | number[] | number[][]): Tensor => tensor(data, { dtype: 'float64' });
const places = (data: number | number[] | number[][]): Tensor => tensor(data, { dtype: 'int64' });

describe('gradients as ops', () => {
  it('of softmax', () => {
    // y (g - Σ g y) with Σ g y = 2
    const [grad, y] = [doubles([[1, 2, 4]]), doubles([[0.5, 0.25, 0.25]])];
    expect(dispatch(builtinOps.softmaxBackward, [grad, y], { dim: 1 }).toArraySync()).toEqual([[-0.5, 0, 0.5]]);
    // g - exp(y) Σ g
    const logs = y.log();
    const [row] = dispatch(builtinOps.logSoftmaxBackward, [grad, logs], { dim: 1 }).toArraySync() as number[][];
    [-2.5, 0.25, 2.25].forEach((x, i) => {
      expect(row[i]).toBeCloseTo(x, 12);
    });
    expect(() => dispatch(builtinOps.softmaxBackward, [ones([2]), ones([3])], { dim: 0 })).toThrow(ShapeError);
    expect(() => dispatch(builtinOps.logSoftmaxBackward, [ones([2]), places([1, 2])], { dim: 0 })).toThrow(DTypeError);
  });

  it('of the negative log-likelihood', () => {
    const run = (grad: Tensor, target: Tensor, weight: Tensor | null, reduction: 'mean' | 'none') =>
      dispatch(builtinOps.nllLossBackward, [grad, target, weight], { reduction, ignoreIndex: 2, classes: 3 });
    expect(run(doubles([2, 3, 5]), places([0, 2, 1]), null, 'none').toArraySync()).toEqual([
      [-2, 0, 0],
      [0, 0, 0],
      [0, -5, 0],
    ]);
    expect(run(doubles(8), places([0, 2, 1]), doubles([1, 3, 5]), 'mean').toArraySync()).toEqual([
      [-2, 0, 0],
      [0, 0, 0],
      [0, -6, 0],
    ]);
    // where all are ignored the loss is NaN, its gradient 0
    expect(run(doubles(1), places([2, 2]), null, 'mean').toArraySync()).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(() => run(doubles([1]), places([3]), null, 'none')).toThrow(IndexError);
    expect(() => run(doubles([1]), places([-1]), null, 'none')).toThrow(IndexError);
    expect(() => run(doubles([1]), places([1]), null, 'mean')).toThrow(ShapeError);
    expect(() => run(doubles([1]), doubles([1]), null, 'none')).toThrow(DTypeError);
    expect(() => run(doubles([1]), places([1]), doubles([1]), 'none')).toThrow(ShapeError);
  });

  it('of an embedding', () => {
    const grad = doubles([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const run = (indices: Tensor, paddingIdx: number | null = null, given = grad) =>
      dispatch(builtinOps.embeddingBackward, [given, indices], { rows: 3, paddingIdx });
    expect(run(places([2, 0, 2])).toArraySync()).toEqual([
      [3, 4],
      [0, 0],
      [6, 8],
    ]);
    expect(run(places([2, 0, 2]), 2).toArraySync()).toEqual([
      [3, 4],
      [0, 0],
      [0, 0],
    ]);
    expect(() => run(places([0, 3, 0]))).toThrow(IndexError);
    expect(() => run(places([0, 1]))).toThrow(ShapeError);
    expect(() => run(doubles([0, 1, 2]))).toThrow(DTypeError);
  });

  it('of a maximum', () => {
    const run = (grad: number[], at: number[]) =>
      dispatch(builtinOps.maxPoolBackward, [doubles([grad]).unsqueeze(0), places([at]).unsqueeze(0)], { size: [4] });
    expect(run([1, 2, 4], [3, 0, 3]).toArraySync()).toEqual([[[2, 0, 0, 5]]]);
    expect(() => run([1], [4])).toThrow(IndexError);
    expect(() => run([1], [0, 1])).toThrow(ShapeError);
  });
});
