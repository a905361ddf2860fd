/** The network: two convolutions, each followed by a maximum over 2 × 2 pixels, and two linear layers. */
import { Conv2d, Dropout, F, Linear, MaxPool2d, Module } from '@tenfold/nn';
import type { Tensor } from '@tenfold/tensor-core';

/** Mean and standard deviation of all pixels to learn from, 0 to 255. */
const [mean, std] = [33.32, 78.57];

/** Reads digits. It takes the pixels as they are, so that whoever runs the exported file need not know how to scale them. */
export class DigitNet extends Module {
  readonly conv1 = new Conv2d(1, 16, 3);
  readonly conv2 = new Conv2d(16, 32, 3);
  readonly pool = new MaxPool2d(2);
  readonly fc1 = new Linear(32 * 5 * 5, 64);
  readonly fc2 = new Linear(64, 10);
  readonly dropout = new Dropout(0.25);

  /** Images, uint8 `[N, 28, 28]`, to a score for each digit, `[N, 10]`. */
  forward(images: Tensor): Tensor {
    let x = images.unsqueeze(1).to('float32').sub(mean).div(std);
    x = F.relu(this.pool.forward(this.conv1.forward(x))); // [N, 16, 13, 13]
    x = F.relu(this.pool.forward(this.conv2.forward(x))); // [N, 32, 5, 5]
    x = this.dropout.forward(x.flatten(1));
    x = this.dropout.forward(F.relu(this.fc1.forward(x)));
    return this.fc2.forward(x);
  }
}
