/** How pointwise ops are called. */
import { type ElementwiseOps, tensor, where } from '@tenfold/tensor-core';
import { type Cases, method, type OpCase } from '../case.ts';

/** PyTorch's float32 functions err by a few units in the last place where the result is large or near a pole. */
export const elementwise: Cases<ElementwiseOps> = {
  abs: method('abs'), neg: method('neg'), sign: method('sign'),
  floor: method('floor'), ceil: method('ceil'), round: method('round'), trunc: method('trunc'), frac: method('frac'),
  square: method('square'), exp: method('exp'), exp2: method('exp2'), expm1: method('expm1'),
  log: method('log'), log2: method('log2'), log10: method('log10'), log1p: method('log1p'),
  sqrt: method('sqrt'), rsqrt: method('rsqrt'), reciprocal: method('reciprocal'),
  sin: method('sin'), cos: method('cos'), tan: method('tan'), asin: method('asin'), acos: method('acos'), atan: method('atan'),
  sinh: method('sinh'), cosh: method('cosh'), tanh: method('tanh'), asinh: method('asinh'), acosh: method('acosh'), atanh: method('atanh'),
  sigmoid: method('sigmoid'), relu: method('relu'), erf: method('erf'), erfc: method('erfc'),
  isnan: method('isnan'), isinf: method('isinf'), isfinite: method('isfinite'),
  clamp: method('clamp', { exclude: { 'NaN bound': 'since PyTorch 2 a NaN bound gives NaN; the fixtures are of 1.13' } }),
  threshold: { none: 'the body of nn.functional.threshold; clamp and relu have the samples' },
  add: method('add'), sub: method('sub'), rsub: method('rsub'), mul: method('mul'), div: method('div'),
  remainder: method('remainder'), fmod: method('fmod'),
  pow: {
    call: ([x, y]) => (typeof x === 'number' ? tensor(x, { dtype: Number.isInteger(x) && !y.isFloatingPoint() ? 'int64' : y.dtype, device: y.device }) : x).pow(y),
    inplace: ([x, y]) => x.pow_(y),
  },
  atan2: method('atan2'), hypot: method('hypot'),
  maximum: method('maximum'), minimum: method('minimum'), fmax: method('fmax'), fmin: method('fmin'),
  logaddexp: method('logaddexp'), xlogy: method('xlogy'), copysign: method('copysign'),
  lerp: method('lerp'), addcmul: method('addcmul'), addcdiv: method('addcdiv'),
  eq: method('eq'), ne: method('ne'), lt: method('lt'), le: method('le'), gt: method('gt'), ge: method('ge'),
  logicalAnd: method('logicalAnd'), logicalOr: method('logicalOr'), logicalXor: method('logicalXor'), logicalNot: method('logicalNot'),
  bitwiseAnd: method('bitwiseAnd'), bitwiseOr: method('bitwiseOr'), bitwiseXor: method('bitwiseXor'), bitwiseNot: method('bitwiseNot'),
  where: { call: ([condition, x, y]) => where(condition, x, y) },
  maskedFill: method('maskedFill'),
};

/** Methods that are made of other ops. */
export const elementwiseMethods: { readonly [name: string]: OpCase } = {
  floorDivide: method('floorDivide'),
  to: { call: ([x], { dtype }) => x.to(dtype) },
};
