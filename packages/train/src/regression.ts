/** Metrics of numbers (https://lightning.ai/docs/torchmetrics/stable/regression/mean_squared_error.html). */
import { checkOptions, isFloat, ShapeError, type Tensor } from '@tenfold/tensor-core';
import { checkTensor, checkWhole, computing, Metric, safeDivide } from './metric.ts';

/** Options of {@link MeanAbsoluteError} and {@link MeanSquaredError}. */
export interface RegressionOptions {
  /** How many numbers there are in a sample, `[N, numOutputs]`, each of which gets an error of its own. Default 1. */
  numOutputs?: number | undefined;
}

/** Means of an error of each number. */
abstract class ErrorMetric extends Metric<[preds: Tensor, target: Tensor]> {
  readonly #outputs: number;

  /** @internal */
  constructor({ numOutputs = 1 }: RegressionOptions) {
    const outputs = checkWhole(`${new.target.name}: Expected argument \`numOutputs\``, numOutputs, 1);
    const shape = outputs === 1 ? [] : [outputs];
    super({ sum: { shape, dtype: 'float32' }, total: { shape: [], dtype: 'int64' } });
    this.#outputs = outputs;
  }

  /**
   * Takes a batch of two tensors of one shape.
   *
   * @throws ShapeError if the shapes differ, or don't fit `numOutputs`.
   */
  update(preds: Tensor, target: Tensor): void {
    const where = this.constructor.name;
    checkTensor(`${where}: preds`, preds);
    checkTensor(`${where}: target`, target);
    if (String(preds.shape) !== String(target.shape))
      throw new ShapeError(
        `${where}: Predictions and targets are expected to have the same shape, but got [${preds.shape}] and [${target.shape}]`,
      );
    const outputs = this.#outputs;
    if (outputs > 1 && (preds.ndim !== 2 || preds.shape[1] !== outputs))
      throw new ShapeError(`${where}: expected [N, ${outputs}] with numOutputs ${outputs}, got [${preds.shape}]`);
    this.add(preds.device, () => {
      const difference = float(preds).sub(float(target));
      const error = this.error(difference).to('float32');
      const n = outputs === 1 ? preds.numel() : preds.shape[0];
      return {
        sum: outputs === 1 ? error.sum() : error.sum(0),
        total: preds.newFull([], n, { dtype: 'int64' }),
      };
    });
  }

  /** float32: a number, or `[numOutputs]`; 0 before the first update. */
  compute(): Tensor {
    return computing(() => {
      const { sum, total } = this.state();
      return this.finish(safeDivide(sum, total.expandAs(sum)));
    });
  }

  /** @internal */
  protected abstract error(difference: Tensor): Tensor;

  /** @internal */
  protected finish(mean: Tensor): Tensor {
    return mean;
  }
}

const float = (x: Tensor): Tensor => (isFloat(x.dtype) ? x : x.to('float32'));

/** The mean of the squares of the differences, or the root of it with `squared: false`. */
export class MeanSquaredError extends ErrorMetric {
  static override readonly name: string = 'MeanSquaredError';
  readonly #squared: boolean;

  constructor(options: RegressionOptions & { squared?: boolean | undefined } = {}) {
    checkOptions('MeanSquaredError', options, ['numOutputs', 'squared']);
    super(options);
    this.#squared = options.squared ?? true;
  }

  protected override error(difference: Tensor): Tensor {
    return difference.square();
  }

  protected override finish(mean: Tensor): Tensor {
    return this.#squared ? mean : mean.sqrt();
  }
}

/** The mean of the sizes of the differences. */
export class MeanAbsoluteError extends ErrorMetric {
  static override readonly name: string = 'MeanAbsoluteError';

  constructor(options: RegressionOptions = {}) {
    checkOptions('MeanAbsoluteError', options, ['numOutputs']);
    super(options);
  }

  protected override error(difference: Tensor): Tensor {
    return difference.abs();
  }
}
