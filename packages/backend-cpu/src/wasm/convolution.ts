/** The convolutions that have kernels of their own, by their groups. */
import type { ConvAttrs, Override } from '@tenfold/tensor-core';
import type { Buffer } from '../elements.ts';
import { depthwiseOverrides } from './depthwise.ts';
import type { Machine } from './machine.ts';
import type { Families } from './steps.ts';
import { winogradOverrides } from './winograd.ts';

/** Overrides by op name. */
export function convolutionOverrides(
  machine: Machine,
  families: Families,
): { readonly [op: string]: Override<Buffer> } {
  const dense = winogradOverrides(machine, families);
  const depthwise = depthwiseOverrides(machine, families.rows);
  const byGroups = (op: 'convolution' | 'convolutionTranspose'): Override<Buffer> => {
    const of = (attrs: unknown): Override<Buffer> => ((attrs as ConvAttrs).groups === 1 ? dense : depthwise)[op];
    return {
      supports: (inputs, attrs) => of(attrs).supports?.(inputs, attrs) ?? true,
      run: (outs, inputs, attrs) => of(attrs).run(outs, inputs, attrs),
    };
  };
  return {
    ...dense,
    convolution: byGroups('convolution'),
    convolutionTranspose: byGroups('convolutionTranspose'),
  };
}
