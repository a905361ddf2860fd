/** Every builtin symbol, by op name, and symbols of third parties. */
import { type AnySig, type BuiltinOps, builtinOps, type OpSpec, stepInitOf } from '@tenfold/tensor-core';
import { activation } from './activation.ts';
import { attention } from './attention.ts';
import { conv } from './conv.ts';
import { create } from './create.ts';
import { decomposition } from './decomposition.ts';
import { elementwise } from './elementwise.ts';
import { index } from './index.ts';
import { linalg } from './linalg.ts';
import { builtinSymbol, pushSymbol, setSymbol } from './lookup.ts';
import { loss } from './loss.ts';
import { movement } from './movement.ts';
import { layerSymbol } from './nn.ts';
import { norm } from './norm.ts';
import { optim } from './optim.ts';
import { pool } from './pool.ts';
import { randomNumbers } from './random.ts';
import { reduce } from './reduce.ts';
import { softmax } from './softmax.ts';
import { spatial } from './spatial.ts';
import { writeStep } from './step.ts';
import type { OnnxSymbol, Symbols } from './symbol.ts';

/** Symbols of the builtin ops by name. */
export const symbols: Symbols<BuiltinOps> = {
  ...activation,
  ...attention,
  ...conv,
  ...create,
  ...decomposition,
  ...elementwise,
  ...index,
  ...linalg,
  ...loss,
  ...movement,
  ...norm,
  ...optim,
  ...pool,
  ...randomNumbers,
  ...reduce,
  ...softmax,
  ...spatial,
};

let installed = false;

/** The symbol of an op, or `undefined` if it has none. */
export function symbolOf(spec: OpSpec): OnnxSymbol | undefined {
  if (!installed) {
    installed = true;
    // both tables are total over the same names
    for (const [name, symbol] of Object.entries(symbols))
      setSymbol(builtinOps[name as keyof BuiltinOps] as unknown as OpSpec, symbol as OnnxSymbol);
  }
  return builtinSymbol(spec) ?? layerSymbol(spec.name) ?? (stepInitOf(spec) ? writeStep : undefined);
}

/** What {@link defineSymbol} gives. */
export interface SymbolHandle {
  /** Gives the op the symbol that it had before. */
  remove(): void;
  [Symbol.dispose](): void;
}

/**
 * Gives an op of your own (`defineOp`) a form in ONNX, or a builtin one another form, in every export from now on until the handle is removed.
 * For one export, use the option `symbols`.
 *
 * @example
 * defineSymbol(myRelu, (g) => g.op('Relu', [g.x()]));
 * using fast = defineSymbol(builtinOps.gelu, (g) => g.op('my.domain::FastGelu', [g.x()]));
 */
export function defineSymbol<S extends AnySig>(spec: OpSpec<S>, symbol: OnnxSymbol<S>): SymbolHandle {
  const remove = pushSymbol(spec as unknown as OpSpec, symbol as unknown as OnnxSymbol);
  return { remove, [Symbol.dispose]: remove };
}
