/** Symbols for one export: those of the user first, then what its mode asks for, then the tables. */
import { type AnySig, type BuiltinOps, builtinOps, describe, OnnxExportError, OpSpec } from '@tenfold/tensor-core';
import { symbolOf } from './all.ts';
import { definedSymbol } from './lookup.ts';
import { runtimeSymbols, trainingSymbols } from './runtime-random.ts';
import type { OnnxSymbol } from './symbol.ts';

/** An op and its symbol in one export, as {@link symbolRow} makes it. */
export type SymbolRow = readonly [op: object, symbol: OnnxSymbol];

/**
 * A row of the option `symbols`: another ONNX form of an op, for one export. To give it to every export, use {@link defineSymbol}.
 *
 * @example
 * await toOnnx(model, x, { symbols: [symbolRow(builtinOps.gelu, (g) => g.op('my.domain::FastGelu', [g.x()]))] });
 */
export const symbolRow = <S extends AnySig>(op: OpSpec<S>, symbol: OnnxSymbol<S>): SymbolRow => [
  op,
  symbol as unknown as OnnxSymbol,
];

/** Checks the option `symbols`. */
export function readSymbols(rows: unknown): ReadonlyMap<object, OnnxSymbol> {
  const how = 'write [symbolRow(builtinOps.gelu, (g) => …)], or a Map from ops to symbols';
  if (typeof rows !== 'object' || rows === null || !(Symbol.iterator in rows))
    throw new OnnxExportError(`symbols: ${how}, got ${describe(rows)}`);
  const found = new Map<object, OnnxSymbol>();
  for (const row of rows as Iterable<unknown>) {
    const [op, symbol]: readonly unknown[] = Array.isArray(row) ? row : [row];
    if (!(op instanceof OpSpec)) throw new OnnxExportError(`symbols: ${how}; ${describe(op)} is no op`);
    if (!isSymbol(symbol))
      throw new OnnxExportError(
        `symbols: the symbol of op '${op.name}' must be a function of g, viaBody or unsupported(reason), got ${describe(symbol)}`,
      );
    if (found.has(op)) throw new OnnxExportError(`symbols: op '${op.name}' occurs twice`);
    found.set(op, symbol);
  }
  return found;
}

function isSymbol(x: unknown): x is OnnxSymbol {
  if (typeof x === 'function') return true;
  const kind: unknown = typeof x === 'object' && x !== null && 'kind' in x ? x.kind : null;
  return kind === 'viaBody' || kind === 'unsupported';
}

/** The symbols of one export. */
export function symbolsFor({
  symbols,
  training,
  randomOps,
}: {
  readonly symbols: ReadonlyMap<object, OnnxSymbol>;
  readonly training: 'eval' | 'training' | 'preserve';
  readonly randomOps: 'refuse' | 'runtime';
}): (spec: OpSpec) => OnnxSymbol | undefined {
  const rows = {
    ...(training === 'eval' ? {} : trainingSymbols),
    ...(randomOps === 'runtime' ? runtimeSymbols : {}),
  };
  const special = new Map<object, OnnxSymbol>(
    Object.entries(rows).map(([name, symbol]) => [builtinOps[name as keyof BuiltinOps], symbol as OnnxSymbol]),
  );
  return (spec) => symbols.get(spec) ?? definedSymbol(spec) ?? special.get(spec) ?? symbolOf(spec);
}
