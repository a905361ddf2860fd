/** Which symbol an op has. The table is bound late, because a symbol may look another one up. */
import type { OpSpec } from '@tenfold/tensor-core';
import type { OnnxSymbol } from './symbol.ts';

const registered = new WeakMap<object, OnnxSymbol>();

/** Puts a symbol in place for an op. */
export function setSymbol(spec: OpSpec, symbol: OnnxSymbol): void {
  registered.set(spec, symbol);
}

/** The symbol of an op, or `undefined` if it has none. */
export const builtinSymbol = (spec: OpSpec): OnnxSymbol | undefined => registered.get(spec);
