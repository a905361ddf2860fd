/** Normalisations in ONNX: its own ops where the opset has them, statistics and arithmetic elsewhere. Statistics that nothing reads are left out of a file. */

import { onnxType } from '@tenfold/onnx-model';
import type { NormOps } from '@tenfold/tensor-core';
import type { Ref } from '../builder.ts';
import type { OpContext } from '../context.ts';
import { type Symbols, viaBody } from './symbol.ts';

interface Normalised {
  readonly mean: Ref;
  readonly variance: Ref;
  readonly rstd: Ref;
  readonly normed: Ref;
}

/** `x` normalised over `axes`, which the statistics keep as size 1. */
function normalised(g: OpContext, x: Ref, axes: readonly number[], eps: number): Normalised {
  const dtype = g.outDType(1);
  const mean = g.reduce('ReduceMean', x, axes, true);
  const centred = g.op('Sub', [x, mean]);
  const variance = g.reduce('ReduceMean', g.op('Mul', [centred, centred]), axes, true);
  const rstd = g.op('Reciprocal', [g.op('Sqrt', [g.op('Add', [variance, g.scalar(eps, dtype)])])]);
  return { mean, variance, rstd, normed: g.op('Mul', [centred, rstd]) };
}

/** The input in the dtype of its statistics. */
const widened = (g: OpContext): Ref => g.cast(g.x(), g.outDType(1));

/** Weight and bias applied to `normed`, as `beside` lays them; the result in the input's dtype. */
function affine(g: OpContext, normed: Ref, beside: (x: Ref) => Ref): Ref {
  const dtype = g.outDType(1);
  const scaled = g.isAbsent(1) ? normed : g.op('Mul', [normed, beside(g.operand(1, dtype))]);
  const shifted = g.isAbsent(2) ? scaled : g.op('Add', [scaled, beside(g.operand(2, dtype))]);
  return g.cast(shifted, g.outDType());
}

const ones = (g: OpContext, shape: readonly number[]): Ref =>
  g.constant(new Array<number>(shape.reduce((n, size) => n * size, 1)).fill(1), g.outDType(), shape);

/** Weight and bias for an op that wants both: what is absent is 1 and 0. */
export function scaleAndShift(g: OpContext, shape: readonly number[], first = 1): Ref[] {
  const count = shape.reduce((n, size) => n * size, 1);
  return [1, 0].map((value, i) =>
    g.isAbsent(first + i)
      ? g.constant(new Array<number>(count).fill(value), g.outDType(), shape)
      : g.operand(first + i, g.outDType()),
  );
}

/** `[C]` beside `[N, C, …]`. */
const besideChannels =
  (g: OpContext) =>
  (x: Ref): Ref =>
    g.unsqueeze(
      x,
      Array.from({ length: g.rank() - 2 }, (_, d) => d + 1),
    );

/** Whether ε is what a node keeps of it, a float32: in float64 the rest shows where the variance is small. */
const isExact = (g: OpContext, eps: number): boolean => g.outDType() !== 'float64' || Math.fround(eps) === eps;

function layerNorm(g: OpContext<NormOps['layerNorm']>): Ref[] {
  const c: OpContext = g;
  const { dims, eps } = g.attrs;
  const axes = Array.from({ length: dims }, (_, d) => g.rank() - dims + d);
  const { mean, rstd, normed } = normalised(c, widened(c), axes, eps);
  const sizes = g.dims().slice(-dims);
  const shape = sizes.filter((size) => typeof size === 'number');
  if (g.opset < 17 || shape.length < dims || !isExact(c, eps)) return [affine(c, normed, (x) => x), mean, rstd];
  const y = g.op('LayerNormalization', [g.x(), ...scaleAndShift(c, shape)], { axis_i: -dims, epsilon_f: eps });
  return [y, mean, rstd];
}

function groupNorm(g: OpContext<NormOps['groupNorm']>): (Ref | null)[] {
  const c: OpContext = g;
  const { groups, eps } = g.attrs;
  const channels = g.fixed(g.dims()[1], 'the number of channels');
  // positions may be of any number; 0 is the size there is
  const grouped = g.op('Reshape', [widened(c), g.ints([0, groups, -1])]);
  const { mean, rstd, normed } = normalised(c, grouped, [2], eps);
  const statistics = [1, 2].map((k) => (g.isRead(k) ? g.squeeze([mean, rstd][k - 1], [2]) : null));
  const plain = g.rank() < 3 || g.outDType() !== 'float32';
  // each channel a group of its own: runtimes have it for float32
  if (groups === channels && !plain) {
    const y = g.op('InstanceNormalization', [g.x(), ...scaleAndShift(c, [channels])], { epsilon_f: eps });
    return [y, ...statistics];
  }
  // the op of opset 18 has a scale for each group, and was withdrawn
  if (g.opset >= 21 && g.rank() >= 3 && isExact(c, eps)) {
    const y = g.op('GroupNormalization', [g.x(), ...scaleAndShift(c, [channels])], {
      num_groups_i: groups,
      epsilon_f: eps,
      // its statistics are in float32 unless asked for
      ...(g.outDType() === 'float64' ? { stash_type_i: onnxType.float64 } : {}),
    });
    return [y, ...statistics];
  }
  if (plain) return [affine(c, g.reshape(normed, g.dims()), besideChannels(c)), ...statistics];
  const each = [1, 0].map((value) => g.constant(new Array<number>(groups).fill(value), 'float32'));
  const y = g.op('InstanceNormalization', [grouped, ...each], { epsilon_f: eps });
  return [affine(c, g.reshape(y, g.dims()), besideChannels(c)), ...statistics];
}

/** Rows by op name. */
export const norm: Symbols<NormOps> = {
  layerNorm,
  layerNormBackward: viaBody,
  groupNorm,
  groupNormBackward: viaBody,
  // runtimes have ONNX's own op by given statistics only
  batchNorm: (g) => {
    const c: OpContext = g;
    const axes = g.dims().flatMap((_, d) => (d === 1 ? [] : [d]));
    const { mean, rstd, variance, normed } = normalised(c, widened(c), axes, g.attrs.eps);
    return [affine(c, normed, besideChannels(c)), ...[mean, rstd, variance].map((x) => g.squeeze(x, axes))];
  },
  batchNormInference: (g) => {
    const channels = g.fixed(g.dims()[1], 'the number of channels');
    const c: OpContext = g;
    const { eps } = g.attrs;
    const [mean, given] = [1, 2].map((i) => g.operand(i, g.outDType()));
    const rest = eps - Math.fround(eps);
    const variance = isExact(c, eps) ? given : g.op('Add', [given, g.scalar(rest, 'float64')]);
    const inputs = [g.x(), ...scaleAndShift(c, [channels], 3), mean, variance];
    return g.op('BatchNormalization', inputs, { epsilon_f: eps });
  },
  batchNormBackward: viaBody,
  // runtimes have it in float64 not
  rmsNorm: (g) => {
    const { dims, eps } = g.attrs;
    const c: OpContext = g;
    const shape = g
      .dims()
      .slice(-dims)
      .filter((size) => typeof size === 'number');
    if (g.opset < 23 || g.outDType() === 'float64' || shape.length < dims) return null;
    const weight = g.isAbsent(1) ? ones(c, shape) : g.operand(1, g.outDType());
    const y = g.op('RMSNormalization', [g.x(), weight], { axis_i: -dims, epsilon_f: eps });
    return [y, g.isRead(1) ? g.ofBody(1) : null];
  },
  rmsNormBackward: viaBody,
};
