/** The transcendental functions that have vector code; the others are called element by element. */
import type { UnaryFn } from '@tenfold/tensor-core';
import type { FunctionBuilder, ModuleBuilder } from './assembler.ts';
import type { LaneClass, V } from './elements.ts';

export type VectorFn = (fn: FunctionBuilder, x: V, module: ModuleBuilder) => V;
export type VectorFn2 = (fn: FunctionBuilder, x: V, y: V, module: ModuleBuilder) => V;

export const mathF32: { readonly [F in UnaryFn]?: VectorFn } = {};
export const mathF64: { readonly [F in UnaryFn]?: VectorFn } = {};
export const powF32: VectorFn2 | undefined = undefined as VectorFn2 | undefined;
export const powF64: VectorFn2 | undefined = undefined as VectorFn2 | undefined;

/** Whether vector code computes a function, and so with other last digits than JavaScript does. */
export function hasVectorCode(fn: string, lanes: LaneClass): boolean {
  if (lanes !== 'f32' && lanes !== 'f64') return false;
  const unary: { readonly [fn: string]: VectorFn | undefined } = lanes === 'f32' ? mathF32 : mathF64;
  return unary[fn] !== undefined || (fn === 'pow' && (lanes === 'f32' ? powF32 : powF64) !== undefined);
}
