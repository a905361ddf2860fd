/** Fourier transforms, and the windows and filters that go with them. */
import { arange, fromTypedArray, pad, stack, type Tensor, zerosLike } from '@tenfold/tensor-core';
import type { NodeContext, Row, Rows } from '../context.ts';
import { dtypeAttribute } from './create.ts';

/** A matrix on the device of `x`, in its dtype. */
function matrix(
  c: NodeContext,
  x: Tensor,
  rows: number,
  columns: number,
  at: (i: number, j: number) => number,
): Tensor {
  c.sized([rows, columns]);
  const data = Float64Array.from({ length: rows * columns }, (_, k) => at(Math.floor(k / columns), k % columns));
  return fromTypedArray(data, [rows, columns], { dtype: 'float64', device: 'cpu' }).to(x.dtype).to(x.device);
}

/** cos and sin of -2πij/n, the product taken modulo n first. */
const circle = (c: NodeContext, x: Tensor, from: number, to: number, n: number): [cos: Tensor, sin: Tensor] => {
  const angle = (i: number, j: number): number => (-2 * Math.PI * ((i * j) % n)) / n;
  return [
    matrix(c, x, from, to, (i, j) => Math.cos(angle(i, j))),
    matrix(c, x, from, to, (i, j) => Math.sin(angle(i, j))),
  ];
};

/** The last dim cut, or filled up with zeros. */
const resizedTo = (x: Tensor, n: number): Tensor => (x.size(-1) === n ? x : pad(x, [0, n - x.size(-1)]));

/** Σ (re + i·im) e^(-2πijk/n) over the last dim, for the first `bins` k. */
function forward(c: NodeContext, re: Tensor, im: Tensor | null, n: number, bins: number): Tensor {
  const [cos, sin] = circle(c, re, n, bins, n);
  const [a, b] = [resizedTo(re, n), im && resizedTo(im, n)];
  const real = b ? a.matmul(cos).sub(b.matmul(sin)) : a.matmul(cos);
  const imaginary = b ? a.matmul(sin).add(b.matmul(cos)) : a.matmul(sin);
  return stack([real, imaginary], -1);
}

/** The same with e^(2πijk/n) / n, by conjugates. */
function backward(c: NodeContext, re: Tensor, im: Tensor | null, n: number): Tensor {
  const result = forward(c, re, (im ?? zerosLike(re)).neg(), n, n).div(n);
  return stack([result.select(-1, 0), result.select(-1, 1).neg()], -1);
}

/** Real values from the first half of their spectrum, of which the rest is the mirror image. */
function backwardReal(c: NodeContext, re: Tensor, im: Tensor, n: number): Tensor {
  const bins = Math.floor(n / 2) + 1;
  const [cos, sin] = circle(c, re, bins, n, n);
  const twice = matrix(c, re, bins, 1, (k) => (k === 0 || 2 * k === n ? 1 : 2)).flatten();
  const [a, b] = [resizedTo(re, bins).mul(twice), resizedTo(im, bins).mul(twice)];
  return a.matmul(cos).add(b.matmul(sin)).div(n).unsqueeze(-1);
}

/** Over one axis; the last dim is 1 for real values, or 2 for complex ones. */
function dft(c: NodeContext): Tensor {
  const x = c.x();
  const axis = c.opset < 20 ? c.int('axis', 1) : c.optionalNumber(2, -2);
  const dim = axis < 0 ? axis + x.ndim : axis;
  if (dim === x.ndim - 1) throw c.error('the last dim holds real and imaginary parts, and is no axis');
  const [inverse, onesided] = ['inverse', 'onesided'].map((name) => c.int(name, 0) !== 0);
  const size = x.size(dim);
  const n = c.optionalNumber(1, inverse && onesided ? 2 * (size - 1) : size);
  const [re, im] = x.unbind(-1).map((part) => part.movedim(dim, -1));
  const result = inverse
    ? onesided
      ? backwardReal(c, re, im ?? zerosLike(re), n)
      : backward(c, re, im ?? null, n)
    : forward(c, re, im ?? null, n, onesided ? Math.floor(n / 2) + 1 : n);
  return result.movedim(-2, dim);
}

/** Transforms of windows that follow one another. */
function stft(c: NodeContext): Tensor {
  const x = c.x();
  const step = c.hostNumber(1);
  const window = c.optional(2);
  const length = c.optionalNumber(3, window ? window.size(0) : x.size(1));
  const bins = c.int('onesided', 1) !== 0 ? Math.floor(length / 2) + 1 : length;
  // a signal without a dim of its own for real and imaginary parts is real
  const parts = x.ndim > 2 ? x.unbind(-1) : [x];
  const [re, im] = parts.map((part) => {
    const frames = part.unfold(1, length, step);
    return window ? frames.mul(window) : frames;
  });
  return forward(c, re, im ?? null, length, bins);
}

/** a₀ - a₁ cos(2πi/N) + a₂ cos(4πi/N), N being the size, or one less for a window that is symmetric. */
const cosineWindow =
  (a0: number, a1: number, a2 = 0): Row =>
  (c) => {
    const [size] = c.sized([c.hostNumber(0)]);
    const dtype = dtypeAttribute(c, c.dtypeOf(1), 'output_datatype');
    const n = c.int('periodic', 1) !== 0 ? size : size - 1;
    const angle = arange(size, { dtype, device: c.device }).mul((2 * Math.PI) / n);
    const window = angle.cos().mul(-a1).add(a0);
    return a2 === 0 ? window : window.add(angle.mul(2).cos().mul(a2));
  };

const melOf = (hertz: number): number => 2595 * Math.log10(1 + hertz / 700);
const hertzOf = (mel: number): number => 700 * (10 ** (mel / 2595) - 1);

/** Triangles that are evenly spaced on the mel scale: `[dft_length / 2 + 1, bins]`. */
function melWeights(c: NodeContext): Tensor {
  const [bins, length, rate, low, high] = [0, 1, 2, 3, 4].map((i) => c.hostNumber(i));
  const rows = Math.floor(length / 2) + 1;
  c.sized([rows, bins]);
  const step = (melOf(high) - melOf(low)) / (bins + 2);
  const edges = Array.from({ length: bins + 2 }, (_, i) =>
    Math.floor(((length + 1) * hertzOf(melOf(low) + i * step)) / rate),
  );
  const data = new Float64Array(rows * bins);
  const set = (row: number, i: number, value: number): void => {
    if (row >= 0 && row < rows) data[row * bins + i] = value;
  };
  for (let i = 0; i < bins; i++) {
    const [left, center, right] = edges.slice(i, i + 3);
    if (left === center) set(center, i, 1);
    else for (let j = left; j <= center; j++) set(j, i, (j - left) / (center - left));
    for (let j = center; j < right; j++) set(j, i, (right - j) / (right - center));
  }
  const dtype = dtypeAttribute(c, c.dtypeOf(1), 'output_datatype');
  return fromTypedArray(data, [rows, bins], { dtype: 'float64', device: 'cpu' }).to(dtype).to(c.device);
}

/** Rows by op type. */
export const signal: Rows = {
  BlackmanWindow: cosineWindow(0.42, 0.5, 0.08),
  DFT: dft,
  HammingWindow: cosineWindow(25 / 46, 21 / 46),
  HannWindow: cosineWindow(0.5, 0.5),
  MelWeightMatrix: melWeights,
  STFT: stft,
};
