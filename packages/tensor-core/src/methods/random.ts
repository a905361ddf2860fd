/** Methods that draw random numbers. Those ending in `_` fill the tensor (https://pytorch.org/docs/stable/torch.html#in-place-random-sampling). */
import { dispatch } from '../dispatch.ts';
import { isFloat } from '../dtype.ts';
import { ArgumentError, checkOptions } from '../errors.ts';
import { interpreters } from '../hooks.ts';
import { exactRange, random as ops } from '../ops/random.ts';
import { type Generator, generatorOf } from '../random.ts';
import { checkInteger } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { isTensor } from '../tensor-class.ts';
import { CreateMethods } from './create.ts';

/** Options of methods that draw. */
export interface RandomMethodOptions {
  /** Default: the generator that `manualSeed` seeds. */
  generator?: Generator | undefined;
}

/** Options of `multinomial`. */
export interface MultinomialOptions extends RandomMethodOptions {
  /** Whether a category may be drawn more than once. Default false. */
  replacement?: boolean;
}

function drawn(where: string, options: RandomMethodOptions, more: readonly string[] = []): { generator: Generator } {
  checkOptions(where, options, ['generator', ...more]);
  return { generator: generatorOf(where, options.generator) };
}

function checkFinite(value: number, what: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new ArgumentError(`${what} must be a finite number, got ${String(value)}`);
}

/** Whether values may be looked at here: on devices that give them at once, and not while a program is traced. */
const canRead = (x: Tensor): boolean =>
  isFloat(x.dtype) && x.storage.device.runtime.downloadSync !== undefined && interpreters.length === 0;

function checkChances(p: Tensor): void {
  if (canRead(p) && p.lt(0).logicalOr(p.le(1).logicalNot()).any().itemSync())
    throw new ArgumentError('bernoulli: Expected p_in >= 0 && p_in <= 1 to be true, but got false');
}

function checkProbabilities(self: Tensor): void {
  const values = self.toTypedArraySync() as Float32Array | Float64Array;
  const row = self.shape[self.ndim - 1];
  for (let start = 0; start < values.length; start += row) {
    let sum = 0;
    for (const p of values.subarray(start, start + row)) {
      if (!(p >= 0) || p === Number.POSITIVE_INFINITY)
        throw new ArgumentError('probability tensor contains either `inf`, `nan` or element < 0 in multinomial');
      sum += p;
    }
    if (sum <= 0) throw new ArgumentError('invalid multinomial distribution (sum of probabilities <= 0)');
  }
}

export abstract class RandomMethods extends CreateMethods {
  /** Fills with uniform numbers from `from` up to but not including `to`. Floats only. */
  uniform_(from = 0, to = 1, options: RandomMethodOptions = {}): Tensor {
    if (checkFinite(from, 'uniform_: from') > checkFinite(to, 'uniform_: to')) {
      throw new ArgumentError(`uniform_ expects to return a [from, to) range, but found from=${from} > to=${to}`);
    }
    return dispatch(ops.uniform.inplaceTwin, [this.self], { from, to, ...drawn('uniform_', options) });
  }

  /** Fills with normal numbers. Floats only. @throws ArgumentError if `std` is negative. */
  normal_(mean = 0, std = 1, options: RandomMethodOptions = {}): Tensor {
    checkFinite(mean, 'normal_: mean');
    if (checkFinite(std, 'normal_: std') < 0)
      throw new ArgumentError(`normal expects std >= 0.0, but found std ${std} in normal_`);
    return dispatch(ops.normal.inplaceTwin, [this.self], { mean, std, ...drawn('normal_', options) });
  }

  /** Fills with numbers from the exponential distribution of rate `lambd`. Floats only. */
  exponential_(lambd = 1, options: RandomMethodOptions = {}): Tensor {
    if (checkFinite(lambd, 'exponential_: lambd') <= 0)
      throw new ArgumentError(`exponential_ expects lambda > 0.0, but found lambda=${lambd}`);
    return dispatch(ops.exponential.inplaceTwin, [this.self], { lambd, ...drawn('exponential_', options) });
  }

  /** Fills with `exp` of normal numbers of the given mean and standard deviation. Floats only. @throws ArgumentError unless `std` is positive. */
  logNormal_(mean = 1, std = 2, options: RandomMethodOptions = {}): Tensor {
    checkFinite(mean, 'logNormal_: mean');
    if (checkFinite(std, 'logNormal_: std') <= 0)
      throw new ArgumentError(`log_normal_ expects std > 0.0, but found std=${std}`);
    return dispatch(ops.logNormal.inplaceTwin, [this.self], { mean, std, ...drawn('logNormal_', options) });
  }

  /** Fills with numbers from the Cauchy distribution. Floats only. @throws ArgumentError unless `sigma` is positive. */
  cauchy_(median = 0, sigma = 1, options: RandomMethodOptions = {}): Tensor {
    checkFinite(median, 'cauchy_: median');
    if (checkFinite(sigma, 'cauchy_: sigma') <= 0)
      throw new ArgumentError(`cauchy_ expects sigma > 0.0, but found sigma=${sigma}`);
    return dispatch(ops.cauchy.inplaceTwin, [this.self], { median, sigma, ...drawn('cauchy_', options) });
  }

  /** Fills with how many trials of success probability `p` it takes to succeed: 1, 2, … @throws ArgumentError unless 0 < p < 1. */
  geometric_(p: number, options: RandomMethodOptions = {}): Tensor {
    if (typeof p !== 'number' || !(p > 0 && p < 1))
      throw new ArgumentError(`geometric_ expects p to be in (0, 1), but got p=${String(p)}`);
    return dispatch(ops.geometric.inplaceTwin, [this.self], { p, ...drawn('geometric_', options) });
  }

  /** Fills with 0 and 1, 1 with probability `p`: a number, or a tensor that broadcasts. */
  bernoulli_(p: number | Tensor = 0.5, options: RandomMethodOptions = {}): Tensor {
    if (typeof p === 'number' && !(p >= 0 && p <= 1))
      throw new ArgumentError(`bernoulli_ expects p to be in [0, 1], but got p=${p}`);
    if (isTensor(p)) checkChances(p);
    return dispatch(ops.bernoulliFill.inplaceTwin, [this.self, p], drawn('bernoulli_', options));
  }

  /**
   * Fills with whole numbers from `from` up to but not including `to`. Without arguments up to what the dtype holds exactly (a float's digits,
   * 53 bits for int64).
   */
  random_(from?: number, to?: number, options: RandomMethodOptions = {}): Tensor {
    const [low, high] = from === undefined ? [0, exactRange(this.dtype)] : to === undefined ? [0, from] : [from, to];
    if (from !== undefined) {
      checkInteger(low, 'random_: from');
      checkInteger(high, 'random_: to');
    }
    if (low >= high)
      throw new ArgumentError(`random_ expects 'from' to be less than 'to', but got from=${low} >= to=${high}`);
    return dispatch(ops.randomFill.inplaceTwin, [this.self], { low, high, ...drawn('random_', options) });
  }

  /**
   * 0 or 1 for each element, 1 with the probability that this tensor holds there. Floats only.
   *
   * @throws ArgumentError, where the device can be read at once, for a probability outside of [0, 1].
   */
  bernoulli(options: RandomMethodOptions = {}): Tensor {
    checkChances(this.self);
    return dispatch(ops.bernoulli, [this.self], drawn('bernoulli', options));
  }

  /**
   * Indices of categories drawn with the probabilities in the last dim of this vector or matrix, which need not add up to 1: int64, `[n]` or `[rows, n]`
   * (https://pytorch.org/docs/stable/generated/torch.multinomial.html).
   *
   * @throws ArgumentError if more are drawn without replacement than there are, or, where the device can be read at once, for probabilities that are
   * negative, not finite or all 0.
   */
  multinomial(numSamples: number, options: MultinomialOptions = {}): Tensor {
    const { generator } = drawn('multinomial', options, ['replacement']);
    if (checkInteger(numSamples, 'multinomial: numSamples') <= 0)
      throw new ArgumentError(`cannot sample num_samples <= 0 samples, got ${numSamples} in multinomial`);
    if (this.ndim > 0 && canRead(this.self)) checkProbabilities(this.self);
    return dispatch(ops.multinomial, [this.self], { numSamples, replacement: options.replacement ?? false, generator });
  }
}
