/** Normalisations and their gradients, by the kernels of `native/kernels/norm.cu`. */
import type { Override } from '@tenfold/tensor-core';
import type { Cuda } from '../cuda.ts';
import { type Buffer, kernelTypes, type View } from '../elements.ts';
import { channelFrame, type Frame, groupFrame, trailingFrame } from './frames.ts';
import {
  blocksFor,
  fewDims,
  type Operands,
  ordered,
  powerFrom,
  type Rows,
  rowsOf,
  shareRows,
  splitRows,
  valueType,
  writeBeside,
  writeRows,
} from './rows.ts';

/** Threads of a block. */
const threads = 256;
/** Threads that join the parts of a row. */
const joinersOf = (splits: number): number => Math.min(32, powerFrom(splits));

const repeatedOver = (view: View | null, how: (view: View) => View): View | null => view && how(view);

/** Views with `dims` before their others. */
const inOrder = (views: readonly (View | null)[], dims: readonly number[]): (View | null)[] =>
  views.map((view) => view && ordered(view, dims));

/** Whether one launch serves: rows are kept in registers, or are read again from a near cache by enough blocks. */
function isShort(cuda: Cuda, rows: Rows, variant: string, lanes: number): boolean {
  if (variant === '_kept' || rows.length <= 512) return true;
  return rows.length <= 4096 && blocksFor(rows.count, lanes, threads) * 16 >= cuda.blocksAtOnce;
}

/** Threads to a row of those that a launch shares among blocks. */
function splitLanes({ count, packs, across }: Rows): number {
  const most = across ? Math.max(8, threads / powerFrom(count)) : threads;
  return Math.max(across ? 1 : 32, Math.min(most, powerFrom(packs)));
}

const suffix = ({ width }: Rows): string => (width > 1 ? '_packs' : '');

interface Forward {
  readonly frame: Frame;
  readonly out: View;
  /** Without a place for a mean it counts as 0. */
  readonly mean: View | null;
  readonly rstd: View;
  readonly variance: View | null;
  readonly input: View;
  readonly weight: View | null;
  readonly bias: View | null;
  readonly eps: number;
}

function forward(cuda: Cuda, f: Forward): void {
  const { frame, eps } = f;
  const { dtype } = f.input;
  const views = [
    frame.like(f.out),
    frame.like(f.input),
    repeatedOver(f.weight, frame.affine),
    repeatedOver(f.bias, frame.affine),
    repeatedOver(f.mean, frame.statistic),
    frame.statistic(f.rstd),
    repeatedOver(f.variance, frame.statistic),
  ];
  const operands = inOrder(views, frame.statisticDims);
  const rows = rowsOf(operands, 2, frame.statisticDims.length);
  if (rows.count === 0) return;
  const { lanes, variant } = shareRows(rows, dtype, false);
  if (!isShort(cuda, rows, variant, lanes)) {
    statistics(cuda, f, operands);
    apply(cuda, { ...f, rstd: f.rstd, fromVariance: false });
    return;
  }
  const [y, x, weight, bias, mean, rstd, variance] = operands;
  const call = cuda.call(`norm${variant}_${kernelTypes[dtype]}`);
  call.view(y as View).view(x as View);
  writeBeside(call, weight, rows.steps[2], dtype);
  writeBeside(call, bias, rows.steps[3], dtype);
  for (const view of [mean, rstd, variance]) {
    if (view) call.view(view);
    else call.none();
  }
  call.double(eps).long(rows.length);
  writeRows(call, rows, lanes, rows.across, 7);
  call.launch(blocksFor(rows.count, lanes, threads), threads);
}

/** Statistics of long rows, from parts of them. Operands as in {@link forward}. */
function statistics(cuda: Cuda, { frame, mean, eps }: Forward, operands: readonly (View | null)[]): void {
  const [, x, , , ...written] = operands;
  const { dtype } = x as View;
  const outer = frame.statisticDims.length;
  const rows = rowsOf([x], 1, outer);
  const lanes = splitLanes(rows);
  const { splits, each } = splitRows(cuda, rows, lanes);
  const joiners = joinersOf(splits);
  const wide = valueType(dtype);
  cuda.temporary(wide, 3 * rows.count * splits, (parts) => {
    const call = cuda.call(`norm_moments${suffix(rows)}_${kernelTypes[dtype]}`);
    call
      .view(x as View)
      .pointer(parts)
      .int(mean ? 1 : 0)
      .int(splits)
      .long(each);
    writeRows(call, rows, lanes, rows.across, 1);
    call.launch(blocksFor(rows.count, lanes, threads), threads, splits);

    const { outer: axes } = rowsOf([...written, x], 4, outer);
    const join = cuda.call(`norm_statistics_${kernelTypes[wide]}`).pointer(parts);
    for (const view of written) {
      if (view) join.view(view);
      else join.none();
    }
    join.double(eps).long(splits).long(rows.count).int(joiners).int(0).walk(axes, 3);
    join.launch(blocksFor(rows.count, joiners, threads), threads);
  });
}

interface Apply {
  readonly frame: Frame;
  readonly out: View;
  readonly input: View;
  readonly weight: View | null;
  readonly bias: View | null;
  readonly mean: View | null;
  /** Or the variance. */
  readonly rstd: View;
  readonly fromVariance: boolean;
  readonly eps: number;
}

/** The result by statistics that are known. */
function apply(cuda: Cuda, { frame, out, input, eps, fromVariance, ...f }: Apply): void {
  const { dtype } = input;
  const operands = [
    frame.like(out),
    frame.like(input),
    repeatedOver(f.weight, frame.affine),
    repeatedOver(f.bias, frame.affine),
    repeatedOver(f.mean, frame.statistic),
    frame.statistic(f.rstd),
  ];
  const rows = rowsOf(operands, 2, 0);
  if (rows.length === 0) return;
  const [y, x, ...beside] = operands;
  const call = cuda.call(`norm_apply${suffix(rows)}_${kernelTypes[dtype]}`);
  call.view(y as View).view(x as View);
  beside.forEach((view, k) => {
    writeBeside(call, view, rows.steps[k + 2], dtype);
  });
  call.double(eps).long(fromVariance ? 1 : 0);
  call.walk(rows.inner, 6).launchOver(rows.packs);
}

interface Backward {
  readonly frame: Frame;
  readonly outs: readonly View[];
  readonly grad: View;
  readonly input: View;
  readonly mean: View | null;
  readonly rstd: View;
  readonly weight: View | null;
  readonly wanted: readonly boolean[];
  /** Whether the statistics are those of the input. */
  readonly through: boolean;
}

function backward(cuda: Cuda, b: Backward): void {
  const rest = [...b.outs];
  const [toInput, toWeight, toBias] = b.wanted.map((want) => (want ? (rest.shift() as View) : null));
  if (toInput) gradientOfInput(cuda, b, toInput);
  if (toWeight || toBias) gradientsOfAffine(cuda, b, toWeight, toBias ?? null);
}

function gradientOfInput(cuda: Cuda, b: Backward, out: View): void {
  const { frame } = b;
  const { dtype } = b.input;
  const views = [
    frame.like(out),
    frame.like(b.grad),
    frame.like(b.input),
    repeatedOver(b.weight, frame.affine),
    repeatedOver(b.mean, frame.statistic),
    frame.statistic(b.rstd),
  ];
  const operands = inOrder(views, frame.statisticDims);
  const rows = rowsOf(operands, 3, frame.statisticDims.length);
  if (rows.count * rows.length === 0) return;
  if (!b.through) {
    applyBackward(cuda, b, views, null, rows.length);
    return;
  }
  const { lanes, variant } = shareRows(rows, dtype, false);
  if (!isShort(cuda, rows, variant, lanes)) {
    const wide = valueType(dtype);
    cuda.temporary(wide, 2 * rows.count, (buffer) => {
      const compact = (at: number): View => ({
        dtype: wide,
        storage: { buffer },
        offset: at,
        ...pairsOf(frame, b.input),
      });
      const [, grad, x, weight, mean, rstd] = operands;
      const sums = [compact(0), compact(1)].map((view) => ordered(view, frame.statisticDims));
      sum(cuda, frame.statisticDims.length, [grad, x, weight, mean, rstd], sums[0], sums[1]);
      applyBackward(cuda, b, views, compact(0), rows.length);
    });
    return;
  }
  const [result, grad, x, weight, mean, rstd] = operands;
  const call = cuda.call(`norm_backward${variant}_${kernelTypes[dtype]}`);
  for (const view of [result, grad, x]) call.view(view as View);
  writeBeside(call, weight, rows.steps[3], dtype);
  if (mean) call.view(mean);
  else call.none();
  call.view(rstd as View).long(rows.length);
  writeRows(call, rows, lanes, rows.across, 6);
  call.launch(blocksFor(rows.count, lanes, threads), threads);
}

/** Shape and strides over the frame's dims of two numbers to a row. */
function pairsOf(
  frame: Frame,
  input: View,
): { readonly shape: readonly number[]; readonly strides: readonly number[] } {
  const { shape } = frame.like(input);
  const strides = new Array<number>(shape.length).fill(0);
  let step = 2;
  for (const d of [...frame.statisticDims].reverse()) {
    strides[d] = step;
    step *= shape[d];
  }
  return { shape, strides };
}

/** Operands: the result, gradient, input, weight, mean, deviation, over the frame's dims. */
function applyBackward(cuda: Cuda, b: Backward, views: readonly (View | null)[], sums: View | null, length: number) {
  const { dtype } = b.input;
  const operands = [...views, sums];
  const rows = rowsOf(operands, 3, 0);
  const [result, grad, x, ...beside] = operands;
  const call = cuda.call(`norm_apply_backward${suffix(rows)}_${kernelTypes[dtype]}`);
  for (const view of [result, grad, x]) call.view(view as View);
  beside.slice(0, 3).forEach((view, k) => {
    writeBeside(call, view, rows.steps[k + 3], dtype);
  });
  if (sums) call.view(sums);
  else call.none();
  call.long(length).walk(rows.inner, 7).launchOver(rows.packs);
}

/** Σ g n and Σ g of each row, where they are wanted. Operands: gradient, input, weight, mean, deviation; the first `outer` dims number the rows. */
function sum(
  cuda: Cuda,
  outer: number,
  operands: readonly (View | null)[],
  toProducts: View | null,
  toTotal: View | null,
): void {
  const [grad, x, weight, mean, rstd] = operands;
  const { dtype } = grad as View;
  const full = x ? 2 : 1;
  const rows = rowsOf(operands, full, outer);
  if (rows.count === 0) return;
  const lanes = splitLanes(rows);
  const { splits, each } = splitRows(cuda, rows, lanes);
  const joiners = joinersOf(splits);
  cuda.temporary(valueType(dtype), 2 * rows.count * splits, (parts) => {
    const call = cuda.call(`norm_sums${suffix(rows)}_${kernelTypes[dtype]}`).view(grad as View);
    if (x) call.view(x);
    else call.none();
    [weight, mean, rstd].forEach((view, k) => {
      writeBeside(call, view, rows.steps[k + 2], dtype);
    });
    call.pointer(parts).long(splits).long(each);
    writeRows(call, rows, lanes, rows.across, 5);
    call.launch(blocksFor(rows.count, lanes, threads), threads, splits);

    const wanted = [toProducts, toTotal];
    const { outer: axes } = rowsOf([...wanted, grad], 3, outer);
    const join = cuda.call(`norm_join_sums_${kernelTypes[dtype]}`).pointer(parts);
    for (const view of wanted) {
      if (view) join.view(view);
      else join.none();
    }
    join
      .int((toProducts ?? toTotal)?.dtype === dtype ? 0 : 1)
      .int(0)
      .long(splits)
      .long(rows.count)
      .int(joiners)
      .int(0)
      .walk(axes, 2);
    join.launch(blocksFor(rows.count, joiners, threads), threads);
  });
}

/** dw = Σ g n,  db = Σ g. */
function gradientsOfAffine(cuda: Cuda, { frame, ...b }: Backward, toWeight: View | null, toBias: View | null): void {
  const through = toWeight !== null;
  const views = [
    frame.like(b.grad),
    through ? frame.like(b.input) : null,
    null,
    through ? repeatedOver(b.mean, frame.statistic) : null,
    through ? frame.statistic(b.rstd) : null,
    repeatedOver(toWeight, frame.affine),
    repeatedOver(toBias, frame.affine),
  ];
  const [grad, x, weight, mean, rstd, products, total] = inOrder(views, frame.affineDims);
  sum(cuda, frame.affineDims.length, [grad, x, weight, mean, rstd], products, total);
}

interface Attrs {
  readonly dims: number;
  readonly groups: number;
  readonly eps: number;
  readonly training: boolean;
  readonly wanted: readonly boolean[];
}

type Views = readonly (View | null)[];

/** Statistics of half precision are taken in float32 only, and a gradient in the input's dtype: the derived ops cast what is not. */
const takes = (inputs: Operands, dtypes: readonly string[], full: readonly number[], beside: readonly number[]) => {
  const [x] = full.map((o) => inputs[o] as View);
  if (full.some((o) => (inputs[o] as View).dtype !== x.dtype)) return 'gradient and input of one dtype only';
  const wrong = beside.some((o) => !dtypes.includes((inputs[o] as View).dtype));
  return wrong ? `statistics in ${dtypes.join(' or ')} only` : fewDims(inputs);
};

/** By op name. */
export function normOverrides(cuda: Cuda): { readonly [op: string]: Override<Buffer> } {
  type Run = (outs: readonly View[], inputs: Views, attrs: Attrs) => void;
  /** `full` and `statistics` are numbers of inputs. */
  const override = (full: readonly number[], statistics: readonly number[], run: Run): Override<Buffer> => ({
    supports: (inputs: Operands) => takes(inputs, [valueType((inputs[full[0]] as View).dtype)], full, statistics),
    run: (outs, inputs: Operands, attrs) => run(outs, inputs as Views, attrs as Attrs),
  });
  type FrameOf = (shape: readonly number[], attrs: Attrs) => Frame;
  const normalise = (frameOf: FrameOf): Override<Buffer> =>
    override([0], [], ([out, mean, rstd, variance = null], [x, weight, bias], attrs) => {
      const input = x as View;
      const frame = frameOf(input.shape, attrs);
      forward(cuda, { frame, out, mean, rstd, variance, input, weight, bias, eps: attrs.eps });
    });
  const gradients = (frameOf: FrameOf): Override<Buffer> =>
    override([0, 1], [2, 3], (outs, [g, x, mean, rstd, weight], attrs) => {
      const [grad, input] = [g as View, x as View];
      const { wanted, training: through = true } = attrs;
      const frame = frameOf(input.shape, attrs);
      backward(cuda, { frame, outs, grad, input, mean, rstd: rstd as View, weight, wanted, through });
    });
  const trailing: FrameOf = (shape, { dims }) => trailingFrame(shape, dims);
  const grouped: FrameOf = (shape, { groups }) => groupFrame(shape, groups);
  return {
    layerNorm: normalise(trailing),
    layerNormBackward: gradients(trailing),
    groupNorm: normalise(grouped),
    groupNormBackward: gradients(grouped),
    batchNorm: normalise(channelFrame),
    batchNormBackward: gradients(channelFrame),
    batchNormInference: override([0], [], ([out], [x, mean, variance, weight, bias], { eps }) => {
      const input = x as View;
      const frame = channelFrame(input.shape);
      apply(cuda, { frame, out, input, mean, rstd: variance as View, fromVariance: true, weight, bias, eps });
    }),
    rmsNorm: override([0], [], ([out, rstd], [x, weight], { dims, eps }) => {
      const input = x as View;
      const frame = trailingFrame(input.shape, dims);
      forward(cuda, { frame, out, mean: null, rstd, variance: null, input, weight, bias: null, eps });
    }),
    rmsNormBackward: override([0, 1], [2], (outs, [g, x, rstd, weight], { dims, wanted }) => {
      const [grad, input] = [g as View, x as View];
      const frame = trailingFrame(input.shape, dims);
      backward(cuda, { frame, outs, grad, input, mean: null, rstd: rstd as View, weight, wanted, through: true });
    }),
  };
}
