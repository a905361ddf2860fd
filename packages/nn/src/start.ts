/** Starting values of parameters. They come from the seeded generator, without being recorded. */
import { type Tensor, withoutGrad } from '@tenfold/tensor-core';

/** Fills with uniform numbers of ±1/√fanIn: PyTorch's start of linear layers, `kaiming_uniform_(a=√5)`. Nothing flows in with a `fanIn` of 0: then it leaves zeros. */
export function uniformByFanIn_(x: Tensor, fanIn: number): Tensor {
  const bound = fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0;
  return withoutGrad(() => x.uniform_(-bound, bound));
}

/** The deviation of Glorot's start, for `[fanOut, fanIn]` or `[1, n, n]`-like shapes whose last dims are a kernel. */
function xavierDeviation({ shape: [out, inputs, ...kernel] }: Tensor): number {
  const size = kernel.reduce((product, n) => product * n, 1);
  return Math.sqrt(2 / ((inputs + out) * size));
}

/** Fills with uniform numbers of ±√(6 / (fanIn + fanOut)) (Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010). */
export function xavierUniform_(x: Tensor): Tensor {
  const bound = Math.sqrt(3) * xavierDeviation(x);
  return withoutGrad(() => x.uniform_(-bound, bound));
}

/** Fills with normal numbers of the deviation √(2 / (fanIn + fanOut)). */
export const xavierNormal_ = (x: Tensor): Tensor => withoutGrad(() => x.normal_(0, xavierDeviation(x)));
