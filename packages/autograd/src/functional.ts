/** Products with Jacobians, and the whole of them, of functions of tensors (https://pytorch.org/docs/stable/autograd.html#functional-higher-level-api). */
import { ArgumentError, describe, formatShape, isTensor, type Tensor, zerosLike } from '@tenfold/tensor-core';
import { grad } from './backward.ts';
import { enableGrad } from './grad-mode.ts';
import { leafOf } from './transforms/forward-rules.ts';

/** A function of tensors that gives one. */
export type TensorFunction = (...inputs: Tensor[]) => Tensor;

/** Fresh leaves with the same values; with `linked` (for higher derivatives) non-leaves that pass gradients on to the originals. */
function variables(inputs: readonly Tensor[], linked: boolean): Tensor[] {
  return inputs.map((x) => (linked ? leafOf(x) : x.detach().requiresGrad_()));
}

function run(fn: TensorFunction, inputs: readonly Tensor[], linked: boolean): { vars: Tensor[]; output: Tensor } {
  if (typeof fn !== 'function')
    throw new ArgumentError(`jacobian and its kin: expected a function, got ${describe(fn)}`);
  if (!Array.isArray(inputs) || !inputs.every(isTensor))
    throw new ArgumentError('jacobian and its kin: the inputs must be an array of tensors');
  const vars = variables(inputs, linked);
  const output = fn(...vars);
  if (!isTensor(output)) throw new ArgumentError('the function must return one tensor');
  return { vars, output };
}

const usedGrads = (
  output: Tensor,
  vars: readonly Tensor[],
  gradOutputs: Tensor,
  createGraph: boolean,
  retainGraph = createGraph,
): Tensor[] =>
  output.requiresGrad
    ? grad(output, vars, { gradOutputs, createGraph, retainGraph, materializeGrads: true })
    : vars.map((x) => zerosLike(x));

/** Options of the functions here. */
export interface FunctionalOptions {
  /** Record the result, for derivatives of it. Default false. */
  createGraph?: boolean;
}

/**
 * The value of `fn` and its vector-Jacobian product `vᵀ J`, one tensor per input.
 *
 * @param v of the shape of the output; may be left out for a scalar.
 */
export function vjp(
  fn: TensorFunction,
  inputs: readonly Tensor[],
  v?: Tensor,
  options: FunctionalOptions = {},
): { output: Tensor; vjp: Tensor[] } {
  const { createGraph = false } = options;
  return enableGrad(() => {
    const { vars, output } = run(fn, inputs, createGraph);
    if (!v && output.numel() !== 1)
      throw new ArgumentError('vjp: v is needed unless the function gives a single element');
    const product = usedGrads(output, vars, v ?? zerosLike(output).add(1), createGraph);
    return { output: createGraph ? output : output.detach(), vjp: product };
  });
}

/** The Jacobian of `fn` with respect to each input, of shape `[...output, ...input]`. Runs backward once per element of the output. */
export function jacobian(fn: TensorFunction, inputs: readonly Tensor[], options: FunctionalOptions = {}): Tensor[] {
  const { createGraph = false } = options;
  return enableGrad(() => {
    const { vars, output } = run(fn, inputs, createGraph);
    const n = output.numel();
    const jacobians = vars.map((x) =>
      zerosLike(x)
        .expand([n, ...x.shape])
        .clone(),
    );
    for (let i = 0; i < n; i++) {
      const v = zerosLike(output);
      v.view([n]).select(0, i).fill_(1);
      usedGrads(output, vars, v, createGraph, true).forEach((row, k) => {
        jacobians[k].select(0, i).copy_(row);
      });
    }
    return jacobians.map((j, k) => j.view([...output.shape, ...vars[k].shape]));
  });
}

/** The Hessian of a scalar `fn` of one input, of shape `[...input, ...input]`. */
export function hessian(fn: (x: Tensor) => Tensor, input: Tensor, options: FunctionalOptions = {}): Tensor {
  const gradient = (x: Tensor): Tensor => vjp(fn, [x], undefined, { createGraph: true }).vjp[0];
  return jacobian(gradient, [input], options)[0];
}

/** `H v` of a scalar `fn`, as the gradient of `⟨∇fn, v⟩`. */
function secondProduct(
  where: string,
  fn: TensorFunction,
  inputs: readonly Tensor[],
  v: readonly Tensor[],
  { createGraph = false }: FunctionalOptions,
): { output: Tensor; product: Tensor[] } {
  if (v.length !== inputs.length)
    throw new ArgumentError(`${where}: v must hold a tensor for each of the ${inputs.length} inputs, got ${v.length}`);
  return enableGrad(() => {
    const { vars, output } = run(fn, inputs, createGraph);
    if (output.numel() !== 1)
      throw new ArgumentError(
        `${where}: the function must return a single element, got shape ${formatShape(output.shape)}`,
      );
    const firsts = usedGrads(output, vars, zerosLike(output).add(1), true);
    const moving = firsts.flatMap((g, i) => (g.requiresGrad ? [i] : []));
    const product =
      moving.length === 0
        ? vars.map((x) => zerosLike(x))
        : grad(
            moving.map((i) => firsts[i]),
            vars,
            { gradOutputs: moving.map((i) => v[i]), createGraph, materializeGrads: true },
          );
    return { output: createGraph ? output : output.detach(), product };
  });
}

/**
 * The value of a scalar `fn` and its Hessian times `v`, one tensor per input. The Hessian is symmetric, so this is the gradient of `⟨∇fn, v⟩`: two
 * backward runs over one run of `fn`, where a `jvp` of the gradient would run the gradient twice.
 *
 * @param v one tensor per input, of its shape.
 */
export function hvp(
  fn: TensorFunction,
  inputs: readonly Tensor[],
  v: readonly Tensor[],
  options: FunctionalOptions = {},
): { output: Tensor; hvp: Tensor[] } {
  const { output, product } = secondProduct('hvp', fn, inputs, v, options);
  return { output, hvp: product };
}

/** The value of a scalar `fn` and `v` times its Hessian, one tensor per input. */
export function vhp(
  fn: TensorFunction,
  inputs: readonly Tensor[],
  v: readonly Tensor[],
  options: FunctionalOptions = {},
): { output: Tensor; vhp: Tensor[] } {
  const { output, product } = secondProduct('vhp', fn, inputs, v, options);
  return { output, vhp: product };
}
