/**
 * Optimiser steps: each is one pointwise program over a parameter, its gradient and its state, with an output for each tensor it updates. Any number of
 * parameters of one dtype take a step together, so that a device may have one kernel for all.
 * The formulas and their order are those of PyTorch's single-tensor implementations. Numbers that change from step to step (learning rate, step
 * count) are inputs, not attributes, so that a captured step can be run again with others; they compile nothing.
 */
import { type DType, dtypes, isFloat } from '../dtype.ts';
import { ArgumentError, DTypeError, describe, ShapeError } from '../errors.ts';
import * as e from '../expr.ts';
import { formatShape, sameShape } from '../shape.ts';
import { type Operand, OpSpec, type Sig, type TensorMeta } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { requireTensor } from './build.ts';
import { addQuotient, blend, blendSquare, decayed, type StepAttrs } from './step-formulas.ts';

/** Attributes of `sgdStep`. */
export interface SgdStepAttrs extends StepAttrs {
  readonly momentum: number;
  readonly nesterov: boolean;
}

/** Attributes of `adamStep`; `decoupled` decays the parameter and not the gradient (AdamW). */
export interface AdamStepAttrs extends StepAttrs {
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly decoupled: boolean;
}

/** Attributes of `rmspropStep`. */
export interface RmspropStepAttrs extends StepAttrs {
  readonly alpha: number;
  readonly eps: number;
  readonly momentum: number;
}

/**
 * Optimiser steps by op name. Inputs are those of one parameter after the other, then the numbers that all share; what is `null` for one parameter is so for
 * all. Outputs are the new values of each parameter and of its state tensors that are not `null`, in the order of the inputs.
 */
export interface OptimOps {
  /** `param, grad, momentumBuffer, …, lr, dampening, step`; steps count from 1, and the first is not damped. */
  sgdStep: Sig<readonly Operand[], SgdStepAttrs, readonly Tensor[]>;
  /** `param, grad, expAvg, expAvgSq, maxExpAvgSq, …, lr, step`; steps count from 1. */
  adamStep: Sig<readonly Operand[], AdamStepAttrs, readonly Tensor[]>;
  /** `param, grad, squareAvg, gradAvg, momentumBuffer, …, lr`; with a `gradAvg` the second moment is centred. */
  rmspropStep: Sig<readonly Operand[], RmspropStepAttrs, readonly Tensor[]>;
}

/** What an optimiser step computes, of attributes `A`. Of the tensors of a parameter the first is itself, the second its gradient. */
export interface StepInit<A extends object = object> {
  /** How many tensors a parameter has, with itself and its gradient. */
  readonly tensors: number;
  /** How many of them may be `null`: the last ones. */
  readonly optional: number;
  /** How many numbers follow the tensors: those that change from step to step. */
  readonly numbers: number;
  /**
   * New values of the tensors, in order, without the gradient and those that are `null`.
   *
   * @param x the tensors, with a hole where one is `null`.
   * @param p what {@link params} gives.
   */
  formula(x: e.Expr[], p: e.Expr[], attrs: A): e.Expr[];
  /** The numbers that the formula sees, computed in double precision as PyTorch does. They compile nothing. */
  params(numbers: readonly number[], attrs: A): number[];
  /** Which attributes change the formula, as bits. */
  variant(attrs: A): number;
  /**
   * How the formula depends on how many steps were taken, for devices that decide by themselves whether a step counts ({@link skippableStep}).
   * `false`: not at all. Left out where that is unknown.
   */
  readonly counted?: false | StepCount<A>;
}

/** The numbers of a formula that depend on how many steps were taken, computed on the device. */
export interface StepCount<A extends object = object> {
  /** Which of the numbers is the step count, from 1. */
  readonly at: number;
  /** What {@link StepCount.corrections} sees besides the count. */
  numbers(numbers: readonly number[], attrs: A): number[];
  /** What stands in the places of {@link StepInit.params}; `null`, or nothing, for those that stay. */
  corrections(step: e.Expr, p: e.Expr[]): (e.Expr | null)[];
}

/** The input that is the gradient is the only tensor that a step does not write. */
const gradient = 1;

/** Checks the inputs of a step, those of each parameter like those of the first. */
function checkStep(
  name: string,
  inputs: readonly unknown[],
  { tensors, optional, numbers }: Pick<StepInit, 'tensors' | 'optional' | 'numbers'>,
): void {
  const count = inputs.length - numbers;
  if (count < tensors || count % tensors !== 0)
    throw new ArgumentError(
      `${name}: expected ${tensors} inputs for each parameter, then ${numbers}, got ${inputs.length}`,
    );
  let dtype: DType | null = null;
  for (let start = 0; start < count; start += tensors) {
    const param = inputs[start];
    requireTensor(name, param, start);
    dtype ??= param.dtype;
    if (!isFloat(param.dtype)) throw new DTypeError(`${name}: parameters must be of a float dtype, got ${param.dtype}`);
    if (param.dtype !== dtype)
      throw new DTypeError(
        `${name}: argument ${start} is ${param.dtype}, the first parameter ${dtype}; they must be equal`,
      );
    for (let k = 1; k < tensors; k++) {
      const i = start + k;
      const x = inputs[i];
      if (k >= tensors - optional && (x === null) !== (inputs[k] === null))
        throw new ArgumentError(
          `${name}: argument ${i} must be ${x === null ? 'a tensor' : 'null'} as argument ${k} is`,
        );
      if (x === null && k >= tensors - optional) continue;
      requireTensor(name, x, i);
      if (!sameShape(x.shape, param.shape)) {
        throw new ShapeError(
          `${name}: argument ${i} has shape ${formatShape(x.shape)}, the parameter ${formatShape(param.shape)}; they must be equal`,
        );
      }
      if (x.dtype !== dtype)
        throw new DTypeError(`${name}: argument ${i} is ${x.dtype}, the parameter ${dtype}; they must be equal`);
    }
  }
  for (let i = count; i < inputs.length; i++) {
    if (typeof inputs[i] !== 'number')
      throw new ArgumentError(`${name}: learning rate and step must be numbers, got ${describe(inputs[i])}`);
  }
}

const numbersBelow = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** The op of an optimiser step. */
export type StepSpec<A extends object = object> = OpSpec<Sig<readonly Operand[], A, readonly Tensor[]>>;

/** What the steps compute, by op. */
const inits = new WeakMap<OpSpec, StepInit>();

/** What an op computes, if it is an optimiser step. */
export const stepInitOf = (spec: OpSpec): StepInit | undefined => inits.get(spec);

/** The op of an optimiser step. */
export function stepOp<A extends object>(name: string, init: StepInit<A>): StepSpec<A> {
  const { tensors, numbers } = init;
  const programs = new Map<number, e.Program>();
  /** What is written, by how many inputs there are: asked for several times a step. */
  const written: number[][] = [];
  const programFor = (inputs: readonly Operand[], attrs: A, dtype: DType, count: number): e.Program => {
    // 4 bits for the dtype, 8 for the tensors that are there, the rest for the form of the formula
    let key = dtypes[dtype].code;
    for (let i = 0; i < tensors; i++) if (inputs[i] !== null) key |= 16 << i;
    key |= init.variant(attrs) << 12;
    const known = programs.get(key);
    if (known) return known;
    let next = 0;
    const args: e.Expr[] = [];
    for (let i = 0; i < tensors; i++) if (inputs[i] !== null) args[i] = e.input(next++, dtype);
    const params = Array.from({ length: count }, (_, i) => e.param(i, dtype));
    const program = new e.Program(
      init.formula(args, params, attrs),
      new Array<DType>(next).fill(dtype),
      params.map(() => dtype),
    );
    programs.set(key, program);
    return program;
  };
  const spec: StepSpec<A> = new OpSpec({
    name,
    infer(inputs) {
      checkStep(name, inputs, init);
      const metas: TensorMeta[] = [];
      for (let i = 0; i < inputs.length - numbers; i++) {
        const x = inputs[i] as Tensor | null;
        if (x !== null && i % tensors !== gradient) metas.push({ shape: x.shape, dtype: x.dtype });
      }
      return metas;
    },
    kernel(runtime, outs, inputs, attrs) {
      const count = inputs.length - numbers;
      const params = init.params(inputs.slice(count) as number[], attrs);
      const program = programFor(inputs, attrs, outs[0].dtype, params.length);
      const { length } = program.outputs;
      for (let start = 0, o = 0; start < count; start += tensors, o += length) {
        const ins: Tensor[] = [];
        for (let i = start; i < start + tensors; i++) if (inputs[i] !== null) ins.push(inputs[i] as Tensor);
        runtime.map(outs.slice(o, o + length), ins, program, params);
      }
    },
    inplace: {
      writes: ({ length }) =>
        (written[length] ??= numbersBelow(length - numbers).filter((i) => i % tensors !== gradient)),
      how: 'direct',
    },
  });
  inits.set(spec, init as StepInit);
  return spec;
}

const flags = (a: boolean, b: boolean, c = false): number => (a ? 1 : 0) | (b ? 2 : 0) | (c ? 4 : 0);

/** Rows by op name. */
export const optim: { readonly [K in keyof OptimOps]: OpSpec<OptimOps[K]> } = {
  // g += wd · p;  buf = momentum · buf + (1 - dampening) · g;  g = nesterov ? g + momentum · buf : buf;  p -= lr · g
  sgdStep: stepOp('sgdStep', {
    tensors: 3,
    optional: 1,
    numbers: 3,
    formula(x, [negativeLr, weightDecay, momentum, undamped], attrs) {
      const grad = decayed(x[0], x[gradient], weightDecay, attrs);
      if (!x[2]) return [e.add(x[0], e.mul(negativeLr, grad))];
      const buffer = blend(x[2], momentum, undamped, grad);
      const direction = attrs.nesterov ? e.add(grad, e.mul(momentum, buffer)) : buffer;
      return [e.add(x[0], e.mul(negativeLr, direction)), buffer];
    },
    params: ([lr, dampening, step], { weightDecay, momentum }) => [
      -lr,
      weightDecay,
      momentum,
      step <= 1 ? 1 : 1 - dampening,
    ],
    variant: ({ weightDecay, nesterov, maximize }) => flags(weightDecay !== 0, nesterov, maximize),
    counted: {
      at: 2,
      numbers: ([, dampening]) => [1 - dampening],
      corrections: (step, [undamped]) => [
        null,
        null,
        null,
        e.select(e.le(step, 1), e.constant(1, step.dtype), undamped),
      ],
    },
  }),

  // m = β₁ m + (1 - β₁) g;  v = β₂ v + (1 - β₂) g²;  p -= lr / (1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + ε)
  adamStep: stepOp('adamStep', {
    tensors: 5,
    optional: 1,
    numbers: 2,
    formula(x, [negativeStepSize, rootCorrection, eps, beta1, rest1, beta2, rest2, weightDecay, shrink], attrs) {
      const param = attrs.decoupled && attrs.weightDecay !== 0 ? e.mul(x[0], shrink) : x[0];
      const grad = decayed(x[0], x[gradient], weightDecay, attrs, attrs.decoupled);
      const average = blend(x[2], beta1, rest1, grad);
      const square = blendSquare(x[3], beta2, rest2, grad);
      const largest = x[4] && e.max(x[4], square);
      const denominator = e.add(e.div(e.sqrt(largest ?? square), rootCorrection), eps);
      const next = addQuotient(param, negativeStepSize, average, denominator);
      return largest ? [next, average, square, largest] : [next, average, square];
    },
    params: ([lr, step], { beta1, beta2, eps, weightDecay }) => [
      -(lr / (1 - beta1 ** step)),
      Math.sqrt(1 - beta2 ** step),
      eps,
      beta1,
      1 - beta1,
      beta2,
      1 - beta2,
      weightDecay,
      1 - lr * weightDecay,
    ],
    variant: ({ weightDecay, decoupled, maximize }) => flags(weightDecay !== 0, decoupled, maximize),
    // 1 - βᵗ = -expm1(t ln β), which float32 has to the last bits where β is near 1
    counted: {
      at: 1,
      numbers: ([lr], { beta1, beta2 }) => [-lr, Math.log(beta1), Math.log(beta2)],
      corrections: (step, [negativeLr, log1, log2]) => [
        e.div(negativeLr, e.neg(e.unary('expm1', e.mul(step, log1)))),
        e.sqrt(e.neg(e.unary('expm1', e.mul(step, log2)))),
      ],
    },
  }),

  // v = α v + (1 - α) g²;  a = √(v - mean(g)²) + ε;  buf = momentum · buf + g / a;  p -= lr · buf
  rmspropStep: stepOp('rmspropStep', {
    tensors: 5,
    optional: 2,
    numbers: 1,
    formula(x, [negativeLr, weightDecay, alpha, rest, eps, momentum], attrs) {
      const grad = decayed(x[0], x[gradient], weightDecay, attrs);
      const square = blendSquare(x[2], alpha, rest, grad);
      const mean = x[3] && blend(x[3], alpha, rest, grad);
      const variance = mean ? e.add(square, e.mul(e.neg(mean), mean)) : square;
      const denominator = e.add(e.sqrt(variance), eps);
      const buffer = x[4] && e.add(e.mul(x[4], momentum), e.div(grad, denominator));
      const next = buffer ? e.add(x[0], e.mul(negativeLr, buffer)) : addQuotient(x[0], negativeLr, grad, denominator);
      return [next, square, ...(mean ? [mean] : []), ...(buffer ? [buffer] : [])];
    },
    params: ([lr], { weightDecay, alpha, eps, momentum }) => [-lr, weightDecay, alpha, 1 - alpha, eps, momentum],
    variant: ({ weightDecay, maximize }) => flags(weightDecay !== 0, maximize),
    counted: false,
  }),
};
