/** The ops of `@tenfold/nn`. This package doesn't import that one, so its rows stand under the ops' names. */
import type { Sig, Tensor } from '@tenfold/tensor-core';
import type { Ref } from '../builder.ts';
import type { OpContext } from '../context.ts';
import { recurrentLayer } from './recurrent.ts';
import type { OnnxSymbol } from './symbol.ts';

/** Slopes of negative elements: `[1]`, or `[C]` for `[N, C, …]`. */
function prelu(g: OpContext): Ref | null {
  // runtimes have it for float32
  if (g.outDType() !== 'float32' || g.rank() === 0) return null;
  const behind = g.dims(1)[0] === 1 ? 0 : Math.max(0, g.rank() - 2);
  const axes = Array.from({ length: behind }, (_, d) => d + 1);
  return g.op('PRelu', [g.x(), g.unsqueeze(g.x(1), axes)]);
}

type LocalResponseNorm = Sig<[Tensor], { size: number; alpha: number; beta: number; k: number }>;

function localResponseNorm(g: OpContext<LocalResponseNorm>): Ref | null {
  const { size, alpha, beta, k } = g.attrs;
  // of an even number of channels, ONNX takes one more after and PyTorch before; runtimes have it for float32 images
  if (size % 2 === 0 || g.rank() !== 4 || g.outDType() !== 'float32') return null;
  return g.op('LRN', [g.x()], { size_i: size, alpha_f: alpha, beta_f: beta, bias_f: k });
}

const recurrent = recurrentLayer as unknown as OnnxSymbol;

/** Rows by the names of the ops. */
const rows: { readonly [op: string]: OnnxSymbol } = {
  'nn.rnn': recurrent,
  'nn.lstm': recurrent,
  'nn.gru': recurrent,
  'nn.prelu': prelu,
  'nn.localResponseNorm': localResponseNorm as unknown as OnnxSymbol,
};

/** The row of an op of nn, or `undefined`. */
export const layerSymbol = (name: string): OnnxSymbol | undefined =>
  Object.hasOwn(rows, name) ? rows[name] : undefined;
