import { Module } from '@tenfold/nn';
import { arange, cat, type Tensor } from '@tenfold/tensor-core';

/** Rotary positions (Su et al., "RoFormer"). */
export class Rotary extends Module {
  constructor(features: number, length: number) {
    super();
    const rates = arange(0, features, 2).div(features).mul(-Math.log(10_000)).exp();
    const angles = arange(length).unsqueeze(1).mul(rates);
    this.registerBuffer('cos', angles.cos(), { persistent: false });
    this.registerBuffer('sin', angles.sin(), { persistent: false });
  }
  declare cos: Tensor;
  declare sin: Tensor;

  forward(x: Tensor, start: number): Tensor {
    const length = x.shape[2];
    const cos = this.cos.narrow(0, start, length);
    const sin = this.sin.narrow(0, start, length);
    const [a, b] = x.chunk(2, -1);
    return cat([a.mul(cos).sub(b.mul(sin)), a.mul(sin).add(b.mul(cos))], -1);
  }
}
