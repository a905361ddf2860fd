/** Derivatives as functions, to be composed with each other and with `vmap` (https://pytorch.org/docs/stable/func.api.html). */
import {
  ArgumentError,
  AutogradError,
  builtinOps,
  checkOptions,
  describe,
  dispatch,
  formatShape,
  gradMode,
  isFloat,
  isTensor,
  type Tensor,
  withoutGrad,
  zerosLike,
} from '@tenfold/tensor-core';
import { grad } from '../backward.ts';
import { enableGrad } from '../grad-mode.ts';
import { AccumulateGrad } from '../meta.ts';
import type { Node } from '../node.ts';
import { gradientEdge } from '../views.ts';
import type { Randomness } from './aside.ts';
import { leafOf } from './forward-rules.ts';
import { jvp } from './jvp.ts';
import { mapTree, tensorsOf, withTensors } from './tree.ts';
import { vmap } from './vmap.ts';

/** Which arguments are differentiated: one by its number, or several. */
export type Argnums = number | readonly number[];

type At<A extends readonly unknown[], N extends number> = `${N}` extends keyof A ? A[`${N}` & keyof A] : A[number];

type Each<A extends readonly unknown[], N extends readonly number[]> = { -readonly [K in keyof N]: At<A, N[K]> };

/** The arguments that are differentiated, as the results have them. */
export type Chosen<A extends readonly unknown[], N extends Argnums> = [N] extends [infer M]
  ? M extends number
    ? At<A, M>
    : M extends readonly number[]
      ? Each<A, M>
      : never
  : never;

/** Options of {@link gradOf} and {@link gradAndValue}. */
export interface GradOfOptions<N extends Argnums = Argnums> {
  /** Which arguments to differentiate: the result is one gradient for a number, an array for an array. Default 0. */
  argnums?: N;
}

interface Plain {
  hasAux?: false;
}
interface WithAux {
  /** `fn` gives `[output, aux]`, and `aux` is handed on. */
  hasAux: true;
}

/** A function run on variables in the place of some of its arguments. */
interface Run {
  readonly output: Tensor;
  readonly aux: unknown;
  readonly vars: readonly Tensor[];
  /** Whether the result is to be recorded: something besides the variables is differentiated around. */
  readonly createGraph: boolean;
  /** A result of the function as it is handed out: without the variables' history. */
  handedOut<T>(tree: T): T;
  /** One entry per tensor of the chosen arguments, in their structure. */
  inStructure(tensors: readonly Tensor[]): unknown;
}

type AnyFunction = (...args: never[]) => unknown;

function checkArgnums(where: string, argnums: Argnums, count: number): number[] {
  const list = typeof argnums === 'number' ? [argnums] : argnums;
  if (!Array.isArray(list) || list.length === 0 || new Set(list).size < list.length) {
    throw new ArgumentError(
      `${where}: argnums must be a number or an array of distinct numbers, got ${describe(argnums)}`,
    );
  }
  return list.map((i) => {
    if (Number.isInteger(i) && i >= -count && i < count) return i < 0 ? i + count : i;
    throw new ArgumentError(`${where}: Got argnum=${String(i)}, but only ${count} positional inputs`);
  });
}

/** Runs with grad mode on, whatever it is outside. */
function runOn(
  where: string,
  fn: AnyFunction,
  args: readonly unknown[],
  argnums: Argnums,
  hasAux: boolean,
  outer: boolean,
): Run {
  const chosen = checkArgnums(where, argnums, args.length);
  const trees = chosen.map((i) => args[i]);
  const inputs = tensorsOf(trees);
  if (inputs.length === 0) throw new ArgumentError(`${where}: the differentiated arguments hold no tensor`);
  for (const x of inputs) {
    if (!isFloat(x.dtype))
      throw new AutogradError(`${where}: only tensors of floating point dtype can be differentiated, got ${x.dtype}`);
  }
  const vars = inputs.map(leafOf);
  const given = [...args];
  withTensors(trees, vars).forEach((tree, k) => {
    given[chosen[k]] = tree;
  });
  const result = fn(...(given as never[]));
  if (hasAux && !(Array.isArray(result) && result.length === 2))
    throw new ArgumentError(`${where}: with hasAux, the function must return [output, aux]`);
  const [output, aux] = hasAux ? (result as [unknown, unknown]) : [result, null];
  if (!isTensor(output))
    throw new ArgumentError(`${where}: Expected fn(...args) to return a tensor, got ${describe(output)}`);
  const createGraph = outer && [output, ...tensorsOf(aux)].some((x) => dependsOnOthers(x, vars));
  return {
    output,
    aux,
    vars,
    createGraph,
    // unrecorded, but not detached: a jvp around sees through it
    handedOut: (tree) =>
      mapTree(tree, (x) =>
        isTensor(x) && !createGraph && x.requiresGrad ? withoutGrad(() => x.view(x.shape)) : x,
      ) as typeof tree,
    inStructure: (tensors) => {
      const results = withTensors(trees, tensors);
      return typeof argnums === 'number' ? results[0] : results;
    },
  };
}

/** Whether the history of a tensor ends at a leaf that is not one of `vars`. */
function dependsOnOthers(x: Tensor, vars: readonly Tensor[]): boolean {
  const own = new Set(vars);
  const [root] = gradientEdge(x);
  const seen = new Set<Node | null>([null, root]);
  const open = root ? [root] : [];
  for (let node = open.pop(); node; node = open.pop()) {
    if (node instanceof AccumulateGrad && !own.has(node.variable)) return true;
    for (const [next] of node.edges) {
      if (next === null || seen.has(next)) continue;
      seen.add(next);
      open.push(next);
    }
  }
  return false;
}

function gradients({ output, vars, createGraph }: Run, v?: Tensor, retainGraph = createGraph): Tensor[] {
  if (!output.requiresGrad) return vars.map((x) => zerosLike(x));
  return grad(output, vars, { gradOutputs: v, createGraph, retainGraph, materializeGrads: true });
}

function scalarRun(
  where: string,
  fn: AnyFunction,
  args: readonly unknown[],
  options: GradOfOptions & { hasAux?: boolean },
) {
  const { argnums = 0, hasAux = false } = options;
  const outer = gradMode.enabled;
  return enableGrad(() => {
    const run = runOn(where, fn, args, argnums, hasAux, outer);
    const { output } = run;
    if (output.ndim > 0) {
      throw new ArgumentError(
        `${where}: Expected fn(...args) to return a scalar tensor, got tensor of shape ${formatShape(output.shape)}. Did you mean to use jacrev?`,
      );
    }
    const found = run.inStructure(gradients(run));
    return { grad: found, value: run.handedOut(output), aux: run.handedOut(run.aux) };
  });
}

function checkFunction(where: string, fn: unknown, options: object, known: readonly string[]): void {
  checkOptions(where, options, known);
  if (typeof fn !== 'function') throw new ArgumentError(`${where}: fn must be a function, got ${describe(fn)}`);
}

/**
 * The function that gives the gradient of `fn`, which gives a scalar (`torch.func.grad`). Composes with itself, {@link jvp} and {@link vmap}:
 * `vmap(gradOf(loss), { inDims: [null, 0, 0] })` gives per-sample gradients. Differentiated arguments may be arrays or objects of tensors. The result
 * has a history of its own where something else that requires grad is involved; `noGrad` outside of it has no effect on it.
 *
 * @throws ArgumentError if `fn` gives no scalar, or there is no argument of that number.
 * @example
 * const cosine = gradOf((x: Tensor) => x.sin());
 * const second = gradOf(cosine);
 */
export function gradOf<A extends readonly unknown[], const N extends Argnums = 0>(
  fn: (...args: A) => Tensor,
  options?: GradOfOptions<N> & Plain,
): (...args: A) => Chosen<A, N>;
export function gradOf<A extends readonly unknown[], X, const N extends Argnums = 0>(
  fn: (...args: A) => readonly [Tensor, X],
  options: GradOfOptions<N> & WithAux,
): (...args: A) => [Chosen<A, N>, X];
export function gradOf(fn: AnyFunction, options: GradOfOptions & { hasAux?: boolean } = {}): unknown {
  checkFunction('gradOf', fn, options, ['argnums', 'hasAux']);
  return (...args: unknown[]) => {
    const { grad: found, aux } = scalarRun('gradOf', fn, args, options);
    return options.hasAux ? [found, aux] : found;
  };
}

/**
 * As {@link gradOf}, with the value of `fn` besides: `[gradient, value]`, or `[gradient, [value, aux]]` with `hasAux` (`torch.func.grad_and_value`).
 *
 * @example
 * const [gradient, loss] = gradAndValue((w: Tensor) => w.square().sum())(w);
 */
export function gradAndValue<A extends readonly unknown[], const N extends Argnums = 0>(
  fn: (...args: A) => Tensor,
  options?: GradOfOptions<N> & Plain,
): (...args: A) => [Chosen<A, N>, Tensor];
export function gradAndValue<A extends readonly unknown[], X, const N extends Argnums = 0>(
  fn: (...args: A) => readonly [Tensor, X],
  options: GradOfOptions<N> & WithAux,
): (...args: A) => [Chosen<A, N>, [Tensor, X]];
export function gradAndValue(fn: AnyFunction, options: GradOfOptions & { hasAux?: boolean } = {}): unknown {
  checkFunction('gradAndValue', fn, options, ['argnums', 'hasAux']);
  return (...args: unknown[]) => {
    const { grad: found, value, aux } = scalarRun('gradAndValue', fn, args, options);
    return [found, options.hasAux ? [value, aux] : value];
  };
}

/** Options of {@link jacrev}. */
export interface JacrevOptions<N extends Argnums = Argnums> extends GradOfOptions<N> {
  /** How many rows of the Jacobian are computed at once. Default: all. */
  chunkSize?: number | null;
}

/** Options of {@link jacfwd}. */
export interface JacfwdOptions<N extends Argnums = Argnums> extends GradOfOptions<N> {
  /** What random ops in `fn` give, as in {@link vmap}. Default `'error'`. */
  randomness?: Randomness;
}

/** The unit vectors of the space of `x`, one in each row of a tensor `[n, ...x.shape]`. */
function unitVectors(x: Tensor): Tensor {
  const n = x.numel();
  const { dtype, device } = x;
  return dispatch(builtinOps.eye, [], { shape: [n, n], dtype, device }).view([n, ...x.shape]);
}

/**
 * The function that gives the Jacobian of `fn`, of shape `[...output, ...input]`, in reverse mode: one batched backward, best for few outputs
 * (`torch.func.jacrev`). `jacfwd(jacrev(fn))` gives Hessians.
 *
 * @param fn gives one tensor; the differentiated arguments are tensors.
 * @example
 * const jacobian = jacrev((x: Tensor) => x.sin())(x);
 */
export function jacrev<A extends readonly unknown[], const N extends Argnums = 0>(
  fn: (...args: A) => Tensor,
  options?: JacrevOptions<N> & Plain,
): (...args: A) => Chosen<A, N>;
export function jacrev<A extends readonly unknown[], X, const N extends Argnums = 0>(
  fn: (...args: A) => readonly [Tensor, X],
  options: JacrevOptions<N> & WithAux,
): (...args: A) => [Chosen<A, N>, X];
export function jacrev(fn: AnyFunction, options: JacrevOptions & { hasAux?: boolean } = {}): unknown {
  checkFunction('jacrev', fn, options, ['argnums', 'hasAux', 'chunkSize']);
  const { argnums = 0, hasAux = false, chunkSize = null } = options;
  return (...args: unknown[]) => {
    const outer = gradMode.enabled;
    return enableGrad(() => {
      const run = runOn('jacrev', fn, args, argnums, hasAux, outer);
      const { output, vars } = run;
      const rows = vmap((v: Tensor): readonly Tensor[] => gradients(run, v, true), { chunkSize })(unitVectors(output));
      const jacobians = rows.map((row, k) => row.reshape([...output.shape, ...vars[k].shape]));
      const result = run.inStructure(jacobians);
      return hasAux ? [result, run.handedOut(run.aux)] : result;
    });
  };
}

/**
 * The function that gives the Jacobian of `fn`, of shape `[...output, ...input]`, in forward mode: one batched {@link jvp}, best for few inputs
 * (`torch.func.jacfwd`).
 *
 * @param fn gives one tensor; the differentiated arguments are tensors.
 * @example
 * const hessian = jacfwd(jacrev((x: Tensor) => x.pow(3).sum()))(x);
 */
export function jacfwd<A extends readonly unknown[], const N extends Argnums = 0>(
  fn: (...args: A) => Tensor,
  options?: JacfwdOptions<N> & Plain,
): (...args: A) => Chosen<A, N>;
export function jacfwd<A extends readonly unknown[], X, const N extends Argnums = 0>(
  fn: (...args: A) => readonly [Tensor, X],
  options: JacfwdOptions<N> & WithAux,
): (...args: A) => [Chosen<A, N>, X];
export function jacfwd(fn: AnyFunction, options: JacfwdOptions & { hasAux?: boolean } = {}): unknown {
  checkFunction('jacfwd', fn, options, ['argnums', 'hasAux', 'randomness']);
  const { argnums = 0, hasAux = false, randomness = 'error' } = options;
  return (...args: unknown[]) => {
    const chosen = checkArgnums('jacfwd', argnums, args.length);
    let aux: unknown = null;
    const columns = chosen.map((at) => {
      const x = args[at];
      if (!isTensor(x)) throw new ArgumentError(`jacfwd: argument ${at} must be a tensor, got ${describe(x)}`);
      const along = (t: Tensor): readonly [Tensor, readonly Tensor[]] => {
        const result = jvp(
          (y: Tensor): readonly [Tensor, unknown] => {
            const given = fn(...(args.map((arg, i) => (i === at ? y : arg)) as never[]));
            const [output, extra] = hasAux ? (given as readonly [Tensor, unknown]) : [given as Tensor, null];
            if (!isTensor(output))
              throw new ArgumentError(`jacfwd: the function must return a tensor, got ${describe(output)}`);
            return [output, extra];
          },
          [x],
          [t],
          { hasAux: true },
        );
        aux = result.aux;
        return [result.tangent, tensorsOf(result.aux)];
      };
      const [tangents, extras] = vmap(along, { outDims: [-1, null], randomness })(unitVectors(x));
      aux = withTensors(aux, extras);
      return tangents.reshape([...tangents.shape.slice(0, -1), ...x.shape]);
    });
    const result = typeof argnums === 'number' ? columns[0] : columns;
    return hasAux ? [result, aux] : result;
  };
}
