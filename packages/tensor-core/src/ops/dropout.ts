/** Dropping elements at random: after the draw, one pass gives the result and what the elements were multiplied by. */
import { allocate } from '../dispatch.ts';
import * as e from '../expr.ts';
import { OpSpec, type Sig } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { requireTensor } from './build.ts';
import { checkFloat, type Drawn, deviceOf, draw, drawDType, meta, program } from './random.ts';

export interface DropoutOps {
  /** x times 0 with probability p, else times 1 / (1 - p); and these factors. */
  dropout: Sig<[Tensor], Drawn & { readonly p: number }, readonly [Tensor, Tensor]>;
}

/** Rows by op name. */
export const dropout: { readonly [K in keyof DropoutOps]: OpSpec<DropoutOps[K]> } = {
  dropout: new OpSpec<DropoutOps['dropout']>({
    name: 'dropout',
    infer([x]) {
      requireTensor('dropout', x);
      checkFloat('dropout', x.dtype);
      return [meta(x), meta(x)];
    },
    kernel(runtime, [out, factors], [x], { p, generator }) {
      const { dtype } = x;
      const wide = drawDType(dtype);
      // as bernoulli_ of a number
      const drawn = allocate(deviceOf(out), 'float32', out.shape);
      draw(runtime, 'uniform', drawn, generator);
      const made = program(`dropout|${dtype}`, () => {
        const kept = e.lt(e.input(1, 'float32'), e.param(0, 'float32'));
        const factor = e.cast(e.select(kept, e.param(1, wide), e.constant(0, wide)), dtype);
        return new e.Program([e.mul(e.input(0, dtype), factor), factor], [dtype, 'float32'], ['float32', wide]);
      });
      runtime.map([out, factors], [x, drawn], made, [1 - p, p === 1 ? 0 : 1 / (1 - p)]);
    },
  }),
};
