/** Further pointwise methods: special functions, bits, signs, and comparing whole tensors. */
import { dispatch } from '../dispatch.ts';
import { getDefaultDType, isFloat } from '../dtype.ts';
import { ArgumentError, checkOptions, DTypeError, describe } from '../errors.ts';
import { elementwise as ops } from '../ops/elementwise.ts';
import { checkInteger, sameShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { isTensor } from '../tensor-class.ts';
import { ElementwiseMethods } from './elementwise.ts';

/** Options of `logit`. */
export interface LogitOptions {
  /** Elements are limited to `[eps, 1 - eps]` first. Default: they are not, and those outside [0, 1] give NaN. */
  eps?: number | null;
}

/** Options of `nanToNum`. */
export interface NanToNumOptions {
  /** What stands for NaN. Default 0. */
  nan?: number;
  /** What stands for infinity. Default: the largest finite number of the dtype. */
  posinf?: number | null;
  /** What stands for -infinity. Default: the smallest finite number of the dtype. */
  neginf?: number | null;
}

/** Options of `isclose` and `allclose`. */
export interface CloseOptions {
  /** Allowed distance relative to the other. Default 1e-5. */
  rtol?: number;
  /** Allowed distance. Default 1e-8. */
  atol?: number;
  /** Whether two NaNs are close. Default false. */
  equalNan?: boolean;
}

function finiteNumber(where: string, value: unknown, fallback: number): number {
  if (value === undefined || value === null) return fallback;
  if (typeof value !== 'number') throw new ArgumentError(`${where} must be a number, got ${describe(value)}`);
  return value;
}

function tolerance(where: string, value: unknown, fallback: number): number {
  const number = finiteNumber(where, value, fallback);
  if (!(number >= 0)) throw new ArgumentError(`${where} must be greater than or equal to zero, but got ${number}`);
  return number;
}

function requireOther(where: string, x: Tensor, other: unknown): asserts other is Tensor {
  if (!isTensor(other)) throw new ArgumentError(`${where}: other must be a tensor, got ${describe(other)}`);
  if (x.device !== other.device)
    throw new ArgumentError(`${where}: the tensors are on different devices, ${x.device} and ${other.device}`);
}

const logitAttrs = (where: string, options: LogitOptions | undefined): { eps: number | null } => {
  checkOptions(where, options, ['eps']);
  const eps = options?.eps ?? null;
  if (eps !== null && (typeof eps !== 'number' || Number.isNaN(eps)))
    throw new ArgumentError(`${where}: eps must be a number, got ${describe(eps)}`);
  // a negative eps limits nothing, as in PyTorch
  return { eps: eps !== null && eps < 0 ? null : eps };
};

const orNull = (where: string, value: unknown): number | null =>
  value === undefined || value === null ? null : finiteNumber(where, value, 0);

const nanToNumAttrs = (where: string, options: NanToNumOptions | undefined) => {
  checkOptions(where, options, ['nan', 'posinf', 'neginf']);
  return {
    nan: finiteNumber(`${where}: nan`, options?.nan, 0),
    posinf: orNull(`${where}: posinf`, options?.posinf),
    neginf: orNull(`${where}: neginf`, options?.neginf),
  };
};

function order(n: unknown): { n: number } {
  const checked = checkInteger(n as number, 'polygamma: n');
  if (checked < 0) throw new ArgumentError(`polygamma(n, x) does not support negative n, got ${checked}`);
  return { n: checked };
}

/** Numbers that are compared in float arithmetic. */
const asFloat = (x: Tensor): Tensor => (isFloat(x.dtype) ? x : x.to(getDefaultDType()));

/** 2 to the power of each element, in floats. */
const powerOfTwo = (x: Tensor | number): Tensor | number => (isTensor(x) ? asFloat(x).exp2() : 2 ** x);

export abstract class SpecialMethods extends ElementwiseMethods {
  /**
   * The inverse of {@link erf}; infinite at ±1, NaN beyond. Integers and bools become floats
   * (https://pytorch.org/docs/stable/generated/torch.erfinv.html)
   *
   * @example `x.erfinv()`
   */
  erfinv(): Tensor {
    return dispatch(ops.erfinv, [this.self], null);
  }

  /** In-place {@link erfinv}. */
  erfinv_(): Tensor {
    return dispatch(ops.erfinv.inplaceTwin, [this.self], null);
  }

  /**
   * log |Γ(x)|. Integers and bools become floats
   * (https://pytorch.org/docs/stable/generated/torch.lgamma.html)
   *
   * @example `x.lgamma()`
   */
  lgamma(): Tensor {
    return dispatch(ops.lgamma, [this.self], null);
  }

  /** In-place {@link lgamma}. */
  lgamma_(): Tensor {
    return dispatch(ops.lgamma.inplaceTwin, [this.self], null);
  }

  /**
   * The derivative of {@link lgamma}. Integers and bools become floats
   * (https://pytorch.org/docs/stable/generated/torch.digamma.html)
   *
   * @example `x.digamma()`
   */
  digamma(): Tensor {
    return dispatch(ops.digamma, [this.self], null);
  }

  /** In-place {@link digamma}. */
  digamma_(): Tensor {
    return dispatch(ops.digamma.inplaceTwin, [this.self], null);
  }

  /**
   * sin(πx) / (πx), and 1 at 0. Integers and bools become floats
   * (https://pytorch.org/docs/stable/generated/torch.sinc.html)
   *
   * @example `x.sinc()`
   */
  sinc(): Tensor {
    return dispatch(ops.sinc, [this.self], null);
  }

  /** In-place {@link sinc}. */
  sinc_(): Tensor {
    return dispatch(ops.sinc.inplaceTwin, [this.self], null);
  }

  /**
   * Degrees as radians. Integers and bools become floats
   * (https://pytorch.org/docs/stable/generated/torch.deg2rad.html)
   *
   * @example `x.deg2rad()`
   */
  deg2rad(): Tensor {
    return dispatch(ops.deg2rad, [this.self], null);
  }

  /** In-place {@link deg2rad}. */
  deg2rad_(): Tensor {
    return dispatch(ops.deg2rad.inplaceTwin, [this.self], null);
  }

  /**
   * Radians as degrees. Integers and bools become floats
   * (https://pytorch.org/docs/stable/generated/torch.rad2deg.html)
   *
   * @example `x.rad2deg()`
   */
  rad2deg(): Tensor {
    return dispatch(ops.rad2deg, [this.self], null);
  }

  /** In-place {@link rad2deg}. */
  rad2deg_(): Tensor {
    return dispatch(ops.rad2deg.inplaceTwin, [this.self], null);
  }

  /**
   * The n-th derivative of {@link digamma}: `polygamma(0)` is digamma itself
   * (https://pytorch.org/docs/stable/generated/torch.polygamma.html)
   *
   * @example `x.polygamma(1)`
   * @throws ArgumentError unless n is a whole number, 0 or above.
   */
  polygamma(n: number): Tensor {
    return dispatch(ops.polygamma, [this.self], order(n));
  }

  /** In-place {@link polygamma}. */
  polygamma_(n: number): Tensor {
    return dispatch(ops.polygamma.inplaceTwin, [this.self], order(n));
  }

  /**
   * log(x / (1 - x)), the inverse of {@link sigmoid}
   * (https://pytorch.org/docs/stable/generated/torch.logit.html)
   *
   * @example `x.logit({ eps: 1e-6 })`
   */
  logit(options?: LogitOptions): Tensor {
    return dispatch(ops.logit, [this.self], logitAttrs('logit', options));
  }

  /** In-place {@link logit}. */
  logit_(options?: LogitOptions): Tensor {
    return dispatch(ops.logit.inplaceTwin, [this.self], logitAttrs('logit_', options));
  }

  /**
   * NaN and the infinities replaced by numbers; integers and bools stay as they are
   * (https://pytorch.org/docs/stable/generated/torch.nan_to_num.html)
   *
   * @example `x.nanToNum({ nan: -1, posinf: 1e6 })`
   */
  nanToNum(options?: NanToNumOptions): Tensor {
    return dispatch(ops.nanToNum, [this.self], nanToNumAttrs('nanToNum', options));
  }

  /** In-place {@link nanToNum}. */
  nanToNum_(options?: NanToNumOptions): Tensor {
    return dispatch(ops.nanToNum.inplaceTwin, [this.self], nanToNumAttrs('nanToNum_', options));
  }

  /**
   * Whether the sign is negative, as that of -0 is (bool)
   * (https://pytorch.org/docs/stable/generated/torch.signbit.html)
   */
  signbit(): Tensor {
    return dispatch(ops.signbit, [this.self], null);
  }

  /**
   * Whether each element is +infinity (bool)
   * (https://pytorch.org/docs/stable/generated/torch.isposinf.html)
   */
  isposinf(): Tensor {
    return dispatch(ops.isposinf, [this.self], null);
  }

  /**
   * Whether each element is -infinity (bool)
   * (https://pytorch.org/docs/stable/generated/torch.isneginf.html)
   */
  isneginf(): Tensor {
    return dispatch(ops.isneginf, [this.self], null);
  }

  /**
   * x · 2^other in the bits of an integer dtype: bits shifted out are lost, and a shift by less than 0 or by the width or more gives 0
   * (https://pytorch.org/docs/stable/generated/torch.bitwise_left_shift.html)
   *
   * @example `x.bitwiseLeftShift(2)`
   * @throws DTypeError for floats and bools.
   */
  bitwiseLeftShift(other: Tensor | number): Tensor {
    return dispatch(ops.bitwiseLeftShift, [this.self, other], null);
  }

  /** In-place {@link bitwiseLeftShift}. */
  bitwiseLeftShift_(other: Tensor | number): Tensor {
    return dispatch(ops.bitwiseLeftShift.inplaceTwin, [this.self, other], null);
  }

  /**
   * The bits shifted to the right, keeping the sign
   * (https://pytorch.org/docs/stable/generated/torch.bitwise_right_shift.html)
   *
   * @example `x.bitwiseRightShift(2)`
   * @throws DTypeError for floats and bools.
   */
  bitwiseRightShift(other: Tensor | number): Tensor {
    return dispatch(ops.bitwiseRightShift, [this.self, other], null);
  }

  /** In-place {@link bitwiseRightShift}. */
  bitwiseRightShift_(other: Tensor | number): Tensor {
    return dispatch(ops.bitwiseRightShift.inplaceTwin, [this.self, other], null);
  }

  /**
   * log2(2^x + 2^y) without overflow. Floats only
   * (https://pytorch.org/docs/stable/generated/torch.logaddexp2.html)
   */
  logaddexp2(other: Tensor | number): Tensor {
    return dispatch(ops.logaddexp2, [this.self, other], null);
  }

  /**
   * The step function: 0 below zero, `values` at zero, 1 above; NaN gives 0. Not differentiable, as in PyTorch
   * (https://pytorch.org/docs/stable/generated/torch.heaviside.html)
   *
   * @example `x.heaviside(0.5)`
   * @throws DTypeError if `values` is a tensor of another dtype.
   */
  heaviside(values: Tensor | number): Tensor {
    return dispatch(ops.heaviside, [this.self, values], null);
  }

  /** In-place {@link heaviside}. */
  heaviside_(values: Tensor | number): Tensor {
    return dispatch(ops.heaviside.inplaceTwin, [this.self, values], null);
  }

  /**
   * x · 2^other; integers give the default float dtype (https://pytorch.org/docs/stable/generated/torch.ldexp.html)
   *
   * @example `mantissa.ldexp(exponent)`
   */
  ldexp(other: Tensor | number): Tensor {
    const x = isTensor(other) || isFloat(this.dtype) ? this.self : asFloat(this.self);
    return x.mul(powerOfTwo(other));
  }

  /** In-place {@link ldexp}. */
  ldexp_(other: Tensor | number): Tensor {
    if (!isFloat(this.dtype))
      throw new DTypeError(
        `ldexp_: result type ${getDefaultDType()} can't be cast to the desired output type ${this.dtype}; cast the tensor to a float dtype first`,
      );
    return this.mul_(powerOfTwo(other));
  }

  /**
   * {@link pow} in float64, whatever the dtypes (https://pytorch.org/docs/stable/generated/torch.float_power.html)
   *
   * @example `tensor([2, 3], { dtype: 'int64' }).floatPower(-1)`
   */
  floatPower(exponent: Tensor | number): Tensor {
    return this.self.to('float64').pow(isTensor(exponent) ? exponent.to('float64') : exponent);
  }

  /** In-place {@link floatPower}, of float64 tensors only. @throws DTypeError for other dtypes. */
  floatPower_(exponent: Tensor | number): Tensor {
    if (this.dtype !== 'float64')
      throw new DTypeError(
        `floatPower_: the base given to float_power_ has dtype ${this.dtype} but the operation's result requires dtype float64`,
      );
    return this.pow_(isTensor(exponent) ? exponent.to('float64') : exponent);
  }

  /** Not below `min`; {@link clamp} with one bound. */
  clampMin(min: Tensor | number): Tensor {
    return this.clamp(min);
  }

  /** In-place {@link clampMin}. */
  clampMin_(min: Tensor | number): Tensor {
    return this.clamp_(min);
  }

  /** Not above `max`; {@link clamp} with one bound. */
  clampMax(max: Tensor | number): Tensor {
    return this.clamp(null, max);
  }

  /** In-place {@link clampMax}. */
  clampMax_(max: Tensor | number): Tensor {
    return this.clamp_(null, max);
  }

  /**
   * Whether `|x - other| <= atol + rtol · |other|`, element by element; equal infinities are close
   * (https://pytorch.org/docs/stable/generated/torch.isclose.html)
   *
   * @example `x.isclose(y, { rtol: 1e-3 })`
   * @throws DTypeError if the dtypes differ, ArgumentError for negative tolerances.
   */
  isclose(other: Tensor, options?: CloseOptions): Tensor {
    checkOptions('isclose', options, ['rtol', 'atol', 'equalNan']);
    requireOther('isclose', this.self, other);
    if (this.dtype !== other.dtype) throw new DTypeError(`isclose: ${this.dtype} did not match ${other.dtype}`);
    const rtol = tolerance('isclose: rtol', options?.rtol, 1e-5);
    const atol = tolerance('isclose: atol', options?.atol, 1e-8);
    const equal = this.eq(other);
    const same = options?.equalNan === true ? equal.logicalOr(this.isnan().logicalAnd(other.isnan())) : equal;
    if (rtol === 0 && atol === 0) return same;
    const to = asFloat(other);
    const distance = asFloat(this.self).sub(to).abs();
    const near = distance.le(to.mul(rtol).abs().add(atol));
    return same.logicalOr(distance.isfinite().logicalAnd(near));
  }

  /**
   * Whether all elements are close; see {@link isclose} (https://pytorch.org/docs/stable/generated/torch.allclose.html)
   *
   * @throws DeviceError where the device can't be read synchronously: use {@link allcloseAsync}.
   */
  allclose(other: Tensor, options?: CloseOptions): boolean {
    return this.isclose(other, options).all().itemSync() !== 0;
  }

  /** {@link allclose} on devices that can only be read asynchronously; works on all of them. */
  async allcloseAsync(other: Tensor, options?: CloseOptions): Promise<boolean> {
    return (await this.isclose(other, options).all().item()) !== 0;
  }

  /**
   * Whether both have one shape and the same elements; a NaN equals nothing (https://pytorch.org/docs/stable/generated/torch.equal.html)
   *
   * @throws DeviceError where the device can't be read synchronously: use {@link equalAsync}.
   */
  equal(other: Tensor): boolean {
    requireOther('equal', this.self, other);
    return sameShape(this.shape, other.shape) && this.eq(other).all().itemSync() !== 0;
  }

  /** {@link equal} on devices that can only be read asynchronously; works on all of them. */
  async equalAsync(other: Tensor): Promise<boolean> {
    requireOther('equal', this.self, other);
    return sameShape(this.shape, other.shape) && (await this.eq(other).all().item()) !== 0;
  }
}
