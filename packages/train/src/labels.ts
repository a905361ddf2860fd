/** From what a model gives and what it should give to classes, for each kind of task. */
import {
  ArgumentError,
  arange,
  checkOptions,
  describe,
  isFloat,
  ShapeError,
  type Tensor,
  topk,
} from '@tenfold/tensor-core';
import { checkIntegers, checkOneOf, checkTensor, checkWhole } from './metric.ts';

/** Two classes, 0 and 1. */
export interface BinaryTask {
  task: 'binary';
  /** Scores above it are class 1. Default 0.5. */
  threshold?: number | undefined;
  /** Targets of this value are left out. */
  ignoreIndex?: number | undefined;
}

/** One class of several. */
export interface MulticlassTask {
  task: 'multiclass';
  numClasses: number;
  /** Targets of this value are left out. */
  ignoreIndex?: number | undefined;
}

/** Several labels, each of which is there or not. */
export interface MultilabelTask {
  task: 'multilabel';
  numLabels: number;
  /** Scores above it say that a label is there. Default 0.5. */
  threshold?: number | undefined;
  /** Targets of this value are left out. */
  ignoreIndex?: number | undefined;
}

/** What any task may say, unchecked. */
interface AnyTask {
  readonly task?: unknown;
  readonly threshold?: unknown;
  readonly numClasses?: unknown;
  readonly numLabels?: unknown;
  readonly topK?: unknown;
  readonly ignoreIndex?: unknown;
}

/** A checked task. */
export interface Task {
  readonly kind: 'binary' | 'multiclass' | 'multilabel';
  /** Classes, or labels; 1 if binary. */
  readonly size: number;
  readonly threshold: number;
  readonly topK: number;
  readonly ignoreIndex: number | null;
}

const optionsOf = {
  binary: ['task', 'threshold', 'ignoreIndex'],
  multiclass: ['task', 'numClasses', 'ignoreIndex'],
  multilabel: ['task', 'numLabels', 'threshold', 'ignoreIndex'],
} as const;

/** @throws ArgumentError for options that the task doesn't have, or values that it can't have. */
export function checkTask(
  where: string,
  options: object,
  more: Partial<Record<Task['kind'], readonly string[]>>,
): Task {
  const given = options as AnyTask;
  if (typeof options !== 'object' || options === null)
    throw new ArgumentError(`${where}: options must be an object such as { task: 'binary' }, got ${describe(options)}`);
  const kind = checkOneOf(`${where}: Expected argument \`task\``, given.task, ['binary', 'multiclass', 'multilabel']);
  checkOptions(`${where} (${kind})`, options, [...optionsOf[kind], ...(more[kind] ?? [])]);
  const { threshold = 0.5, topK = 1, ignoreIndex } = given;
  if (typeof threshold !== 'number' || !(threshold >= 0 && threshold <= 1))
    throw new ArgumentError(
      `${where}: Expected argument \`threshold\` to be a number in the [0,1] range, but got ${describe(threshold)}`,
    );
  if (ignoreIndex !== undefined && !Number.isSafeInteger(ignoreIndex))
    throw new ArgumentError(
      `${where}: Expected argument \`ignoreIndex\` to be an integer, but got ${describe(ignoreIndex)}`,
    );
  const size =
    kind === 'multiclass'
      ? checkWhole(`${where}: Expected argument \`numClasses\``, given.numClasses, 2)
      : kind === 'multilabel'
        ? checkWhole(`${where}: Expected argument \`numLabels\``, given.numLabels, 2)
        : 1;
  checkWhole(`${where}: Expected argument \`topK\``, topK, 1);
  if (kind === 'multiclass' && (topK as number) > size)
    throw new ArgumentError(
      `${where}: Expected argument \`topK\` to be smaller or equal to \`numClasses\` but got ${topK} and ${size}`,
    );
  return { kind, size, threshold, topK: topK as number, ignoreIndex: (ignoreIndex as number | undefined) ?? null };
}

/** Classes, flat: `[n]`, or `[n, labels]`. What doesn't count is class 0 in both. */
export interface Labels {
  /** int64. */
  readonly predicted: Tensor;
  /** int64. */
  readonly target: Tensor;
  /** int64: 1, or 0 for what doesn't count; `null` if all counts. */
  readonly counted: Tensor | null;
}

const shown = (x: Tensor): string => `[${x.shape}]`;

/** Scores that are no probabilities are logits. It is asked on the device, and a NaN has no say. */
export function probabilities(scores: Tensor): Tensor {
  const logits = scores.lt(0).logicalOr(scores.gt(1)).any();
  return scores.sigmoid().where(logits, scores);
}

/** Checks shapes and dtypes of a batch; the error's words are torchmetrics'. */
export function checkBatch(where: string, task: Task, preds: Tensor, target: Tensor): void {
  checkTensor(`${where}: preds`, preds);
  checkTensor(`${where}: target`, target);
  checkIntegers(`${where}: Expected argument \`target\``, target);
  if (task.kind === 'multiclass' && preds.ndim === target.ndim + 1) {
    if (!isFloat(preds.dtype))
      throw new ArgumentError(
        `${where}: If \`preds\` have one dimension more than \`target\`, \`preds\` should be a float tensor, got ${preds.dtype}`,
      );
    if (preds.shape[1] !== task.size)
      throw new ShapeError(
        `${where}: If \`preds\` have one dimension more than \`target\`, \`preds.shape[1]\` should be equal to number of classes: ${task.size}, got ${shown(preds)}`,
      );
    const rest = [preds.shape[0], ...preds.shape.slice(2)];
    if (String(rest) !== String(target.shape))
      throw new ShapeError(
        `${where}: If \`preds\` have one dimension more than \`target\`, the shape of \`preds\` should be (N, C, ...), and the shape of \`target\` should be (N, ...), got ${shown(preds)} and ${shown(target)}`,
      );
    return;
  }
  if (task.kind === 'multiclass' && preds.ndim !== target.ndim)
    throw new ShapeError(
      `${where}: Either \`preds\` and \`target\` both should have the (same) shape (N, ...), or \`target\` should be (N, ...) and \`preds\` should be (N, C, ...), got ${shown(preds)} and ${shown(target)}`,
    );
  if (String(preds.shape) !== String(target.shape))
    throw new ShapeError(
      `${where}: The \`preds\` and \`target\` should have the same shape, got \`preds\` with shape=${shown(preds)} and \`target\` with shape=${shown(target)}`,
    );
  if (task.kind === 'multiclass') {
    checkIntegers(`${where}: If \`preds\` and \`target\` have the same shape, expected \`preds\``, preds);
    if (task.topK > 1)
      throw new ShapeError(
        `${where}: You should not set \`topK\` larger than 1 with label preds: \`preds\` should be (N, C, ...), got ${shown(preds)}`,
      );
  }
  if (task.kind === 'multilabel' && (target.ndim < 2 || target.shape[1] !== task.size))
    throw new ShapeError(
      `${where}: Expected both \`target.shape[1]\` and \`preds.shape[1]\` to be equal to the number of labels: ${task.size}, got ${shown(target)}`,
    );
}

/** Lets a class through that is one of `size`; the device raises an IndexError for others. */
const among = (classes: Tensor, size: number): Tensor =>
  arange(size, { dtype: 'int64', device: classes.device }).indexSelect(0, classes);

/** The classes of a checked batch. */
export function labelsOf(task: Task, preds: Tensor, target: Tensor): Labels {
  // whatever comes behind the classes' dim goes with the batch
  const flat = (x: Tensor, width: number): Tensor =>
    width === 0 ? x.flatten() : x.movedim(1, -1).reshape([-1, width]);
  const width = task.kind === 'multilabel' ? task.size : 0;
  const wanted = flat(target, width).to('int64');
  const counted = task.ignoreIndex === null ? null : wanted.ne(task.ignoreIndex);
  const kept = (classes: Tensor): Tensor => (counted === null ? classes : classes.where(counted, 0));
  const valid = (classes: Tensor): Tensor => {
    const known = kept(classes);
    const size = task.kind === 'multiclass' ? task.size : 2;
    return among(known.flatten(), size).view(known.shape);
  };
  const goal = valid(wanted);
  const scored = isFloat(preds.dtype);
  let predicted: Tensor;
  if (task.kind !== 'multiclass') {
    const scores = flat(preds, width);
    predicted = scored ? kept(probabilities(scores).gt(task.threshold).to('int64')) : valid(scores.to('int64'));
  } else if (!scored) {
    predicted = valid(preds.flatten().to('int64'));
  } else if (task.topK === 1) {
    predicted = kept(flat(preds, task.size).argmax(1));
  } else {
    const best = topk(flat(preds, task.size), task.topK, { dim: 1 }).indices;
    // found among the best it is right, otherwise the very best stands
    const found = best.eq(goal.unsqueeze(1)).any(1);
    predicted = kept(goal.where(found, best.select(1, 0)));
  }
  return { predicted, target: goal, counted: counted?.to('int64') ?? null };
}
