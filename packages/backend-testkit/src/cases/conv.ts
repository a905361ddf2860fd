/** How these are called: convolutions. */
import type { ConvOps } from '@tenfold/tensor-core';
import type { Cases, OpCase } from '../case.ts';

export const conv: Cases<ConvOps> = {};

/** Methods and functions that are made of other ops. */
export const convMethods: { readonly [name: string]: OpCase } = {};
