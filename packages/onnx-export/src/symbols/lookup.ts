/** Which symbol an op has. The table is bound late, because a symbol may look another one up. */
import type { OpSpec } from '@tenfold/tensor-core';
import type { OnnxSymbol } from './symbol.ts';

const tables = new WeakMap<object, OnnxSymbol>();
/** What users have defined, the latest last. */
const defined = new WeakMap<object, { readonly symbol: OnnxSymbol }[]>();

/** Puts the symbol of a table in place for an op. */
export function setSymbol(spec: OpSpec, symbol: OnnxSymbol): void {
  tables.set(spec, symbol);
}

/** Puts a user's symbol over what an op has; the function that it gives takes it away again, whatever was defined since. */
export function pushSymbol(spec: OpSpec, symbol: OnnxSymbol): () => void {
  const row = { symbol };
  const rows = defined.get(spec) ?? [];
  rows.push(row);
  defined.set(spec, rows);
  return () => {
    const at = rows.indexOf(row);
    if (at >= 0) rows.splice(at, 1);
  };
}

/** The symbol that a user has defined for an op, or `undefined`. */
export const definedSymbol = (spec: OpSpec): OnnxSymbol | undefined => defined.get(spec)?.at(-1)?.symbol;

/** The symbol of an op, or `undefined` if it has none. */
export const builtinSymbol = (spec: OpSpec): OnnxSymbol | undefined => definedSymbol(spec) ?? tables.get(spec);
