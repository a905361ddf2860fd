import '@tenfold/backend-cpu/register';
import { ones, randn, type Tensor, tensor } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import {
  Function as AutogradFunction,
  asFunction,
  type FunctionContext,
  grad,
  gradcheck,
  gradgradcheck,
  noGrad,
} from './index.ts';

const values = (x: Tensor | null): unknown => x?.toArraySync();
const withGrad = { requiresGrad: true };
const float64 = { dtype: 'float64', requiresGrad: true } as const;

describe('A: autograd walk-through', () => {
  test('from a leaf to a mean and back', () => {
    const x = ones([2, 2], withGrad);
    expect(String(x)).toBe('tensor([[1., 1.],\n        [1., 1.]], requires_grad=True)');
    expect(x.gradFn).toBe(null);
    expect(x.isLeaf).toBe(true);
    const y = x.add(2);
    expect(String(y)).toBe('tensor([[3., 3.],\n        [3., 3.]], grad_fn=<AddBackward0>)');
    expect(y.isLeaf).toBe(false);
    const z = y.mul(y).mul(3);
    const out = z.mean();
    expect(values(z)).toEqual([
      [27, 27],
      [27, 27],
    ]);
    expect(String(out)).toBe('tensor(27., grad_fn=<MeanBackward0>)');
    expect(z.gradFn?.name).toBe('MulBackward0');
    out.backward();
    expect(values(x.grad)).toEqual([
      [4.5, 4.5],
      [4.5, 4.5],
    ]);
    x.sum().backward();
    expect(values(x.grad)).toEqual([
      [5.5, 5.5],
      [5.5, 5.5],
    ]);
    x.grad?.zero_();
    x.sum().backward();
    expect(values(x.grad)).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });

  test('requiresGrad_ switches on', () => {
    let a = randn([2, 2]);
    a = a.mul(3).div(a.sub(1));
    expect(a.requiresGrad).toBe(false);
    a.requiresGrad_(true);
    expect(a.requiresGrad).toBe(true);
    expect(a.mul(a).sum().gradFn?.name).toBe('SumBackward0');
  });

  test('a gradient for an output that is no scalar', () => {
    const x = tensor([1, 2, 3, 4], { dtype: 'float64', ...withGrad });
    const z = x.mul(2).view([2, 2]);
    expect(() => z.backward()).toThrow('grad can be implicitly created only for scalar outputs');
    z.backward(
      tensor(
        [
          [1, 0.1],
          [0.01, 0.001],
        ],
        { dtype: 'float64' },
      ),
    );
    expect(values(x.grad)).toEqual([2, 0.2, 0.02, 0.002]);
  });

  test('noGrad', () => {
    const x = tensor(1, withGrad);
    const y1 = x.pow(2);
    const y2 = noGrad(() => x.pow(3));
    const y3 = y1.add(y2);
    y3.backward();
    expect(y2.requiresGrad).toBe(false);
    expect(values(x.grad)).toBe(2);
    expect(() => y2.backward()).toThrow('element 0 of tensors does not require grad and does not have a grad_fn');
  });

  test('data', () => {
    const x = ones([1], withGrad);
    expect(x.data.requiresGrad).toBe(false);
    const y = x.mul(2);
    x.data.mul_(100);
    y.backward();
    expect(String(x)).toBe('tensor([100.], requires_grad=True)');
    expect(values(x.grad)).toEqual([2]);
  });

  test('detach and requiresGrad_', () => {
    const a = ones([2], withGrad);
    const b = ones([2]);
    const c = a.add(b);
    const d = a.detach();
    b.requiresGrad_();
    expect(c.gradFn?.name).toBe('AddBackward0');
    expect([a, b, c, d].map((x) => x.requiresGrad)).toEqual([true, true, true, false]);
  });

  test('leaves, and a second backward', () => {
    const [x, w, b] = [ones([1]), ones([1], withGrad), ones([1], withGrad)];
    const y = x.mul(w);
    const z = y.add(b);
    expect([x, w, b, y, z].map((t) => t.isLeaf)).toEqual([true, true, true, false, false]);
    expect([w.grad, b.grad]).toEqual([null, null]);
    z.backward(undefined, { retainGraph: true });
    expect(values(b.grad)).toEqual([1]);
    z.backward();
    expect(values(b.grad)).toEqual([2]);
    expect(() => z.backward()).toThrow('Trying to backward through the graph a second time');
  });
});

class LinearFunction extends AutogradFunction {
  static forward(ctx: FunctionContext, input: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
    ctx.saveForBackward(input, weight, bias);
    const out = input.mm(weight.t());
    return bias === null ? out : out.add(bias.unsqueeze(0).expandAs(out));
  }

  static backward(ctx: FunctionContext, gradOutput: Tensor): (Tensor | null)[] {
    const [input, weight, bias] = ctx.savedTensors;
    const grads: (Tensor | null)[] = [
      ctx.needsInputGrad[0] ? gradOutput.mm(weight) : null,
      ctx.needsInputGrad[1] ? gradOutput.t().mm(input) : null,
    ];
    if (bias !== null && ctx.needsInputGrad[2]) grads.push(gradOutput.sum(0));
    return grads;
  }
}

/** LinearFunction with another backward. */
const mutant = (backward: (ctx: FunctionContext, g: Tensor) => (Tensor | null)[]) =>
  asFunction(
    class Mutant extends AutogradFunction {
      static forward = LinearFunction.forward;
      static backward = backward;
    },
  );

describe('B: a custom Function with an optional bias', () => {
  const linear = asFunction(LinearFunction);
  const options = { eps: 1e-6, atol: 1e-4 };

  test('gradcheck at the asked sizes', () => {
    const inputs = [randn([20, 20], float64), randn([30, 20], float64)];
    expect(gradcheck(linear, inputs, options)).toBe(true);
  });

  test('gradcheck and gradgradcheck with a bias', () => {
    const inputs = [randn([4, 3], float64), randn([5, 3], float64), randn([5], float64)];
    expect(gradcheck(linear, inputs, options)).toBe(true);
    expect(gradgradcheck(linear, inputs, options)).toBe(true);
    expect(gradgradcheck(linear, inputs.slice(0, 2), options)).toBe(true);
  });

  test('wrong backwards are caught', () => {
    const inputs = [randn([3, 3], float64), randn([3, 3], float64), randn([3], float64)];
    const caught = (backward: (ctx: FunctionContext, g: Tensor) => (Tensor | null)[], message: RegExp): void => {
      expect(() => gradcheck(mutant(backward), inputs, options)).toThrow(message);
      expect(() => gradcheck(mutant(backward), inputs, options)).toThrow(/Mutant|input/);
    };
    const worst =
      /Jacobian mismatch for output 0 with respect to input (\d): worst at output element \d+, input element \[\d(, \d)?\]: numerical: \S+, analytical: \S+/;
    const right = (ctx: FunctionContext, g: Tensor) => LinearFunction.backward(ctx, g);
    caught((ctx, g) => [g.mm(ctx.savedTensors[1].t()), ...right(ctx, g).slice(1)], worst);
    caught((ctx, g) => [right(ctx, g)[0], right(ctx, g)[1]?.neg() ?? null, right(ctx, g)[2]], worst);
    caught((ctx, g) => [right(ctx, g)[0]?.mul(0.5) ?? null, ...right(ctx, g).slice(1)], worst);
    caught(
      (ctx, g) => [...right(ctx, g).slice(0, 2), g],
      /MutantBackward returned an invalid gradient for argument 2 .*expected shape \[3\], got \[3, 3\]/,
    );
    caught((ctx, g) => [...right(ctx, g).slice(0, 2), g.select(0, 0)], worst);
    expect(
      gradcheck(
        mutant((ctx, g) => right(ctx, g).map((x) => x?.neg() ?? null)),
        inputs,
        { ...options, raiseException: false },
      ),
    ).toBe(false);
  });

  test('markDirty on an in-place forward', () => {
    class Double extends AutogradFunction {
      static forward(ctx: FunctionContext, x: Tensor): Tensor {
        x.mul_(2);
        ctx.markDirty(x);
        return x;
      }
      static backward(_ctx: FunctionContext, g: Tensor): Tensor {
        return g.mul(2);
      }
    }
    const a = tensor([1, 2], withGrad);
    const b = a.mul(3);
    const c = Double.apply(b);
    expect(c).toBe(b);
    expect(b.gradFn?.name).toBe('DoubleBackward');
    expect(values(b)).toEqual([6, 12]);
    b.sum().backward();
    expect(values(a.grad)).toEqual([6, 6]);
    expect(() => Double.apply(a)).toThrow('a leaf Variable that requires grad has been used in an in-place operation.');
  });

  test('markNonDifferentiable on one of two outputs', () => {
    class SortPair extends AutogradFunction {
      static forward(ctx: FunctionContext, x: Tensor): [Tensor, Tensor] {
        const flags = x.sign();
        ctx.markNonDifferentiable(flags);
        ctx.saveForBackward(x);
        return [x.square(), flags];
      }
      static backward(ctx: FunctionContext, g: Tensor, _flags: Tensor): Tensor {
        return g.mul(ctx.savedTensors[0]).mul(2);
      }
    }
    const x = tensor([3, -2], withGrad);
    const [y, flags] = SortPair.apply(x);
    expect([y.requiresGrad, flags.requiresGrad]).toEqual([true, false]);
    y.sum().backward();
    expect(values(x.grad)).toEqual([6, -4]);
  });

  test('double backward', () => {
    class Cube extends AutogradFunction {
      static forward(ctx: FunctionContext, x: Tensor): Tensor {
        ctx.saveForBackward(x);
        return x.pow(3);
      }
      static backward(ctx: FunctionContext, g: Tensor): Tensor {
        return g.mul(ctx.savedTensors[0].square()).mul(3);
      }
    }
    const x = tensor(2, float64);
    const [first] = grad(Cube.apply(x), x, { createGraph: true });
    const [second] = grad(first, x, { createGraph: true });
    const [third] = grad(second, x);
    expect([first, second, third].map(values)).toEqual([12, 12, 6]);
  });
});

describe('C: a custom ReLU in a two-layer net', () => {
  class MyReLU extends AutogradFunction {
    static forward(ctx: FunctionContext, input: Tensor): Tensor {
      ctx.saveForBackward(input);
      return input.clamp(0);
    }
    static backward(ctx: FunctionContext, gradOutput: Tensor): Tensor {
      const [input] = ctx.savedTensors;
      const gradInput = gradOutput.clone();
      return gradInput.indexPut_([input.lt(0)], 0);
    }
  }

  test('the loss falls by orders of magnitude', () => {
    const relu = asFunction(MyReLU);
    const [n, dIn, h, dOut] = [64, 1000, 100, 10];
    const [x, y] = [randn([n, dIn]), randn([n, dOut])];
    const [w1, w2] = [randn([dIn, h], withGrad), randn([h, dOut], withGrad)];
    const losses: number[] = [];
    for (let t = 0; t < 500; t++) {
      const loss = relu(x.mm(w1)).mm(w2).sub(y).pow(2).sum();
      if (t % 100 === 0 || t === 499) losses.push(loss.itemSync());
      loss.backward();
      noGrad(() => {
        for (const w of [w1, w2]) {
          const g = w.grad as Tensor;
          w.sub_(g.mul(1e-6));
          g.zero_();
        }
      });
    }
    expect(losses[0]).toBeGreaterThan(1e7);
    expect(losses[5]).toBeLessThan(300);
    expect(losses.toSorted((a, b) => b - a)).toEqual(losses);
  });
});
