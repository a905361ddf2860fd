/** A U-Net by structure (Ronneberger et al., "U-Net: Convolutional Networks for Biomedical Image Segmentation", 2015): down, up, and across. */
import { BatchNorm2d, Conv2d, ConvTranspose2d, MaxPool2d, Module, ReLU, Sequential } from '@tenfold/nn';
import { cat, type Tensor } from '@tenfold/tensor-core';

const double = (inputs: number, outputs: number): Sequential =>
  new Sequential(
    new Conv2d(inputs, outputs, 3, { padding: 1 }),
    new BatchNorm2d(outputs),
    new ReLU(),
    new Conv2d(outputs, outputs, 3, { padding: 1 }),
    new BatchNorm2d(outputs),
    new ReLU(),
  );

/** Images `[N, 1, H, W]` to a score for each pixel and class, `[N, classes, H, W]`; H and W are multiples of 4. */
export class UNet extends Module {
  readonly down1: Sequential;
  readonly down2: Sequential;
  readonly bottom: Sequential;
  readonly up2: ConvTranspose2d;
  readonly across2: Sequential;
  readonly up1: ConvTranspose2d;
  readonly across1: Sequential;
  readonly head: Conv2d;
  readonly pool = new MaxPool2d(2);

  constructor(width = 16, classes = 2) {
    super();
    this.down1 = double(1, width);
    this.down2 = double(width, 2 * width);
    this.bottom = double(2 * width, 4 * width);
    this.up2 = new ConvTranspose2d(4 * width, 2 * width, 2, { stride: 2 });
    this.across2 = double(4 * width, 2 * width);
    this.up1 = new ConvTranspose2d(2 * width, width, 2, { stride: 2 });
    this.across1 = double(2 * width, width);
    this.head = new Conv2d(width, classes, 1);
  }

  forward(x: Tensor): Tensor {
    const a = this.down1.forward(x);
    const b = this.down2.forward(this.pool.forward(a));
    const c = this.bottom.forward(this.pool.forward(b));
    const d = this.across2.forward(cat([b, this.up2.forward(c)], 1));
    return this.head.forward(this.across1.forward(cat([a, this.up1.forward(d)], 1)));
  }
}
