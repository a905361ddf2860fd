/** The networks that the page offers. */
import { F, Flatten, Linear, Module, Parameter, ReLU, Sequential, Tanh } from '@tenfold/nn';
import { randn, type Tensor, zeros } from '@tenfold/tensor-core';

/** A module from one tensor to one. */
export interface Network extends Module {
  forward(x: Tensor): Tensor;
}

/** A convolution over images, with the start that suits a ReLU behind it (He et al. 2015, "Delving Deep into Rectifiers"). */
class Conv2d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(inChannels: number, outChannels: number, size: number, device: string) {
    super();
    const spread = Math.sqrt(2 / (inChannels * size * size));
    this.weight = new Parameter(randn([outChannels, inChannels, size, size], { device }).mul(spread));
    this.bias = new Parameter(zeros([outChannels], { device }));
  }

  override forward(x: Tensor): Tensor {
    return F.conv2d(x, this.weight, this.bias, { padding: 'same' });
  }

  override extraRepr(): string {
    const [outputs, inputs, size] = this.weight.shape;
    return `${inputs}, ${outputs}, kernel_size=(${size}, ${size}), padding=same`;
  }
}

class MaxPool2d extends Module {
  override forward(x: Tensor): Tensor {
    return F.maxPool2d(x, 2);
  }
}

/** A network by its name on the page. */
export interface Choice {
  readonly name: string;
  make(device: string): Network;
  /** A learning rate to start with, for Adam. */
  readonly lr: number;
}

const mlp = (width: number, device: string): Network =>
  new Sequential(
    new Linear(2, width, { device }),
    new Tanh(),
    new Linear(width, width, { device }),
    new Tanh(),
    new Linear(width, 2, { device }),
  );

/** What is learned. */
export type Subject = 'line' | 'moons' | 'digits';

/** By what is learned; the first is the one to start with. */
export const choices: { readonly [S in Subject]: readonly Choice[] } = {
  line: [{ name: 'Linear, 1 → 1', lr: 0.05, make: (device) => new Linear(1, 1, { device }) }],
  moons: [
    { name: 'MLP, 2 → 16 → 16 → 2', lr: 0.02, make: (device) => mlp(16, device) },
    { name: 'MLP, 2 → 64 → 64 → 2', lr: 0.01, make: (device) => mlp(64, device) },
    { name: 'Linear, 2 → 2', lr: 0.05, make: (device) => new Linear(2, 2, { device }) },
  ],
  digits: [
    {
      name: 'MLP, 784 → 128 → 10',
      lr: 0.002,
      make: (device) =>
        new Sequential(new Flatten(), new Linear(784, 128, { device }), new ReLU(), new Linear(128, 10, { device })),
    },
    {
      name: 'CNN, 8 and 16 channels',
      lr: 0.003,
      make: (device) =>
        new Sequential(
          new Conv2d(1, 8, 3, device),
          new ReLU(),
          new MaxPool2d(),
          new Conv2d(8, 16, 3, device),
          new ReLU(),
          new MaxPool2d(),
          new Flatten(),
          new Linear(16 * 7 * 7, 10, { device }),
        ),
    },
  ],
};
