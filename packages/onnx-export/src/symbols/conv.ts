/** Convolutions in ONNX: Conv and ConvTranspose, which take floats only. */
import { type ConvAttrs, type ConvOps, isFloat } from '@tenfold/tensor-core';
import type { Ref } from '../builder.ts';
import type { OpContext } from '../context.ts';
import type { Symbols } from './symbol.ts';

/** The kernel's attributes and the padding behind, which may be negative. */
function settings(g: OpContext): { attributes: Record<string, number | number[]>; padding: number[]; end: number[] } {
  if (!isFloat(g.outDType())) throw g.error(`ONNX convolves floats only, and these are ${g.outDType()}`);
  const fixed = (name: keyof ConvAttrs): number[] => g.fixedShape(g.sizes(name), `its ${name}`);
  const attributes = {
    strides_i: fixed('stride'),
    dilations_i: fixed('dilation'),
    group_i: (g.attrs as ConvAttrs).groups,
  };
  return { attributes, padding: fixed('padding'), end: fixed('paddingEnd') };
}

const above0 = (list: readonly number[]): number[] => list.map((x) => Math.max(x, 0));

/** `x` without the last elements of dims with a negative padding. */
const cropped = (g: OpContext, x: Ref, end: readonly number[]): Ref =>
  end.reduce((y, pad, d) => (pad < 0 ? g.slice(y, d + 2, 0, pad) : y), x);

const swapped = (rank: number): number[] => Array.from({ length: rank }, (_, d) => (d < 2 ? 1 - d : d));

/** Rows by op name. */
export const conv: Symbols<ConvOps> = {
  convolution: (g) => {
    const { attributes, padding, end } = settings(g as OpContext);
    const kernel_shape_i = g.fixedShape(g.dims(1).slice(2), 'the kernel size');
    const inputs = [cropped(g as OpContext, g.x(), end), g.x(1), ...(g.isAbsent(2) ? [] : [g.x(2)])];
    return g.op('Conv', inputs, { ...attributes, kernel_shape_i, pads_i: [...padding, ...above0(end)] });
  },
  convolutionTranspose: (g) => {
    const { attributes, padding, end } = settings(g as OpContext);
    const kernel_shape_i = g.fixedShape(g.dims(1).slice(2), 'the kernel size');
    const inputs = [g.x(), g.x(1), ...(g.isAbsent(2) ? [] : [g.x(2)])];
    const output_padding_i = above0(end.map((x) => -x));
    return g.op('ConvTranspose', inputs, {
      ...attributes,
      kernel_shape_i,
      pads_i: [...padding, ...above0(end)],
      ...(output_padding_i.some((x) => x > 0) ? { output_padding_i } : {}),
    });
  },
  // a convolution of x by g with samples as channels, and stride and dilation in each other's place
  convolutionWeight: (g) => {
    const { attributes, padding, end } = settings(g as OpContext);
    const { groups } = g.attrs;
    const rank = g.rank();
    const [samples, channels, ...sizes] = g.dims(1);
    const each = g.fixed(channels, 'the number of channels') / groups;
    const kernel_shape_i = g.fixedShape(g.dims().slice(2), 'the size of the result of the convolution');
    let x = cropped(g as OpContext, g.x(1), end);
    const inner = sizes.map((size, d) => (end[d] < 0 ? g.fixed(size, 'a size') + end[d] : size));
    if (groups === 1) x = g.transpose(x, swapped(rank));
    else {
      const parts = g.reshape(x, [samples, groups, each, ...inner]);
      const moved = g.transpose(parts, [2, 1, 0, ...inner.map((_, d) => d + 3)]);
      x = g.op('Reshape', [moved, g.ints([each, -1, ...g.fixedShape(inner, 'a size of the input')])]);
    }
    const result = g.op('Conv', [x, g.transpose(g.x(), swapped(rank))], {
      strides_i: attributes.dilations_i,
      dilations_i: attributes.strides_i,
      group_i: groups,
      kernel_shape_i,
      pads_i: [...padding, ...above0(end)],
    });
    return g.transpose(result, swapped(rank));
  },
};
