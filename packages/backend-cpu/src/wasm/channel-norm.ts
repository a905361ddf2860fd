/** Normalisations of channels and groups of channels, and their gradients, in a few passes over all elements: their rows are long, or far apart. */
import type { Expr, Override } from '@tenfold/tensor-core';
import * as e from '@tenfold/tensor-core/expr';
import type { Buffer, View } from '../elements.ts';
import { bySteps, type Families, numel, type Operands, type Steps, seenAs } from './steps.ts';

type Wanted = readonly boolean[];

/** A view of channels beside `rank` dims, of which those from `first` on are the channels: split as `sizes`. */
function beside(view: View, rank: number, first: number, sizes: readonly number[]): View {
  const shape = new Array<number>(rank).fill(1);
  const strides = new Array<number>(rank).fill(0);
  let step = view.strides[0];
  for (let i = sizes.length - 1; i >= 0; i--) {
    shape[first + i] = sizes[i];
    strides[first + i] = step;
    step *= sizes[i];
  }
  return seenAs(view, shape, strides);
}

/** Which of both are given, for the name of a step. */
const present = (weight: View | null, bias: View | null): string => `${weight ? ' weight' : ''}${bias ? ' bias' : ''}`;

/** (x - mean) · rstd, scaled and shifted. */
function apply(
  steps: Steps,
  out: View,
  [x, mean, rstd]: readonly View[],
  weight: View | null,
  bias: View | null,
): void {
  const ins = [x, mean, rstd, ...[weight, bias].filter((view): view is View => view !== null)];
  steps.map(`apply${present(weight, bias)}`, [out], ins, [], ([v, m, r, ...affine]) => {
    let y: Expr = e.mul(e.sub(v, m), r);
    if (weight) y = e.mul(y, affine[0]);
    if (bias) y = e.add(y, affine[weight ? 1 : 0]);
    return [y];
  });
}

/** Writes mean, 1/√(variance + ε) and, where it is asked for, the variance, of the rank of `x`. */
function statistics(steps: Steps, x: View, [mean, rstd, variance]: readonly View[], eps: number): void {
  const terms = numel(x.shape) / numel(mean.shape);
  const total = steps.sum('total', mean.shape, [x], ([v]) => v);
  steps.map('mean', [mean], [total], [terms], ([sum], [n]) => [e.div(sum, n)]);
  const squares = steps.sum('squares', mean.shape, [x, mean], ([v, m]) => {
    const centred = e.sub(v, m);
    return e.mul(centred, centred);
  });
  const outs = variance ? [rstd, variance] : [rstd];
  steps.map(`deviation ${outs.length}`, outs, [squares], [terms, eps], ([sum], [n, epsilon]) => {
    const average = e.div(sum, n);
    return [e.unary('rsqrt', e.add(average, epsilon)), average].slice(0, outs.length);
  });
}

const normed = ([x, mean, rstd]: readonly Expr[]): Expr => e.mul(e.sub(x, mean), rstd);

/** Writes what has been summed up. */
const store = (steps: Steps, out: View, sum: View): void => steps.map('store', [out], [sum], [], ([x]) => [x]);

function batchNorm(steps: Steps, outs: readonly View[], inputs: Operands, { eps }: { readonly eps: number }): void {
  const [x, weight, bias] = inputs as [View, View | null, View | null];
  const channels = (view: View): View => beside(view, x.shape.length, 1, [x.shape[1]]);
  const [out, ...stats] = outs;
  const kept = stats.map(channels);
  statistics(steps, x, kept, eps);
  apply(steps, out, [x, ...kept], weight && channels(weight), bias && channels(bias));
}

function batchNormInference(
  steps: Steps,
  [out]: readonly View[],
  inputs: Operands,
  { eps }: { readonly eps: number },
): void {
  const [x, mean, variance, weight, bias] = inputs as [View, View, View, View | null, View | null];
  const channels = (view: View): View => beside(view, x.shape.length, 1, [x.shape[1]]);
  const rstd = steps.temporary(channels(variance).shape);
  steps.map('deviation', [rstd], [channels(variance)], [eps], ([v], [epsilon]) => [
    e.unary('rsqrt', e.add(v, epsilon)),
  ]);
  apply(steps, out, [x, channels(mean), rstd], weight && channels(weight), bias && channels(bias));
}

/** The gradient of the input through the statistics:  dx = r (g·w - mean(g·w) - n · mean(g·w·n)), with the means given as sums of `terms`. */
function inputGradient(
  steps: Steps,
  out: View,
  [grad, x, mean, rstd]: readonly View[],
  weight: View | null,
  [sum, sumNormed]: readonly View[],
  terms: number,
): void {
  const ins = [grad, x, mean, rstd, sum, sumNormed, ...(weight ? [weight] : [])];
  steps.map(`input${present(weight, null)}`, [out], ins, [terms], ([g, v, m, r, s, t, w], [n]) => {
    const centred = e.sub(w ? e.mul(g, w) : g, e.div(s, n));
    return [e.mul(e.sub(centred, e.mul(normed([v, m, r]), e.div(t, n))), r)];
  });
}

function batchNormBackward(
  steps: Steps,
  outs: readonly View[],
  inputs: Operands,
  { training, wanted }: { readonly training: boolean; readonly wanted: Wanted },
): void {
  const [grad, x] = inputs as readonly View[];
  const channels = (view: View): View => beside(view, x.shape.length, 1, [x.shape[1]]);
  const [mean, rstd] = (inputs.slice(2, 4) as readonly View[]).map(channels);
  const weight = inputs[4] === null ? null : channels(inputs[4] as View);
  const through = wanted[0] && training;
  const normedTerms = ([g, ...rest]: readonly Expr[]): Expr => e.mul(g, normed(rest));
  const sumNormed = wanted[1] || through ? steps.sum('weight', mean.shape, [grad, x, mean, rstd], normedTerms) : null;
  const sum = wanted[2] || through ? steps.sum('bias', mean.shape, [grad], ([g]) => g) : null;
  const left = [...outs];
  if (through && sum && sumNormed) {
    const scaled = (view: View): View => {
      if (!weight) return view;
      const product = steps.temporary(view.shape);
      steps.map('scale', [product], [view, weight], [], ([v, w]) => [e.mul(v, w)]);
      return product;
    };
    const terms = numel(x.shape) / x.shape[1];
    const out = left.shift() as View;
    inputGradient(steps, out, [grad, x, mean, rstd], weight, [scaled(sum), scaled(sumNormed)], terms);
  } else if (wanted[0]) {
    const ins = weight ? [grad, rstd, weight] : [grad, rstd];
    const out = left.shift() as View;
    steps.map(`through${present(weight, null)}`, [out], ins, [], ([g, r, w]) => [e.mul(w ? e.mul(g, w) : g, r)]);
  }
  if (wanted[1] && sumNormed) store(steps, channels(left.shift() as View), sumNormed);
  if (wanted[2] && sum) store(steps, channels(left.shift() as View), sum);
}

/** `[N, C, …]` as `[N, groups, channels of each, …]`. */
function grouped(view: View, groups: number): View {
  const [n, c, ...rest] = view.shape;
  const [sampleStride, channelStride, ...strides] = view.strides;
  const each = c / groups;
  return seenAs(view, [n, groups, each, ...rest], [sampleStride, channelStride * each, channelStride, ...strides]);
}

/** `[N, groups]` beside `rank` dims. */
function besideGroups(view: View, rank: number): View {
  const more = (fill: number): number[] => new Array<number>(rank - 2).fill(fill);
  return seenAs(view, [...view.shape, ...more(1)], [...view.strides, ...more(0)]);
}

function groupNorm(
  steps: Steps,
  outs: readonly View[],
  inputs: Operands,
  { groups, eps }: { readonly groups: number; readonly eps: number },
): void {
  const [input, weight, bias] = inputs as [View, View | null, View | null];
  const x = grouped(input, groups);
  const rank = x.shape.length;
  const channels = (view: View): View => beside(view, rank, 1, [groups, x.shape[2]]);
  const [out, ...stats] = outs;
  const kept = stats.map((view) => besideGroups(view, rank));
  statistics(steps, x, kept, eps);
  apply(steps, grouped(out, groups), [x, ...kept], weight && channels(weight), bias && channels(bias));
}

function groupNormBackward(
  steps: Steps,
  outs: readonly View[],
  inputs: Operands,
  { groups, wanted }: { readonly groups: number; readonly wanted: Wanted },
): void {
  const [grad, x] = (inputs.slice(0, 2) as readonly View[]).map((view) => grouped(view, groups));
  const rank = x.shape.length;
  const channels = (view: View): View => beside(view, rank, 1, [groups, x.shape[2]]);
  const [mean, rstd] = (inputs.slice(2, 4) as readonly View[]).map((view) => besideGroups(view, rank));
  const weight = inputs[4] === null ? null : channels(inputs[4] as View);
  // first over what lies within a channel of a sample: all gradients are sums of that
  const within = x.shape.map((size, d) => (d < 3 ? size : 1));
  const sumNormed = steps.sum('within weight', within, [grad, x, mean, rstd], ([g, ...rest]) => e.mul(g, normed(rest)));
  const sum = steps.sum('within bias', within, [grad], ([g]) => g);
  const left = [...outs];
  if (wanted[0]) {
    const overGroup = (view: View): View =>
      weight
        ? steps.sum('group weight', mean.shape, [view, weight], ([v, w]) => e.mul(v, w))
        : steps.sum('group', mean.shape, [view], ([v]) => v);
    const terms = numel(x.shape) / numel(mean.shape);
    const out = grouped(left.shift() as View, groups);
    inputGradient(steps, out, [grad, x, mean, rstd], weight, [overGroup(sum), overGroup(sumNormed)], terms);
  }
  const overBatch = x.shape.map((size, d) => (d === 1 || d === 2 ? size : 1));
  for (const [i, parts] of [sumNormed, sum].entries()) {
    if (!wanted[1 + i]) continue;
    store(
      steps,
      channels(left.shift() as View),
      steps.sum('batch', overBatch, [parts], ([v]) => v),
    );
  }
}

/** Overrides by op name. */
export const channelOverrides = (families: Families): { readonly [op: string]: Override<Buffer> } => ({
  batchNorm: bySteps(families, 'batchNorm', batchNorm),
  batchNormInference: bySteps(families, 'batchNormInference', batchNormInference),
  batchNormBackward: bySteps(families, 'batchNormBackward', batchNormBackward),
  groupNorm: bySteps(families, 'groupNorm', groupNorm),
  groupNormBackward: bySteps(families, 'groupNormBackward', groupNormBackward),
});
