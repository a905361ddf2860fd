/** {@link Tensor}'s pointwise methods as functions: `add(x, y)` is `x.add(y)`. */
import { dispatch } from '../dispatch.ts';
import type { CloseOptions } from '../methods/special.ts';
import { requireTensor } from '../ops/build.ts';
import { elementwise as ops } from '../ops/elementwise.ts';
import type { Tensor } from '../tensor.ts';

/** Names of methods that give a tensor. */
type MethodName = { [K in keyof Tensor]: Tensor[K] extends (...args: never[]) => Tensor ? K : never }[keyof Tensor];

/** A method as a function whose first argument is the tensor. */
type AsFunction<K extends MethodName> = (x: Tensor, ...args: Parameters<Tensor[K]>) => Tensor;

const method =
  <K extends MethodName>(name: K): AsFunction<K> =>
  (x, ...args) => {
    requireTensor(name, x);
    // a union of method types can't be called with a union of their arguments: K fixes both
    return (x[name] as (...args: Parameters<Tensor[K]>) => Tensor).apply(x, args);
  };

/**
 * Elements of `a` where `condition` is true, else of `b`; all three broadcast (https://pytorch.org/docs/stable/generated/torch.where.html).
 *
 * @throws DTypeError unless the condition is bool.
 */
export const where = (condition: Tensor, a: Tensor | number, b: Tensor | number): Tensor =>
  dispatch(ops.where, [condition, a, b], null);

/** {@link Tensor.abs} as a function. */
export const abs = method('abs');
/** {@link Tensor.neg} as a function. */
export const neg = method('neg');
/** {@link Tensor.sign} as a function. */
export const sign = method('sign');
/** {@link Tensor.floor} as a function. */
export const floor = method('floor');
/** {@link Tensor.ceil} as a function. */
export const ceil = method('ceil');
/** {@link Tensor.round} as a function. */
export const round = method('round');
/** {@link Tensor.trunc} as a function. */
export const trunc = method('trunc');
/** {@link Tensor.frac} as a function. */
export const frac = method('frac');
/** {@link Tensor.square} as a function. */
export const square = method('square');
/** {@link Tensor.exp} as a function. */
export const exp = method('exp');
/** {@link Tensor.exp2} as a function. */
export const exp2 = method('exp2');
/** {@link Tensor.expm1} as a function. */
export const expm1 = method('expm1');
/** {@link Tensor.log} as a function. */
export const log = method('log');
/** {@link Tensor.log2} as a function. */
export const log2 = method('log2');
/** {@link Tensor.log10} as a function. */
export const log10 = method('log10');
/** {@link Tensor.log1p} as a function. */
export const log1p = method('log1p');
/** {@link Tensor.sqrt} as a function. */
export const sqrt = method('sqrt');
/** {@link Tensor.rsqrt} as a function. */
export const rsqrt = method('rsqrt');
/** {@link Tensor.reciprocal} as a function. */
export const reciprocal = method('reciprocal');
/** {@link Tensor.sin} as a function. */
export const sin = method('sin');
/** {@link Tensor.cos} as a function. */
export const cos = method('cos');
/** {@link Tensor.tan} as a function. */
export const tan = method('tan');
/** {@link Tensor.asin} as a function. */
export const asin = method('asin');
/** {@link Tensor.acos} as a function. */
export const acos = method('acos');
/** {@link Tensor.atan} as a function. */
export const atan = method('atan');
/** {@link Tensor.sinh} as a function. */
export const sinh = method('sinh');
/** {@link Tensor.cosh} as a function. */
export const cosh = method('cosh');
/** {@link Tensor.tanh} as a function. */
export const tanh = method('tanh');
/** {@link Tensor.asinh} as a function. */
export const asinh = method('asinh');
/** {@link Tensor.acosh} as a function. */
export const acosh = method('acosh');
/** {@link Tensor.atanh} as a function. */
export const atanh = method('atanh');
/** {@link Tensor.sigmoid} as a function. */
export const sigmoid = method('sigmoid');
/** {@link Tensor.relu} as a function. */
export const relu = method('relu');
/** {@link Tensor.erf} as a function. */
export const erf = method('erf');
/** {@link Tensor.erfc} as a function. */
export const erfc = method('erfc');
/** {@link Tensor.isnan} as a function. */
export const isnan = method('isnan');
/** {@link Tensor.isinf} as a function. */
export const isinf = method('isinf');
/** {@link Tensor.isfinite} as a function. */
export const isfinite = method('isfinite');
/** {@link Tensor.clamp} as a function. */
export const clamp = method('clamp');
/** {@link Tensor.add} as a function. */
export const add = method('add');
/** {@link Tensor.sub} as a function. */
export const sub = method('sub');
/** {@link Tensor.rsub} as a function. */
export const rsub = method('rsub');
/** {@link Tensor.mul} as a function. */
export const mul = method('mul');
/** {@link Tensor.div} as a function. */
export const div = method('div');
/** {@link Tensor.floorDivide} as a function. */
export const floorDivide = method('floorDivide');
/** {@link Tensor.remainder} as a function. */
export const remainder = method('remainder');
/** {@link Tensor.fmod} as a function. */
export const fmod = method('fmod');
/** `input` to the power of `exponent`; one of them may be a number (https://pytorch.org/docs/stable/generated/torch.pow.html). @example pow(2, x) */
export function pow(input: Tensor | number, exponent: Tensor | number): Tensor {
  if (typeof input !== 'number') requireTensor('pow', input);
  else requireTensor('pow', exponent, 1);
  return dispatch(ops.pow, [input, exponent], null);
}
/** {@link Tensor.atan2} as a function. */
export const atan2 = method('atan2');
/** {@link Tensor.hypot} as a function. */
export const hypot = method('hypot');
/** {@link Tensor.maximum} as a function. */
export const maximum = method('maximum');
/** {@link Tensor.minimum} as a function. */
export const minimum = method('minimum');
/** {@link Tensor.fmax} as a function. */
export const fmax = method('fmax');
/** {@link Tensor.fmin} as a function. */
export const fmin = method('fmin');
/** {@link Tensor.logaddexp} as a function. */
export const logaddexp = method('logaddexp');
/** {@link Tensor.xlogy} as a function. */
export const xlogy = method('xlogy');
/** {@link Tensor.copysign} as a function. */
export const copysign = method('copysign');
/** {@link Tensor.lerp} as a function. */
export const lerp = method('lerp');
/** {@link Tensor.addcmul} as a function. */
export const addcmul = method('addcmul');
/** {@link Tensor.addcdiv} as a function. */
export const addcdiv = method('addcdiv');
/** {@link Tensor.eq} as a function. */
export const eq = method('eq');
/** {@link Tensor.ne} as a function. */
export const ne = method('ne');
/** {@link Tensor.lt} as a function. */
export const lt = method('lt');
/** {@link Tensor.le} as a function. */
export const le = method('le');
/** {@link Tensor.gt} as a function. */
export const gt = method('gt');
/** {@link Tensor.ge} as a function. */
export const ge = method('ge');
/** {@link Tensor.logicalAnd} as a function. */
export const logicalAnd = method('logicalAnd');
/** {@link Tensor.logicalOr} as a function. */
export const logicalOr = method('logicalOr');
/** {@link Tensor.logicalXor} as a function. */
export const logicalXor = method('logicalXor');
/** {@link Tensor.logicalNot} as a function. */
export const logicalNot = method('logicalNot');
/** {@link Tensor.bitwiseAnd} as a function. */
export const bitwiseAnd = method('bitwiseAnd');
/** {@link Tensor.bitwiseOr} as a function. */
export const bitwiseOr = method('bitwiseOr');
/** {@link Tensor.bitwiseXor} as a function. */
export const bitwiseXor = method('bitwiseXor');
/** {@link Tensor.bitwiseNot} as a function. */
export const bitwiseNot = method('bitwiseNot');
/** {@link Tensor.maskedFill} as a function. */
export const maskedFill = method('maskedFill');
/** {@link Tensor.erfinv} as a function. */
export const erfinv = method('erfinv');
/** {@link Tensor.lgamma} as a function. */
export const lgamma = method('lgamma');
/** {@link Tensor.digamma} as a function. */
export const digamma = method('digamma');
/** {@link Tensor.logit} as a function. */
export const logit = method('logit');
/** {@link Tensor.sinc} as a function. */
export const sinc = method('sinc');
/** {@link Tensor.deg2rad} as a function. */
export const deg2rad = method('deg2rad');
/** {@link Tensor.rad2deg} as a function. */
export const rad2deg = method('rad2deg');
/** {@link Tensor.nanToNum} as a function. */
export const nanToNum = method('nanToNum');
/** {@link Tensor.signbit} as a function. */
export const signbit = method('signbit');
/** {@link Tensor.isposinf} as a function. */
export const isposinf = method('isposinf');
/** {@link Tensor.isneginf} as a function. */
export const isneginf = method('isneginf');
/** {@link Tensor.bitwiseLeftShift} as a function. */
export const bitwiseLeftShift = method('bitwiseLeftShift');
/** {@link Tensor.bitwiseRightShift} as a function. */
export const bitwiseRightShift = method('bitwiseRightShift');
/** {@link Tensor.logaddexp2} as a function. */
export const logaddexp2 = method('logaddexp2');
/** {@link Tensor.heaviside} as a function. */
export const heaviside = method('heaviside');
/** {@link Tensor.ldexp} as a function. */
export const ldexp = method('ldexp');
/** {@link Tensor.floatPower} as a function. */
export const floatPower = method('floatPower');
/** {@link Tensor.isclose} as a function. */
export const isclose = method('isclose');
/** {@link Tensor.clampMin} as a function. */
export const clampMin = method('clampMin');
/** {@link Tensor.clampMax} as a function. */
export const clampMax = method('clampMax');

/** The n-th derivative of {@link digamma}; see {@link Tensor.polygamma}. */
export const polygamma = (n: number, input: Tensor): Tensor => input.polygamma(n);

/** Whether all elements are close; see {@link Tensor.allclose}. */
export const allclose = (input: Tensor, other: Tensor, options?: CloseOptions): boolean =>
  input.allclose(other, options);

/** {@link allclose} on devices that can only be read asynchronously. */
export const allcloseAsync = (input: Tensor, other: Tensor, options?: CloseOptions): Promise<boolean> =>
  input.allcloseAsync(other, options);

/** Whether shape and elements are the same; see {@link Tensor.equal}. */
export const equal = (input: Tensor, other: Tensor): boolean => input.equal(other);

/** {@link equal} on devices that can only be read asynchronously. */
export const equalAsync = (input: Tensor, other: Tensor): Promise<boolean> => input.equalAsync(other);
