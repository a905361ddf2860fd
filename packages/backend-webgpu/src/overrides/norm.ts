/**
 * Normalisations and their gradients. What is normalised together is a row for the statistics and for the gradient of the input; what shares a weight is a
 * row for the gradients of weight and bias.
 */
import { type DType, expr as e, type Override, Program } from '@tenfold/tensor-core';
import type { Buffer, Gpu } from '../gpu.ts';
import type { Families } from '../runtime.ts';
import type { View } from '../shader.ts';
import { dimOf, type Operands, viewed } from './call.ts';
import { runRows } from './rows.ts';

type Dim = readonly [size: number, stride: number];

/** How operands of a normalisation lie over the dims of its input. */
interface Frame {
  /** The input, its gradient and the result. */
  like(view: View): View;
  /** A mean or a deviation, repeated over what is normalised together. */
  statistic(view: View): View;
  /** A weight or a bias, repeated over what shares it. */
  affine(view: View): View;
  /** The dims that statistics have, and those that weights have. */
  readonly statisticDims: readonly number[];
  readonly affineDims: readonly number[];
}

const repeated = (sizes: readonly number[]): Dim[] => sizes.map((size) => [size, 0]);
const dimsOf = (view: View): Dim[] => view.shape.map((_, d) => dimOf(view, d));
const range = (start: number, end: number): number[] => Array.from({ length: end - start }, (_, i) => start + i);

function trailingFrame(shape: readonly number[], dims: number): Frame {
  const lead = shape.length - dims;
  return {
    like: (view) => view,
    statistic: (view) => viewed(view, [...dimsOf(view).slice(0, lead), ...repeated(shape.slice(lead))]),
    affine: (view) => viewed(view, [...repeated(shape.slice(0, lead)), ...dimsOf(view)]),
    statisticDims: range(0, lead),
    affineDims: range(lead, shape.length),
  };
}

/** `[N, C, …]` as `[N, groups, channels of a group, …]`. */
function groupFrame([samples, channels, ...places]: readonly number[], groups: number): Frame {
  const each = channels / Math.max(1, groups);
  const split = ([, stride]: Dim): Dim[] => [
    [groups, stride * each],
    [each, stride],
  ];
  return {
    like(view) {
      const [first, second, ...rest] = dimsOf(view);
      return viewed(view, [first, ...split(second), ...rest]);
    },
    statistic: (view) => viewed(view, [...dimsOf(view), ...repeated([each, ...places])]),
    affine: (view) => viewed(view, [[samples, 0], ...split(dimOf(view, 0)), ...repeated(places)]),
    statisticDims: [0, 1],
    affineDims: [1, 2],
  };
}

function channelFrame([samples, , ...places]: readonly number[]): Frame {
  const beside = (view: View): View => viewed(view, [[samples, 0], dimOf(view, 0), ...repeated(places)]);
  return { like: (view) => view, statistic: beside, affine: beside, statisticDims: [1], affineDims: [1] };
}

/** The view with `dims` before its others. */
function ordered(view: View, dims: readonly number[]): View {
  const others = range(0, view.shape.length).filter((d) => !dims.includes(d));
  return viewed(
    view,
    [...dims, ...others].map((d) => dimOf(view, d)),
  );
}

/** Operands that may be absent, by the numbers that code calls them by. */
class Roster {
  readonly outs: View[] = [];
  readonly ins: View[] = [];
  readonly #dims: readonly number[];

  constructor(dims: readonly number[]) {
    this.#dims = dims;
  }

  out(view: View): number {
    return this.outs.push(ordered(view, this.#dims)) - 1;
  }

  /** Inputs come when all outputs are there. */
  in(view: View): number {
    return this.outs.length + this.ins.push(ordered(view, this.#dims)) - 1;
  }
}

interface Forward {
  readonly name: string;
  readonly frame: Frame;
  readonly out: View;
  readonly mean: View | null;
  readonly rstd: View;
  readonly variance: View | null;
  readonly input: View;
  readonly weight: View | null;
  readonly bias: View | null;
  readonly eps: number;
}

/** Statistics in two passes, then the result. Without a place for a mean it counts as 0. */
function forward(gpu: Gpu, f: Forward): void {
  const { frame } = f;
  const roster = new Roster(frame.statisticDims);
  const y = roster.out(frame.like(f.out));
  const rstd = roster.out(frame.statistic(f.rstd));
  const mean = f.mean && roster.out(frame.statistic(f.mean));
  const variance = f.variance && roster.out(frame.statistic(f.variance));
  const x = roster.in(frame.like(f.input));
  const weight = f.weight && roster.in(frame.affine(f.weight));
  const bias = f.bias && roster.in(frame.affine(f.bias));
  runRows(gpu, {
    name: `${f.name} ${f.weight ? 'w' : ''}${f.bias ? 'b' : ''}`,
    outs: roster.outs,
    ins: roster.ins,
    outer: frame.statisticDims.length,
    params: [f.eps],
    body(row) {
      const centred = () => (mean === null ? row.load(x) : `(${row.load(x)} - mean)`);
      const scaled = () => `${centred()} * rstd${weight === null ? '' : ` * ${row.load(weight)}`}`;
      return [
        ...(mean === null
          ? []
          : [
              row.sums({ total: () => row.load(x) }),
              `let mean = total / f32(${row.length});`,
              row.storeOne(mean, 'mean'),
            ]),
        row.sums({ squares: () => `${centred()} * ${centred()}` }),
        `let variance = squares / f32(${row.length});`,
        `let rstd = ${row.call('rsqrt_of', `variance + ${row.param(0)}`)};`,
        row.storeOne(rstd, 'rstd'),
        ...(variance === null ? [] : [row.storeOne(variance, 'variance')]),
        row.each(() => row.store(y, bias === null ? scaled() : `${scaled()} + ${row.load(bias)}`)),
      ];
    },
  });
}

interface Backward {
  readonly name: string;
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

function backward(gpu: Gpu, b: Backward): void {
  const rest = [...b.outs];
  const [toInput, toWeight, toBias] = b.wanted.map((want) => (want ? (rest.shift() as View) : null));
  if (toInput) gradientOfInput(gpu, b, toInput);
  if (toWeight || toBias) gradientsOfAffine(gpu, b, toWeight, toBias ?? null);
}

/** n = (x - mean) r:  dx = r (g - mean(g) - n · mean(g n)), with a weighted g. */
function gradientOfInput(gpu: Gpu, { name, frame, through, ...b }: Backward, out: View): void {
  const roster = new Roster(frame.statisticDims);
  const result = roster.out(frame.like(out));
  const grad = roster.in(frame.like(b.grad));
  const x = roster.in(frame.like(b.input));
  const rstd = roster.in(frame.statistic(b.rstd));
  const mean = b.mean && roster.in(frame.statistic(b.mean));
  const weight = b.weight && roster.in(frame.affine(b.weight));
  runRows(gpu, {
    name: `${name} input ${b.weight ? 'w' : ''}${through}`,
    outs: roster.outs,
    ins: roster.ins,
    outer: frame.statisticDims.length,
    body(row) {
      const g = () => (weight === null ? row.load(grad) : `${row.load(grad)} * ${row.load(weight)}`);
      const normed = () => (mean === null ? `${row.load(x)} * rstd` : `(${row.load(x)} - mean) * rstd`);
      const known = [`let rstd = ${row.one(rstd)};`, ...(mean === null ? [] : [`let mean = ${row.one(mean)};`])];
      if (!through) return [...known, row.each(() => row.store(result, `${g()} * rstd`))];
      return [
        ...known,
        row.sums({ products: () => `${g()} * (${normed()})`, ...(mean === null ? {} : { total: g }) }),
        `let share = products / f32(${row.length});`,
        `let middle = ${mean === null ? '0.0' : `total / f32(${row.length})`};`,
        row.each(() => row.store(result, `(${g()} - middle - ${normed()} * share) * rstd`)),
      ];
    },
  });
}

/** dw = Σ g n,  db = Σ g. */
function gradientsOfAffine(
  gpu: Gpu,
  { name, frame, ...b }: Backward,
  toWeight: View | null,
  toBias: View | null,
): void {
  const roster = new Roster(frame.affineDims);
  const weight = toWeight && roster.out(frame.affine(toWeight));
  const bias = toBias && roster.out(frame.affine(toBias));
  const grad = roster.in(frame.like(b.grad));
  const x = weight === null ? null : roster.in(frame.like(b.input));
  const rstd = weight === null ? null : roster.in(frame.statistic(b.rstd));
  const mean = weight === null ? null : b.mean && roster.in(frame.statistic(b.mean));
  runRows(gpu, {
    name: `${name} affine ${toWeight ? 'w' : ''}${toBias ? 'b' : ''}`,
    outs: roster.outs,
    ins: roster.ins,
    outer: frame.affineDims.length,
    body(row) {
      const g = () => row.load(grad);
      const terms: { [name: string]: () => string } = bias === null ? {} : { total: g };
      if (x !== null && rstd !== null) {
        const centred = () => (mean === null ? row.load(x) : `(${row.load(x)} - ${row.load(mean)})`);
        terms.products = () => `${g()} * (${centred()} * ${row.load(rstd)})`;
      }
      return [
        row.sums(terms),
        ...(weight === null ? [] : [row.storeOne(weight, 'products')]),
        ...(bias === null ? [] : [row.storeOne(bias, 'total')]),
      ];
    },
  });
}

const programs = new Map<string, Program>();

/** (x - mean) / √(variance + ε) · weight + bias, element by element. */
function inferenceProgram(dtypes: readonly DType[], hasWeight: boolean, hasBias: boolean): Program {
  const key = `${dtypes} ${hasWeight} ${hasBias}`;
  const known = programs.get(key);
  if (known) return known;
  const [x, mean, variance, ...beside] = dtypes.map((dtype, i) => e.cast(e.input(i, dtype), 'float32'));
  let y = e.mul(e.sub(x, mean), e.unary('rsqrt', e.add(variance, e.param(0, 'float32'))));
  let next = 0;
  if (hasWeight) y = e.mul(y, beside[next++]);
  if (hasBias) y = e.add(y, beside[next]);
  const program = new Program([e.cast(y, dtypes[0])], dtypes, ['float32']);
  programs.set(key, program);
  return program;
}

interface Attrs {
  readonly dims: number;
  readonly groups: number;
  readonly eps: number;
  readonly training: boolean;
  readonly wanted: readonly boolean[];
}

type Views = readonly (View | null)[];

/** By op name. */
export function normOverrides(gpu: Gpu, { map }: Families): { readonly [op: string]: Override<Buffer> } {
  const override = (run: (outs: readonly View[], inputs: Views, attrs: Attrs) => void): Override<Buffer> => ({
    run: (outs, inputs: Operands, attrs) => run(outs, inputs as Views, attrs as Attrs),
  });
  const normalise = (name: string, frameOf: (shape: readonly number[], attrs: Attrs) => Frame): Override<Buffer> =>
    override(([out, mean, rstd, variance = null], [x, weight, bias], attrs) => {
      const input = x as View;
      const frame = frameOf(input.shape, attrs);
      forward(gpu, { name, frame, out, mean, rstd, variance, input, weight, bias, eps: attrs.eps });
    });
  const gradients = (name: string, frameOf: (shape: readonly number[], attrs: Attrs) => Frame): Override<Buffer> =>
    override((outs, [g, x, mean, rstd, weight], attrs) => {
      const [grad, input] = [g as View, x as View];
      const { wanted, training: through = true } = attrs;
      const frame = frameOf(input.shape, attrs);
      backward(gpu, { name, frame, outs, grad, input, mean, rstd: rstd as View, weight, wanted, through });
    });
  const trailing = (shape: readonly number[], { dims }: Attrs): Frame => trailingFrame(shape, dims);
  const grouped = (shape: readonly number[], { groups }: Attrs): Frame => groupFrame(shape, groups);
  return {
    layerNorm: normalise('layerNorm', trailing),
    layerNormBackward: gradients('layerNormBackward', trailing),
    groupNorm: normalise('groupNorm', grouped),
    groupNormBackward: gradients('groupNormBackward', grouped),
    batchNorm: normalise('batchNorm', channelFrame),
    batchNormBackward: gradients('batchNormBackward', channelFrame),
    batchNormInference: override(([out], [x, mean, variance, weight, bias], { eps }) => {
      const input = x as View;
      const { statistic, affine } = channelFrame(input.shape);
      const beside = [weight, bias].flatMap((view) => (view ? [affine(view)] : []));
      const ins = [input, statistic(mean as View), statistic(variance as View), ...beside];
      const dtypes = ins.map(({ dtype }) => dtype);
      map([out], ins, inferenceProgram(dtypes, weight !== null, bias !== null), [eps]);
    }),
    rmsNorm: override(([out, rstd], [x, weight], { dims, eps }) => {
      const input = x as View;
      const frame = trailingFrame(input.shape, dims);
      forward(gpu, { name: 'rmsNorm', frame, out, mean: null, rstd, variance: null, input, weight, bias: null, eps });
    }),
    rmsNormBackward: override((outs, [g, x, rstd, weight], { dims, wanted }) => {
      const [grad, input] = [g as View, x as View];
      const frame = trailingFrame(input.shape, dims);
      const name = 'rmsNormBackward';
      backward(gpu, { name, frame, outs, grad, input, mean: null, rstd: rstd as View, weight, wanted, through: true });
    }),
  };
}
