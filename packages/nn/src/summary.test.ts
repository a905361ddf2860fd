import '@tenfold/backend-cpu/register';
import { inspect } from 'node:util';
import { getRngState, manualSeed, ones, type Tensor, tensor } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import {
  AdaptiveAvgPool2d,
  BatchNorm2d,
  Conv2d,
  ConvTranspose2d,
  Dropout,
  Embedding,
  F,
  Flatten,
  Linear,
  MaxPool2d,
  Module,
  Parameter,
  ReLU,
  Sequential,
  summary,
} from './index.ts';

const lenet = (): Sequential =>
  new Sequential(
    new Conv2d(1, 6, 5, { padding: 2 }),
    new ReLU(),
    new MaxPool2d(2),
    new Conv2d(6, 16, 5),
    new ReLU(),
    new MaxPool2d(2),
    new Flatten(),
    new Linear(400, 120),
    new ReLU(),
    new Linear(120, 84),
    new ReLU(),
    new Linear(84, 10),
  );

/** The block of ResNet-18 (He et al., "Deep residual learning for image recognition", 2016). */
class BasicBlock extends Module {
  conv1: Conv2d;
  bn1: BatchNorm2d;
  relu = new ReLU();
  conv2: Conv2d;
  bn2: BatchNorm2d;
  downsample: Sequential | null = null;

  constructor(from: number, to: number, stride: number) {
    super();
    this.conv1 = new Conv2d(from, to, 3, { stride, padding: 1, bias: false });
    this.bn1 = new BatchNorm2d(to);
    this.conv2 = new Conv2d(to, to, 3, { padding: 1, bias: false });
    this.bn2 = new BatchNorm2d(to);
    if (stride !== 1)
      this.downsample = new Sequential(new Conv2d(from, to, 1, { stride, bias: false }), new BatchNorm2d(to));
  }

  forward(x: Tensor): Tensor {
    const inner = this.relu.forward(this.bn1.forward(this.conv1.forward(x)));
    const past = this.downsample ? this.downsample.forward(x) : x;
    return this.relu.forward(this.bn2.forward(this.conv2.forward(inner)).add(past));
  }
}

const resnet18 = (): Sequential =>
  new Sequential(
    new Conv2d(3, 64, 7, { stride: 2, padding: 3, bias: false }),
    new BatchNorm2d(64),
    new ReLU(),
    new MaxPool2d(3, { stride: 2, padding: 1 }),
    ...[64, 128, 256, 512].map((to, i) => {
      const from = i === 0 ? 64 : to / 2;
      return new Sequential(new BasicBlock(from, to, i === 0 ? 1 : 2), new BasicBlock(to, to, 1));
    }),
    new AdaptiveAvgPool2d(1),
    new Flatten(),
    new Linear(512, 1000),
  );

describe('numbers', () => {
  test('LeNet, counted by hand', () => {
    const found = summary(lenet(), [2, 1, 28, 28]);
    expect(found.totalParameters).toBe(6 * 26 + 16 * 151 + 400 * 120 + 120 + 120 * 84 + 84 + 84 * 10 + 10);
    expect(found.rows.map(({ multiplyAdds }) => multiplyAdds).filter((each) => each > 0)).toEqual([
      2 * 28 * 28 * 6 * 25,
      2 * 10 * 10 * 16 * 6 * 25,
      2 * 400 * 120,
      2 * 120 * 84,
      2 * 84 * 10,
    ]);
    const [model, conv] = found.rows;
    expect([model.name, model.type, model.depth, model.parameters, model.isLeaf]).toEqual([
      '',
      'Sequential',
      0,
      0,
      false,
    ]);
    expect(conv).toEqual({
      name: '0',
      type: 'Conv2d',
      depth: 1,
      outputShapes: [[2, 6, 28, 28]],
      parameters: 156,
      trainable: 156,
      multiplyAdds: 235200,
      outputBytes: 4 * 2 * 6 * 28 * 28,
      isLeaf: true,
      isRepeated: false,
    });
    expect(found.inputBytes).toBe(4 * 2 * 28 * 28);
    expect(found.parameterBytes).toBe(4 * 61706);
    const leaves = 2 * 4704 + 1176 + 2 * 1600 + 400 + 400 + 2 * 120 + 2 * 84 + 10;
    expect([found.forwardBytes, found.forwardBackwardBytes]).toEqual([4 * 2 * leaves, 8 * 2 * leaves]);
    expect(found.totalBytes).toBe(found.inputBytes + found.forwardBackwardBytes + found.parameterBytes);
  });

  test('ResNet-18 has its well-known 11.7 million parameters and 1.81 billion multiply-adds', () => {
    const found = summary(resnet18(), [1, 3, 224, 224]);
    expect([found.totalParameters, found.multiplyAdds]).toEqual([11689512, 1814073344]);
    expect(found.rows.at(-1)?.outputShapes).toEqual([[1, 1000]]);
    // PyTorch's ReLU of a block is called twice
    expect(found.rows.filter(({ isRepeated }) => isRepeated).length).toBe(8);
  });

  test('what is computed without a layer, groups, transposed convolutions, attention', () => {
    class Odd extends Module {
      grouped = new Conv2d(4, 6, 3, { groups: 2 });
      back = new ConvTranspose2d(6, 2, 3, { stride: 2 });
      scale = new Parameter(ones([5]));
      unused = new Linear(3, 3);

      forward(x: Tensor): Tensor {
        const y = this.back.forward(this.grouped.forward(x));
        const q = y.flatten(2);
        const attended = F.scaledDotProductAttention(q, q, q);
        return attended.matmul(attended.mT).mul(this.scale.sum());
      }
    }
    const found = summary(new Odd(), [3, 4, 6, 6]);
    const [own, grouped, back] = found.rows;
    expect(grouped.multiplyAdds).toBe(3 * 6 * 4 * 4 * (4 / 2) * 9);
    expect(back.multiplyAdds).toBe(3 * 6 * 4 * 4 * 2 * 9);
    expect(back.outputShapes).toEqual([[3, 2, 9, 9]]);
    expect(own.multiplyAdds).toBe(3 * 2 * 2 * (81 + 81) + 3 * 2 * 2 * 81);
    expect([own.parameters, found.totalParameters]).toEqual([5 + 12, 5 + 12 + 6 * 2 * 9 + 6 + 6 * 2 * 9 + 2]);
  });
});

describe('the run', () => {
  test('leaves modes, generator, gradients, hooks and grad mode as they were', () => {
    manualSeed(4);
    const model = new Sequential(new Linear(2, 2), new Dropout(0.5), new BatchNorm2d(1));
    model[1].eval();
    const { forward } = model[0];
    const before = getRngState();
    const seen: boolean[] = [];
    const flow = new Sequential(new Linear(2, 2), new Dropout(0.5));
    flow[1].registerForwardHook((module, _args, output) => {
      seen.push(module.training, (output as Tensor).requiresGrad);
    });
    const state = getRngState();
    summary(flow, [3, 2]);
    summary(flow, [3, 2], { mode: 'train' });
    expect(seen).toEqual([false, false, true, false]);
    expect(getRngState()).toEqual(state);
    expect(before).not.toEqual(state);
    expect(() => summary(model, [3, 2])).toThrow();
    expect(model.modules().map(({ training }) => training)).toEqual([true, true, false, true]);
    expect(model[0].forward).toBe(forward);
    expect(model.forward.name).toBe('forward');
  });

  test('takes tensors, several shapes, and dtypes', () => {
    class Two extends Module {
      embedding = new Embedding(7, 3);
      linear = new Linear(3, 2, { dtype: 'float64' });

      forward(ids: Tensor, x: Tensor): { logits: Tensor; all: Tensor[] } {
        return { logits: this.linear.forward(x), all: [this.embedding.forward(ids)] };
      }
    }
    const inputs = [tensor([1, 2], { dtype: 'int64' }), ones([4, 3], { dtype: 'float64' })];
    const given = summary(new Two(), inputs);
    expect(given.rows[0].outputShapes).toEqual([
      [4, 2],
      [2, 3],
    ]);
    const shapes = summary(new Two(), [[2], [4, 3]], { dtype: ['int64', 'float64'] });
    expect([shapes.inputBytes, shapes.rows]).toEqual([2 * 8 + 12 * 8, given.rows]);
    expect(summary(new Linear(1, 1, { dtype: 'float64' }), [1, 1]).inputBytes).toBe(8);
    expect(summary(new Linear(1, 1), ones([1])).rows[0].outputShapes).toEqual([[1]]);
  });

  test.each<[string, () => unknown, string]>([
    ['no model', () => summary(3 as never, [1]), 'summary: expected a module, got number 3'],
    [
      'no shape',
      () => summary(new ReLU(), 3 as never),
      'expected a shape such as [1, 3, 224, 224] or tensors, got number 3',
    ],
    ['a bad shape', () => summary(new ReLU(), [1.5]), 'input 0 must be a shape'],
    ['a bad second shape', () => summary(new ReLU(), [[1], 'x'] as never), 'input 1 must be a shape'],
    ['a bad depth', () => summary(new ReLU(), [1], { depth: -1 }), 'depth must be an integer from 0, got number -1'],
    [
      'a bad mode',
      () => summary(new ReLU(), [1], { mode: 'test' as never }),
      "mode must be 'eval' or 'train', got string 'test'",
    ],
    ['an unknown option', () => summary(new ReLU(), [1], { dephts: 1 } as never), "unknown option 'dephts'"],
    [
      'a forward that fails',
      () => summary(new Sequential(new ReLU(), new Linear(3, 1)), [2, 4]),
      'summary: forward failed in 1 (Linear): mat1 and mat2 shapes cannot be multiplied',
    ],
  ])('refuses %s', (_, run, message) => {
    expect(run).toThrow(message);
  });
});

describe('the table', () => {
  test('is a tree with totals', () => {
    const model = new Sequential(new Sequential(new Linear(1000, 2), new ReLU()), new Linear(2, 1));
    model[1].requiresGrad_(false);
    const text = [
      '=========================================================================',
      'Layer (type:depth-idx)   Output Shape   Param #   Trainable   Mult-Adds',
      '=========================================================================',
      'Sequential               [10, 1]        --        --          --',
      '├─Sequential: 1-1        [10, 2]        --        --          --',
      '│    ├─Linear: 2-1       [10, 2]        2,002     True        20,000',
      '│    └─ReLU: 2-2         [10, 2]        --        --          --',
      '└─Linear: 1-2            [10, 1]        3         False       20',
      '=========================================================================',
      'Total params: 2,005',
      'Trainable params: 2,002',
      'Non-trainable params: 3',
      'Total mult-adds: 20,020',
      '=========================================================================',
      'Input size (MB): 0.04',
      'Forward/backward pass size (MB): 0.00',
      'Params size (MB): 0.01',
      'Estimated total size (MB): 0.05',
      '=========================================================================',
    ].join('\n');
    const found = summary(model, [10, 1000]);
    expect(String(found).replaceAll(/=+/g, '=')).toBe(text.replaceAll(/=+/g, '='));
    expect(inspect(found)).toBe(String(found));
  });

  test('down to a depth, where what lies below is counted', () => {
    const model = new Sequential(new Sequential(new Linear(4, 2), new Linear(2, 2)), new Linear(2, 1));
    model[0].parameters()[0].requiresGrad_(false);
    const lines = String(summary(model, [1, 4], { depth: 1 })).split('\n');
    expect(lines[4].split(/ {2,}/)).toEqual(['├─Sequential: 1-1', '[1, 2]', '16', 'Partial', '12']);
    expect(lines[5]).toMatch(/^└─Linear: 1-2 /);
    expect(lines[6]).toMatch(/^=+$/);
    const [, , , whole] = String(summary(model, [1, 4], { depth: 0 })).split('\n');
    expect(whole.split(/ {2,}/)).toEqual(['Sequential', '[1, 1]', '19', 'Partial', '14']);
  });

  test('says where a layer comes again', () => {
    const shared = new Linear(2, 2);
    const text = String(summary(new Sequential(shared, new ReLU(), shared), [1, 2]));
    expect(text.match(/Linear: 1-\d.*/g)?.map((line) => line.split(/ {2,}/))).toEqual([
      ['Linear: 1-1', '[1, 2]', '6', 'True', '4'],
      ['Linear: 1-3', '[1, 2]', '(recursive)', '--', '4'],
    ]);
  });
});
