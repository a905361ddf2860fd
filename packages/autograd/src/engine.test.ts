import '@tenfold/backend-cpu/register';
import { defineOp, dispatch, memory, ones, randn, type Sig, type Tensor, tensor, tidy } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import {
  Function as AutogradFunction,
  backward,
  defineRule,
  enableGrad,
  type FunctionContext,
  formula,
  grad,
  gradcheck,
  gradgradcheck,
  hessian,
  isGradEnabled,
  jacobian,
  jvp,
  type Node,
  noGrad,
  notImplemented,
  setGradEnabled,
  vjp,
  wrt,
} from './index.ts';

const withGrad = { requiresGrad: true } as const;
const float64 = { dtype: 'float64', ...withGrad } as const;
const values = (x: Tensor | null | undefined): unknown => x?.toArraySync();

describe('the graph', () => {
  test('names and edges as in PyTorch', () => {
    const w = ones([3], withGrad);
    const names = [
      w.sum(),
      w.sum([0], { keepdim: true }),
      w.mean(),
      w.pow(2),
      w.pow(w),
      w.t(),
      w.view([3, 1]),
      w.rsub(2),
      w.clamp(0, 1),
      w.remainder(2),
      w.fmod(w),
      w.clone(),
    ];
    expect(names.map((x) => x.gradFn?.name)).toEqual([
      'SumBackward0',
      'SumBackward1',
      'MeanBackward0',
      'PowBackward0',
      'PowBackward1',
      'TBackward0',
      'ViewBackward0',
      'RsubBackward1',
      'ClampBackward1',
      'RemainderBackward0',
      'FmodBackward1',
      'CloneBackward0',
    ]);
    const y = w.add(ones([3]));
    expect(y.gradFn?.nextFunctions.map(([node, nr]) => [node?.name ?? null, nr])).toEqual([
      ['AccumulateGrad', 0],
      [null, 0],
    ]);
  });

  test('shared inputs are summed, whatever the order', () => {
    const x = tensor(3, float64);
    const y = x.mul(x);
    const z = y.mul(x).add(y).add(x);
    z.backward();
    expect(values(x.grad)).toBe(27 + 6 + 1);
  });

  test('several roots, also where one is above the other', () => {
    const x = tensor([1, 2], withGrad);
    const y = x.mul(2);
    const z = y.mul(y);
    backward([y, z.sum()], [ones([2]), null]);
    expect(values(x.grad)).toEqual([2 + 8, 2 + 16]);
  });

  test('inputs restricts accumulation', () => {
    const [x, w] = [ones([2], withGrad), ones([2], withGrad)];
    const y = x.mul(2);
    y.mul(y)
      .mul(w)
      .sum()
      .backward(undefined, { inputs: [x] });
    expect([values(x.grad), w.grad]).toEqual([[8, 8], null]);
  });

  test('gradients are summed to the shape and cast to the dtype of the input', () => {
    const [x, w] = [ones([2, 1], withGrad), tensor([1, 2, 3], { dtype: 'float64', requiresGrad: true })];
    const y = x.mul(w);
    expect(y.dtype).toBe('float64');
    y.sum().backward();
    expect([x.grad?.dtype, values(x.grad), values(w.grad)]).toEqual(['float32', [[6], [6]], [2, 2, 2]]);
  });

  test('a chain of 100,000 ops', () => {
    const x = ones([1], withGrad);
    let y = x;
    for (let i = 0; i < 100_000; i++) y = y.add(1);
    y.backward();
    expect(values(x.grad)).toEqual([1]);
  });

  test('a chain of 10,000 views, written at the end', () => {
    const x = ones([2], withGrad);
    const base = x.mul(1);
    let v = base;
    for (let i = 0; i < 10_000; i++) v = v.view(i % 2 ? [2] : [1, 2]);
    base.mul_(3);
    v.sum().backward();
    expect(values(x.grad)).toEqual([3, 3]);
  });
});

describe('gradients', () => {
  test('no two share memory', () => {
    const [a, b] = [ones([2], withGrad), ones([2], withGrad)];
    const g = ones([2]);
    a.add(b).backward(g);
    expect(new Set([a.grad?.storage, b.grad?.storage, g.storage]).size).toBe(3);
    const c = ones([2], withGrad);
    c.view([2]).backward(g);
    expect(c.grad?.storage).not.toBe(g.storage);
  });

  test('accumulate in place, so that who holds grad sees it', () => {
    const x = ones([2], withGrad);
    x.sum().backward();
    const held = x.grad;
    x.mul(3).sum().backward();
    expect(x.grad).toBe(held);
    expect(values(held)).toEqual([4, 4]);
  });

  test('higher derivatives', () => {
    const x = tensor(2, float64);
    const [first] = grad(x.pow(4), x, { createGraph: true });
    first.backward(undefined, { createGraph: true });
    expect([values(first), values(x.grad), x.grad?.requiresGrad]).toEqual([32, 48, true]);
  });

  test("grad's errors and options", () => {
    const [x, unused] = [ones([2], withGrad), ones([2], withGrad)];
    expect(() => grad(x.sum(), ones([2]))).toThrow('One of the differentiated Tensors does not require grad');
    expect(() => grad(x.sum(), [x, unused])).toThrow(
      'One of the differentiated Tensors appears to not have been used in the graph. Set allowUnused: true',
    );
    expect(grad(x.sum(), [x, unused], { allowUnused: true })[1]).toBe(null);
    expect(values(grad(x.sum(), [unused], { materializeGrads: true })[0])).toEqual([0, 0]);
    const y = x.mul(2);
    expect(grad(y.mul(y).sum(), [x, y]).map(values)).toEqual([
      [8, 8],
      [4, 4],
    ]);
    expect(x.grad).toBe(null);
    expect(() => x.mul(2).backward(ones([3]))).toThrow(
      'Mismatch in shape: grad_output[0] has a shape of [3] and output[0] has a shape of [2].',
    );
  });

  test('ties and edges as in PyTorch', () => {
    const at = (data: number[], fn: (x: Tensor) => Tensor): unknown => {
      const x = tensor(data, withGrad);
      fn(x).sum().backward();
      return values(x.grad);
    };
    const u = tensor([0, 2]);
    expect(at([0, 1], (x) => x.maximum(u))).toEqual([0.5, 0]);
    expect(at([0, 2], (x) => tensor([0, 1]).maximum(x))).toEqual([0.5, 1]);
    expect(at([0, 1], (x) => x.clamp(0, 1))).toEqual([1, 1]);
    expect(at([0, 1], (x) => x.abs())).toEqual([0, 1]);
    expect(at([0, 1], (x) => x.pow(0))).toEqual([0, 0]);
    expect(at([0, 1], (x) => x.pow(u))).toEqual([0, 2]);
    expect(at([0, Number.NaN, 1], (x) => x.fmax(tensor([0, 1, Number.NaN])))).toEqual([1, 0, 1]);
    expect(at([0, 1, Number.NaN], (x) => tensor([0, Number.NaN, 1]).fmax(x))).toEqual([0, 1, 0]);
    expect(at([0, 0, 1], (x) => x.xlogy(tensor([0, 1, 0])))).toEqual([0, 0, Number.NEGATIVE_INFINITY]);
    expect(at([0, 1, 0], (x) => tensor([0, 0, 1]).xlogy(x))).toEqual([Number.NaN, 0, Number.POSITIVE_INFINITY]);
    expect(at([3, 1, 3], (x) => x.max())).toEqual([0.5, 0, 0.5]);
    expect(at([-1, 0, 2], (x) => x.relu())).toEqual([0, 0, 1]);
  });
});

describe('hooks', () => {
  test("on tensors, in PyTorch's order", () => {
    const x = ones([2], withGrad);
    const log: string[] = [];
    const y = x.mul(2);
    y.registerHook((g) => {
      log.push('y');
      return g.mul(10);
    });
    y.retainGrad();
    x.registerHook(() => void log.push('x'));
    x.registerPostAccumulateGradHook((t) => void log.push(`accumulated ${values(t.grad)}`));
    y.sum().backward();
    expect([values(x.grad), values(y.grad), log]).toEqual([
      [20, 20],
      [10, 10],
      ['y', 'x', 'accumulated 20,20'],
    ]);
  });

  test('a removed hook is not called; one that needs no gradient is refused', () => {
    const x = ones([2], withGrad);
    const handle = x.registerHook((g) => g.mul(5));
    handle.remove();
    x.sum().backward();
    expect(values(x.grad)).toEqual([1, 1]);
    expect(() => ones([1]).registerHook(() => {})).toThrow(
      "cannot register a hook on a tensor that doesn't require gradient",
    );
    expect(() => x.mul(2).registerPostAccumulateGradHook(() => {})).toThrow('non-leaf');
    expect(() => ones([1]).retainGrad()).toThrow("can't retain_grad on Tensor that has requires_grad=False");
  });

  test('on nodes', () => {
    const x = ones([2], withGrad);
    const y = x.mul(3);
    const node = y.gradFn as Node;
    node.registerPrehook(([g]) => [g?.mul(2) ?? null]);
    node.registerHook(([g]) => [g?.add(1) ?? null, null]);
    y.sum().backward();
    expect(values(x.grad)).toEqual([7, 7]);
  });
});

describe('grad mode', () => {
  test('callbacks and scopes', async () => {
    expect(noGrad(() => [isGradEnabled(), enableGrad(() => isGradEnabled()), isGradEnabled()])).toEqual([
      false,
      true,
      false,
    ]);
    expect(() =>
      noGrad(() => {
        throw new Error('x');
      }),
    ).toThrow('x');
    expect(isGradEnabled()).toBe(true);
    const pending = noGrad(async () => {
      await Promise.resolve();
      return isGradEnabled();
    });
    expect(isGradEnabled()).toBe(false);
    expect([await pending, isGradEnabled()]).toEqual([false, true]);
    {
      using _ = noGrad();
      expect(ones([1], withGrad).mul(2).requiresGrad).toBe(false);
      using __ = setGradEnabled(true);
      expect(isGradEnabled()).toBe(true);
    }
    expect(isGradEnabled()).toBe(true);
  });

  test('scopes end in the reverse order', () => {
    const outer = noGrad();
    const inner = enableGrad();
    expect(() => outer[Symbol.dispose]()).toThrow('noGrad: scopes must end in the reverse order');
    inner[Symbol.dispose]();
    outer[Symbol.dispose]();
    expect(isGradEnabled()).toBe(true);
  });
});

describe('memory', () => {
  const bytes = (): number => memory().cpu?.bytes ?? 0;

  test("saved tensors outlive the dispose of the user's, and go as backward consumes them", () => {
    const w = randn([64, 64], withGrad);
    const before = bytes();
    const x = randn([64, 64]);
    const y = x.mul(w);
    x.dispose();
    // x is saved for the gradient of w, so both are still there
    expect(bytes() - before).toBe(2 * 64 * 64 * 4);
    const loss = y.sum();
    y.dispose();
    expect(bytes() - before).toBe(64 * 64 * 4);
    loss.backward();
    expect(bytes() - before).toBe(64 * 64 * 4); // x is gone, w.grad has come
    w.grad = null;
  });

  test('a training loop inside tidy keeps nothing but gradients', () => {
    const w = randn([64, 64], withGrad);
    const step = (): void =>
      tidy(() => {
        const loss = randn([64, 64]).mm(w).relu().mul(2).sum();
        loss.backward();
        noGrad(() => w.sub_((w.grad as Tensor).mul(1e-3)));
        w.grad?.zero_();
      });
    step();
    const before = bytes();
    for (let i = 0; i < 10; i++) step();
    expect(bytes()).toBe(before);
    expect(w.grad?.isDisposed).toBe(false);
  });

  test('a gradient of backward goes with the tidy that replaces it; one that the user assigned stays', () => {
    const w = randn([64, 64], withGrad);
    const step = (): void =>
      tidy(() => {
        w.grad = null;
        w.mul(2).sum().backward();
      });
    step();
    const before = bytes();
    const first = w.grad as Tensor | null;
    for (let i = 0; i < 10; i++) step();
    expect(bytes()).toBe(before);
    expect(first?.isDisposed).toBe(true);
    const own = ones([64, 64]);
    w.grad = own;
    step();
    expect(own.isDisposed).toBe(false);
    const last = w.grad as Tensor | null;
    tidy(() => {
      w.grad = null;
      w.grad = last;
    });
    expect(last?.isDisposed).toBe(false);
    tidy(() => {
      w.grad = null;
      return last;
    });
    expect(last?.isDisposed).toBe(false);
    w.grad = null;
  });
});

describe('ops of third parties', () => {
  type Unary = Sig<[Tensor], null>;
  const infer = ([x]: [Tensor]) => ({ shape: x.shape, dtype: x.dtype });

  test('with a rule, without one, and with a reason', () => {
    const cube = defineOp<Unary>({ name: 'my.cube', infer, body: ([x]) => x.mul(x).mul(x) });
    const x = tensor([2], float64);
    const missing = dispatch(cube, [x], null);
    expect(missing.gradFn?.name).toBe('MyCubeBackward0');
    expect(() => missing.backward()).toThrow("derivative for 'my.cube' is not implemented: it has no derivative row");
    defineRule(cube, formula(wrt([0], (c) => c.tensor(0).square().mul(3).mul(c.grad))));
    expect(gradcheck((y: Tensor) => dispatch(cube, [y], null), [x])).toBe(true);
    expect(gradgradcheck((y: Tensor) => dispatch(cube, [y], null), [x])).toBe(true);
    expect(() => defineRule(cube, formula(null))).toThrow("op 'my.cube' has a derivative already");
    const rank = defineOp<Unary>({ name: 'my.rank', infer, body: ([y]) => y.clone() });
    defineRule(rank, notImplemented('ranks jump'));
    expect(() => dispatch(rank, [x], null).sum().backward()).toThrow(
      "derivative for 'my.rank' is not implemented: ranks jump",
    );
  });

  test('a gradient of the wrong shape, and a rule that reads what it did not save', () => {
    const bad = defineOp<Unary>({ name: 'bad', infer, body: ([x]) => x.clone() });
    defineRule(bad, formula(wrt([], () => ones([3, 5], { dtype: 'float64' }))));
    expect(() =>
      dispatch(bad, [tensor([2, 3], float64)], null)
        .sum()
        .backward(),
    ).toThrow(
      'Function BadBackward0 returned an invalid gradient at index 0 - got [3, 5] but expected shape compatible with [2]',
    );
    const unsaved = defineOp<Unary>({ name: 'unsaved', infer, body: ([x]) => x.clone() });
    defineRule(unsaved, formula(wrt([], (c) => c.tensor(0))));
    expect(() =>
      dispatch(unsaved, [tensor([2, 3], float64)], null)
        .sum()
        .backward(),
    ).toThrow("the rule of 'unsaved' reads 0");
  });
});

describe('functional', () => {
  const f = (x: Tensor, y: Tensor): Tensor => x.mul(y).sin();
  const [x, y] = [tensor([0.5, 1], { dtype: 'float64' }), tensor([2, 3], { dtype: 'float64' })];

  test('vjp and jvp of sin(x·y)', () => {
    const v = tensor([1, 10], { dtype: 'float64' });
    const back = vjp(f, [x, y], v).vjp.map((g) => g.toArraySync() as number[]);
    expect(back[0][0]).toBeCloseTo(2 * Math.cos(1), 12);
    expect(back[1][1]).toBeCloseTo(10 * Math.cos(3), 12);
    const forward = jvp(f, [x, y], [v, v]).tangent.toArraySync() as number[];
    expect(forward[0]).toBeCloseTo(Math.cos(1) * (2 + 0.5), 12);
    expect(forward[1]).toBeCloseTo(Math.cos(3) * 10 * (3 + 1), 12);
  });

  test('jacobian and hessian', () => {
    expect(values(jacobian((a) => a.square(), [y])[0])).toEqual([
      [4, 0],
      [0, 6],
    ]);
    expect(values(hessian((a) => a.pow(3).sum().add(a.prod()), y))).toEqual([
      [12, 1],
      [1, 18],
    ]);
  });
});

test('a backward inside of a backward', () => {
  class Checkpoint extends AutogradFunction {
    static forward(ctx: FunctionContext, x: Tensor): Tensor {
      ctx.saveForBackward(x);
      return x.exp().mul(x);
    }
    static backward(ctx: FunctionContext, g: Tensor): Tensor {
      const x = ctx.savedTensors[0].detach().requiresGrad_();
      enableGrad(() => x.exp().mul(x)).backward(g);
      return x.grad as Tensor;
    }
  }
  const x = tensor([0.5, 1], float64);
  expect(gradcheck((y: Tensor) => Checkpoint.apply(Checkpoint.apply(y)), [x])).toBe(true);
});
