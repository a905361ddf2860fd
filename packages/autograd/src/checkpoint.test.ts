import '@tenfold/backend-cpu/register';
import { Generator, manualSeed, memory, ones, rand, randn, type Tensor, tensor, tidy } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import {
  checkpoint,
  checkpointSequential,
  defineFunction,
  disableSavedTensorsHooks,
  type FunctionContext,
  grad,
  gradcheck,
  gradgradcheck,
  noGrad,
  savedTensorsHooks,
} from './index.ts';

const values = (x: Tensor | null | undefined): unknown => x?.toArraySync();
const leaf = (...shape: number[]): Tensor =>
  randn(shape, { dtype: 'float64', requiresGrad: true, generator: new Generator(shape.length) });

/** The gradients of the sum of what `fn` gives, with and without a checkpoint around it. */
function both(fn: (x: Tensor) => Tensor, x: Tensor, others: readonly Tensor[] = []): [unknown[], unknown[]] {
  const run = (y: Tensor): unknown[] => grad(y.sum(), [x, ...others]).map(values);
  manualSeed(7);
  const plain = run(fn(x));
  manualSeed(7);
  return [run(checkpoint(fn, [x])), plain];
}

/** Dropout as modules write it. */
const dropout = (x: Tensor, generator?: Generator): Tensor =>
  x.mul(rand(x.shape, { dtype: x.dtype, generator }).lt(0.5).to(x.dtype)).mul(2);

const mlp = (x: Tensor): Tensor => x.exp().mul(x).tanh().sigmoid();

describe('gradients', () => {
  test('are those of a plain call', () => {
    const x = leaf(3, 4);
    const [a, b] = both(mlp, x);
    expect(a).toEqual(b);
    expect(values(checkpoint(mlp, [x]))).toEqual(values(mlp(x)));
  });

  test('reach parameters that the function closes over', () => {
    const [x, w] = [leaf(3, 4), leaf(4, 4)];
    const [a, b] = both((y) => y.mm(w).relu().mm(w), x, [w]);
    expect(a).toEqual(b);
    expect(gradcheck((y: Tensor, v: Tensor) => checkpoint(() => y.mm(v).sin().mm(v), []), [x, w])).toBe(true);
  });

  test('accumulate', () => {
    const x = leaf(2);
    checkpoint((y: Tensor) => y.mul(y), [x])
      .sum()
      .backward();
    const once = x.grad?.clone() as Tensor;
    checkpoint((y: Tensor) => y.mul(y), [x])
      .sum()
      .backward();
    expect(values(x.grad)).toEqual(values(once.mul(2)));
  });

  test('through several results, and of several inputs', () => {
    const [x, y] = [leaf(3), leaf(3)];
    const fn = (a: Tensor, b: Tensor): [Tensor, Tensor] => [a.mul(b).exp(), a.sin().mul(b)];
    const [u, v] = checkpoint(fn, [x, y]);
    const [p, q] = fn(x, y);
    expect(grad([u.sum(), v.sum()], [x, y]).map(values)).toEqual(grad([p.sum(), q.sum()], [x, y]).map(values));
    expect(gradcheck((a: Tensor, b: Tensor) => checkpoint(fn, [a, b]), [x, y])).toBe(true);
  });

  test('can be differentiated again', () => {
    const x = leaf(3);
    expect(gradgradcheck((y: Tensor) => checkpoint(mlp, [y]), [x])).toBe(true);
    const nested = (y: Tensor): Tensor => checkpoint((z: Tensor) => checkpoint(mlp, [z.sin()]).mul(z), [y]);
    expect(gradcheck(nested, [x])).toBe(true);
    expect(gradgradcheck(nested, [x])).toBe(true);
  });

  test('of inputs with a history, views among them', () => {
    const x = leaf(2, 3);
    const fn = (y: Tensor): Tensor => checkpoint((t: Tensor, k: number) => t.mul(t).mul(k), [y.mul(2).t(), 3]).t();
    expect(gradcheck(fn, [x])).toBe(true);
  });

  test('with a Function inside', () => {
    const cube = defineFunction({
      name: 'Cube',
      forward(ctx: FunctionContext, x: Tensor) {
        ctx.saveForBackward(x);
        return x.pow(3);
      },
      backward(ctx: FunctionContext, g: Tensor) {
        // read twice on purpose
        return g.mul(3).mul(ctx.savedTensors[0]).mul(ctx.savedTensors[0]);
      },
    });
    expect(gradcheck((x: Tensor) => checkpoint((y: Tensor) => cube(y.exp()), [x]), [leaf(3)])).toBe(true);
  });

  test('twice with retainGraph, and not without', () => {
    const x = leaf(2);
    const y = checkpoint(mlp, [x]).sum();
    y.backward(undefined, { retainGraph: true });
    const once = x.grad?.clone() as Tensor;
    y.backward();
    expect(values(x.grad)).toEqual(values(once.mul(2)));
    expect(() => y.backward()).toThrow('Trying to backward through the graph a second time');
  });
});

describe('running again', () => {
  test('happens once for each backward, and not under noGrad', () => {
    const x = leaf(2);
    let calls = 0;
    const fn = (y: Tensor): Tensor => {
      calls++;
      return mlp(y);
    };
    checkpoint(fn, [x]).sum().backward();
    expect(calls).toBe(2);
    noGrad(() => checkpoint(fn, [x]));
    expect(calls).toBe(3);
  });

  test('repeats random numbers of any generator, and puts the generators back', () => {
    const own = new Generator(3);
    const x = ones([100], { dtype: 'float64', requiresGrad: true });
    manualSeed(1);
    const y = checkpoint((z: Tensor) => dropout(dropout(z.exp()), own), [x]);
    const [next, nextOwn] = [rand([2]), rand([2], { generator: own })];
    const after = own.getState();
    y.sum().backward();
    // d/dx of mask·exp(x) is the output itself
    expect(values(x.grad)).toEqual(values(y));
    expect(own.getState()).toEqual(after);
    manualSeed(1);
    rand([100], { dtype: 'float64' });
    expect(values(rand([2]))).toEqual(values(next));
    expect(values(nextOwn)).not.toEqual(values(next));
  });

  test('without preserveRngState draws new ones', () => {
    const x = ones([100], { dtype: 'float64', requiresGrad: true });
    manualSeed(1);
    const y = checkpoint((z: Tensor) => dropout(z.exp()), [x], { preserveRngState: false });
    y.sum().backward();
    expect(values(x.grad)).not.toEqual(values(y));
  });

  test('refuses a function that does not do the same', () => {
    const x = leaf(3);
    let first = true;
    const fewer = checkpoint(
      (y: Tensor) => {
        const z = first ? y.exp().sin() : y.exp();
        first = false;
        return z;
      },
      [x],
    );
    expect(() => fewer.sum().backward()).toThrow(
      'A different number of tensors was saved during the original forward and recomputation. Number of tensors saved during forward: 2. ' +
        'Number of tensors saved during recomputation: 1.',
    );
    first = true;
    const other = checkpoint(
      (y: Tensor) => {
        const z = (first ? y : y.slice(0, 0, 2)).exp();
        first = false;
        return z;
      },
      [x],
    );
    expect(() => other.sum().backward()).toThrow(
      /Recomputed values .* have different metadata .* Tensor at position 0: saved float64 \[3\] on cpu, recomputed float64 \[2\] on cpu/,
    );
  });

  test('refuses an input that was written meanwhile', () => {
    const x = leaf(3).mul(1);
    const y = checkpoint(mlp, [x]);
    x.mul_(2);
    expect(() => y.sum().backward()).toThrow(/modified by an inplace operation.* is at version 1; expected version 0/);
  });

  test('refuses a write inside that a plain call would refuse', () => {
    const fn = (y: Tensor): Tensor => {
      const z = y.exp();
      return z.add_(1);
    };
    expect(() =>
      checkpoint(fn, [leaf(2)])
        .sum()
        .backward(),
    ).toThrow(/modified by an inplace operation/);
  });

  test('passes errors of the function on', () => {
    let first = true;
    const y = checkpoint(
      (z: Tensor) => {
        if (!first) throw new RangeError('not again');
        first = false;
        return z.exp();
      },
      [leaf(2)],
    );
    expect(() => y.sum().backward()).toThrow(new RangeError('not again'));
  });
});

describe('memory', () => {
  const bytes = (): number => memory().cpu?.bytes ?? 0;
  const n = 64 * 64 * 4;

  test('activations are not held between forward and backward', () => {
    const w = randn([64, 64], { requiresGrad: true });
    const layer = (x: Tensor): Tensor => x.mm(w).tanh().mm(w).tanh();
    const held = (fn: (x: Tensor) => Tensor): [number, number] => {
      const x = randn([64, 64]);
      const before = bytes();
      const y = tidy(() => fn(x).sum());
      const during = bytes() - before;
      tidy(() => y.backward());
      const left = bytes() - before;
      w.grad?.dispose();
      w.grad = null;
      x.dispose();
      return [during / n, left / n];
    };
    // two inputs of mm (x is there anyway) and the two tanh
    const [plain] = held(layer);
    const [kept, left] = held((x) => checkpoint(layer, [x]));
    expect(plain).toBe(3 - 1);
    expect(kept).toBe(0);
    // what remains is the gradient
    expect(left).toBe(1);
  });
});

describe('checkpointSequential', () => {
  test('gives the same, in segments', () => {
    const w = leaf(4, 4);
    let calls = 0;
    const layers = Array.from({ length: 5 }, () => (x: Tensor): Tensor => {
      calls++;
      return x.mm(w).tanh();
    });
    const x = leaf(2, 4);
    const plain = grad(layers.reduce((y, fn) => fn(y), x).sum(), [x, w]).map(values);
    calls = 0;
    expect(grad(checkpointSequential(layers, 2, x).sum(), [x, w]).map(values)).toEqual(plain);
    // the first segment of two layers ran twice
    expect(calls).toBe(7);
    expect(grad(checkpointSequential(layers, 5, x).sum(), [x, w]).map(values)).toEqual(plain);
    expect(() => checkpointSequential(layers, 6, x)).toThrow(
      'segments must be an integer from 1 to the number of functions (5), got number 6',
    );
    expect(() => checkpointSequential([], 1, x)).toThrow('expected an array of functions');
  });
});

test('bad arguments', () => {
  const x = leaf(2);
  expect(() => checkpoint(null as never, [x] as never)).toThrow('expected a function, got null');
  expect(() => checkpoint(mlp, x as never)).toThrow("inputs must be an array of fn's arguments");
  expect(() => checkpoint(mlp, [x], { useReentrant: true } as never)).toThrow('reentrant');
  expect(() => checkpoint(mlp, [x], { preserve: true } as never)).toThrow("unknown option 'preserve'");
  expect(() => checkpoint(async () => x, [])).toThrow('must not be async');
  expect(() => disableSavedTensorsHooks('no hooks here', () => checkpoint(mlp, [x]))).toThrow('no hooks here');
});

test('hooks around a checkpoint see its inputs alone', () => {
  const seen: unknown[] = [];
  const x = tensor([1, 2], { requiresGrad: true });
  const y = savedTensorsHooks(
    (t) => {
      seen.push(t.shape);
      return t;
    },
    (t: Tensor) => t,
    () => checkpoint(mlp, [x]),
  );
  expect(seen).toEqual([[2]]);
  y.sum().backward();
  const [g] = grad(mlp(x).sum(), [x]);
  expect(values(x.grad)).toEqual(values(g));
});
