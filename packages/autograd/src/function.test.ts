import '@tenfold/backend-cpu/register';
import { cat, dispatch, ones, replay, type Tensor, tensor, trace } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import {
  Function as AutogradFunction,
  asFunction,
  defineFunction,
  type FunctionCall,
  type FunctionContext,
  functionOf,
  grad,
  gradcheck,
  gradgradcheck,
  noGrad,
} from './index.ts';

const withGrad = { requiresGrad: true } as const;
const float64 = { dtype: 'float64', ...withGrad } as const;
const values = (x: Tensor | null | undefined): unknown => x?.toArraySync();

class Scale extends AutogradFunction {
  static forward(
    ctx: FunctionContext & { factor?: number },
    x: Tensor,
    factor: number,
    bias: Tensor | null = null,
  ): Tensor {
    ctx.factor = factor;
    const y = x.mul(factor);
    return bias ? y.add(bias) : y;
  }
  static backward(ctx: FunctionContext & { factor?: number }, g: Tensor): (Tensor | null)[] {
    return [g.mul(ctx.factor as number), null, ctx.needsInputGrad[2] ? g : null];
  }
}

/** x ↦ x² with any backward. */
const square = (backward: (ctx: FunctionContext, g: Tensor) => Tensor | null | (Tensor | null)[]) =>
  defineFunction({
    name: 'Square',
    forward(ctx, x: Tensor, _label?: string) {
      ctx.saveForBackward(x);
      return x.square();
    },
    backward,
  });

describe('arguments', () => {
  test('numbers, null, fields of ctx', () => {
    const [x, b] = [tensor([1, 2], float64), tensor([3, 4], float64)];
    expect(values(Scale.apply(x, 3))).toEqual([3, 6]);
    expect(values(Scale.apply(x, 3, b))).toEqual([6, 10]);
    Scale.apply(x, 3, b).sum().backward();
    expect([values(x.grad), values(b.grad)]).toEqual([
      [3, 3],
      [1, 1],
    ]);
    expect(Scale.apply(x, 3).gradFn?.name).toBe('ScaleBackward');
  });

  test('with grad off and without inputs that require grad', () => {
    const x = tensor([1, 2], float64);
    expect(noGrad(() => Scale.apply(x, 2)).requiresGrad).toBe(false);
    expect(Scale.apply(x.detach(), 2).requiresGrad).toBe(false);
  });

  test('needsInputGrad per argument', () => {
    const seen: (readonly boolean[])[] = [];
    const probe = defineFunction({
      forward(ctx, _a: Tensor, _n: number, b: Tensor) {
        seen.push(ctx.needsInputGrad);
        return b.clone();
      },
      backward: (_ctx, g: Tensor) => [null, null, g],
    });
    const b = ones([2], withGrad);
    probe(ones([1]), 1, b);
    noGrad(() => probe(ones([1]), 1, b));
    expect(seen).toEqual([
      [false, false, true],
      [false, false, false],
    ]);
  });

  test('setupContext apart from forward', () => {
    class Cube extends AutogradFunction {
      static forward(x: Tensor): Tensor {
        return x.pow(3);
      }
      static setupContext(ctx: FunctionContext, inputs: readonly [Tensor], output: Tensor): void {
        ctx.saveForBackward(inputs[0], output);
      }
      static backward(ctx: FunctionContext, g: Tensor): Tensor {
        const [x, y] = ctx.savedTensors;
        return g.mul(y.div(x)).mul(3);
      }
    }
    const cube = asFunction(Cube);
    const x = tensor([1, 2], float64);
    expect(gradcheck(cube, [x])).toBe(true);
    expect(gradgradcheck(cube, [x])).toBe(true);
  });
});

describe('several outputs', () => {
  class Split extends AutogradFunction {
    static forward(ctx: FunctionContext, x: Tensor, materialize: boolean): [Tensor, Tensor] {
      ctx.setMaterializeGrads(materialize);
      return [x.slice(0, 0, 1).clone(), x.slice(0, 1).clone()];
    }
    static backward(_ctx: FunctionContext, a: Tensor | null, b: Tensor | null): Tensor {
      seen = [a === null, b === null];
      return cat([a ?? ones([1]).mul(7), b ?? ones([1]).mul(7)]);
    }
  }
  let seen: boolean[] = [];

  test('a gradient that did not arrive is zeros, or null if asked', () => {
    const x = tensor([1, 2], withGrad);
    Split.apply(x, true)[1].sum().backward();
    expect([values(x.grad), seen]).toEqual([
      [0, 1],
      [false, false],
    ]);
    x.grad = null;
    Split.apply(x, false)[1].sum().backward();
    expect([values(x.grad), seen]).toEqual([
      [7, 1],
      [true, false],
    ]);
  });
});

describe('what comes back from backward', () => {
  const x = (): Tensor => tensor([1, 2], float64);
  const run = (backward: Parameters<typeof square>[0]): void => square(backward)(x()).sum().backward();

  test('number, kind, shape and dtype are checked', () => {
    expect(() => run((_, g) => [g, g])).toThrow(
      'function SquareBackward returned an incorrect number of gradients (expected 1, got 2)',
    );
    const labelled = square((_, g) => [g, g]);
    expect(() => labelled(x(), 'a').sum().backward()).toThrow(
      'function SquareBackward returned a gradient different from null at position 1, but the corresponding forward input was not a tensor',
    );
    const invalid = 'function SquareBackward returned an invalid gradient for argument 0 of Square.forward: expected';
    expect(() => run((_, g) => g.view([1, 2]))).toThrow(`${invalid} shape [2], got [1, 2]`);
    expect(() => run((_, g) => g.to('float32'))).toThrow(`${invalid} dtype float64, got float32`);
    // @ts-expect-error a number is no gradient
    expect(() => run(() => 3)).toThrow(`${invalid} a tensor or null, got number 3`);
  });

  test('null cuts the path, and nulls beyond the arguments are passed over', () => {
    const leaf = x();
    square(() => null)(leaf)
      .sum()
      .backward();
    expect(leaf.grad).toBe(null);
    square((ctx, g) => [g.mul(ctx.savedTensors[0]).mul(2), null, null])(leaf)
      .sum()
      .backward();
    expect(values(leaf.grad)).toEqual([2, 4]);
  });

  test('a second backward is refused, unless the graph is kept', () => {
    const y = square((ctx, g) => g.mul(ctx.savedTensors[0]).mul(2))(x()).sum();
    y.backward(undefined, { retainGraph: true });
    y.backward();
    expect(() => y.backward()).toThrow('Trying to backward through the graph a second time');
  });

  test('a saved input that was changed is found out', () => {
    const a = x().mul(1);
    const y = square((ctx, g) => g.mul(ctx.savedTensors[0]).mul(2))(a);
    a.mul_(2);
    expect(() => y.sum().backward()).toThrow(
      'has been modified by an inplace operation: [torch.DoubleTensor [2]], which is output 0 of MulBackward0',
    );
  });

  test('the gradient handed out is not shared with grad', () => {
    let stashed: Tensor | undefined;
    const leaf = x();
    square((_, g) => {
      stashed = g.clone();
      return stashed;
    })(leaf)
      .sum()
      .backward();
    leaf.grad?.mul_(5);
    expect(values(stashed)).toEqual([1, 1]);
  });
});

describe('inputs among the outputs', () => {
  const identity = defineFunction({
    name: 'Identity',
    forward: (_ctx, x: Tensor) => x,
    backward: (_ctx, g: Tensor) => g.mul(10),
  });
  const reshaped = defineFunction({
    name: 'Reshaped',
    forward: (_ctx, x: Tensor) => x.view([-1]),
    backward: (_ctx, g: Tensor) => g.view([2, 1]).mul(10),
  });

  test("an input returned as it is gets the Function's history, and keeps its own", () => {
    const x = ones([2], withGrad);
    const y = x.mul(1);
    const z = identity(y);
    expect([y.gradFn?.name, z.gradFn?.name]).toEqual(['MulBackward0', 'IdentityBackward']);
    z.sum().backward();
    expect(values(x.grad)).toEqual([10, 10]);
  });

  test('a view of an input; writing it is refused as in PyTorch', () => {
    const x = ones([2, 1], withGrad);
    const y = x.mul(1);
    const z = reshaped(y);
    z.sum().backward(undefined, { retainGraph: true });
    expect(values(x.grad)).toEqual([[10], [10]]);
    expect(() => z.add_(1)).toThrow(
      'Output 0 of ReshapedBackward is a view and is being modified inplace. This view was created inside a custom Function',
    );
    y.add_(1);
    expect(() => z.gradFn).toThrow('its base or another view of its base has been modified inplace');
  });

  test('markDirty on a view writes the base', () => {
    const double = defineFunction({
      name: 'Double',
      forward(ctx, x: Tensor) {
        ctx.markDirty(x);
        return x.mul_(2);
      },
      backward: (_ctx, g: Tensor) => g.mul(2),
    });
    const x = ones([3], withGrad);
    const base = x.mul(1);
    double(base.select(0, 1));
    base.sum().backward();
    expect(values(x.grad)).toEqual([1, 2, 1]);
    const forgetful = defineFunction({
      forward(ctx, y: Tensor) {
        ctx.markDirty(y);
        return y.clone();
      },
      backward: (_ctx, g: Tensor) => g,
    });
    expect(() => forgetful(x.mul(1))).toThrow(
      'Some elements marked as dirty during the forward method were not returned as output',
    );
  });
});

describe('as an op', () => {
  test('a trace sees one node with a body, and replays it', () => {
    const [x, b] = [tensor([1, 2], { dtype: 'float64' }), tensor([3, 4], { dtype: 'float64' })];
    const { graph } = trace((y, c) => Scale.apply(y, 3, c), [x, b]);
    expect(graph.nodes.map(({ spec }) => spec.name)).toEqual(['Scale']);
    expect(graph.nodes[0].body?.nodes.map(({ spec }) => spec.name)).toEqual(['mul', 'add']);
    expect(functionOf(graph.nodes[0].spec)).toBe(Scale);
    const call = graph.nodes[0].attrs as FunctionCall;
    expect(call.functionClass).toBe(Scale);
    expect(call.args.map(String)).toEqual(['input 0', '3', 'input 1']);
    expect(values(replay(graph, [b, x])[0])).toEqual([10, 14]);
    const leaf = tensor([1, 2], float64);
    const [y] = replay(graph, [leaf, b]);
    expect(values(grad(y.sum(), leaf)[0])).toEqual([3, 3]);
    expect(values(grad((dispatch(graph.nodes[0].spec, [leaf, b], call) as Tensor).sum(), leaf)[0])).toEqual([3, 3]);
  });

  test('a training step traced with its backward replays to the same gradient', () => {
    const w = tensor([2, 3], float64);
    const step = (x: Tensor): Tensor => {
      const y = Scale.apply(x.mul(w), 3).square().sum();
      return grad(y, w)[0];
    };
    const x = tensor([1, 2], { dtype: 'float64' });
    const { graph, result } = trace(step, [x]);
    expect(values(replay(graph, [x])[0])).toEqual(values(result));
    expect(values(result)).toEqual([2 * 9 * 2, 2 * 9 * 3 * 4]);
  });

  test('wrong outputs and wrong classes are refused', () => {
    // @ts-expect-error a number is no output
    expect(() => defineFunction({ forward: () => 3, backward: () => null })()).toThrow(
      'Function.forward must return a tensor or an array of tensors, got number 3',
    );
    // @ts-expect-error no backward
    expect(() => asFunction({ name: 'X', forward: (x: Tensor) => x })(ones([1]))).toThrow(
      'a Function needs static methods forward and backward',
    );
    const saving = defineFunction({
      forward(ctx, x: Tensor) {
        // @ts-expect-error only tensors and null
        ctx.saveForBackward(3);
        return x;
      },
      backward: () => null,
    });
    expect(() => saving(ones([1]))).toThrow('saveForBackward can only save tensors and null, got number 3');
  });
});
