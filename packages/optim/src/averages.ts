/** Averages of weights: equally weighted (SWA) and moving (EMA). */
// installs gradients: parameters that require them are read
import '@tenfold/autograd';
import {
  ArgumentError,
  checkOptions,
  defineStep,
  describe,
  expr,
  isFloat,
  isTensor,
  keep,
  type Tensor,
  tidy,
  withoutGrad,
} from '@tenfold/tensor-core';

/** What weights are averaged of: every module of `@tenfold/nn` is one. */
export interface WeightSource {
  namedParameters(): Iterable<readonly [string, Tensor]>;
  namedBuffers(): Iterable<readonly [string, Tensor]>;
}

/** The next average of one tensor, from the average of `numAveraged` models and the model's tensor. */
export type AvgFn = (averaged: Tensor, current: Tensor, numAveraged: number) => Tensor;

/** The same for lists of tensors of one dtype and device, in place. */
export type MultiAvgFn = (averaged: readonly Tensor[], current: readonly Tensor[], numAveraged: number) => void;

// a = a + w · (b - a), from the nearer end
const lerpStep = /* @__PURE__ */ defineStep<object>('averageStep', {
  tensors: 2,
  optional: 0,
  numbers: 1,
  formula([average, current], [weight, rest]) {
    const way = expr.sub(current, average);
    const near = expr.add(average, expr.mul(weight, way));
    return [expr.select(expr.lt(weight, 0.5), near, expr.sub(current, expr.mul(way, rest)))];
  },
  params: ([weight]) => [weight, 1 - weight],
  variant: () => 0,
});

const lerpAll = (averaged: readonly Tensor[], current: readonly Tensor[], weight: number): void => {
  if (averaged.length === 0) return;
  if (isFloat(averaged[0].dtype)) lerpStep([averaged, current], [weight], {});
  // whole numbers, such as a count of batches, are cut off as PyTorch does
  else averaged.forEach((x, i) => void x.copy_(current[i].sub(x).mul(weight).add(x)));
};

function checkDecay(where: string, decay: number): void {
  if (typeof decay !== 'number' || !(decay >= 0 && decay <= 1)) {
    throw new ArgumentError(
      `${where}: Invalid decay value ${typeof decay === 'number' ? decay : describe(decay)} provided. Please provide a value in [0,1] range.`,
    );
  }
}

/** An exponential moving average for {@link AveragedModel}, fused over all tensors: `decay · average + (1 - decay) · current`. */
export function getEmaMultiAvgFn(decay = 0.999): MultiAvgFn {
  checkDecay('getEmaMultiAvgFn', decay);
  return (averaged, current) => lerpAll(averaged, current, 1 - decay);
}

/** An exponential moving average for {@link AveragedModel}, of one tensor: `decay · average + (1 - decay) · current`. */
export function getEmaAvgFn(decay = 0.999): AvgFn {
  checkDecay('getEmaAvgFn', decay);
  return (averaged, current) => averaged.mul(decay).add(current.mul(1 - decay));
}

/** The equally weighted average that {@link AveragedModel} takes by default, fused over all tensors. */
export const getSwaMultiAvgFn = (): MultiAvgFn => (averaged, current, numAveraged) =>
  lerpAll(averaged, current, 1 / (numAveraged + 1));

/** The equally weighted average of one tensor. */
export const getSwaAvgFn = (): AvgFn => (averaged, current, numAveraged) =>
  averaged.add(current.sub(averaged).div(numAveraged + 1));

/** Options of {@link AveragedModel}. */
export interface AveragedModelOptions {
  /** Where the averages are kept. Default: where the model is. */
  device?: string;
  /** Default: equal weights. */
  avgFn?: AvgFn;
  multiAvgFn?: MultiAvgFn;
  /** Averages buffers too, instead of following them. Default false. */
  useBuffers?: boolean;
}

/** The state of an {@link AveragedModel}: `n_averaged`, and averages by their names in the model after `module.`. */
export interface AveragedState {
  [name: string]: Tensor | number;
}

interface Entry {
  readonly name: string;
  readonly average: Tensor;
  readonly isBuffer: boolean;
}

/**
 * Averages of the weights of a model over training: stochastic weight averaging (SWA), or an exponential moving average (EMA)
 * (https://pytorch.org/docs/stable/generated/torch.optim.swa_utils.AveragedModel.html). It holds the averages on the device, and no second model: `withAverages`
 * computes with them, `copyTo` leaves them in a model.
 *
 * @example
 * const ema = new AveragedModel(model, { multiAvgFn: getEmaMultiAvgFn(0.999) });
 * for (const [x, y] of batches) {
 *   optimizer.zeroGrad();
 *   criterion.forward(model.forward(x), y).backward();
 *   optimizer.step();
 *   ema.updateParameters(model);
 * }
 * const accuracy = await ema.withAverages(() => evaluate(model));
 */
export class AveragedModel {
  /** How many models the averages are of. */
  nAveraged = 0;
  readonly #model: WeightSource;
  readonly #entries: readonly Entry[];
  readonly #useBuffers: boolean;
  readonly #multiAvgFn: MultiAvgFn;

  /** @throws ArgumentError for an unknown option, or both `avgFn` and `multiAvgFn`. */
  constructor(model: WeightSource, options?: AveragedModelOptions) {
    checkOptions('AveragedModel', options, ['device', 'avgFn', 'multiAvgFn', 'useBuffers']);
    const { device, avgFn, multiAvgFn, useBuffers = false } = options ?? {};
    if (avgFn && multiAvgFn)
      throw new ArgumentError('AveragedModel: Only one of avg_fn and multi_avg_fn should be provided');
    for (const [name, fn] of Object.entries({ avgFn, multiAvgFn })) {
      if (fn !== undefined && typeof fn !== 'function')
        throw new ArgumentError(`AveragedModel: ${name} must be a function, got ${describe(fn)}`);
    }
    this.#model = model;
    this.#useBuffers = useBuffers;
    this.#multiAvgFn = avgFn ? oneByOne(avgFn) : (multiAvgFn ?? getSwaMultiAvgFn());
    this.#entries = weightsOf(model).map(({ tensor, ...rest }) => ({
      ...rest,
      average: keep(tensor.detach().to({ device: device ?? tensor.device, copy: true })),
    }));
  }

  /** The averages of the parameters, with their names in the model. */
  namedParameters(): [string, Tensor][] {
    return this.#entries.flatMap(({ name, average, isBuffer }) => (isBuffer ? [] : [[name, average]]));
  }

  /** The averages of the parameters. */
  parameters(): Tensor[] {
    return this.namedParameters().map(([, average]) => average);
  }

  /** The buffers, with their names in the model. */
  namedBuffers(): [string, Tensor][] {
    return this.#entries.flatMap(({ name, average, isBuffer }) => (isBuffer ? [[name, average]] : []));
  }

  /** Takes the weights of a model into the averages. The first ones are taken over as they are. Reads nothing back. */
  updateParameters(model: WeightSource = this.#model): void {
    withoutGrad(() =>
      tidy(() => {
        const alike = new Map<string, { averaged: Tensor[]; current: Tensor[] }>();
        for (const { entry, tensor } of this.#matched('updateParameters', model)) {
          const { average, isBuffer } = entry;
          const current = tensor.detach();
          // a mask has no average
          const follows = this.nAveraged === 0 || (isBuffer && !this.#useBuffers) || average.dtype === 'bool';
          if (follows) {
            average.copy_(current.to(average));
            continue;
          }
          const key = `${average.dtype} ${average.device}`;
          const lists = alike.get(key) ?? { averaged: [], current: [] };
          alike.set(key, lists);
          lists.averaged.push(average);
          lists.current.push(current.to(average));
        }
        for (const { averaged, current } of alike.values()) this.#multiAvgFn(averaged, current, this.nAveraged);
      }),
    );
    this.nAveraged++;
  }

  /** Writes the averages into a model, for good. */
  copyTo(model: WeightSource = this.#model): void {
    withoutGrad(() => {
      for (const { entry, tensor } of this.#matched('copyTo', model)) tensor.copy_(entry.average.to(tensor));
    });
  }

  /**
   * Calls `fn` while the model has the averages for its weights, and gives it its own back; after the promise if `fn` returns one. Don't train in it: what
   * it writes to the weights is lost.
   */
  withAverages<T>(fn: () => T, model: WeightSource = this.#model): T {
    const own = this.#matched('withAverages', model).map(({ tensor }) => ({
      tensor,
      value: keep(tensor.detach().clone()),
    }));
    const restore = (): void => {
      withoutGrad(() => {
        for (const { tensor, value } of own) {
          tensor.copy_(value.to(tensor));
          value.dispose();
        }
      });
    };
    let later = false;
    try {
      this.copyTo(model);
      const result = fn();
      if (!(result instanceof Promise)) return result;
      later = true;
      return result.finally(restore) as T;
    } finally {
      if (!later) restore();
    }
  }

  /** The averages under PyTorch's names, and how many models they are of. Tensors are its own: `clone()` what must not change with them. */
  stateDict(): AveragedState {
    const averages = this.#entries.map(({ name, average }) => [`module.${name}`, average]);
    return Object.fromEntries([['n_averaged', this.nAveraged], ...averages]);
  }

  /**
   * Takes the state from `stateDict()`, or from PyTorch's. Nothing changes if it doesn't fit.
   *
   * @throws ArgumentError if names or shapes differ.
   */
  loadStateDict(saved: AveragedState): void {
    const where = 'AveragedModel.loadStateDict';
    if (typeof saved !== 'object' || saved === null)
      throw new ArgumentError(`${where}: expected an object as stateDict() gives it, got ${describe(saved)}`);
    const { n_averaged: given, ...rest } = saved;
    const count = isTensor(given) ? given.itemSync() : given;
    if (typeof count !== 'number' || !Number.isInteger(count) || count < 0)
      throw new ArgumentError(`${where}: n_averaged must be a count, got ${describe(given)}`);
    const names = new Set(this.#entries.map(({ name }) => `module.${name}`));
    const unexpected = Object.keys(rest).filter((name) => !names.has(name));
    const missing = [...names].filter((name) => !(name in rest));
    if (unexpected.length || missing.length) {
      throw new ArgumentError(
        `${where}: missing keys: ${missing.join(', ') || 'none'}; unexpected keys: ${unexpected.join(', ') || 'none'}`,
      );
    }
    const values = this.#entries.map(({ name, average }) => {
      const value = rest[`module.${name}`];
      if (isTensor(value) && value.shape.join() === average.shape.join()) return value;
      throw new ArgumentError(
        `${where}: module.${name} must be a tensor of shape [${average.shape.join(', ')}], got ${isTensor(value) ? `one of shape [${value.shape.join(', ')}]` : describe(value)}`,
      );
    });
    withoutGrad(() => {
      this.#entries.forEach(({ average }, i) => {
        average.copy_(values[i].to(average));
      });
    });
    this.nAveraged = count;
  }

  /** Each average with the tensor of the same name. */
  #matched(where: string, model: WeightSource): { entry: Entry; tensor: Tensor }[] {
    const weights = weightsOf(model);
    if (weights.length !== this.#entries.length) {
      throw new ArgumentError(
        `AveragedModel.${where}: the model has ${weights.length} parameters and buffers, the averaged one ${this.#entries.length}`,
      );
    }
    return weights.map(({ name, tensor }, i) => {
      const entry = this.#entries[i];
      if (entry.name !== name || entry.average.shape.join() !== tensor.shape.join()) {
        throw new ArgumentError(
          `AveragedModel.${where}: the model has ${name} of shape [${tensor.shape.join(', ')}] where the averaged one has ${entry.name} of shape [${entry.average.shape.join(', ')}]`,
        );
      }
      return { entry, tensor };
    });
  }
}

const oneByOne =
  (fn: AvgFn): MultiAvgFn =>
  (averaged, current, numAveraged) =>
    averaged.forEach((x, i) => void x.copy_(fn(x, current[i], numAveraged)));

function weightsOf(model: WeightSource): { name: string; tensor: Tensor; isBuffer: boolean }[] {
  if (typeof model?.namedParameters !== 'function' || typeof model.namedBuffers !== 'function')
    throw new ArgumentError(`AveragedModel: expected a module, got ${describe(model)}`);
  const named = (list: Iterable<readonly [string, Tensor]>, isBuffer: boolean) =>
    Array.from(list, ([name, tensor]) => ({ name, tensor, isBuffer }));
  return [...named(model.namedParameters(), false), ...named(model.namedBuffers(), true)];
}
