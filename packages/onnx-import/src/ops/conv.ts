/** Convolutions. */
import { builtinOps, dispatch, type Tensor } from '@tenfold/tensor-core';
import type { NodeContext, Rows } from '../context.ts';
import { autoPad, halves, pads, perDim, reach, windowsOf } from './windows.ts';

/** The sizes of the kernel, which a file may say in an attribute, too. */
export function kernelOf(c: NodeContext, weight: Tensor): readonly number[] {
  const shape = weight.shape.slice(2);
  const said = c.ints('kernel_shape', shape);
  if (said.join() !== shape.join())
    throw c.error(`kernel_shape is [${said.join(', ')}], but the weight is [${weight.shape.join(', ')}]`);
  return shape;
}

/** `x` convolved with `weight` by the attributes of the node. */
export function convolve(c: NodeContext, x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  const { stride, dilation, padding, paddingEnd } = windowsOf(c, x.shape.slice(2), kernelOf(c, weight));
  const attrs = { stride, dilation, padding, paddingEnd, groups: c.int('group', 1) };
  return dispatch(builtinOps.convolution, [x, weight, bias], attrs);
}

/** The paddings that are cut off, of which those behind may be negative: elements that are added. */
function cut(
  c: NodeContext,
  sizes: readonly number[],
  kernel: readonly number[],
  stride: readonly number[],
  dilation: readonly number[],
) {
  const n = sizes.length;
  const added = perDim(c, 'output_padding', n, 0);
  const full = sizes.map((size, d) => stride[d] * (size - 1) + added[d] + reach(kernel[d], dilation[d]));
  const mode = autoPad(c);
  const said = c.ints('output_shape', null) ?? [];
  const same = mode.startsWith('SAME');
  let [before, behind] = mode === 'NOTSET' ? pads(c, n) : [kernel.map(() => 0), kernel.map(() => 0)];
  if (said.length > 0 || same) {
    // a shape may name all dims
    const target = said.length > 0 ? said.slice(-n) : sizes.map((size, d) => size * stride[d]);
    [before, behind] = halves(
      target.map((size, d) => (same ? Math.max(0, full[d] - size) : full[d] - size)),
      mode === 'SAME_UPPER',
    );
    behind = behind.map((_, d) => full[d] - target[d] - before[d]);
  }
  return { padding: before, paddingEnd: behind.map((x, d) => x - added[d]) };
}

function convTranspose(c: NodeContext): Tensor {
  const [x, weight] = [c.x(0), c.x(1)];
  const sizes = x.shape.slice(2);
  const kernel = kernelOf(c, weight);
  const [stride, dilation] = ['strides', 'dilations'].map((name) => perDim(c, name, sizes.length, 1));
  const { padding, paddingEnd } = cut(c, sizes, kernel, stride, dilation);
  c.sized(
    sizes.map((size, d) =>
      Math.max(0, stride[d] * (size - 1) + reach(kernel[d], dilation[d]) - padding[d] - paddingEnd[d]),
    ),
  );
  const attrs = { stride, dilation, padding, paddingEnd, groups: c.int('group', 1) };
  return dispatch(builtinOps.convolutionTranspose, [x, weight, c.optional(2)], attrs);
}

/** Rows by op type. */
export const conv: Rows = {
  Conv: (c) => convolve(c, c.x(0), c.x(1), c.optional(2)),
  ConvTranspose: convTranspose,
};
