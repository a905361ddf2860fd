/** A variational autoencoder (Kingma and Welling, "Auto-Encoding Variational Bayes", 2013), whose sampling is a custom Function. */
import { asFunction, Function, type FunctionContext } from '@tenfold/autograd';
import { Linear, Module } from '@tenfold/nn';
import type { Tensor } from '@tenfold/tensor-core';
import type { SymbolicGraph, SymbolicValue } from '../../src/index.ts';

/** mean + noise · exp(½ logVariance): a sample that gradients go through. */
class Reparametrise extends Function {
  static forward(ctx: FunctionContext, mean: Tensor, logVariance: Tensor, noise: Tensor): Tensor {
    const deviation = logVariance.mul(0.5).exp();
    ctx.saveForBackward(deviation, noise);
    return mean.add(noise.mul(deviation));
  }

  static backward(ctx: FunctionContext, grad: Tensor): (Tensor | null)[] {
    const [deviation, noise] = ctx.savedTensors;
    return [grad, grad.mul(noise).mul(deviation).mul(0.5), null];
  }

  static symbolic(g: SymbolicGraph, ...inputs: SymbolicValue[]): SymbolicValue {
    return g.op('vae::REPARAMETRISE', ...inputs);
  }
}

const sample = asFunction(Reparametrise);

/** Vectors `[N, size]` and noise `[N, hidden]` to what is made of them again, means and logarithms of variances. */
export class Autoencoder extends Module {
  readonly encoder: Linear;
  readonly mean: Linear;
  readonly logVariance: Linear;
  readonly decoder: Linear;
  readonly output: Linear;

  constructor(size = 12, width = 16, hidden = 3) {
    super();
    this.encoder = new Linear(size, width);
    this.mean = new Linear(width, hidden);
    this.logVariance = new Linear(width, hidden);
    this.decoder = new Linear(hidden, width);
    this.output = new Linear(width, size);
  }

  forward(x: Tensor, noise: Tensor): [Tensor, Tensor, Tensor] {
    const y = this.encoder.forward(x).relu();
    const [mean, logVariance] = [this.mean.forward(y), this.logVariance.forward(y)];
    const code = sample(mean, logVariance, noise);
    return [this.output.forward(this.decoder.forward(code).relu()).sigmoid(), mean, logVariance];
  }
}
