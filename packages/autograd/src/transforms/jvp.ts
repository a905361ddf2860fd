/** Forward-mode differentiation (https://pytorch.org/docs/stable/generated/torch.func.jvp.html). */
import {
  ArgumentError,
  AutogradError,
  builtinOps,
  checkOptions,
  describe,
  dispatch,
  formatShape,
  isFloat,
  isTensor,
  ShapeError,
  sameShape,
  type Tensor,
  zerosLike,
} from '@tenfold/tensor-core';
import { traceAside, twinOf } from './aside.ts';
import { type Dual, propagate } from './forward-rules.ts';
import { Env, interpret } from './interpret.ts';
import { leavesOf, mapTree, type Tree, tensorsOf, withTensors } from './tree.ts';

/** Options of {@link jvp}. */
export interface JvpOptions {
  /** `fn` gives `[output, aux]`, and `aux` is handed on undifferentiated. */
  hasAux?: boolean;
}

/** What {@link jvp} gives: `fn(...primals)`, and its derivative in the direction of the tangents, of the same structure. */
export interface Jvp<R> {
  readonly output: R;
  readonly tangent: R;
}

/**
 * The value of `fn` and its Jacobian-vector product, in one sweep forward: the cost does not grow with the number of inputs, and nothing is kept for
 * backward. Both results can be differentiated further, by `grad`, `gradOf` or another `jvp`.
 *
 * `fn` is traced: it runs once aside, then its ops run again with their tangents. As in PyTorch, `noGrad` has no effect on tangents and `detach` has.
 * The derivative of a custom Function is that of its backward.
 *
 * @param primals the arguments of `fn`: float tensors, or arrays and objects of them.
 * @param tangents of the structure, shapes and dtypes of `primals`.
 * @throws ArgumentError, ShapeError if primals and tangents don't match; AutogradError for ops without a derivative.
 * @example
 * const { output, tangent } = jvp((x: Tensor) => x.sin(), [x], [onesLike(x)]);
 */
export function jvp<A extends readonly unknown[], R>(
  fn: (...primals: A) => R & Tree<R>,
  primals: A,
  tangents: A,
  options?: { hasAux?: false },
): Jvp<R>;
export function jvp<A extends readonly unknown[], R, X>(
  fn: (...primals: A) => readonly [R & Tree<R>, X],
  primals: A,
  tangents: A,
  options: { hasAux: true },
): Jvp<R> & { readonly aux: X };
export function jvp(
  fn: (...primals: never[]) => unknown,
  primals: readonly unknown[],
  tangents: readonly unknown[],
  options: JvpOptions = {},
): Jvp<unknown> & { aux?: unknown } {
  checkOptions('jvp', options, ['hasAux']);
  const { hasAux = false } = options;
  if (typeof fn !== 'function') throw new ArgumentError(`jvp: fn must be a function, got ${describe(fn)}`);
  const [inputs, directions] = checked(primals, tangents);
  const samples = inputs.map(twinOf);
  let shape: { output: unknown; aux: unknown } | null = null;
  const graph = traceAside(
    'jvp',
    (...given) => {
      const rest = [...given];
      const result = fn(...(mapTree(primals, () => rest.shift()) as never[]));
      if (hasAux && !(Array.isArray(result) && result.length === 2))
        throw new ArgumentError('jvp: with hasAux, the function must return [output, aux]');
      const [output, aux] = hasAux ? (result as [unknown, unknown]) : [result, null];
      checkOutput(output);
      shape = { output, aux };
      return [...tensorsOf(output), ...tensorsOf(aux)];
    },
    samples,
  );
  // the trace has run the function, which has set it
  const { output, aux } = shape as unknown as { output: unknown; aux: unknown };

  const env = new Env<Dual>();
  const originals = new Map<Tensor, Tensor>();
  let next = 0;
  for (const { value, tensor, kind } of graph.inputs) {
    if (kind === 'captured') env.set(value, { tensor, tangent: null });
    else {
      originals.set(tensor, inputs[next]);
      env.set(value, { tensor: inputs[next], tangent: directions[next++] });
    }
  }
  interpret(graph, env, propagate, ({ tensor }) => ({ tensor, tangent: null }));
  const results = graph.outputs.map((value) => env.get(value));
  const written = graph.writes.map(({ value }) => env.get(value).tensor.clone());
  graph.writes.forEach(({ tensor }, i) => {
    dispatch(builtinOps.copy.inplaceTwin, [originals.get(tensor) ?? tensor, written[i]], null);
  });
  const count = tensorsOf(output).length;
  const values = results.map(({ tensor }) => tensor);
  return {
    output: withTensors(output, values),
    tangent: withTensors(
      output,
      results.slice(0, count).map(({ tensor, tangent }) => tangent ?? zerosLike(tensor)),
    ),
    ...(hasAux ? { aux: withTensors(aux, values.slice(count)) } : {}),
  };
}

function checked(primals: readonly unknown[], tangents: readonly unknown[]): [Tensor[], Tensor[]] {
  if (!Array.isArray(primals) || !Array.isArray(tangents)) {
    throw new ArgumentError(
      `jvp(fn, primals, tangents): Expected primals and tangents to be arrays, got ${describe(primals)} and ${describe(tangents)}`,
    );
  }
  const [inputs, directions] = [leavesOf(primals), leavesOf(tangents)];
  const structure = (tree: unknown): string => JSON.stringify(mapTree(tree, () => 0));
  if (structure(primals) !== structure(tangents)) {
    throw new ArgumentError(
      'jvp(fn, primals, tangents): Expected primals and tangents to have the same structure: one tangent for each tensor',
    );
  }
  if (inputs.length === 0) throw new ArgumentError('jvp(fn, primals, tangents): Expected at least one primal');
  inputs.forEach((x, i) => {
    const t = directions[i];
    if (!isTensor(x) || !isTensor(t))
      throw new ArgumentError(`jvp: primals and tangents must be tensors, got ${describe(isTensor(x) ? t : x)}`);
    if (!isFloat(x.dtype))
      throw new AutogradError(`jvp: only tensors of floating point dtype have tangents, primal ${i} is ${x.dtype}`);
    if (!sameShape(x.shape, t.shape) || x.dtype !== t.dtype) {
      throw new ShapeError(
        `jvp: tangent ${i} is ${t.dtype}${formatShape(t.shape)}, its primal ${x.dtype}${formatShape(x.shape)}; they must be equal`,
      );
    }
  });
  return [inputs as Tensor[], directions as Tensor[]];
}

function checkOutput(output: unknown): void {
  const leaves = leavesOf(output);
  const wrong = leaves.find((leaf) => !isTensor(leaf));
  if (leaves.length > 0 && leaves.every(isTensor)) return;
  throw new ArgumentError(
    `jvp(fn, primals, tangents): Expected fn to be a function that has only tensors as outputs, got ${describe(wrong)}`,
  );
}
