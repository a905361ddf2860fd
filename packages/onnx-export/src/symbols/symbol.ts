/** What a row of a symbol table is. Rows live in `symbols/<family>.ts`, one table per family, typed so that a missing row does not compile. */
import type { AnySig } from '@tenfold/tensor-core';
import type { Ref } from '../builder.ts';
import type { OpContext } from '../context.ts';

/** Writes the ONNX nodes of one op and gives its outputs, `null` for one that nothing reads; `null` as a whole leaves the op to its body. */
export type SymbolFunction<S extends AnySig> = (g: OpContext<S>) => Ref | readonly (Ref | null)[] | null;

/** A row: nodes to write, the op's body to write instead, or the reason why it can't be exported. */
export type OnnxSymbol<S extends AnySig = AnySig> =
  | SymbolFunction<S>
  | { readonly kind: 'viaBody'; readonly nanLast?: boolean }
  | { readonly kind: 'unsupported'; readonly reason: string };

/** A table of rows for a family of ops. */
export type Symbols<Ops> = { readonly [K in keyof Ops]: Ops[K] extends AnySig ? OnnxSymbol<Ops[K]> : never };

/** The ops of the body are written in the op's place. */
export const viaBody = { kind: 'viaBody' } as const;

/** As {@link viaBody}; sorts inside put NaN last, which ONNX leaves open. */
export const viaBodyNaNLast = { kind: 'viaBody', nanLast: true } as const;

/** The op has no form in ONNX. */
export const unsupported = (reason: string) => ({ kind: 'unsupported', reason }) as const;
