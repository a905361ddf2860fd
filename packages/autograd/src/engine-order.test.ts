/** The order of a backward run, what hooks may do in it, and what is left after it. */
import '@tenfold/backend-cpu/register';
import { memory, ones, randn, type Tensor, tensor, tidy, zeros } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import { backward, defineFunction, type FunctionContext, grad, isGradEnabled, type Node } from './index.ts';

const leaf = (...data: number[]): Tensor => tensor(data, { dtype: 'float64', requiresGrad: true });
const values = (x: Tensor | null | undefined): unknown => x?.toArraySync();
const nodeOf = (x: Tensor): Node => x.gradFn as Node;

describe('hooks', () => {
  test('run in the order: tensor, retained gradient, node before, node, node after', () => {
    const log: string[] = [];
    const x = leaf(1, 2);
    const y = x.mul(2);
    y.registerHook(() => void log.push('first hook of y'));
    y.retainGrad();
    y.registerHook((g) => {
      log.push('second hook of y');
      return g.mul(10);
    });
    nodeOf(y).registerPrehook(([g]) => {
      log.push(`before mul ${g?.toArraySync()} retained ${y.grad?.toArraySync()}`);
    });
    nodeOf(y).registerHook(([gx], [gy]) => {
      log.push(`after mul ${gx?.toArraySync()} from ${gy?.toArraySync()}`);
    });
    x.registerHook(() => void log.push('hook of x'));
    x.registerPostAccumulateGradHook((t) => void log.push(`x.grad ${t.grad?.toArraySync()}`));
    y.sum().backward();
    expect(log).toEqual([
      'first hook of y',
      'second hook of y',
      'before mul 10,10 retained 10,10',
      'after mul 20,20 from 10,10',
      'hook of x',
      'x.grad 20,20',
    ]);
  });

  test('of a tensor run once, with the sum of all gradients', () => {
    const seen: unknown[] = [];
    const x = leaf(1);
    const y = x.mul(1);
    y.registerHook((g) => void seen.push(values(g)));
    y.add(y).add(y.mul(3)).backward();
    expect(seen).toEqual([[5]]);
  });

  test('on a leaf and on its node', () => {
    const log: string[] = [];
    const x = leaf(1);
    const y = x.mul(3);
    const accumulate = nodeOf(y).nextFunctions[0][0] as Node;
    accumulate.registerPrehook(([g]) => {
      log.push('before');
      return [g?.mul(2) ?? null];
    });
    accumulate.registerHook(() => void log.push(`after ${values(x.grad)}`));
    y.backward();
    expect([log, values(x.grad)]).toEqual([['before', 'after 6'], [6]]);
  });

  test('can be removed, also by themselves and while they run', () => {
    const x = leaf(1);
    let calls = 0;
    const handle = x.registerHook(() => {
      calls++;
      handle.remove();
    });
    const y = x.mul(2);
    const nodeHandle = nodeOf(y).registerHook(() => {
      calls += 10;
      nodeHandle.remove();
    });
    y.backward(undefined, { retainGraph: true });
    y.backward();
    expect(calls).toBe(11);
  });

  test('must give gradients that fit', () => {
    const run = (set: (y: Tensor) => unknown): (() => void) => {
      const y = leaf(1, 2).mul(2);
      set(y);
      return () => y.sum().backward();
    };
    expect(run((y) => y.registerHook(() => ones([3])))).toThrow(
      'a hook on MulBackward0 has changed the size of value: expected [2], got [3]',
    );
    expect(run((y) => y.registerHook((g) => g.to('float32')))).toThrow(
      'has changed the type of value (was float64 got float32)',
    );
    expect(run((y) => y.registerHook((() => 3) as never))).toThrow('must give a tensor, got number 3');
    expect(run((y) => nodeOf(y).registerHook(() => []))).toThrow(
      'a hook of MulBackward0 has returned an incorrect number of values (got 0, but expected 2)',
    );
    expect(run((y) => nodeOf(y).registerHook(() => [ones([7]), null]))).toThrow('has changed the size of value');
    expect(run((y) => nodeOf(y).registerPrehook((() => 'g') as never))).toThrow('must give an array of gradients');
  });

  test('see the gradients that grad() captures', () => {
    const x = leaf(1);
    const y = x.mul(2);
    y.registerHook((g) => g.mul(10));
    x.registerHook((g) => g.add(1));
    expect(grad(y.mul(1), [x, y]).map(values)).toEqual([[21], [10]]);
  });

  test('are recorded with createGraph', () => {
    const x = leaf(3);
    const y = x.mul(x);
    y.registerHook((g) => g.mul(x));
    const [g] = grad(y, x, { createGraph: true });
    // d(x²)·x = 2x², whose derivative is 4x
    expect([values(g), values(grad(g, x)[0])]).toEqual([[18], [12]]);
  });
});

describe('roots', () => {
  test('several, the same twice, and leaves', () => {
    const [x, y] = [leaf(1, 2), leaf(3, 4)];
    const z = x.mul(y);
    backward([z, x, z.sum()], [tensor([1, 10], { dtype: 'float64' }), ones([2], { dtype: 'float64' }), null]);
    expect([values(x.grad), values(y.grad)]).toEqual([
      [3 * 2 + 1, 4 * 11 + 1],
      [1 * 2, 2 * 11],
    ]);
    const u = leaf(1);
    const v = u.mul(2);
    backward([v, v]);
    expect(values(u.grad)).toEqual([4]);
  });

  test('need as many gradients', () => {
    const x = leaf(1, 2);
    expect(() => backward([x.mul(2), x.mul(3)], [ones([2])])).toThrow('got 2 tensors and 1 gradients');
    expect(() => backward([x.sum(), ones([1])])).toThrow(
      'element 1 of tensors does not require grad and does not have a grad_fn',
    );
    expect(x.grad).toBe(null);
  });

  test('a gradient with a history passes it on with createGraph', () => {
    const [x, v] = [leaf(2), leaf(5)];
    const [g] = grad(x.mul(x), x, { gradOutputs: v, createGraph: true });
    expect(grad(g, [x, v]).map(values)).toEqual([[10], [4]]);
  });
});

describe('inputs of backward', () => {
  test('may be inside of the graph; the rest gets nothing', () => {
    const [x, w] = [leaf(2), leaf(3)];
    const y = x.mul(w);
    y.mul(y).backward(undefined, { inputs: [y, w], retainGraph: true });
    expect([values(y.grad), values(w.grad), x.grad]).toEqual([[12], [24], null]);
  });

  test('accumulate over several calls', () => {
    const x = leaf(2);
    for (let i = 0; i < 3; i++) x.mul(5).backward(undefined, { inputs: [x] });
    expect(values(x.grad)).toEqual([15]);
  });
});

describe('nodes of several outputs', () => {
  const pair = defineFunction({
    name: 'Pair',
    forward: (_ctx: FunctionContext, x: Tensor): [Tensor, Tensor] => [x.mul(2), x.mul(3)],
    backward: (_ctx: FunctionContext, a: Tensor, b: Tensor) => a.mul(2).add(b.mul(3)),
  });

  test('run once, when all gradients are there', () => {
    const x = leaf(1);
    const [a, b] = pair(x);
    expect(a.gradFn).toBe(b.gradFn);
    let runs = 0;
    nodeOf(a).registerHook(() => void runs++);
    a.mul(b).backward();
    // d(6x²) = 12x
    expect([values(x.grad), runs]).toEqual([[12], 1]);
  });

  test('get nothing where no gradient flows', () => {
    const x = leaf(1);
    const [, b] = pair(x);
    const seen: unknown[] = [];
    nodeOf(b).registerPrehook((grads) => void seen.push(grads.map(values)));
    b.backward();
    expect([values(x.grad), seen]).toEqual([[3], [[undefined, [1]]]]);
    const [sorted] = Object.values(leaf(3, 1, 2).sort()) as Tensor[];
    expect(sorted.requiresGrad).toBe(true);
  });
});

describe('after a run', () => {
  const bytes = (): number => memory().cpu?.bytes ?? 0;

  test('the graph is given back while it is consumed', () => {
    const n = 64 * 64 * 4;
    const x = randn([64, 64], { requiresGrad: true });
    const before = bytes();
    const held: number[] = [];
    const sample = defineFunction({
      name: 'Sample',
      forward: (_ctx: FunctionContext, h: Tensor) => h.view(h.shape),
      backward(_ctx: FunctionContext, g: Tensor) {
        held.push(Math.round((bytes() - before) / n));
        return g;
      },
    });
    const y = tidy(() => {
      let h: Tensor = x.mul(1);
      for (let i = 0; i < 8; i++) h = sample(h.sigmoid().sigmoid().sigmoid().sigmoid());
      return h.sum();
    });
    tidy(() => y.backward());
    // each step back needs less than the one before
    expect(held.length).toBe(8);
    expect(held[0] - held[7]).toBeGreaterThan(7);
    expect(Math.round((bytes() - before) / n)).toBe(1);
  });

  test('an error leaves grad mode and the rest as they were', () => {
    const x = leaf(1);
    const y = x.mul(2);
    const handle = y.registerHook(() => {
      throw new RangeError('stop');
    });
    expect(() => y.mul(y).backward(undefined, { retainGraph: true })).toThrow(new RangeError('stop'));
    expect([isGradEnabled(), x.grad]).toEqual([true, null]);
    handle.remove();
    y.mul(y).backward();
    expect(values(x.grad)).toEqual([8]);
  });

  test('retainGraph keeps, createGraph implies it, and the second run frees', () => {
    const x = leaf(2);
    const y = x.pow(3);
    y.backward(undefined, { createGraph: true });
    expect(x.grad?.requiresGrad).toBe(true);
    x.grad = null;
    y.backward(undefined, { retainGraph: true });
    y.backward();
    expect(values(x.grad)).toEqual([24]);
    expect(() => y.backward()).toThrow('a second time');
    const z = x.pow(3);
    expect(() => {
      z.backward(undefined, { createGraph: true, retainGraph: false });
      z.backward();
    }).toThrow('a second time');
  });

  test('parts of a freed graph that saved nothing may run again', () => {
    const x = leaf(1);
    const y = x.add(1).mul(3);
    y.backward();
    y.backward();
    expect(values(x.grad)).toEqual([6]);
  });
});

describe('depth', () => {
  test('100,000 ops that save, in two branches that meet', () => {
    const x = leaf(1);
    let [a, b]: Tensor[] = [x, x];
    for (let i = 0; i < 50_000; i++) {
      a = a.neg();
      b = b.mul(a.gradFn ? 1 : 1);
    }
    a.mul(b).backward();
    expect(values(x.grad)).toEqual([2]);
  });

  test('100,000 writes in place, and grad through them', () => {
    const x = leaf(1);
    const y = x.mul(1);
    for (let i = 0; i < 100_000; i++) y.add_(x);
    expect(values(grad(y, x)[0])).toEqual([100_001]);
  });

  test('10,000 writes through views of one base', () => {
    const base = zeros([4], { dtype: 'float64' });
    const x = leaf(2);
    for (let i = 0; i < 10_000; i++) base.slice(0, i % 4, (i % 4) + 1).add_(x);
    base.sum().backward();
    expect(values(x.grad)).toEqual([10_000]);
  });

  test('a second derivative of a long chain', () => {
    const x = leaf(1);
    let y = x.mul(x);
    for (let i = 0; i < 5_000; i++) y = y.mul(1);
    const [g] = grad(y, x, { createGraph: true });
    expect(values(grad(g, x)[0])).toEqual([2]);
  });
});
