/** Running means. */
import { ArgumentError, cat, checkOptions, describe, isTensor, type Tensor, tensor } from '@tenfold/tensor-core';
import { checkOneOf, checkWhole, computing, Metric, safeDivide } from './metric.ts';

/** Options of {@link RunningMean}. */
export interface RunningMeanOptions {
  /** The mean of the last so many updates. Default: of all. */
  window?: number | undefined;
  /** `'ignore'` leaves NaN out; by default one makes the mean NaN, so that nobody misses it. */
  nanStrategy?: 'disable' | 'ignore' | undefined;
}

/**
 * The mean of what it is given, with weights: of a loss over an epoch, whose last batch is smaller. It is torchmetrics' `MeanMetric`, and with `window` its
 * `RunningMean` (https://lightning.ai/docs/torchmetrics/stable/aggregation/mean.html).
 *
 * @example
 * const meanLoss = new RunningMean();
 * for await (const [x, y] of loader) {
 *   const loss = criterion.forward(model.forward(x), y);
 *   meanLoss.update(loss, x.shape[0]);
 * }
 * console.log(await meanLoss.compute().item());
 */
export class RunningMean extends Metric<[value: Tensor | number, weight?: Tensor | number]> {
  static override readonly name: string = 'RunningMean';
  readonly #window: number | null;
  readonly #ignoreNaN: boolean;

  /** @throws ArgumentError unless `window` is an integer of at least 1. */
  constructor(options: RunningMeanOptions = {}) {
    checkOptions('RunningMean', options, ['window', 'nanStrategy']);
    const { window, nanStrategy = 'disable' } = options;
    if (window !== undefined) checkWhole('RunningMean: Expected argument `window`', window, 1);
    const shape = window === undefined ? [] : [window];
    super({ value: { shape, dtype: 'float32' }, weight: { shape, dtype: 'float32' } });
    this.#window = window ?? null;
    this.#ignoreNaN =
      checkOneOf('RunningMean: Expected argument `nanStrategy`', nanStrategy, ['disable', 'ignore']) === 'ignore';
  }

  /**
   * Takes a number or a tensor of any shape, and how much it counts: a number, or a tensor that broadcasts with it.
   *
   * @throws ArgumentError for anything else; ShapeError if the shapes don't broadcast.
   */
  update(value: Tensor | number, weight: Tensor | number = 1): void {
    check('value', value);
    check('weight', weight);
    const device = isTensor(value) ? value.device : isTensor(weight) ? weight.device : this.state().value.device;
    const more = (): { value: Tensor; weight: Tensor } => {
      const x = (isTensor(value) ? value : tensor(value, { device })).to('float32');
      const known = this.#ignoreNaN ? x.eq(x) : null;
      const counted = known === null ? x : x.where(known, 0);
      if (typeof weight === 'number') {
        const n = known === null ? x.newFull([], x.numel()) : known.sum().to('float32');
        return { value: counted.sum().mul(weight), weight: n.mul(weight) };
      }
      const w = weight.to('float32').expandAs(x.add(weight));
      return { value: counted.mul(w).sum(), weight: (known === null ? w : w.where(known, 0)).sum() };
    };
    const window = this.#window;
    if (window === null) {
      this.add(device, more);
      return;
    }
    this.replace(() => {
      const before = this.state(device);
      const next = more();
      // the oldest goes
      const moved = (name: 'value' | 'weight'): Tensor => cat([before[name].slice(0, 1), next[name].view([1])]);
      return { value: moved('value'), weight: moved('weight') };
    });
  }

  /** float32, a number; 0 before the first update. */
  compute(): Tensor {
    return computing(() => {
      const { value, weight } = this.state();
      return safeDivide(value.sum(), weight.sum());
    });
  }
}

function check(name: string, value: unknown): void {
  if (typeof value !== 'number' && !isTensor(value))
    throw new ArgumentError(`RunningMean: ${name} must be a number or a tensor, got ${describe(value)}`);
}
