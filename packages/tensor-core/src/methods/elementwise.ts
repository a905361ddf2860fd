/**
 * Pointwise methods. Shapes broadcast, dtypes promote as in PyTorch; names ending in `_` write into the tensor and return it
 * (https://pytorch.org/docs/stable/torch.html#pointwise-ops).
 */
import { dispatch } from '../dispatch.ts';
import { ArgumentError, checkOptions, describe } from '../errors.ts';
import { elementwise as ops, type RoundingMode } from '../ops/elementwise.ts';
import { checkInteger } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { TensorBase } from '../tensor-base.ts';

/** Options of `add` and `sub`. */
export interface AlphaOptions {
  /** A factor for the other operand. Default 1. */
  alpha?: number;
}

/** Options of `div`. */
export interface DivOptions {
  /** `'floor'` rounds down, `'trunc'` towards zero; default is true division. */
  roundingMode?: RoundingMode;
}

/** Options of `round`. */
export interface RoundOptions {
  /** Places after the point; below 0, before it. Default 0. */
  decimals?: number;
}

function decimalsOf(where: string, options: RoundOptions | undefined): number {
  checkOptions(where, options, ['decimals']);
  return options?.decimals === undefined ? 0 : checkInteger(options.decimals, `${where}: decimals`);
}

function alphaOf(where: string, options: AlphaOptions | undefined): { alpha: number } {
  checkOptions(where, options, ['alpha']);
  const alpha = options?.alpha;
  if (alpha === undefined) return unscaled;
  if (typeof alpha !== 'number') throw new ArgumentError(`${where}: alpha must be a number, got ${describe(alpha)}`);
  return { alpha };
}

const unscaled = { alpha: 1 };

function roundingOf(where: string, options: DivOptions | undefined): { roundingMode: RoundingMode } {
  checkOptions(where, options, ['roundingMode']);
  const roundingMode = options?.roundingMode ?? null;
  if (roundingMode !== null && roundingMode !== 'floor' && roundingMode !== 'trunc') {
    throw new ArgumentError(
      `${where}: expected roundingMode to be one of null, 'trunc' or 'floor', got ${describe(roundingMode)}`,
    );
  }
  return { roundingMode };
}

export abstract class ElementwiseMethods extends TensorBase {
  /** The absolute value. */
  abs(): Tensor {
    return dispatch(ops.abs, [this.self], null);
  }

  /** In-place {@link abs}. */
  abs_(): Tensor {
    return dispatch(ops.abs.inplaceTwin, [this.self], null);
  }

  /** The negative. */
  neg(): Tensor {
    return dispatch(ops.neg, [this.self], null);
  }

  /** In-place {@link neg}. */
  neg_(): Tensor {
    return dispatch(ops.neg.inplaceTwin, [this.self], null);
  }

  /** -1, 0 or 1 by the sign of each element. */
  sign(): Tensor {
    return dispatch(ops.sign, [this.self], null);
  }

  /** In-place {@link sign}. */
  sign_(): Tensor {
    return dispatch(ops.sign.inplaceTwin, [this.self], null);
  }

  /** The largest integer not above each element. */
  floor(): Tensor {
    return dispatch(ops.floor, [this.self], null);
  }

  /** In-place {@link floor}. */
  floor_(): Tensor {
    return dispatch(ops.floor.inplaceTwin, [this.self], null);
  }

  /** The smallest integer not below each element. */
  ceil(): Tensor {
    return dispatch(ops.ceil, [this.self], null);
  }

  /** In-place {@link ceil}. */
  ceil_(): Tensor {
    return dispatch(ops.ceil.inplaceTwin, [this.self], null);
  }

  /** The nearest integer, ties to the even one; with `decimals` the nearest number of so many places (floats only). */
  round(options?: RoundOptions): Tensor {
    const decimals = decimalsOf('round', options);
    return decimals === 0
      ? dispatch(ops.round, [this.self], null)
      : dispatch(ops.roundDecimals, [this.self], { decimals });
  }

  /** In-place {@link round}. */
  round_(options?: RoundOptions): Tensor {
    const decimals = decimalsOf('round_', options);
    return decimals === 0
      ? dispatch(ops.round.inplaceTwin, [this.self], null)
      : dispatch(ops.roundDecimals.inplaceTwin, [this.self], { decimals });
  }

  /** The integer part. */
  trunc(): Tensor {
    return dispatch(ops.trunc, [this.self], null);
  }

  /** In-place {@link trunc}. */
  trunc_(): Tensor {
    return dispatch(ops.trunc.inplaceTwin, [this.self], null);
  }

  /** The fraction, with the sign of the element. Floats only. */
  frac(): Tensor {
    return dispatch(ops.frac, [this.self], null);
  }

  /** In-place {@link frac}. */
  frac_(): Tensor {
    return dispatch(ops.frac.inplaceTwin, [this.self], null);
  }

  /** The square; of bool in int64. */
  square(): Tensor {
    if (this.dtype === 'bool') return this.pow(2);
    return dispatch(ops.square, [this.self], null);
  }

  /** In-place {@link square}. */
  square_(): Tensor {
    return dispatch(ops.square.inplaceTwin, [this.self], null);
  }

  /** The exponential. */
  exp(): Tensor {
    return dispatch(ops.exp, [this.self], null);
  }

  /** In-place {@link exp}. */
  exp_(): Tensor {
    return dispatch(ops.exp.inplaceTwin, [this.self], null);
  }

  /** 2 to the power of each element. */
  exp2(): Tensor {
    return dispatch(ops.exp2, [this.self], null);
  }

  /** In-place {@link exp2}. */
  exp2_(): Tensor {
    return dispatch(ops.exp2.inplaceTwin, [this.self], null);
  }

  /** exp(x) - 1, exact near 0. */
  expm1(): Tensor {
    return dispatch(ops.expm1, [this.self], null);
  }

  /** In-place {@link expm1}. */
  expm1_(): Tensor {
    return dispatch(ops.expm1.inplaceTwin, [this.self], null);
  }

  /** The natural logarithm. */
  log(): Tensor {
    return dispatch(ops.log, [this.self], null);
  }

  /** In-place {@link log}. */
  log_(): Tensor {
    return dispatch(ops.log.inplaceTwin, [this.self], null);
  }

  /** The logarithm to base 2. */
  log2(): Tensor {
    return dispatch(ops.log2, [this.self], null);
  }

  /** In-place {@link log2}. */
  log2_(): Tensor {
    return dispatch(ops.log2.inplaceTwin, [this.self], null);
  }

  /** The logarithm to base 10. */
  log10(): Tensor {
    return dispatch(ops.log10, [this.self], null);
  }

  /** In-place {@link log10}. */
  log10_(): Tensor {
    return dispatch(ops.log10.inplaceTwin, [this.self], null);
  }

  /** log(1 + x), exact near 0. */
  log1p(): Tensor {
    return dispatch(ops.log1p, [this.self], null);
  }

  /** In-place {@link log1p}. */
  log1p_(): Tensor {
    return dispatch(ops.log1p.inplaceTwin, [this.self], null);
  }

  /** The square root. */
  sqrt(): Tensor {
    return dispatch(ops.sqrt, [this.self], null);
  }

  /** In-place {@link sqrt}. */
  sqrt_(): Tensor {
    return dispatch(ops.sqrt.inplaceTwin, [this.self], null);
  }

  /** 1 / sqrt(x). */
  rsqrt(): Tensor {
    return dispatch(ops.rsqrt, [this.self], null);
  }

  /** In-place {@link rsqrt}. */
  rsqrt_(): Tensor {
    return dispatch(ops.rsqrt.inplaceTwin, [this.self], null);
  }

  /** 1 / x. */
  reciprocal(): Tensor {
    return dispatch(ops.reciprocal, [this.self], null);
  }

  /** In-place {@link reciprocal}. */
  reciprocal_(): Tensor {
    return dispatch(ops.reciprocal.inplaceTwin, [this.self], null);
  }

  /** The sine (radians). */
  sin(): Tensor {
    return dispatch(ops.sin, [this.self], null);
  }

  /** In-place {@link sin}. */
  sin_(): Tensor {
    return dispatch(ops.sin.inplaceTwin, [this.self], null);
  }

  /** The cosine (radians). */
  cos(): Tensor {
    return dispatch(ops.cos, [this.self], null);
  }

  /** In-place {@link cos}. */
  cos_(): Tensor {
    return dispatch(ops.cos.inplaceTwin, [this.self], null);
  }

  /** The tangent (radians). */
  tan(): Tensor {
    return dispatch(ops.tan, [this.self], null);
  }

  /** In-place {@link tan}. */
  tan_(): Tensor {
    return dispatch(ops.tan.inplaceTwin, [this.self], null);
  }

  /** The inverse sine, in radians. */
  asin(): Tensor {
    return dispatch(ops.asin, [this.self], null);
  }

  /** In-place {@link asin}. */
  asin_(): Tensor {
    return dispatch(ops.asin.inplaceTwin, [this.self], null);
  }

  /** The inverse cosine, in radians. */
  acos(): Tensor {
    return dispatch(ops.acos, [this.self], null);
  }

  /** In-place {@link acos}. */
  acos_(): Tensor {
    return dispatch(ops.acos.inplaceTwin, [this.self], null);
  }

  /** The inverse tangent, in radians. */
  atan(): Tensor {
    return dispatch(ops.atan, [this.self], null);
  }

  /** In-place {@link atan}. */
  atan_(): Tensor {
    return dispatch(ops.atan.inplaceTwin, [this.self], null);
  }

  /** The hyperbolic sine. */
  sinh(): Tensor {
    return dispatch(ops.sinh, [this.self], null);
  }

  /** In-place {@link sinh}. */
  sinh_(): Tensor {
    return dispatch(ops.sinh.inplaceTwin, [this.self], null);
  }

  /** The hyperbolic cosine. */
  cosh(): Tensor {
    return dispatch(ops.cosh, [this.self], null);
  }

  /** In-place {@link cosh}. */
  cosh_(): Tensor {
    return dispatch(ops.cosh.inplaceTwin, [this.self], null);
  }

  /** The hyperbolic tangent. */
  tanh(): Tensor {
    return dispatch(ops.tanh, [this.self], null);
  }

  /** In-place {@link tanh}. */
  tanh_(): Tensor {
    return dispatch(ops.tanh.inplaceTwin, [this.self], null);
  }

  /** The inverse hyperbolic sine. */
  asinh(): Tensor {
    return dispatch(ops.asinh, [this.self], null);
  }

  /** In-place {@link asinh}. */
  asinh_(): Tensor {
    return dispatch(ops.asinh.inplaceTwin, [this.self], null);
  }

  /** The inverse hyperbolic cosine. */
  acosh(): Tensor {
    return dispatch(ops.acosh, [this.self], null);
  }

  /** In-place {@link acosh}. */
  acosh_(): Tensor {
    return dispatch(ops.acosh.inplaceTwin, [this.self], null);
  }

  /** The inverse hyperbolic tangent. */
  atanh(): Tensor {
    return dispatch(ops.atanh, [this.self], null);
  }

  /** In-place {@link atanh}. */
  atanh_(): Tensor {
    return dispatch(ops.atanh.inplaceTwin, [this.self], null);
  }

  /** 1 / (1 + exp(-x)). */
  sigmoid(): Tensor {
    return dispatch(ops.sigmoid, [this.self], null);
  }

  /** In-place {@link sigmoid}. */
  sigmoid_(): Tensor {
    return dispatch(ops.sigmoid.inplaceTwin, [this.self], null);
  }

  /** max(x, 0); NaN stays NaN. */
  relu(): Tensor {
    return dispatch(ops.relu, [this.self], null);
  }

  /** In-place {@link relu}. */
  relu_(): Tensor {
    return dispatch(ops.relu.inplaceTwin, [this.self], null);
  }

  /** The error function. */
  erf(): Tensor {
    return dispatch(ops.erf, [this.self], null);
  }

  /** In-place {@link erf}. */
  erf_(): Tensor {
    return dispatch(ops.erf.inplaceTwin, [this.self], null);
  }

  /** 1 - erf(x), exact in the tail. */
  erfc(): Tensor {
    return dispatch(ops.erfc, [this.self], null);
  }

  /** In-place {@link erfc}. */
  erfc_(): Tensor {
    return dispatch(ops.erfc.inplaceTwin, [this.self], null);
  }

  /** Whether each element is zero (bool). */
  logicalNot(): Tensor {
    return dispatch(ops.logicalNot, [this.self], null);
  }

  /** In-place {@link logicalNot}. */
  logicalNot_(): Tensor {
    return dispatch(ops.logicalNot.inplaceTwin, [this.self], null);
  }

  /** Each bit inverted; logical not for bool. Integers and bool only. */
  bitwiseNot(): Tensor {
    return dispatch(ops.bitwiseNot, [this.self], null);
  }

  /** In-place {@link bitwiseNot}. */
  bitwiseNot_(): Tensor {
    return dispatch(ops.bitwiseNot.inplaceTwin, [this.self], null);
  }

  /** Whether each element is NaN (bool). */
  isnan(): Tensor {
    return dispatch(ops.isnan, [this.self], null);
  }

  /** Whether each element is infinite (bool). */
  isinf(): Tensor {
    return dispatch(ops.isinf, [this.self], null);
  }

  /** Whether each element is neither infinite nor NaN (bool). */
  isfinite(): Tensor {
    return dispatch(ops.isfinite, [this.self], null);
  }

  /** x + alpha · y. */
  add(other: Tensor | number, options?: AlphaOptions): Tensor {
    return dispatch(ops.add, [this.self, other], alphaOf('add', options));
  }

  /** In-place {@link add}. */
  add_(other: Tensor | number, options?: AlphaOptions): Tensor {
    return dispatch(ops.add.inplaceTwin, [this.self, other], alphaOf('add_', options));
  }

  /** x - alpha · y. */
  sub(other: Tensor | number, options?: AlphaOptions): Tensor {
    return dispatch(ops.sub, [this.self, other], alphaOf('sub', options));
  }

  /** In-place {@link sub}. */
  sub_(other: Tensor | number, options?: AlphaOptions): Tensor {
    return dispatch(ops.sub.inplaceTwin, [this.self, other], alphaOf('sub_', options));
  }

  /** y - alpha · x. */
  rsub(other: Tensor | number, options?: AlphaOptions): Tensor {
    return dispatch(ops.rsub, [this.self, other], alphaOf('rsub', options));
  }

  /** The quotient; integers give the default float dtype unless rounded. */
  div(other: Tensor | number, options?: DivOptions): Tensor {
    return dispatch(ops.div, [this.self, other], roundingOf('div', options));
  }

  /** In-place {@link div}. */
  div_(other: Tensor | number, options?: DivOptions): Tensor {
    return dispatch(ops.div.inplaceTwin, [this.self, other], roundingOf('div_', options));
  }

  /** The quotient rounded down, as Python's `//`. */
  floorDivide(other: Tensor | number): Tensor {
    return this.div(other, { roundingMode: 'floor' });
  }

  /** In-place {@link floorDivide}. */
  floorDivide_(other: Tensor | number): Tensor {
    return this.div_(other, { roundingMode: 'floor' });
  }

  /** This to the power of `exponent`. */
  pow(exponent: Tensor | number): Tensor {
    return dispatch(ops.pow, [this.self, exponent], null);
  }

  /** In-place {@link pow}. */
  pow_(exponent: Tensor | number): Tensor {
    return dispatch(ops.pow.inplaceTwin, [this.self, exponent], null);
  }

  /** Limited to `[min, max]`; either bound may be `null` or left out, and a NaN element stays NaN. */
  clamp(min?: Tensor | number | null, max?: Tensor | number | null): Tensor {
    return dispatch(ops.clamp, [this.self, min ?? null, max ?? null], null);
  }

  /** In-place {@link clamp}. */
  clamp_(min?: Tensor | number | null, max?: Tensor | number | null): Tensor {
    return dispatch(ops.clamp.inplaceTwin, [this.self, min ?? null, max ?? null], null);
  }

  /** Linear interpolation: this + weight · (end - this). */
  lerp(end: Tensor, weight: Tensor | number): Tensor {
    return dispatch(ops.lerp, [this.self, end, weight], null);
  }

  /** In-place {@link lerp}. */
  lerp_(end: Tensor, weight: Tensor | number): Tensor {
    return dispatch(ops.lerp.inplaceTwin, [this.self, end, weight], null);
  }

  /** this + value · tensor1 · tensor2; `value` defaults to 1. */
  addcmul(tensor1: Tensor, tensor2: Tensor, options?: { value?: number }): Tensor {
    checkOptions('addcmul', options, ['value']);
    return dispatch(ops.addcmul, [this.self, tensor1, tensor2], { value: options?.value ?? 1 });
  }

  /** In-place {@link addcmul}. */
  addcmul_(tensor1: Tensor, tensor2: Tensor, options?: { value?: number }): Tensor {
    checkOptions('addcmul_', options, ['value']);
    return dispatch(ops.addcmul.inplaceTwin, [this.self, tensor1, tensor2], { value: options?.value ?? 1 });
  }

  /** this + value · tensor1 / tensor2; `value` defaults to 1. */
  addcdiv(tensor1: Tensor, tensor2: Tensor, options?: { value?: number }): Tensor {
    checkOptions('addcdiv', options, ['value']);
    return dispatch(ops.addcdiv, [this.self, tensor1, tensor2], { value: options?.value ?? 1 });
  }

  /** In-place {@link addcdiv}. */
  addcdiv_(tensor1: Tensor, tensor2: Tensor, options?: { value?: number }): Tensor {
    checkOptions('addcdiv_', options, ['value']);
    return dispatch(ops.addcdiv.inplaceTwin, [this.self, tensor1, tensor2], { value: options?.value ?? 1 });
  }

  /** This where `condition` (bool) holds, else `other`. */
  where(condition: Tensor, other: Tensor | number): Tensor {
    return dispatch(ops.where, [condition, this.self, other], null);
  }

  /** This with `value` (a number or a 0-d tensor) where `mask` (bool) holds. */
  maskedFill(mask: Tensor, value: Tensor | number): Tensor {
    return dispatch(ops.maskedFill, [this.self, mask, value], null);
  }

  /** In-place {@link maskedFill}. */
  maskedFill_(mask: Tensor, value: Tensor | number): Tensor {
    return dispatch(ops.maskedFill.inplaceTwin, [this.self, mask, value], null);
  }

  /** The product. */
  mul(other: Tensor | number): Tensor {
    return dispatch(ops.mul, [this.self, other], null);
  }

  /** In-place {@link mul}. */
  mul_(other: Tensor | number): Tensor {
    return dispatch(ops.mul.inplaceTwin, [this.self, other], null);
  }

  /** The remainder with the sign of the divisor, as Python's `%`. */
  remainder(other: Tensor | number): Tensor {
    return dispatch(ops.remainder, [this.self, other], null);
  }

  /** In-place {@link remainder}. */
  remainder_(other: Tensor | number): Tensor {
    return dispatch(ops.remainder.inplaceTwin, [this.self, other], null);
  }

  /** The remainder with the sign of the dividend, as C's `fmod`. */
  fmod(other: Tensor | number): Tensor {
    return dispatch(ops.fmod, [this.self, other], null);
  }

  /** In-place {@link fmod}. */
  fmod_(other: Tensor | number): Tensor {
    return dispatch(ops.fmod.inplaceTwin, [this.self, other], null);
  }

  /** The angle in radians of the point (other, this). */
  atan2(other: Tensor | number): Tensor {
    return dispatch(ops.atan2, [this.self, other], null);
  }

  /** In-place {@link atan2}. */
  atan2_(other: Tensor | number): Tensor {
    return dispatch(ops.atan2.inplaceTwin, [this.self, other], null);
  }

  /** sqrt(x² + y²) without overflow. */
  hypot(other: Tensor | number): Tensor {
    return dispatch(ops.hypot, [this.self, other], null);
  }

  /** In-place {@link hypot}. */
  hypot_(other: Tensor | number): Tensor {
    return dispatch(ops.hypot.inplaceTwin, [this.self, other], null);
  }

  /** The larger one; NaN if either is NaN. */
  maximum(other: Tensor | number): Tensor {
    return dispatch(ops.maximum, [this.self, other], null);
  }

  /** The smaller one; NaN if either is NaN. */
  minimum(other: Tensor | number): Tensor {
    return dispatch(ops.minimum, [this.self, other], null);
  }

  /** The larger one; the other where one is NaN. */
  fmax(other: Tensor | number): Tensor {
    return dispatch(ops.fmax, [this.self, other], null);
  }

  /** The smaller one; the other where one is NaN. */
  fmin(other: Tensor | number): Tensor {
    return dispatch(ops.fmin, [this.self, other], null);
  }

  /** log(exp(x) + exp(y)) without overflow. */
  logaddexp(other: Tensor | number): Tensor {
    return dispatch(ops.logaddexp, [this.self, other], null);
  }

  /** x · log(y), and 0 where x is 0. */
  xlogy(other: Tensor | number): Tensor {
    return dispatch(ops.xlogy, [this.self, other], null);
  }

  /** In-place {@link xlogy}. */
  xlogy_(other: Tensor | number): Tensor {
    return dispatch(ops.xlogy.inplaceTwin, [this.self, other], null);
  }

  /** The magnitude of this with the sign of the other. */
  copysign(other: Tensor | number): Tensor {
    return dispatch(ops.copysign, [this.self, other], null);
  }

  /** In-place {@link copysign}. */
  copysign_(other: Tensor | number): Tensor {
    return dispatch(ops.copysign.inplaceTwin, [this.self, other], null);
  }

  /** Whether the elements are equal (bool). */
  eq(other: Tensor | number): Tensor {
    return dispatch(ops.eq, [this.self, other], null);
  }

  /** In-place {@link eq}. */
  eq_(other: Tensor | number): Tensor {
    return dispatch(ops.eq.inplaceTwin, [this.self, other], null);
  }

  /** Whether the elements differ (bool). */
  ne(other: Tensor | number): Tensor {
    return dispatch(ops.ne, [this.self, other], null);
  }

  /** In-place {@link ne}. */
  ne_(other: Tensor | number): Tensor {
    return dispatch(ops.ne.inplaceTwin, [this.self, other], null);
  }

  /** Whether this is less (bool). */
  lt(other: Tensor | number): Tensor {
    return dispatch(ops.lt, [this.self, other], null);
  }

  /** In-place {@link lt}. */
  lt_(other: Tensor | number): Tensor {
    return dispatch(ops.lt.inplaceTwin, [this.self, other], null);
  }

  /** Whether this is less or equal (bool). */
  le(other: Tensor | number): Tensor {
    return dispatch(ops.le, [this.self, other], null);
  }

  /** In-place {@link le}. */
  le_(other: Tensor | number): Tensor {
    return dispatch(ops.le.inplaceTwin, [this.self, other], null);
  }

  /** Whether this is greater (bool). */
  gt(other: Tensor | number): Tensor {
    return dispatch(ops.gt, [this.self, other], null);
  }

  /** In-place {@link gt}. */
  gt_(other: Tensor | number): Tensor {
    return dispatch(ops.gt.inplaceTwin, [this.self, other], null);
  }

  /** Whether this is greater or equal (bool). */
  ge(other: Tensor | number): Tensor {
    return dispatch(ops.ge, [this.self, other], null);
  }

  /** In-place {@link ge}. */
  ge_(other: Tensor | number): Tensor {
    return dispatch(ops.ge.inplaceTwin, [this.self, other], null);
  }

  /** Whether both are non-zero (bool). */
  logicalAnd(other: Tensor | number): Tensor {
    return dispatch(ops.logicalAnd, [this.self, other], null);
  }

  /** In-place {@link logicalAnd}. */
  logicalAnd_(other: Tensor | number): Tensor {
    return dispatch(ops.logicalAnd.inplaceTwin, [this.self, other], null);
  }

  /** Whether either is non-zero (bool). */
  logicalOr(other: Tensor | number): Tensor {
    return dispatch(ops.logicalOr, [this.self, other], null);
  }

  /** In-place {@link logicalOr}. */
  logicalOr_(other: Tensor | number): Tensor {
    return dispatch(ops.logicalOr.inplaceTwin, [this.self, other], null);
  }

  /** Whether exactly one is non-zero (bool). */
  logicalXor(other: Tensor | number): Tensor {
    return dispatch(ops.logicalXor, [this.self, other], null);
  }

  /** In-place {@link logicalXor}. */
  logicalXor_(other: Tensor | number): Tensor {
    return dispatch(ops.logicalXor.inplaceTwin, [this.self, other], null);
  }

  /** Bitwise and. Integers and bool only. */
  bitwiseAnd(other: Tensor | number): Tensor {
    return dispatch(ops.bitwiseAnd, [this.self, other], null);
  }

  /** In-place {@link bitwiseAnd}. */
  bitwiseAnd_(other: Tensor | number): Tensor {
    return dispatch(ops.bitwiseAnd.inplaceTwin, [this.self, other], null);
  }

  /** Bitwise or. Integers and bool only. */
  bitwiseOr(other: Tensor | number): Tensor {
    return dispatch(ops.bitwiseOr, [this.self, other], null);
  }

  /** In-place {@link bitwiseOr}. */
  bitwiseOr_(other: Tensor | number): Tensor {
    return dispatch(ops.bitwiseOr.inplaceTwin, [this.self, other], null);
  }

  /** Bitwise exclusive or. Integers and bool only. */
  bitwiseXor(other: Tensor | number): Tensor {
    return dispatch(ops.bitwiseXor, [this.self, other], null);
  }

  /** In-place {@link bitwiseXor}. */
  bitwiseXor_(other: Tensor | number): Tensor {
    return dispatch(ops.bitwiseXor.inplaceTwin, [this.self, other], null);
  }
}
