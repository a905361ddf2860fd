/** ResNet-18 by structure (He et al., "Deep Residual Learning for Image Recognition", 2015), with torchvision's names. */
import {
  AdaptiveAvgPool2d,
  BatchNorm2d,
  Conv2d,
  Flatten,
  Linear,
  MaxPool2d,
  Module,
  ReLU,
  Sequential,
} from '@tenfold/nn';
import type { Tensor } from '@tenfold/tensor-core';

/** Two convolutions, added to what goes by. */
class BasicBlock extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly relu = new ReLU();
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly downsample: Sequential | null;

  constructor(inputs: number, outputs: number, stride: number) {
    super();
    this.conv1 = new Conv2d(inputs, outputs, 3, { stride, padding: 1, bias: false });
    this.bn1 = new BatchNorm2d(outputs);
    this.conv2 = new Conv2d(outputs, outputs, 3, { padding: 1, bias: false });
    this.bn2 = new BatchNorm2d(outputs);
    this.downsample =
      stride === 1 && inputs === outputs
        ? null
        : new Sequential(new Conv2d(inputs, outputs, 1, { stride, bias: false }), new BatchNorm2d(outputs));
  }

  forward(x: Tensor): Tensor {
    const y = this.relu.forward(this.bn1.forward(this.conv1.forward(x)));
    const by = this.downsample ? this.downsample.forward(x) : x;
    return this.relu.forward(this.bn2.forward(this.conv2.forward(y)).add(by));
  }
}

/** Images `[N, 3, H, W]` to scores `[N, classes]`. The first stage has `width` channels. */
export class ResNet18 extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly relu = new ReLU();
  readonly maxpool = new MaxPool2d(3, { stride: 2, padding: 1 });
  readonly layer1: Sequential;
  readonly layer2: Sequential;
  readonly layer3: Sequential;
  readonly layer4: Sequential;
  readonly avgpool = new AdaptiveAvgPool2d(1);
  readonly flatten = new Flatten();
  readonly fc: Linear;

  constructor(width = 64, classes = 1000) {
    super();
    const stage = (inputs: number, outputs: number, stride: number): Sequential =>
      new Sequential(new BasicBlock(inputs, outputs, stride), new BasicBlock(outputs, outputs, 1));
    this.conv1 = new Conv2d(3, width, 7, { stride: 2, padding: 3, bias: false });
    this.bn1 = new BatchNorm2d(width);
    this.layer1 = stage(width, width, 1);
    this.layer2 = stage(width, 2 * width, 2);
    this.layer3 = stage(2 * width, 4 * width, 2);
    this.layer4 = stage(4 * width, 8 * width, 2);
    this.fc = new Linear(8 * width, classes);
  }

  forward(x: Tensor): Tensor {
    let y = this.maxpool.forward(this.relu.forward(this.bn1.forward(this.conv1.forward(x))));
    for (const layer of [this.layer1, this.layer2, this.layer3, this.layer4]) y = layer.forward(y);
    return this.fc.forward(this.flatten.forward(this.avgpool.forward(y)));
  }
}
