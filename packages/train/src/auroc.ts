/** The area under the curve of true over false positives (https://lightning.ai/docs/torchmetrics/stable/classification/auroc.html). */
import {
  ArgumentError,
  bucketize,
  cat,
  describe,
  isFloat,
  linspace,
  searchsorted,
  type Tensor,
  tensor,
  where,
} from '@tenfold/tensor-core';
import {
  type BinaryTask,
  checkBatch,
  checkTask,
  type MulticlassTask,
  type MultilabelTask,
  probabilities,
  type Task,
} from './labels.ts';
import { checkOneOf, computing, Metric, safeDivide } from './metric.ts';

interface Thresholded {
  /**
   * Places on the curve, between which it is straight: a number of them from 0 to 1, or a list in ascending order. The state is then a count for each.
   * Default: all scores are kept, and the area is exact.
   */
  thresholds?: number | readonly number[] | undefined;
}

interface Averaged<A extends string> {
  /** Default `'macro'`. */
  average?: A | undefined;
}

/** Options of {@link AUROC}. */
export type AUROCOptions = Thresholded &
  (
    | Omit<BinaryTask, 'threshold'>
    | (MulticlassTask & Averaged<'macro' | 'weighted' | 'none'>)
    | (Omit<MultilabelTask, 'threshold'> & Averaged<'micro' | 'macro' | 'weighted' | 'none'>)
  );

/**
 * How probable it is that what is the class has a higher score than what is not; a tie counts half. Of several classes each is compared with the rest.
 *
 * It is exact, by ranks, and for that keeps every score: give `thresholds` to bound its memory.
 *
 * @example
 * const auroc = new AUROC({ task: 'binary' });
 * auroc.update(tensor([0.1, 0.4, 0.35, 0.8]), tensor([0, 0, 1, 1], { dtype: 'int64' }));
 * await auroc.compute().item(); // 0.75
 */
export class AUROC extends Metric<[preds: Tensor, target: Tensor]> {
  static override readonly name: string = 'AUROC';
  readonly #task: Task;
  readonly #average: 'micro' | 'macro' | 'weighted' | 'none';
  readonly #thresholds: number | readonly number[] | null;

  /** @throws ArgumentError for options that the task doesn't have, or thresholds that are not ascending. */
  constructor(options: AUROCOptions) {
    const task = checkTask('AUROC', options, {
      binary: ['thresholds'],
      multiclass: ['thresholds', 'average'],
      multilabel: ['thresholds', 'average'],
    });
    if ('threshold' in options) throw new ArgumentError("AUROC: unknown option 'threshold'; it has thresholds");
    const thresholds = checkThresholds(options.thresholds);
    const places = typeof thresholds === 'number' ? thresholds : thresholds?.length;
    if (places === undefined) {
      const list = task.kind === 'binary' ? [-1] : [-1, task.size];
      super({
        preds: { shape: list, dtype: 'float32' },
        target: { shape: task.kind === 'multilabel' ? list : [-1], dtype: 'int64' },
      });
    } else {
      const counts = { shape: [task.size, places + 1], dtype: 'int64' } as const;
      super({ positive: counts, negative: counts });
    }
    this.#task = task;
    this.#thresholds = thresholds;
    const { average = 'macro' } = options as Averaged<'macro'>;
    const averages = [
      'macro',
      'weighted',
      'none',
      ...(task.kind === 'multilabel' ? (['micro'] as const) : []),
    ] as const;
    this.#average = checkOneOf('AUROC: Expected argument `average`', average, averages);
  }

  /**
   * Takes a batch. Binary and multilabel: `preds` are scores (probabilities, or logits if one is outside of [0, 1]) in the shape of `target`, `[N, …]` or
   * `[N, numLabels, …]`. Multiclass: scores `[N, numClasses, …]`, and classes `[N, …]`.
   *
   * @throws ShapeError, DTypeError or ArgumentError for what doesn't fit.
   */
  update(preds: Tensor, target: Tensor): void {
    const task = this.#task;
    checkBatch('AUROC', task, preds, target);
    if (!isFloat(preds.dtype))
      throw new ArgumentError(
        `AUROC: Expected argument \`preds\` to be a float tensor with scores, got ${preds.dtype}`,
      );
    const flat = (x: Tensor): Tensor =>
      task.kind === 'binary' || x.ndim < 2 ? x.flatten() : x.movedim(1, -1).reshape([-1, task.size]);
    const wanted = (): Tensor => {
      const classes = (task.kind === 'multilabel' ? flat(target) : target.flatten()).to('int64');
      return task.ignoreIndex === null ? classes : classes.where(classes.ne(task.ignoreIndex), ignored);
    };
    // ranks need no probabilities of two classes; of several, those of one sample depend on each other
    const scores = (): Tensor => {
      const x = flat(preds).to('float32');
      if (task.kind !== 'multiclass') return this.#thresholds === null ? x : probabilities(x);
      return where(x.lt(0).logicalOr(x.gt(1)).any(), x.softmax(1), x);
    };
    if (this.#thresholds === null) {
      this.append(() => ({ preds: scores().clone(), target: wanted().clone() }));
      return;
    }
    const given = this.#thresholds;
    this.add(preds.device, () => {
      const { device } = preds;
      const edges = typeof given === 'number' ? linspace(0, 1, given, { device }) : tensor([...given], { device });
      const { positive, negative } = sides(task, wanted());
      // how many thresholds a score reaches
      const place = bucketize(byClass(task, scores()), edges, { right: true });
      const count = (which: Tensor): Tensor =>
        which.newZeros([task.size, edges.numel() + 1], { dtype: 'int64' }).scatterAdd(1, place, which.to('int64'));
      return { positive: count(positive), negative: count(negative) };
    });
  }

  /** float32: a number, or one for each class with `average: 'none'`. Without a positive or without a negative it is 0; with a NaN score it is NaN. */
  compute(): Tensor {
    const task = this.#task;
    return computing(() => {
      const state = this.state();
      let each: Tensor;
      let support: Tensor;
      if (this.#thresholds === null) {
        let scores = byClass(task, state.preds);
        let { positive, negative } = sides(task, state.target);
        if (this.#average === 'micro') [scores, positive, negative] = [scores, positive, negative].map(together);
        each = areaByRanks(scores, positive, negative);
        support = positive.to('int64').sum(1);
      } else {
        let { positive, negative } = state;
        if (this.#average === 'micro')
          [positive, negative] = [positive, negative].map((x) => x.sum(0, { keepdim: true }));
        each = areaByCounts(positive, negative);
        support = positive.sum(1);
      }
      if (task.kind === 'binary' || this.#average === 'micro') return each.squeeze(0);
      if (this.#average === 'none') return each;
      if (this.#average === 'macro') return each.mean();
      return safeDivide(each.mul(support.to('float32')).sum(), support.sum());
    });
  }
}

/** In place of a target that is left out. */
const ignored = -1;

const together = (x: Tensor): Tensor => x.reshape([1, -1]);

function checkThresholds(given: unknown): number | readonly number[] | null {
  if (given === undefined) return null;
  if (typeof given === 'number' && Number.isSafeInteger(given) && given >= 2) return given;
  if (Array.isArray(given) && given.length >= 2) {
    const fits = given.every((x, i) => typeof x === 'number' && x >= 0 && x <= 1 && (i === 0 || x > given[i - 1]));
    if (fits) return given as number[];
  }
  throw new ArgumentError(
    `AUROC: Expected argument \`thresholds\` to be an integer larger than 1, or at least 2 ascending numbers in the [0,1] range, but got ${describe(given)}`,
  );
}

/** Scores `[classes, n]`. */
const byClass = (task: Task, scores: Tensor): Tensor => (task.kind === 'binary' ? scores.unsqueeze(0) : scores.t());

/** What is the class and what is not, `[classes, n]` each; what doesn't count is neither. */
function sides(task: Task, target: Tensor): { positive: Tensor; negative: Tensor } {
  if (task.kind !== 'multiclass') {
    const rows = byClass(task, target);
    return { positive: rows.eq(1), negative: rows.eq(0) };
  }
  const classes = tensor(
    Array.from({ length: task.size }, (_, i) => [i]),
    { dtype: 'int64', device: target.device },
  );
  const positive = classes.eq(target.unsqueeze(0));
  return { positive, negative: positive.logicalNot().logicalAnd(target.ge(0).unsqueeze(0)) };
}

/** The mean, over the positives, of the share of negatives that have a lower score; an equal one counts half. Of each row. */
function areaByRanks(scores: Tensor, positive: Tensor, negative: Tensor): Tensor {
  if (scores.numel() === 0) return scores.newZeros([scores.shape[0]]);
  const { values, indices } = scores.contiguous().sort(-1);
  const below = cat(
    [scores.newZeros([scores.shape[0], 1], { dtype: 'int64' }), negative.gather(1, indices).to('int64').cumsum(1)],
    1,
  );
  const lower = below.gather(1, searchsorted(values, values));
  const reached = below.gather(1, searchsorted(values, values, { right: true }));
  const negatives = below.select(1, -1).unsqueeze(1);
  const share = safeDivide(lower.add(reached), negatives.mul(2));
  const picked = positive.gather(1, indices).to('float32');
  const area = safeDivide(share.mul(picked).sum(1), picked.sum(1));
  const nan = scores.ne(scores).logicalAnd(positive.logicalOr(negative)).any(1);
  return area.where(nan.logicalNot(), Number.NaN);
}

/** The area between the places of the thresholds, of each row. */
function areaByCounts(positive: Tensor, negative: Tensor): Tensor {
  // how many reach each threshold
  const rates = (counts: Tensor): Tensor => {
    const reaching = counts.flip([1]).cumsum(1).flip([1]).slice(1, 1);
    return safeDivide(reaching, counts.sum(1, { keepdim: true }).expandAs(reaching));
  };
  const [tpr, fpr] = [rates(positive), rates(negative)];
  const [steps, sums] = [fpr.slice(1, 0, -1).sub(fpr.slice(1, 1)), tpr.slice(1, 0, -1).add(tpr.slice(1, 1))];
  return steps.mul(sums).sum(1).div(2);
}
