/**
 * Random ops by ONNX's generators, for exports in training mode and with `randomOps: 'runtime'`: the distributions are Tenfold's, the numbers are the
 * runtime's own.
 */
import { onnxType } from '@tenfold/onnx-model';
import type { BuiltinOps, RandomOps } from '@tenfold/tensor-core';
import type { Ref } from '../builder.ts';
import type { OpContext } from '../context.ts';
import type { Dim } from '../dims.ts';
import { norm, scaleAndShift } from './norm.ts';
import type { Symbols } from './symbol.ts';

type Wide = 'float32' | 'float64';

/** Halves are drawn in float32, as here. */
const wideOf = (g: OpContext): Wide => (g.outDType() === 'float64' ? 'float64' : 'float32');

/** Uniform numbers of [0, 1), or standard normal ones, of the given sizes. */
function drawn(
  g: OpContext,
  kind: 'Uniform' | 'Normal',
  dtype: Wide = wideOf(g),
  dims: readonly Dim[] = g.outDims(),
): Ref {
  const fixed = dims.filter((dim) => typeof dim === 'number');
  if (fixed.length > 0 && fixed.length === dims.length)
    return g.op(`Random${kind}`, [], { shape_i: fixed, dtype_i: onnxType[dtype] });
  return g.op(`Random${kind}Like`, [g.expand(g.scalar(0, dtype), dims)], { dtype_i: onnxType[dtype] });
}

/** As {@link drawn}, of the sizes of the first input. */
function drawnLike(g: OpContext, kind: 'Uniform' | 'Normal', dtype: Wide = wideOf(g)): Ref {
  const type = g.dtype();
  if (type !== 'float32' && type !== 'float64') return drawn(g, kind, dtype);
  return g.op(`Random${kind}Like`, [g.x()], { dtype_i: onnxType[dtype] });
}

/** offset + factor · x */
function affine(g: OpContext, x: Ref, offset: Dim, factor: Dim, dtype: Wide = wideOf(g)): Ref {
  const scaled = factor === 1 ? x : g.op('Mul', [x, g.scalar(factor, dtype)]);
  return offset === 0 ? scaled : g.op('Add', [scaled, g.scalar(offset, dtype)]);
}

const result = (g: OpContext, x: Ref): Ref => g.cast(x, g.outDType());

/** -log(1 - u), exponential of rate 1 */
const waiting = (g: OpContext, u: Ref, dtype: Wide): Ref =>
  g.op('Neg', [g.op('Log', [g.op('Sub', [g.scalar(1, dtype), u])])]);

/** low + ⌊u · (high - low)⌋; in float64, which holds every integer that Tenfold draws */
function integers(g: OpContext, low: number, high: number): Ref {
  const u = drawn(g, 'Uniform', 'float64');
  const whole = g.op('Floor', [g.op('Mul', [u, g.scalar(high - low, 'float64')])]);
  return result(g, affine(g, whole, low, 1, 'float64'));
}

/** 1 with a probability */
function hits(g: OpContext, u: Ref, p: Ref): Ref {
  return result(g, g.op('Less', [u, p]));
}

/** ONNX's Dropout in training mode: the result, and whether each element was kept. */
function droppedOut(g: OpContext, x: Ref, ratio: number): Ref[] {
  g.needs(12, 'Dropout that is random wherever the file runs (training_mode)');
  return g.ops('Dropout', [x, g.scalar(ratio, 'float32'), g.constant([1], 'bool', [])], {}, 2);
}

const dropout = (g: OpContext<RandomOps['dropout']>): Ref[] => {
  const c: OpContext = g;
  const { p } = g.attrs;
  const dtype = wideOf(c);
  const x = g.cast(g.x(), dtype);
  // a ratio of 1 is not allowed
  if (p === 1) return [0, 1].map(() => result(c, g.op('Mul', [x, g.scalar(0, dtype)])));
  const [y, kept] = droppedOut(c, x, p);
  return [result(c, y), result(c, g.op('Mul', [g.cast(kept, dtype), g.scalar(1 / (1 - p), dtype)]))];
};

/** Which elements a dropout of a whole tensor of ones keeps: what dropping channels is made of. */
const keptByDropout = (g: OpContext<RandomOps['bernoulliFill']>): Ref => {
  const c: OpContext = g;
  const p = g.node.inputs[1];
  if (typeof p !== 'number')
    throw g.error(
      "random numbers would differ in every runtime; draw them outside and pass them as an input, or set randomOps: 'runtime'",
    );
  const ones = g.expand(g.scalar(1, 'float32'), g.outDims());
  if (p === 0 || p === 1) return result(c, g.op('Mul', [ones, g.operand(1, 'float32')]));
  return result(c, droppedOut(c, ones, 1 - p)[1]);
};

/**
 * Statistics as they are in the batch: with a momentum of 0 the node's running statistics are those, whatever came before. They move in ops of their own,
 * by the unbiased variance, which ONNX's node does not know.
 */
const batchNorm = (g: OpContext<BuiltinOps['batchNorm']>): readonly Ref[] => {
  const c: OpContext = g;
  const [, channels] = g.dims();
  const dtype = g.outDType();
  const plain = norm.batchNorm as (g: OpContext<BuiltinOps['batchNorm']>) => readonly Ref[];
  if (g.opset < 14 || typeof channels !== 'number' || (dtype !== 'float32' && dtype !== 'float64')) return plain(g);
  // onnxruntime writes the new statistics over the old ones, and makes equal initialisers one: each node needs numbers that nothing else has
  const count = g.frame.body.nodes.filter(({ opType }) => opType === 'BatchNormalization').length;
  const before = [-1, 1].map((sign) =>
    g.constant(new Array<number>(channels).fill(sign * (count + 1 / 3)), dtype, [channels]),
  );
  const [y, mean, variance] = g.ops(
    'BatchNormalization',
    [g.x(), ...scaleAndShift(c, [channels]), ...before],
    { epsilon_f: g.attrs.eps, momentum_f: 0, training_mode_i: 1 },
    3,
  );
  const rstd = g.op('Reciprocal', [g.op('Sqrt', [g.op('Add', [variance, g.scalar(g.attrs.eps, dtype)])])]);
  return [y, mean, rstd, variance];
};

/** Rows in training mode. */
export const trainingSymbols: Partial<Symbols<BuiltinOps>> = { dropout, bernoulliFill: keptByDropout, batchNorm };

/** Rows with `randomOps: 'runtime'`. */
export const runtimeSymbols: Symbols<RandomOps> = {
  rand: (g) => {
    g.sizes('shape');
    return result(g, drawn(g, 'Uniform'));
  },
  randn: (g) => {
    g.sizes('shape');
    return result(g, drawn(g, 'Normal'));
  },
  randint: (g) => {
    g.sizes('shape');
    return integers(g, g.attrs.low, g.attrs.high);
  },
  // the order in which random numbers sort
  randperm: (g) => {
    const n = g.size('n');
    const u = drawn(g, 'Uniform', 'float64', [n]);
    return result(g, g.ops('TopK', [u, g.shape([n])], { axis_i: 0 }, 2)[1]);
  },
  randLike: (g) => result(g, drawnLike(g, 'Uniform')),
  randnLike: (g) => result(g, drawnLike(g, 'Normal')),
  // ONNX's Bernoulli (15) is a function that runtimes expand as ONNX wrote it: to random > p, which is 1 with probability 1 - p
  bernoulli: (g) => {
    const dtype = wideOf(g);
    return hits(g, drawnLike(g, 'Uniform', dtype), g.operand(0, dtype));
  },
  multinomial: (g) => {
    const rows = g.rank() === 1 ? g.unsqueeze(g.operand(0, 'float32'), [0]) : g.operand(0, 'float32');
    const { numSamples, replacement } = g.attrs;
    const shaped = (x: Ref): Ref => (g.rank() === 1 ? g.squeeze(x, [0]) : x);
    if (replacement) {
      const logits = g.op('Log', [rows]);
      return shaped(
        g.op('Multinomial', [logits], {
          sample_size_i: g.fixed(g.size('numSamples'), 'the number of samples'),
          dtype_i: onnxType.int64,
        }),
      );
    }
    // the race of exponentials: the smallest of e_i / p_i wins with probability p_i / Σp
    g.size('numSamples');
    const u = g.op('RandomUniformLike', [rows], { dtype_i: onnxType.float32 });
    const race = g.op('Div', [waiting(g, u, 'float32'), rows]);
    return shaped(
      g.ops('TopK', [race, g.shape([g.size('numSamples') ?? numSamples])], { axis_i: 1, largest_i: 0 }, 2)[1],
    );
  },
  uniform: (g) => {
    const { from, to } = g.attrs;
    return result(g, affine(g, drawnLike(g, 'Uniform'), from, to - from));
  },
  normal: (g) => result(g, affine(g, drawnLike(g, 'Normal'), g.size('mean'), g.size('std'))),
  exponential: (g) => {
    const dtype = wideOf(g);
    return result(g, g.op('Div', [waiting(g, drawnLike(g, 'Uniform'), dtype), g.scalar(g.size('lambd'), dtype)]));
  },
  logNormal: (g) => result(g, g.op('Exp', [affine(g, drawnLike(g, 'Normal'), g.size('mean'), g.size('std'))])),
  // median + σ · tan(π(u - 1/2)) = median - σ · cos(πu) / sin(πu), which runtimes have in float64 too
  cauchy: (g) => {
    const angle = affine(g, drawnLike(g, 'Uniform'), 0, Math.PI);
    const cotangent = g.op('Div', [g.op('Cos', [angle]), g.op('Sin', [angle])]);
    return result(g, affine(g, cotangent, g.attrs.median, -g.attrs.sigma));
  },
  // the number of trials up to the first success
  geometric: (g) => {
    const dtype = wideOf(g);
    const failures = affine(g, waiting(g, drawnLike(g, 'Uniform'), dtype), 0, -1 / Math.log1p(-g.attrs.p));
    return result(g, affine(g, g.op('Floor', [failures]), 1, 1));
  },
  normalOf: (g) => {
    const dtype = wideOf(g);
    const [mean, std] = [0, 1].map((i) => g.operand(i, dtype));
    return result(g, g.op('Add', [mean, g.op('Mul', [drawn(g, 'Normal'), std])]));
  },
  bernoulliFill: (g) => hits(g, drawn(g, 'Uniform', 'float32'), g.operand(1, 'float32')),
  randomFill: (g) => integers(g, g.attrs.low, g.attrs.high),
  dropout,
};
