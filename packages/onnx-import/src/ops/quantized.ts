/** Quantised numbers: integers that stand for (integer - zero point) · scale. */
import type { DType, Tensor } from '@tenfold/tensor-core';
import type { NodeContext, RowResult, Rows } from '../context.ts';
import { convolve } from './conv.ts';

const ranges: Readonly<Record<string, readonly [number, number]>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  int16: [-(2 ** 15), 2 ** 15 - 1],
};

/** Scales or zero points beside `x`: one, one for each slice of the axis, or one for each block of it. */
function beside(c: NodeContext, s: Tensor, x: Tensor, axis: number, block: number): Tensor {
  if (s.numel() === 1 && s.ndim <= 1) return s.reshape([]);
  const dim = axis < 0 ? axis + x.ndim : axis;
  if (block > 0) {
    c.sized([s.numel(), block]);
    return s.repeatInterleave(block, { dim }).narrow(dim, 0, x.size(dim));
  }
  return s.ndim === 1 ? s.reshape(x.shape.map((_, d) => (d === dim ? -1 : 1))) : s;
}

/** Floats in units of the scale as integers: rounded, half to even, and kept in range. */
function toRange(c: NodeContext, x: Tensor, zero: Tensor | null, dtype: DType): Tensor {
  const range = ranges[dtype];
  if (!range) throw c.error(`quantised numbers can't be ${dtype}`);
  const rounded = x.round();
  return (zero ? rounded.add(zero.to(x.dtype)) : rounded).clamp(...range).to(dtype);
}

function quantize(c: NodeContext): Tensor {
  const x = c.x();
  const [axis, block] = [c.int('axis', 1), c.int('block_size', 0)];
  const scale = beside(c, c.x(1), x, axis, block);
  const zero = c.optional(2);
  const said = c.int('output_dtype', 0);
  const dtype = zero?.dtype ?? (said === 0 ? 'uint8' : c.dtypeOf(said));
  const precision = c.int('precision', 0);
  const wide = precision === 0 ? scale.dtype : c.dtypeOf(precision);
  return toRange(c, x.to(wide).div(scale.to(wide)), zero && beside(c, zero, x, axis, block), dtype);
}

function dequantize(c: NodeContext): Tensor {
  const x = c.x();
  const [axis, block] = [c.int('axis', 1), c.int('block_size', 0)];
  const scale = beside(c, c.x(1), x, axis, block);
  const zero = c.optional(2);
  const shifted = zero ? x.to('int32').sub(beside(c, zero, x, axis, block).to('int32')) : x;
  const said = c.int('output_dtype', 0);
  const y = shifted.to(scale.dtype).mul(scale);
  return said === 0 ? y : y.to(c.dtypeOf(said));
}

/** To uint8, by the range of the values themselves, which is made to hold 0. */
function dynamicQuantize(c: NodeContext): RowResult {
  const x = c.x();
  const [low, high] = [x.amin().clamp(null, 0), x.amax().clamp(0)];
  const scale = high.sub(low).div(255);
  const zero = toRange(c, low.neg().div(scale), null, 'uint8');
  return [toRange(c, x.div(scale), zero, 'uint8'), scale, zero];
}

/** Without their zero point, in int32. A vector has one for each row of a left operand, for each column of a right one. */
function centred(x: Tensor, zero: Tensor | null, rows: boolean): Tensor {
  const wide = x.to('int32');
  if (!zero) return wide;
  return wide.sub(column(zero, rows).to('int32'));
}

const column = (s: Tensor, rows: boolean): Tensor =>
  s.ndim === 1 && s.numel() > 1 && rows ? s.unsqueeze(-1) : s.numel() === 1 ? s.reshape([]) : s;

const matMulInteger = (c: NodeContext): Tensor =>
  centred(c.x(0), c.optional(2), true).matmul(centred(c.x(1), c.optional(3), false));

/** Sums of products in units of both scales, in those of the result. */
function rescaled(c: NodeContext, sums: Tensor, factor: Tensor, zero: Tensor): Tensor {
  return toRange(c, sums.to('float32').mul(factor.to('float32')), zero, zero.dtype);
}

function qLinearMatMul(c: NodeContext): Tensor {
  const [a, aScale, aZero, b, bScale, bZero, scale, zero] = c.inputs();
  const sums = centred(a, aZero, true).matmul(centred(b, bZero, false));
  const factor = column(aScale, true).mul(column(bScale, false)).div(column(scale, true));
  return rescaled(c, sums, factor, column(zero, true));
}

/** One for each output channel, beside a weight or a result. */
const ofChannels = (s: Tensor, ndim: number, dim: number): Tensor =>
  s.numel() === 1 ? s.reshape([]) : s.reshape(Array.from({ length: ndim }, (_, d) => (d === dim ? -1 : 1)));

const centredWeight = (w: Tensor, zero: Tensor | null): Tensor =>
  zero ? w.to('int32').sub(ofChannels(zero, w.ndim, 0).to('int32')) : w.to('int32');

const convInteger = (c: NodeContext): Tensor =>
  convolve(c, centred(c.x(0), c.optional(2), false), centredWeight(c.x(1), c.optional(3)), null);

function qLinearConv(c: NodeContext): Tensor {
  const [x, xScale, xZero, w, wScale, wZero, scale, zero] = Array.from({ length: 8 }, (_, i) => c.x(i));
  const sums = convolve(c, centred(x, xZero, false), centredWeight(w, wZero), c.optional(8));
  const factor = ofChannels(wScale, sums.ndim, 1).mul(xScale.reshape([])).div(scale.reshape([]));
  return rescaled(c, sums, factor, zero.reshape([]));
}

/** Rows by op type. */
export const quantized: Rows = {
  ConvInteger: convInteger,
  DequantizeLinear: dequantize,
  DynamicQuantizeLinear: dynamicQuantize,
  MatMulInteger: matMulInteger,
  QLinearConv: qLinearConv,
  QLinearMatMul: qLinearMatMul,
  QuantizeLinear: quantize,
};
