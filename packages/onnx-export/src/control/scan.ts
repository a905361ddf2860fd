/** Loops over the slices of tensors (https://onnx.ai/onnx/operators/onnx__Scan.html). */
import {
  ArgumentError,
  type ControlRecorder,
  type ControlResult,
  checkOptions,
  defineOp,
  describe,
  formatShape,
  IndexError,
  recordControl,
  ShapeError,
  type Sig,
  stack,
  type Tensor,
  withoutGrad,
  zeros,
} from '@tenfold/tensor-core';
import { apart, type Body, checkAlike, checkFunction } from './steps.ts';
import { leavesOf, rebuild, Shaper, type Tree } from './tree.ts';

/** Options of {@link scan}. */
export interface ScanOptions {
  /** The dim of `xs` whose slices are taken. Default 0. */
  dim?: number;
  /** From the last slice to the first; results stay in the order of the slices. Default false. */
  reverse?: boolean;
}

/** What a {@link scanOp} is told. */
export interface ScanAttrs {
  /** How many of the inputs are carried; the others are cut in slices. */
  readonly carried: number;
  /** The dim of each of `xs`, counted from the first. */
  readonly dims: readonly number[];
  readonly reverse: boolean;
}

type ScanSig = Sig<readonly Tensor[], ScanAttrs & { readonly bodies: { readonly body: Body } }, readonly Tensor[]>;

/** The op of {@link scan}: its inputs are what is carried, then what is cut in slices. The body gives `[...carried, ...ys]`. */
export const scanOp = /* @__PURE__ */ defineOp<ScanSig>({
  name: 'onnx.scan',
  body: (inputs, { bodies, ...attrs }) => run(inputs, attrs, bodies.body),
});

/**
 * Runs `[carry, y] = body(carry, x)` for each slice `x` of `xs` and gives the last carry and the `y`s stacked in a first dim, like PyTorch's `scan` and
 * `jax.lax.scan` (https://docs.jax.dev/en/latest/_autosummary/jax.lax.scan.html). In an export it is ONNX's Scan, for any number of slices. No value is
 * read, so it runs on every device. Gradients flow through all steps.
 *
 * `init`, `xs` and `y` are trees: a tensor, or arrays and records of tensors; `init` and `y` may be empty arrays. The carry keeps its shapes and dtypes.
 * If there are no slices, the body runs once on zeros, without effect, for the shapes of the `y`s.
 *
 * @example
 * const [last, states] = onnx.scan((h: Tensor, x: Tensor) => {
 *   const next = cell.forward(x, h);
 *   return [next, next];
 * }, zeros([4, 8]), xs); // xs: [T, 4, 8]; states: [T, 4, 8]
 */
export function scan<const C extends Tree, const X extends Tree, Y extends Tree | readonly []>(
  body: (carry: C, x: X) => readonly [carry: NoInfer<C>, y: Y],
  init: C,
  xs: X,
  options: ScanOptions = {},
): [carry: C, ys: Y] {
  checkOptions('onnx.scan', options, ['dim', 'reverse']);
  checkFunction('onnx.scan', body, 'body');
  const { dim = 0, reverse = false } = options;
  const first = leavesOf(init, 'onnx.scan: init');
  const slices = leavesOf(xs, 'onnx.scan: xs');
  const attrs: ScanAttrs = { carried: first.length, dims: dimsOf(slices, dim), reverse };
  const carry = new Shaper<C>('onnx.scan: init and the carry', init);
  const kept = new Shaper<Y>('onnx.scan: y');
  const flat: Body = (...given) => {
    const step: unknown = body(carry.build(given.slice(0, first.length)), rebuild(xs, given.slice(first.length)));
    if (!Array.isArray(step) || step.length !== 2)
      throw new ArgumentError(`onnx.scan: body must return [carry, y], got ${describe(step)}`);
    const [next, y] = step as [C, Y];
    const leaves = [...carry.flatten(next), ...kept.flatten(y)];
    if (leaves.length === 0) throw new ArgumentError('onnx.scan: nothing is carried or kept');
    return leaves;
  };
  const inputs = [...first, ...slices];
  const results =
    recordControl(scanOp, inputs, attrs, (recorder) => record(recorder, inputs, attrs, flat)) ??
    run(inputs, attrs, flat);
  return [carry.build(results.slice(0, first.length)), kept.build(results.slice(first.length))];
}

function dimsOf(slices: readonly Tensor[], dim: number): number[] {
  if (slices.length === 0) throw new ArgumentError('onnx.scan: xs holds no tensor');
  const dims = slices.map(({ shape, ndim }) => {
    if (!Number.isInteger(dim) || dim < -ndim || dim >= ndim)
      throw new IndexError(`onnx.scan: there is no dim ${describe(dim)} in xs of shape ${formatShape(shape)}`);
    return dim < 0 ? dim + ndim : dim;
  });
  const sizes = slices.map(({ shape }, k) => shape[dims[k]]);
  if (sizes.some((size) => size !== sizes[0]))
    throw new ShapeError(`onnx.scan: all of xs must have as many slices in dim ${dim}, got ${sizes.join(' and ')}`);
  return dims;
}

function run(inputs: readonly Tensor[], { carried: n, dims, reverse }: ScanAttrs, body: Body): Tensor[] {
  const first = inputs.slice(0, n);
  const xs = inputs.slice(n);
  const times = xs[0].shape[dims[0]];
  let carried = first;
  const kept: Tensor[][] = [];
  for (let step = 0; step < times; step++) {
    const at = reverse ? times - 1 - step : step;
    const results = body(...carried, ...xs.map((x, k) => x.select(dims[k], at)));
    carried = checkCarried(carried, results);
    results.slice(n).forEach((y, k) => {
      (kept[k] ??= [])[at] = y;
    });
  }
  const ys = times > 0 ? kept.map((list) => stack(list)) : emptyOf(first, xs, dims, body);
  return [...apart(carried, inputs), ...ys];
}

/** The results of no steps: their shapes are known from one without effect. */
function emptyOf(first: readonly Tensor[], xs: readonly Tensor[], dims: readonly number[], body: Body): Tensor[] {
  const results = withoutGrad(() => body(...first, ...xs.map((x, k) => zeroSlice(x, dims[k]))));
  return results.slice(first.length).map(({ shape, dtype, device }) => zeros([0, ...shape], { dtype, device }));
}

const zeroSlice = ({ shape, dtype, device }: Tensor, dim: number): Tensor =>
  zeros(
    shape.filter((_, d) => d !== dim),
    { dtype, device },
  );

function checkCarried(before: readonly Tensor[], results: readonly Tensor[]): Tensor[] {
  return before.map((x, k) => {
    const y = results[k];
    checkAlike('onnx.scan', x, y, `carried tensor ${k} before and after a step`);
    if (formatShape(x.shape) !== formatShape(y.shape)) {
      throw new ShapeError(
        `onnx.scan: carried tensor ${k} must keep its shape, got ${formatShape(x.shape)} and ${formatShape(y.shape)}; onnx.loop lets sizes change`,
      );
    }
    return y;
  });
}

function record(
  recorder: ControlRecorder,
  inputs: readonly Tensor[],
  { carried: n, dims }: ScanAttrs,
  body: Body,
): ControlResult[] {
  const first = inputs.slice(0, n);
  const xs = inputs.slice(n);
  const times = xs[0].shape[dims[0]];
  const parameters = [
    ...first.map((x) => recorder.example(() => x)),
    ...xs.map((x, k) => recorder.example(() => (times > 0 ? x.select(dims[k], 0) : zeroSlice(x, dims[k])))),
  ];
  const results = recorder.body('body', parameters, () => body(...parameters));
  return [
    ...checkCarried(first, results).map((x) => ({ tensor: recorder.example(() => x), from: [x] })),
    ...results.slice(n).map((y) => ({
      tensor: recorder.example(() => y.unsqueeze(0), [times, ...y.shape]),
      from: [],
    })),
  ];
}
