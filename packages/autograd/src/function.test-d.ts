/** Types of custom Functions: checked by the compiler, nothing here runs. */
import type { Tensor } from '@tenfold/tensor-core';
import { Function as AutogradFunction, asFunction, defineFunction, type FunctionContext } from './index.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_T extends true>(): void => {};

class Linear extends AutogradFunction {
  static forward(
    ctx: FunctionContext & { alpha?: number },
    input: Tensor,
    weight: Tensor,
    bias: Tensor | null = null,
    alpha?: number,
  ): Tensor {
    ctx.alpha = alpha;
    return bias ? input.mm(weight.t()).add(bias) : input.mm(weight.t());
  }
  static backward(ctx: FunctionContext & { alpha?: number }, g: Tensor): (Tensor | null)[] {
    return [ctx.needsInputGrad[0] ? g : null, g];
  }
  static symbolic(g: { op(name: string, ...inputs: string[]): string }, input: string, weight: string): string {
    return g.op('LINEAR', input, weight);
  }
}

class Pair extends AutogradFunction {
  static forward(x: Tensor, n: number): [Tensor, Tensor] {
    return [x, x.mul(n)];
  }
  static setupContext(ctx: FunctionContext, inputs: readonly [Tensor, number], output: [Tensor, Tensor]): void {
    ctx.saveForBackward(inputs[0], ...output);
  }
  static backward(_ctx: FunctionContext, a: Tensor, b: Tensor): Tensor {
    return a.add(b);
  }
}

declare const x: Tensor;
const linear = asFunction(Linear);
const pair = asFunction(Pair);
const cube = defineFunction({
  forward(ctx, y: Tensor, label?: string) {
    ctx.saveForBackward(y);
    return label ? y : y.pow(3);
  },
  backward: (ctx, g: Tensor) => ctx.savedTensors[0].mul(g),
});

holds<Equal<Parameters<typeof linear>, [input: Tensor, weight: Tensor, bias?: Tensor | null, alpha?: number]>>();
holds<Equal<ReturnType<typeof linear>, Tensor>>();
holds<Equal<Parameters<typeof pair>, [x: Tensor, n: number]>>();
holds<Equal<ReturnType<typeof pair>, [Tensor, Tensor]>>();
holds<Equal<Parameters<typeof cube>, [y: Tensor, label?: string]>>();

export const results: Tensor[] = [
  Linear.apply(x, x),
  Linear.apply(x, x, null, 2),
  linear(x, x, x),
  cube(x),
  cube(x, 'a'),
  pair(x, 2)[1],
  Pair.apply(x, 1)[0],
];

// @ts-expect-error weight is missing
Linear.apply(x);
// @ts-expect-error a string is no tensor
Linear.apply(x, 'w');
// @ts-expect-error ctx is not an argument of apply
Linear.apply({} as FunctionContext, x, x);
// @ts-expect-error too many
pair(x, 1, 2);
// @ts-expect-error a number is no label
cube(x, 3);
// @ts-expect-error no forward, no apply
AutogradFunction.apply(x);
