/** Connectionist temporal classification (Graves et al., 2006): the loss of a sequence whose alignment with the input is not known. */
import {
  ArgumentError,
  arange,
  cat,
  checkOptions,
  DTypeError,
  describe,
  formatShape,
  full,
  isTensor,
  type LossOptions,
  pad,
  ShapeError,
  stack,
  type Tensor,
  tensor,
} from '@tenfold/tensor-core';
import { checkFlag, checkSize } from '../checks.ts';

/** Options of `ctcLoss`. */
export interface CtcLossOptions extends LossOptions {
  /** The class that stands for no label. Default 0. */
  blank?: number;
  /** Whether infinite losses, of inputs shorter than their targets need, are 0 and give no gradient. Default false. */
  zeroInfinity?: boolean;
}

/** Lengths of the sequences of a batch: numbers, or an integer tensor `[N]` whose values stay where they are. */
export type Lengths = number | readonly number[] | Tensor;

/** The logarithm of no chance: finite, since the gradient of -∞ + -∞ would be NaN. */
const NEVER = -1e30;

/** Lengths on the device, and as numbers where they are known here. */
interface Known {
  readonly values: Tensor;
  readonly numbers: readonly number[] | null;
}

function lengthsOf(what: string, given: Lengths, batch: number, device: string): Known {
  const name = `ctcLoss: ${what}`;
  let numbers: readonly number[] | null = null;
  if (isTensor(given)) {
    if (given.dtype !== 'int64' && given.dtype !== 'int32') throw new DTypeError(`${name} must be integral`);
    if (given.numel() !== batch)
      throw new ShapeError(`${name} must be of size batch_size ${batch}, got ${formatShape(given.shape)}`);
    if (given.device === device) return { values: given.reshape([batch]).to('int64'), numbers };
    // those on the host may be read
    numbers = Array.from(given.toTypedArraySync(), Number);
  } else {
    numbers = typeof given === 'number' ? [given] : given;
    if (!Array.isArray(numbers))
      throw new ArgumentError(`${name} must be integers or an integer tensor, got ${describe(given)}`);
    if (numbers.length !== batch)
      throw new ShapeError(`${name} must be of size batch_size ${batch}, got ${numbers.length}`);
  }
  for (const length of numbers) checkSize(name, length);
  return { values: tensor([...numbers], { dtype: 'int64', device }), numbers };
}

function checkAtMost(what: string, { numbers }: Known, most: number): void {
  const found = numbers?.find((length) => length > most);
  if (found !== undefined)
    throw new ShapeError(`ctcLoss: Expected ${what} to have value at most ${most}, but got value ${found}`);
}

/** Where `[N, size]` lies beyond the lengths. */
const beyond = (size: number, lengths: Tensor): Tensor =>
  arange(size, { dtype: 'int64', device: lengths.device }).ge(lengths.unsqueeze(1));

/** Labels as `[N, S]`, with blanks beyond their lengths. */
function padded(targets: Tensor, lengths: Known, blank: number): Tensor {
  const { values, numbers } = lengths;
  if (targets.ndim === 2) {
    checkAtMost('target_lengths', lengths, targets.shape[1]);
    return targets.maskedFill(beyond(targets.shape[1], values), blank);
  }
  const [total] = targets.shape;
  const needed = numbers?.reduce((sum, length) => sum + length, 0);
  if (needed !== undefined && needed !== total)
    throw new ShapeError(
      `ctcLoss: Expected tensor to have size ${needed} at dimension 0, but got size ${total} for argument #2 'targets'`,
    );
  // lengths that are not known here are no larger than all of it
  const longest = numbers ? Math.max(0, ...numbers) : total;
  const outside = beyond(longest, values);
  const starts = values.cumsum(0).sub(values).unsqueeze(1);
  const at = starts.add(arange(longest, { dtype: 'int64', device: targets.device })).maskedFill(outside, 0);
  if (at.numel() === 0) return at;
  return targets.indexSelect(0, at.flatten()).view(at.shape).maskedFill(outside, blank);
}

/**
 * The CTC loss (https://pytorch.org/docs/stable/generated/torch.nn.functional.ctc_loss.html). Its gradient is PyTorch's, which takes `logProbs` for a result of
 * `logSoftmax`.
 *
 * @param logProbs `[T, N, C]` or `[T, C]`, float32 or float64: log-probabilities of C classes, the blank among them.
 * @param targets labels, `[N, S]` of which the first `targetLengths` count, or all of them one after the other in one dim. None is the blank.
 * @param inputLengths how many steps of each input count, at most T. Numbers are checked; a tensor on the device of `logProbs` is not read.
 * @param targetLengths how many labels each target has.
 * @returns The mean of the losses over their target lengths, or the sum, or the losses `[N]`.
 * @throws ShapeError, DTypeError if they don't fit; ArgumentError for a blank that is no class.
 * @example
 * const loss = ctcLoss(logits.logSoftmax(2), targets, [50, 50], [12, 9], { zeroInfinity: true });
 */
export function ctcLoss(
  logProbs: Tensor,
  targets: Tensor,
  inputLengths: Lengths,
  targetLengths: Lengths,
  options?: CtcLossOptions,
): Tensor {
  const name = 'ctcLoss';
  checkOptions(name, options, ['reduction', 'blank', 'zeroInfinity']);
  const { reduction = 'mean', blank = 0, zeroInfinity = false } = options ?? {};
  if (reduction !== 'mean' && reduction !== 'sum' && reduction !== 'none')
    throw new ArgumentError(`${name}: ${describe(reduction)} is not a valid value for reduction`);
  for (const [what, x] of Object.entries({ logProbs, targets }))
    if (!isTensor(x)) throw new ArgumentError(`${name}: ${what} must be a tensor, got ${describe(x)}`);
  if (logProbs.dtype !== 'float32' && logProbs.dtype !== 'float64')
    throw new DTypeError(`"ctc_loss" not implemented for '${logProbs.dtype}'; cast with .to('float32')`);
  if (targets.dtype !== 'int64' && targets.dtype !== 'int32')
    throw new DTypeError(`${name}: targets must be integral, got ${targets.dtype}; cast with .to('int64')`);
  if (logProbs.ndim !== 2 && logProbs.ndim !== 3)
    throw new ShapeError(
      `${name}: log_probs must have the shape [T, N, C] or [T, C], got ${formatShape(logProbs.shape)}`,
    );
  if (targets.ndim !== 1 && targets.ndim !== 2)
    throw new ShapeError(
      `${name}: Expected 1 to 2 dimensions, but got ${targets.ndim}-dimensional tensor for argument #2 'targets'`,
    );
  const single = logProbs.ndim === 2;
  const x = single ? logProbs.unsqueeze(1) : logProbs;
  const [steps, batch, classes] = x.shape;
  if (checkSize(`${name}: blank`, blank) >= classes)
    throw new ArgumentError(`${name}: blank must be in label range, got ${blank} of ${classes} classes`);
  if (targets.ndim === 2 && targets.shape[0] !== batch)
    throw new ShapeError(
      `${name}: Expected tensor to have size ${batch} at dimension 0, but got size ${targets.shape[0]} for argument #2 'targets'`,
    );
  const inputs = lengthsOf('input_lengths', inputLengths, batch, x.device);
  const wanted = lengthsOf('target_lengths', targetLengths, batch, x.device);
  checkAtMost('input_lengths', inputs, steps);
  const labels = padded(targets.to('int64'), wanted, blank);
  const losses = lossesOf(x, labels, inputs, wanted, blank).to(x.dtype);
  const infinite = losses.gt(-NEVER / 10);
  // an infinite loss has no gradient
  if (!zeroInfinity && losses.requiresGrad) losses.registerHook((grad) => grad.maskedFill(infinite, Number.NaN));
  const each = losses.maskedFill(
    infinite,
    checkFlag(`${name}: zeroInfinity`, zeroInfinity) ? 0 : Number.POSITIVE_INFINITY,
  );
  if (reduction === 'none') return single ? each.squeeze(0) : each;
  if (reduction === 'sum') return each.sum();
  return each.div(wanted.values.clamp(1).to(x.dtype)).mean();
}

/** -log of the chance of each target, summed over all alignments; huge where there is none. */
function lossesOf(x: Tensor, labels: Tensor, inputs: Known, wanted: Known, blank: number): Tensor {
  const [steps, batch] = x.shape;
  const place = { dtype: x.dtype, device: x.device } as const;
  const blanks = labels.newFull([batch, 1], blank);
  // a blank before, between and after the labels
  const states = cat([stack([blanks.expand(labels.shape), labels], 2).flatten(1), blanks], 1);
  const count = states.shape[1];
  const chances = x.clamp(NEVER).gather(2, states.unsqueeze(0).expand([steps, batch, count]));
  // a blank may be left out between labels that differ
  const skips = states.slice(1, 2, count).eq(states.slice(1, 0, Math.max(count - 2, 0)));
  const penalty = pad(skips.to(x.dtype).mul(NEVER), [Math.min(2, count), 0], { value: NEVER });

  const start = arange(count, { device: x.device }).ge(2);
  let alpha = steps > 0 ? chances.select(0, 0).maskedFill(start, NEVER) : full([batch, count], NEVER, place);
  const all = inputs.numbers?.every((length) => length === steps) ?? false;
  for (let t = 1; t < steps; t++) {
    const before = pad(alpha, [2, 0], { value: NEVER });
    const next = alpha
      .logaddexp(before.slice(1, 1, count + 1))
      .logaddexp(before.slice(1, 0, count).add(penalty))
      .add(chances.select(0, t));
    alpha = all ? next : next.where(inputs.values.gt(t).unsqueeze(1), alpha);
  }

  // it ends with the last label, or with a blank behind it
  const end = wanted.values.mul(2).unsqueeze(1);
  const last = alpha.gather(1, end.sub(1).clamp(0)).maskedFill(end.eq(0), NEVER);
  const total = alpha.gather(1, end).logaddexp(last).squeeze(1);
  const none = inputs.values.eq(0);
  // no steps have no labels
  const losses = total
    .neg()
    .maskedFill(none.logicalAnd(wanted.values.eq(0)), 0)
    .maskedFill(none.logicalAnd(wanted.values.gt(0)), -NEVER);
  return x.requiresGrad ? losses.add(throughSoftmax(x, inputs)) : losses;
}

/** 0, with the gradient that PyTorch adds for an input that is a softmax's logarithm: its chances. */
function throughSoftmax(x: Tensor, { values }: Known): Tensor {
  const counted = beyond(x.shape[0], values).t().unsqueeze(2);
  const chances = x.exp().maskedFill(counted, 0);
  return chances.sub(chances.detach()).sum([0, 2]);
}
