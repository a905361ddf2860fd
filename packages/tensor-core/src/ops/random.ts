/** Ops that draw random numbers, those that methods need. Each request takes the next blocks of its generator's Philox stream. */
import type { RandomKind, Runtime, TensorView } from '../backend.ts';
import { allocate, dispatch } from '../dispatch.ts';
import { type DType, dtypes, isFloat } from '../dtype.ts';
import { ArgumentError, DTypeError, ShapeError } from '../errors.ts';
import * as e from '../expr.ts';
import {
  BITS_PER_BLOCK,
  blocksFor,
  NORMAL32_PER_BLOCK,
  NORMAL64_PER_BLOCK,
  UNIFORM32_PER_BLOCK,
  UNIFORM64_PER_BLOCK,
} from '../philox.ts';
import type { Generator } from '../random.ts';
import type { Device } from '../registry.ts';
import { formatShape, numel, type Shape } from '../shape.ts';
import { type Operand, OpSpec, type Sig } from '../spec.ts';
import type { Storage } from '../storage.ts';
import type { Tensor } from '../tensor.ts';
import { isTensor } from '../tensor-class.ts';
import { broadcastView, notImplementedFor, requireTensor } from './build.ts';
import type { FactoryAttrs } from './create.ts';
import { index } from './index.ts';

/** What every random op takes its numbers from. */
export interface Drawn {
  readonly generator: Generator;
}

export interface RandomMethodOps {
  rand: Sig<[], FactoryAttrs & Drawn>;
  bernoulli: Sig<[Tensor], Drawn>;
  multinomial: Sig<[Tensor], Drawn & { readonly numSamples: number; readonly replacement: boolean }>;
  uniform: Sig<[Tensor], Drawn & { readonly from: number; readonly to: number }>;
  normal: Sig<[Tensor], Drawn & { readonly mean: number; readonly std: number }>;
  exponential: Sig<[Tensor], Drawn & { readonly lambd: number }>;
  logNormal: Sig<[Tensor], Drawn & { readonly mean: number; readonly std: number }>;
  cauchy: Sig<[Tensor], Drawn & { readonly median: number; readonly sigma: number }>;
  geometric: Sig<[Tensor], Drawn & { readonly p: number }>;
  bernoulliFill: Sig<[Tensor, Operand], Drawn>;
  randomFill: Sig<[Tensor], Drawn & { readonly low: number; readonly high: number }>;
}

export const meta = ({ shape, dtype }: { shape: Shape; dtype: DType }): { shape: Shape; dtype: DType } => ({
  shape,
  dtype,
});
export const device = (attrs: { readonly device: string }): string => attrs.device;
/** The outs of a kernel are the tensors that the dispatcher allocated, or the tensor written in place. */
export const deviceOf = (out: TensorView): Device => (out as TensorView & { readonly storage: Storage }).storage.device;

/** Blocks of a request. */
function blocks(kind: RandomKind, dtype: DType, n: number): number {
  const wide = dtype === 'float64';
  if (kind === 'uniform') return blocksFor(n, wide ? UNIFORM64_PER_BLOCK : UNIFORM32_PER_BLOCK);
  return blocksFor(n, wide ? NORMAL64_PER_BLOCK : NORMAL32_PER_BLOCK);
}

/** Fills `out` with the next numbers of the generator. */
export function draw(runtime: Runtime, kind: RandomKind, out: TensorView, generator: Generator): void {
  const n = numel(out.shape);
  if (n === 0) return;
  const { key, offset } = generator.take(blocks(kind, out.dtype, n));
  runtime.random(kind, out, key, offset);
}

const programs = new Map<string, e.Program>();

/** The program of a key, made where there is none. */
export function program(key: string, make: () => e.Program): e.Program {
  const known = programs.get(key) ?? make();
  programs.set(key, known);
  return known;
}

/** Halves are drawn in float32. */
export const drawDType = (dtype: DType): DType => (dtype === 'float64' ? 'float64' : 'float32');

/** Random bits of the fraction of a half float: uniforms are cut to as many, so that none rounds up to 1. */
const halfBits: { readonly [D in DType]?: number } = { float16: 2 ** 11, bfloat16: 2 ** 8 };

const cutUniform = (u: e.Expr, dtype: DType): e.Expr => {
  const levels = halfBits[dtype];
  return levels === undefined ? u : e.div(e.floor(e.mul(u, levels)), levels);
};

/** Draws and transforms: `formula` gets the drawn number and the parameters. */
function fillDrawn(
  runtime: Runtime,
  out: TensorView,
  kind: 'uniform' | 'normal',
  generator: Generator,
  name: string,
  formula: (drawn: e.Expr, params: e.Expr[]) => e.Expr,
  params: readonly number[],
): void {
  const wide = drawDType(out.dtype);
  const drawn = allocate(deviceOf(out), wide, out.shape);
  draw(runtime, kind, drawn, generator);
  const made = program(`${name}|${out.dtype}`, () => {
    const x = e.input(0, wide);
    const result = formula(
      kind === 'uniform' ? cutUniform(x, out.dtype) : x,
      params.map((_, i) => e.param(i, wide)),
    );
    return new e.Program(
      [e.cast(result, out.dtype)],
      [wide],
      params.map(() => wide),
    );
  });
  runtime.map([out], [drawn], made, params);
}

/** Floats of any precision. */
export function drawFloat(kind: 'uniform' | 'normal', runtime: Runtime, out: TensorView, generator: Generator): void {
  if (drawDType(out.dtype) === out.dtype) draw(runtime, kind, out, generator);
  else fillDrawn(runtime, out, kind, generator, kind, (x) => x, []);
}

/** Fills `out` with `low + w mod range` for the next words `w` of the generator; `range` is at most 2^32. */
export function drawWords(runtime: Runtime, out: TensorView, generator: Generator, low: number, range: number): void {
  const n = numel(out.shape);
  if (n === 0) return;
  const { key, offset } = generator.take(blocksFor(n, BITS_PER_BLOCK));
  runtime.randomIntegers(out, key, offset, low, range);
}

/** Integers from `low` up to but not including `high`: random bits modulo the range, 32 of them or 53 where the range needs more. */
export function drawIntegers(runtime: Runtime, out: TensorView, generator: Generator, low: number, high: number): void {
  const range = high - low;
  if (range <= 2 ** 32) {
    drawWords(runtime, out, generator, low, range);
    return;
  }
  if (runtime.capabilities.int64Bits === 32) {
    throw new DTypeError(
      `random integers from ${low} up to but not including ${high}: '${deviceOf(out).name}' keeps integers in 32 bits; give a smaller range, or draw on cpu`,
    );
  }
  const words = [0, 1].map(() => allocate(deviceOf(out), 'int64', out.shape));
  for (const one of words) drawWords(runtime, one, generator, 0, 2 ** 32);
  const made = program(`int|${out.dtype}`, () => {
    const [first, second] = words.map((_, i) => e.input(i, 'int64'));
    const word = e.add(e.mul(e.rem(first, 2 ** 21), 2 ** 32), second);
    return new e.Program(
      [e.cast(e.add(e.rem(word, e.param(0, 'int64')), e.param(1, 'int64')), out.dtype)],
      ['int64', 'int64'],
      ['int64', 'int64'],
    );
  });
  runtime.map([out], words, made, [range, low]);
}

export function checkFloat(name: string, dtype: DType): void {
  if (!isFloat(dtype)) throw notImplementedFor(name, dtype);
}

/** A factory of random floats. */
export const floatFactory = <A extends FactoryAttrs & Drawn>(
  name: string,
  kind: 'uniform' | 'normal',
): OpSpec<Sig<[], A>> =>
  new OpSpec<Sig<[], A>>({
    name,
    device,
    infer(_, attrs) {
      checkFloat(name, attrs.dtype);
      return meta(attrs);
    },
    kernel: (runtime, [out], _, { generator }) => drawFloat(kind, runtime, out, generator),
  });

/** An op whose in-place twin fills a tensor of floats, or of any numbers. */
const floatFill = <A extends Drawn>(
  name: string,
  kind: 'uniform' | 'normal',
  formula: (drawn: e.Expr, params: e.Expr[]) => e.Expr,
  params: (attrs: A) => readonly number[],
  integers = false,
): OpSpec<Sig<[Tensor], A>> =>
  new OpSpec<Sig<[Tensor], A>>({
    name,
    infer([x]) {
      requireTensor(name, x);
      if (!integers || x.dtype === 'bool') checkFloat(`${name}_`, x.dtype);
      return { shape: x.shape, dtype: x.dtype };
    },
    kernel: (runtime, [out], _, attrs) => fillDrawn(runtime, out, kind, attrs.generator, name, formula, params(attrs)),
    inplace: { writes: [0], how: 'direct' },
  });

/** 1 with the probability that input 1 holds, for numbers drawn as input 0. */
function drawBernoulli(runtime: Runtime, out: TensorView, p: TensorView | number, generator: Generator): void {
  const wide = typeof p === 'number' || p.dtype !== 'float64' ? 'float32' : 'float64';
  const drawn = allocate(deviceOf(out), wide, out.shape);
  draw(runtime, 'uniform', drawn, generator);
  const u = e.input(0, wide);
  if (typeof p === 'number') {
    const made = program(
      `bernoulli|${out.dtype}|number`,
      () => new e.Program([e.cast(e.lt(u, e.param(0, wide)), out.dtype)], [wide], [wide]),
    );
    runtime.map([out], [drawn], made, [p]);
    return;
  }
  const made = program(
    `bernoulli|${out.dtype}|${p.dtype}`,
    () => new e.Program([e.cast(e.lt(u, e.cast(e.input(1, p.dtype), wide)), out.dtype)], [wide, p.dtype]),
  );
  runtime.map([out], [drawn, broadcastView(p, out.shape)], made, []);
}

/** Integers that a dtype holds exactly from 0 on: the range of `random_()`. */
export const exactRange = (dtype: DType): number => {
  if (dtype === 'bool') return 2;
  const digits: { readonly [D in DType]?: number } = { float64: 53, float32: 24, float16: 11, bfloat16: 8, int64: 53 };
  return 2 ** (digits[dtype] ?? dtypes[dtype].itemsize * 8 - (dtypes[dtype].signed ? 1 : 0));
};

/** Rows by op name. */
export const random: { readonly [K in keyof RandomMethodOps]: OpSpec<RandomMethodOps[K]> } = {
  rand: floatFactory('rand', 'uniform'),
  bernoulli: new OpSpec({
    name: 'bernoulli',
    infer([p]) {
      requireTensor('bernoulli', p);
      checkFloat('bernoulli', p.dtype);
      return { shape: p.shape, dtype: p.dtype };
    },
    kernel: (runtime, [out], [p], { generator }) => drawBernoulli(runtime, out, p, generator),
  }),
  multinomial: new OpSpec({
    name: 'multinomial',
    infer([p], { numSamples, replacement }) {
      requireTensor('multinomial', p);
      checkFloat('multinomial', p.dtype);
      if (p.shape.length !== 1 && p.shape.length !== 2)
        throw new ShapeError(`prob_dist must be 1 or 2 dim, got shape ${formatShape(p.shape)}`);
      const categories = p.shape[p.shape.length - 1];
      if (!replacement && numSamples > categories) {
        throw new ArgumentError(
          `cannot sample n_sample > prob_dist.size(-1) samples without replacement in multinomial: ${numSamples} of ${categories}`,
        );
      }
      return { shape: [...p.shape.slice(0, -1), numSamples], dtype: 'int64' };
    },
    body([p], { numSamples, replacement, generator }) {
      const dtype = drawDType(p.dtype);
      const weights = p.to(dtype);
      const shape = [...p.shape.slice(0, -1), numSamples];
      if (!replacement) {
        // the race of exponentials: the smallest of e_i / p_i wins with probability p_i / Σp
        const race = dispatch(random.exponential, [weights], { lambd: 1, generator }).div(weights);
        return race.topk(numSamples, { largest: false }).indices;
      }
      const cumulative = weights.cumsum(-1);
      const total = cumulative.slice(-1, -1);
      const u = dispatch(random.rand, [], { shape, dtype, device: p.device, generator }).mul(total);
      // u·total may round up to the total: the last category with a chance takes it
      const last = dispatch(index.searchsorted, [cumulative, total], { right: false });
      return dispatch(index.searchsorted, [cumulative, u], { right: true }).minimum(last);
    },
  }),
  uniform: floatFill(
    'uniform',
    'uniform',
    (u, [from, width]) => e.add(from, e.mul(u, width)),
    ({ from, to }) => [from, to - from],
  ),
  normal: floatFill(
    'normal',
    'normal',
    (x, [mean, std]) => e.add(mean, e.mul(x, std)),
    ({ mean, std }) => [mean, std],
  ),
  exponential: floatFill(
    'exponential',
    'uniform',
    // -log(1 - u) / λ, never 0 / 0: u < 1
    (u, [lambd]) => e.div(e.neg(e.unary('log1p', e.neg(u))), lambd),
    ({ lambd }) => [lambd],
  ),
  logNormal: floatFill(
    'logNormal',
    'normal',
    (x, [mean, std]) => e.exp(e.add(mean, e.mul(x, std))),
    ({ mean, std }) => [mean, std],
  ),
  // the inverse of the distribution function: median + σ·tan(π(u - 1/2))
  cauchy: floatFill(
    'cauchy',
    'uniform',
    (u, [median, sigma]) => e.add(median, e.mul(sigma, e.unary('tan', e.mul(e.sub(u, 0.5), Math.PI)))),
    ({ median, sigma }) => [median, sigma],
  ),
  // the number of trials up to the first success: 1 + ⌊log(1 - u) / log(1 - p)⌋
  geometric: floatFill(
    'geometric',
    'uniform',
    (u, [p]) => e.add(e.floor(e.div(e.unary('log1p', e.neg(u)), e.unary('log1p', e.neg(p)))), 1),
    ({ p }) => [p],
    true,
  ),
  bernoulliFill: new OpSpec({
    name: 'bernoulliFill',
    infer: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
    kernel: (runtime, [out], [, p], { generator }) =>
      drawBernoulli(runtime, out, isTensor(p) ? p : (p as number), generator),
    inplace: { writes: [0], how: 'direct' },
  }),
  randomFill: new OpSpec({
    name: 'randomFill',
    infer: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
    kernel: (runtime, [out], _, { generator, low, high }) => drawIntegers(runtime, out, generator, low, high),
    inplace: { writes: [0], how: 'direct' },
  }),
};
