/** Metrics of classes that follow from how often each was said and was right (https://lightning.ai/docs/torchmetrics/stable/). */
import { ArgumentError, arange, describe, ones, onesLike, type Tensor, zeros } from '@tenfold/tensor-core';
import {
  type BinaryTask,
  checkBatch,
  checkTask,
  labelsOf,
  type MulticlassTask,
  type MultilabelTask,
  type Task,
} from './labels.ts';
import { checkOneOf, computing, Metric, safeDivide } from './metric.ts';

/**
 * How the classes' values become one: `'micro'` counts all together, `'macro'` is the mean over classes, `'weighted'` that mean with weights by how often
 * each class is the target, `'none'` keeps one value for each class.
 */
export type Average = 'micro' | 'macro' | 'weighted' | 'none';

/** What each task may say besides. */
interface Averaged {
  /** Default `'micro'`. */
  average?: Average | undefined;
}

interface Ranked {
  /** A target among the `topK` highest scores is right. Default 1. */
  topK?: number | undefined;
}

/** Options of {@link Accuracy}, {@link Precision}, {@link Recall}, {@link Specificity} and {@link F1Score}. */
export type ClassificationOptions = BinaryTask | (MulticlassTask & Averaged & Ranked) | (MultilabelTask & Averaged);

/** True and false positives and negatives, of all together or of each class. */
interface Counts {
  readonly tp: Tensor;
  readonly fp: Tensor;
  readonly tn: Tensor;
  readonly fn: Tensor;
}

/** Metrics that are a formula of the counts. */
abstract class CountMetric extends Metric<[preds: Tensor, target: Tensor]> {
  readonly #task: Task;
  readonly #average: Average;

  /** @throws ArgumentError for options that the task doesn't have, or values that it can't have. */
  constructor(options: ClassificationOptions, more: readonly string[] = []) {
    const task = checkTask(new.target.name, options, {
      binary: more,
      multiclass: ['average', 'topK', ...more],
      multilabel: ['average', ...more],
    });
    const counts = { shape: [task.size], dtype: 'int64' } as const;
    super({ tp: counts, fp: counts, tn: counts, fn: counts });
    this.#task = task;
    const { average = 'micro' } = options as Averaged;
    this.#average = checkOneOf(`${new.target.name}: Expected argument \`average\``, average, [
      'micro',
      'macro',
      'weighted',
      'none',
    ]);
  }

  /**
   * Takes a batch. Binary and multilabel: `preds` are scores (probabilities, or logits if one is outside of [0, 1]) or 0 and 1, in the shape of `target`,
   * `[N, …]` or `[N, numLabels, …]`. Multiclass: `preds` are scores `[N, numClasses, …]` or classes `[N, …]`, `target` is `[N, …]`.
   *
   * @throws ShapeError, DTypeError or ArgumentError for what doesn't fit; IndexError for a class that there isn't (where the device can't be read
   *   synchronously: when something is read).
   */
  update(preds: Tensor, target: Tensor): void {
    const task = this.#task;
    checkBatch(this.constructor.name, task, preds, target);
    this.add(preds.device, () => countsOf(task, preds, target));
  }

  /** float32: a number, or `[numClasses]` with `average: 'none'`. Where nothing was counted it is 0. */
  compute(): Tensor {
    const { kind } = this.#task;
    return computing(() => {
      const each = this.state() as { readonly [K in keyof Counts]: Tensor };
      const together = kind === 'binary' || this.#average === 'micro';
      const counts = together
        ? { tp: each.tp.sum(), fp: each.fp.sum(), tn: each.tn.sum(), fn: each.fn.sum() }
        : { ...each };
      const score = this.score(counts, kind !== 'multiclass');
      if (together || this.#average === 'none') return score;
      const support = each.tp.add(each.fn);
      // of several classes, one that was neither wanted nor said has no value; a label always has one
      const shares = this.#average === 'weighted' ? support : support.add(each.fp).ne(0);
      const weights = (this.#average === 'macro' && kind === 'multilabel' ? onesLike(support) : shares).to('float32');
      return safeDivide(score.mul(weights).sum(), weights.sum());
    });
  }

  /** The value for counts. `pairs`: each class is a question of its own, with a no that counts. @internal */
  protected abstract score(counts: Counts, pairs: boolean): Tensor;
}

/** The counts of a batch, for each class. */
function countsOf(task: Task, preds: Tensor, target: Tensor): { [K in keyof Counts]: Tensor } {
  const labels = labelsOf(task, preds, target);
  const { device } = preds;
  if (task.kind !== 'multiclass') {
    const { predicted, target: wanted, counted } = labels;
    const over = (x: Tensor): Tensor => (task.kind === 'binary' ? x.sum().view([1]) : x.sum(0));
    const tp = over(predicted.mul(wanted));
    const fp = over(predicted).sub(tp);
    const fn = over(wanted).sub(tp);
    const all = over(counted ?? ones(predicted.shape, { dtype: 'int64', device }));
    return { tp, fp, fn, tn: all.sub(tp).sub(fp).sub(fn) };
  }
  const { predicted, target: wanted } = labels;
  const counted = labels.counted ?? ones(predicted.shape, { dtype: 'int64', device });
  const each = (classes: Tensor, n: Tensor): Tensor =>
    zeros([task.size], { dtype: 'int64', device }).indexAdd(0, classes, n);
  const tp = each(wanted, counted.mul(predicted.eq(wanted).to('int64')));
  const fp = each(predicted, counted).sub(tp);
  const fn = each(wanted, counted).sub(tp);
  return { tp, fp, fn, tn: counted.sum().sub(tp).sub(fp).sub(fn) };
}

/**
 * The share of right answers (https://lightning.ai/docs/torchmetrics/stable/classification/accuracy.html): of all with `average: 'micro'`, which is the
 * default, or for each class the share of its targets that were found.
 *
 * @example
 * const accuracy = new Accuracy({ task: 'multiclass', numClasses: 10 });
 * for await (const [x, y] of loader) accuracy.update(model.forward(x), y);
 * console.log(await accuracy.compute().item());
 */
export class Accuracy extends CountMetric {
  static override readonly name: string = 'Accuracy';

  protected override score({ tp, fp, tn, fn }: Counts, pairs: boolean): Tensor {
    return pairs ? safeDivide(tp.add(tn), tp.add(tn).add(fp).add(fn)) : safeDivide(tp, tp.add(fn));
  }
}

/** Of what was said to be the class, the share that is (https://lightning.ai/docs/torchmetrics/stable/classification/precision.html). */
export class Precision extends CountMetric {
  static override readonly name: string = 'Precision';

  protected override score({ tp, fp }: Counts): Tensor {
    return safeDivide(tp, tp.add(fp));
  }
}

/** Of what is the class, the share that was said to be (https://lightning.ai/docs/torchmetrics/stable/classification/recall.html). */
export class Recall extends CountMetric {
  static override readonly name: string = 'Recall';

  protected override score({ tp, fn }: Counts): Tensor {
    return safeDivide(tp, tp.add(fn));
  }
}

/** Of what is not the class, the share that was not said to be (https://lightning.ai/docs/torchmetrics/stable/classification/specificity.html). */
export class Specificity extends CountMetric {
  static override readonly name: string = 'Specificity';

  protected override score({ tn, fp }: Counts): Tensor {
    return safeDivide(tn, tn.add(fp));
  }
}

/**
 * The harmonic mean of precision and recall, where recall counts `beta` times as much
 * (https://lightning.ai/docs/torchmetrics/stable/classification/fbeta_score.html).
 */
export class FBetaScore extends CountMetric {
  static override readonly name: string = 'FBetaScore';
  readonly #square: number;

  /** @throws ArgumentError unless `beta > 0`. */
  constructor(options: ClassificationOptions & { beta: number }) {
    super(options, ['beta']);
    const { beta } = options;
    if (typeof beta !== 'number' || !(beta > 0 && beta < Number.POSITIVE_INFINITY))
      throw new ArgumentError(
        `FBetaScore: Expected argument \`beta\` to be a number larger than 0, but got ${describe(beta)}`,
      );
    this.#square = beta * beta;
  }

  protected override score(counts: Counts): Tensor {
    return fScore(counts, this.#square);
  }
}

/**
 * The harmonic mean of precision and recall (https://lightning.ai/docs/torchmetrics/stable/classification/f1_score.html).
 *
 * @example
 * const f1 = new F1Score({ task: 'multiclass', numClasses: 3, average: 'macro' });
 * f1.update(tensor([2, 1, 0, 0], { dtype: 'int64' }), tensor([2, 1, 0, 1], { dtype: 'int64' }));
 * await f1.compute().item(); // 0.7778
 */
export class F1Score extends CountMetric {
  static override readonly name: string = 'F1Score';

  protected override score(counts: Counts): Tensor {
    return fScore(counts, 1);
  }
}

/** (1 + β²)·tp / ((1 + β²)·tp + β²·fn + fp) */
function fScore({ tp, fp, fn }: Counts, square: number): Tensor {
  const right = tp.to('float32').mul(1 + square);
  return safeDivide(right, right.add(fn.to('float32').mul(square)).add(fp.to('float32')));
}

/** Options of {@link ConfusionMatrix}. */
export type ConfusionMatrixOptions = (BinaryTask | MulticlassTask | MultilabelTask) & {
  /** Shares in place of counts: of each target (`'true'`), of each prediction (`'pred'`), of all. Default: counts. */
  normalize?: 'true' | 'pred' | 'all' | undefined;
};

/**
 * How often each class (row) was said to be each class (column) (https://lightning.ai/docs/torchmetrics/stable/classification/confusion_matrix.html).
 *
 * @example
 * const confusion = new ConfusionMatrix({ task: 'multiclass', numClasses: 10 });
 * confusion.update(logits, labels);
 * console.log(confusion.compute()); // [10, 10]
 */
export class ConfusionMatrix extends Metric<[preds: Tensor, target: Tensor]> {
  static override readonly name: string = 'ConfusionMatrix';
  readonly #task: Task;
  readonly #normalize: 'true' | 'pred' | 'all' | undefined;

  /** @throws ArgumentError for options that the task doesn't have. */
  constructor(options: ConfusionMatrixOptions) {
    const more = ['normalize'];
    const task = checkTask('ConfusionMatrix', options, { binary: more, multiclass: more, multilabel: more });
    const shape =
      task.kind === 'binary' ? [2, 2] : task.kind === 'multiclass' ? [task.size, task.size] : [task.size, 2, 2];
    super({ confmat: { shape, dtype: 'int64' } });
    this.#task = task;
    const { normalize } = options;
    this.#normalize =
      normalize === undefined
        ? undefined
        : checkOneOf('ConfusionMatrix: Expected argument `normalize`', normalize, ['true', 'pred', 'all']);
  }

  /** Takes a batch as {@link Accuracy} does. */
  update(preds: Tensor, target: Tensor): void {
    const task = this.#task;
    checkBatch('ConfusionMatrix', task, preds, target);
    this.add(preds.device, () => {
      const { predicted, target: wanted, counted } = labelsOf(task, preds, target);
      const { device } = preds;
      const n = task.kind === 'multiclass' ? task.size : 2;
      let cell = wanted.mul(n).add(predicted);
      // one matrix for each label, behind each other
      if (task.kind === 'multilabel') cell = cell.add(arange(task.size, { dtype: 'int64', device }).mul(4));
      const counts = counted ?? ones(cell.shape, { dtype: 'int64', device });
      const confmat = zeros([task.kind === 'multilabel' ? task.size * 4 : n * n], { dtype: 'int64', device });
      const found = confmat.indexAdd(0, cell.flatten(), counts.flatten());
      return { confmat: found.view(task.kind === 'multilabel' ? [task.size, 2, 2] : [n, n]) };
    });
  }

  /** int64, or float32 if normalized: `[numClasses, numClasses]`, binary `[2, 2]`, multilabel `[numLabels, 2, 2]`. */
  compute(): Tensor {
    return computing(() => {
      const { confmat } = this.state();
      if (this.#normalize === undefined) return confmat.clone();
      const dims = { true: -1, pred: -2, all: [-2, -1] }[this.#normalize];
      return safeDivide(confmat, confmat.sum(dims, { keepdim: true }).expandAs(confmat));
    });
  }
}
