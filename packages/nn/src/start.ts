/** Starting values of parameters. They come from the seeded generator, without being recorded. */
import { type Tensor, withoutGrad } from '@tenfold/tensor-core';

/** Fills with uniform numbers of ±1/√fanIn: PyTorch's start of linear layers, `kaiming_uniform_(a=√5)`. Nothing flows in with a `fanIn` of 0: then it leaves zeros. */
export function uniformByFanIn_(x: Tensor, fanIn: number): Tensor {
  const bound = fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0;
  return withoutGrad(() => x.uniform_(-bound, bound));
}
