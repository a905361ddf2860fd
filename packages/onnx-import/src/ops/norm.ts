/** Normalisations, and Dropout, whose mode is that of the module too. */
import { instanceNorm } from '@tenfold/nn/functional';
import { batchNorm, cat, dropout, groupNorm, layerNorm, onesLike, rmsNorm, type Tensor } from '@tenfold/tensor-core';
import type { NodeContext, RowResult, Rows } from '../context.ts';
import { drawing } from './create.ts';

/** Whether the file says that the node trains. */
const saysTraining = (c: NodeContext): boolean =>
  c.opset >= 14 ? c.int('training_mode', 0) !== 0 : c.opset < 7 && c.int('is_test', 0) === 0;

/** `[C]` beside `[N, C, …]`. */
const ofChannels = (x: Tensor, like: Tensor): Tensor => x.reshape([-1, ...new Array<number>(like.ndim - 2).fill(1)]);

/** The first versions take one mean for each element of a sample, if they are told so. */
function ofElements(c: NodeContext, x: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor): Tensor {
  const eps = c.float('epsilon', 1e-5);
  return x.sub(mean).div(variance.add(eps).sqrt()).mul(weight).add(bias);
}

function batchNormalization(c: NodeContext): RowResult {
  const [x, weight, bias, mean, variance] = c.inputs();
  if (c.opset < 9 && c.int('spatial', 1) === 0) return ofElements(c, x, weight, bias, mean, variance);
  const eps = c.float('epsilon', 1e-5);
  const training = c.trains(saysTraining(c));
  const momentum = c.float('momentum', Math.fround(0.9));
  // a file that does not train, in a module that does: the running statistics are buffers, as in PyTorch, whose 0.1 is float32's 0.9 in the file
  if (!training || !saysTraining(c)) {
    const options = { weight, bias, eps, training, momentum: Number((1 - momentum).toPrecision(6)) };
    const y = batchNorm(x, mean, variance, options);
    // statistics that are asked for stay what they were
    return [y, mean, variance, mean, variance].slice(0, Math.max(1, c.outputCount));
  }
  const axes = x.shape.flatMap((_, d) => (d === 1 ? [] : [d]));
  const [current, spread] = [x.mean(axes), x.var(axes, { correction: 0 })];
  const normed = x.sub(ofChannels(current, x)).div(ofChannels(spread, x).add(eps).sqrt());
  const y = normed.mul(ofChannels(weight, x)).add(ofChannels(bias, x));
  const moved = (old: Tensor, now: Tensor): Tensor => old.mul(momentum).add(now.mul(1 - momentum));
  return [y, moved(mean, current), moved(variance, spread), current, spread].slice(0, Math.max(1, c.outputCount));
}

/** The last dims from `axis` on, and in which dtype statistics are. */
function layerNormalization(c: NodeContext): RowResult {
  const x = c.x();
  const axis = c.int('axis', -1);
  const from = axis < 0 ? axis + x.ndim : axis;
  const eps = c.float('epsilon', 1e-5);
  const shape = x.shape.slice(from);
  const fits = (w: Tensor | null): boolean => w === null || w.shape.join() === shape.join();
  const [weight, bias] = [c.x(1), c.optional(2)];
  if (c.outputCount < 2 && fits(weight) && fits(bias)) return layerNorm(x, shape, { weight, bias, eps });
  const wide = x.dtype === 'float64' ? x : x.to('float32');
  const axes = shape.map((_, d) => from + d);
  const mean = wide.mean(axes, { keepdim: true });
  const rest = wide.sub(mean);
  const deviation = rest.square().mean(axes, { keepdim: true }).add(eps).sqrt().reciprocal();
  const normed = rest.mul(deviation).to(x.dtype).mul(weight);
  return [bias ? normed.add(bias) : normed, mean, deviation];
}

function rmsNormalization(c: NodeContext): Tensor {
  const x = c.x();
  const axis = c.int('axis', -1);
  const shape = x.shape.slice(axis < 0 ? axis + x.ndim : axis);
  const eps = c.float('epsilon', 1e-5);
  const weight = c.x(1);
  if (weight.shape.join() === shape.join()) return rmsNorm(x, shape, { weight, eps });
  return rmsNorm(x, shape, { eps }).mul(weight);
}

/** Scale and bias are for groups before opset 21, for channels since. */
function groupNormalization(c: NodeContext): Tensor {
  const [x, scale, shift] = c.inputs();
  const groups = c.int('num_groups');
  const [weight, bias] = [scale, shift].map((w) => (c.opset < 21 ? w.repeatInterleave(x.size(1) / groups) : w));
  return groupNorm(x, groups, { weight, bias, eps: c.float('epsilon', 1e-5) });
}

/** x / (bias + α/size · Σ x² over neighbouring channels)^β. */
function localResponse(c: NodeContext): Tensor {
  const x = c.x();
  const size = c.int('size');
  const before = Math.floor((size - 1) / 2);
  const channels = x.size(1);
  const squares = x.square();
  // channel i reaches the `before` channels before it, and those up to `size` behind them
  const sums = Array.from({ length: channels }, (_, i) => {
    const from = Math.max(0, i - before);
    return squares.slice(1, from, Math.min(channels, i - before + size)).sum(1, { keepdim: true });
  });
  const scaled = cat(sums, 1).mul(c.float('alpha', Math.fround(1e-4)) / size);
  return x.div(scaled.add(c.float('bias', 1)).pow(c.float('beta', 0.75)));
}

/** Mean 0 and deviation 1 over the axes. */
function meanVariance(c: NodeContext): Tensor {
  const x = c.x();
  const axes = c.ints('axes', [0, 2, 3]);
  const rest = x.sub(x.mean(axes, { keepdim: true }));
  return rest.div(rest.square().mean(axes, { keepdim: true }).sqrt().add(1e-9));
}

/** What has norm 0 stays 0. */
function lpNormalization(c: NodeContext): Tensor {
  const x = c.x();
  const norm = x.norm({ p: c.int('p', 2), dim: c.int('axis', -1), keepdim: true });
  return x.div(norm.maskedFill(norm.eq(0), 1));
}

/** Whether Dropout drops, and how often: attributes before opset 12, inputs since. */
function dropoutRow(c: NodeContext): RowResult {
  const x = c.x();
  const training = c.opset >= 12 ? c.optionalNumber(2, 0) !== 0 : c.opset < 7 && c.int('is_test', 0) === 0;
  const ratio = c.opset >= 12 ? c.optionalNumber(1, 0.5) : c.float('ratio', 0.5);
  const maskDtype = c.opset < 10 ? x.dtype : 'bool';
  if (!c.trains(training) || ratio === 0) return c.wants(1) ? [x, onesLike(x, { dtype: maskDtype })] : x;
  if (!c.wants(1)) return dropout(x, ratio, drawing(c));
  const kept = dropout(onesLike(x), ratio, drawing(c));
  return [x.mul(kept), kept.ne(0).to(maskDtype)];
}

/** Rows by op type. */
export const norm: Rows = {
  BatchNormalization: batchNormalization,
  Dropout: dropoutRow,
  GroupNormalization: groupNormalization,
  InstanceNormalization: (c) => instanceNorm(c.x(), { weight: c.x(1), bias: c.x(2), eps: c.float('epsilon', 1e-5) }),
  LayerNormalization: layerNormalization,
  LpNormalization: lpNormalization,
  LRN: localResponse,
  MeanVarianceNormalization: meanVariance,
  RMSNormalization: rmsNormalization,
};
