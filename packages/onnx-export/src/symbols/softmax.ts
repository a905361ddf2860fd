/** Softmax and its logarithm in ONNX. */
import type { SoftmaxOps } from '@tenfold/tensor-core';
import type { Ref } from '../builder.ts';
import type { OpContext } from '../context.ts';
import { type Symbols, viaBody } from './symbol.ts';

/** Before opset 13 the op flattens everything from `axis` on, so that only the last dim means the same. */
const along =
  (type: string) =>
  (g: OpContext): Ref => {
    const { dim } = g.attrs as { readonly dim: number };
    const rank = g.rank();
    if (rank === 0) return g.squeeze(g.op(type, [g.unsqueeze(g.x(), [0])], { axis_i: 0 }), [0]);
    if (g.opset >= 13 || dim === rank - 1) return g.op(type, [g.x()], { axis_i: dim });
    const swap = Array.from({ length: rank }, (_, d) => (d === dim ? rank - 1 : d === rank - 1 ? dim : d));
    return g.transpose(g.op(type, [g.transpose(g.x(), swap)], { axis_i: rank - 1 }), swap);
  };

/** Rows by op name. */
export const softmax: Symbols<SoftmaxOps> = {
  softmax: (g) => along('Softmax')(g),
  logSoftmax: (g) => along('LogSoftmax')(g),
  softmaxBackward: viaBody,
  logSoftmaxBackward: viaBody,
};
