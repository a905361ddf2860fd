/** Histograms of gradients, parameters and activations, collected on the device. */
import {
  checkOptions,
  isTensor,
  keep,
  linspace,
  stack,
  type Tensor,
  tidy,
  withoutGrad,
  zeros,
} from '@tenfold/tensor-core';
import type { HistogramLike } from './grids.ts';
import { checkTensor, checkWhole } from './metric.ts';

/** Options of all that counts values. */
export interface HistogramOptions {
  /** How many equal parts the range from the smallest to the largest has. Default 64. */
  bins?: number | undefined;
}

/** How the values of a tensor are spread, as tensors on its device. */
export interface HistogramTensors {
  /** int64, `[bins]`: how many values lie in each part. */
  readonly counts: Tensor;
  /** float32, `[bins + 1]`: where the parts begin and end. */
  readonly edges: Tensor;
  /** float32, `[4]`: the smallest value, the largest, the sum, and the sum of squares. */
  readonly stats: Tensor;
}

/** {@link HistogramTensors} as numbers: what `@tenfold/train/svg`, `@tenfold/train/terminal` and the writer for TensorBoard take. */
export interface Histogram extends HistogramLike {
  readonly counts: number[];
  readonly edges: number[];
  /** How many values there are. What isn't finite is left out. */
  readonly num: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly sumSquares: number;
}

/** What a `Module` of `@tenfold/nn` has of names and parameters. */
export interface WithParameters {
  namedParameters(): Iterable<readonly [name: string, parameter: Tensor]>;
}

/** What a `Module` of `@tenfold/nn` has of children and hooks. */
export interface WithModules {
  namedModules(): Iterable<readonly [name: string, module: WithForwardHook]>;
}

/** A module whose outputs can be seen. */
export interface WithForwardHook {
  registerForwardHook(hook: (module: unknown, args: readonly unknown[], output: unknown) => unknown): {
    remove(): void;
  };
}

/**
 * How the values of a tensor are spread, without a read-back.
 *
 * @throws ArgumentError for what is no tensor, and unless `bins` is an integer of at least 1.
 */
export function histogramOf(values: Tensor, options: HistogramOptions = {}): HistogramTensors {
  checkTensor('histogramOf: values', values);
  const bins = checkBins('histogramOf', options);
  const made = tidy(() =>
    withoutGrad(() => {
      const { device } = values;
      const x = values.detach().to('float32').flatten();
      const known = x.isfinite();
      const some = known.any();
      // of nothing, the range is that of a zero
      const end = (which: Tensor): Tensor => which.where(some, 0);
      const empty = x.numel() === 0;
      const min = empty ? x.newZeros([]) : end(x.where(known, Number.POSITIVE_INFINITY).amin());
      const max = empty ? x.newZeros([]) : end(x.where(known, Number.NEGATIVE_INFINITY).amax());
      // one value gets a range around it
      const spare = min.eq(max).to('float32').div(2);
      const [low, high] = [min.sub(spare), max.add(spare)];
      const width = high.sub(low);
      const finite = x.where(known, low);
      const place = finite
        .sub(low)
        .div(width)
        .mul(bins)
        .to('int64')
        .clamp(0, bins - 1);
      const counts = zeros([bins], { dtype: 'int64', device }).indexAdd(0, place, known.to('int64'));
      const edges = linspace(0, 1, bins + 1, { device })
        .mul(width)
        .add(low);
      const counted = x.where(known, 0);
      return { counts, edges, stats: stack([min, max, counted.sum(), counted.square().sum()]) };
    }),
  );
  for (const tensor of Object.values(made)) keep(tensor);
  return made;
}

/**
 * The histograms of the gradients that backward left, by the names of the parameters; those without a gradient are left out.
 *
 * @example
 * loss.backward();
 * const gradients = await readHistograms(gradientHistograms(model));
 * for (const [name, values] of Object.entries(gradients)) writer.addHistogram(`gradients/${name}`, values, step);
 */
export function gradientHistograms(
  model: WithParameters,
  options: HistogramOptions = {},
): { [name: string]: HistogramTensors } {
  checkBins('gradientHistograms', options);
  const found: { [name: string]: HistogramTensors } = {};
  for (const [name, { grad }] of model.namedParameters()) if (grad) found[name] = histogramOf(grad, options);
  return found;
}

/** The histograms of a model's parameters, by their names. */
export function parameterHistograms(
  model: WithParameters,
  options: HistogramOptions = {},
): { [name: string]: HistogramTensors } {
  checkBins('parameterHistograms', options);
  return Object.fromEntries(
    [...model.namedParameters()].map(([name, parameter]) => [name, histogramOf(parameter, options)]),
  );
}

/** Options of {@link ActivationHistograms}. */
export interface ActivationHistogramsOptions extends HistogramOptions {
  /** Which modules are watched. Default: those without children, where the layers are. */
  filter?: ((name: string) => boolean) | undefined;
}

/**
 * Watches what modules give: the histograms of the outputs of their last `forward`. Of an array of outputs it is the first.
 *
 * @example
 * using activations = new ActivationHistograms(model);
 * model.forward(x);
 * for (const [name, values] of Object.entries(await readHistograms(activations.take()))) console.log(histogram(values, { title: name }));
 */
export class ActivationHistograms implements Disposable {
  #latest: { [name: string]: HistogramTensors } = {};
  readonly #hooks: readonly { remove(): void }[];

  constructor(model: WithModules, options: ActivationHistogramsOptions = {}) {
    const { filter, ...rest } = options;
    checkOptions('ActivationHistograms', options, ['bins', 'filter']);
    checkBins('ActivationHistograms', rest);
    const modules = [...model.namedModules()];
    const isLeaf = (name: string): boolean =>
      !modules.some(([other]) => other !== name && (name === '' || other.startsWith(`${name}.`)));
    this.#hooks = modules
      .filter(([name]) => (filter ?? isLeaf)(name))
      .map(([name, module]) =>
        module.registerForwardHook((_module, _args, output) => {
          const values: unknown = Array.isArray(output) ? output[0] : output;
          if (!isTensor(values)) return;
          disposeAll(this.#latest[name]);
          this.#latest[name] = histogramOf(values, rest);
        }),
      );
  }

  /** What was seen since the last time, by the modules' names. */
  take(): { [name: string]: HistogramTensors } {
    const taken = this.#latest;
    this.#latest = {};
    return taken;
  }

  /** Watches no more. */
  remove(): void {
    for (const hook of this.#hooks) hook.remove();
    for (const seen of Object.values(this.take())) disposeAll(seen);
  }

  [Symbol.dispose](): void {
    this.remove();
  }
}

/** Reads histograms and disposes their tensors. */
export async function readHistograms(histograms: {
  readonly [name: string]: HistogramTensors;
}): Promise<{ [name: string]: Histogram }> {
  const read = async ([name, tensors]: [string, HistogramTensors]): Promise<[string, Histogram]> => {
    const [counts, edges, [min, max, sum, sumSquares]] = (await Promise.all(
      [tensors.counts, tensors.edges, tensors.stats].map((x) => x.toArray()),
    )) as number[][];
    disposeAll(tensors);
    return [name, { counts, edges, num: counts.reduce((all, n) => all + n, 0), min, max, sum, sumSquares }];
  };
  return Object.fromEntries(await Promise.all(Object.entries(histograms).map(read)));
}

function disposeAll(tensors: HistogramTensors | undefined): void {
  for (const tensor of Object.values(tensors ?? {})) tensor.dispose();
}

function checkBins(where: string, options: HistogramOptions): number {
  checkOptions(where, options, ['bins']);
  return checkWhole(`${where}: expected \`bins\``, options.bins ?? 64, 1);
}
