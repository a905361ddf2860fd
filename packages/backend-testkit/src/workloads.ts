/** Work of the sizes that overrides are written for: they are compared on it, and timed. A row serves every override that it meets, in gradients too. */
import { grad } from '@tenfold/autograd';
import {
  adamStep_,
  adaptiveMaxPool2d,
  avgPool2d,
  batchNorm,
  conv2d,
  convTranspose2d,
  crossEntropy,
  type DType,
  embedding,
  Generator,
  groupNorm,
  layerNorm,
  maxPool2d,
  randint,
  randn,
  resolveDevice,
  rmsNorm,
  rmspropStep_,
  scaledDotProductAttention,
  sgdStep_,
  type Tensor,
  tidy,
} from '@tenfold/tensor-core';

/** What a row makes its operands with. */
interface Make {
  /** Normal numbers, of which gradients are wanted. */
  (...shape: number[]): Tensor;
  /** The same without gradients. */
  plain(...shape: number[]): Tensor;
  /** Integers below `high`. */
  indices(high: number, ...shape: number[]): Tensor;
}

type Row = (x: Make) => Tensor | readonly Tensor[] | undefined;

/** Three parameters and what a step keeps for each. */
const parameters = (x: Make, kept: number): Tensor[][] =>
  Array.from({ length: kept + 2 }, (_, k) =>
    [[256, 512], [512, 512], [512]].map((shape) => (k > 1 ? x.plain(...shape).square() : x.plain(...shape))),
  );

/** By name. What a row gives is differentiated by all that it made. */
export const workloads: { readonly [name: string]: Row } = {
  'softmax of 512 × 1000': (x) => x(512, 1000).softmax(1),
  'logSoftmax of 512 × 1000': (x) => x(512, 1000).logSoftmax(1),
  'crossEntropy of 512 × 1000': (x) => crossEntropy(x(512, 1000), x.indices(1000, 512)),
  'layerNorm of 512 × 768': (x) => layerNorm(x(512, 768), [768], { weight: x(768), bias: x(768) }),
  'rmsNorm of 512 × 768': (x) => rmsNorm(x(512, 768), [768], { weight: x(768) }),
  'batchNorm of 8 × 64 × 28 × 28': (x) =>
    batchNorm(x(8, 64, 28, 28), null, null, { weight: x(64), bias: x(64), training: true }),
  'batchNorm in evaluation of 8 × 64 × 28 × 28': (x) =>
    batchNorm(x(8, 64, 28, 28), x.plain(64), x.plain(64).square(), { weight: x(64), bias: x(64) }),
  'groupNorm of 8 × 64 × 28 × 28': (x) => groupNorm(x(8, 64, 28, 28), 8, { weight: x(64), bias: x(64) }),
  'convolution, 3 × 3, of 8 × 32 × 28 × 28': (x) => conv2d(x(8, 32, 28, 28), x(64, 32, 3, 3), x(64), { padding: 1 }),
  'convolution of each channel, 3 × 3, of 8 × 64 × 28 × 28': (x) =>
    conv2d(x(8, 64, 28, 28), x(64, 1, 3, 3), null, { padding: 1, groups: 64 }),
  'transposed convolution, 2 × 2, of 8 × 32 × 14 × 14': (x) =>
    convTranspose2d(x(8, 32, 14, 14), x(32, 16, 2, 2), null, { stride: 2 }),
  'avgPool of 8 × 64 × 28 × 28': (x) => avgPool2d(x(8, 64, 28, 28), 2),
  'maxPool of 8 × 64 × 28 × 28': (x) => maxPool2d(x(8, 64, 28, 28), 2),
  'adaptiveMaxPool of 8 × 64 × 28 × 28': (x) => adaptiveMaxPool2d(x(8, 64, 28, 28), 7),
  'attention of 8 × 128 × 64': (x) => scaledDotProductAttention(x(8, 128, 64), x(8, 128, 64), x(8, 128, 64)),
  'attention, causal, of 8 × 128 × 64': (x) =>
    scaledDotProductAttention(x(8, 128, 64), x(8, 128, 64), x(8, 128, 64), { isCausal: true }),
  'embedding of 2048 words': (x) => embedding(x.indices(1000, 2048), x(1000, 256)),
  'a step of SGD': (x) => {
    const [param, gradient, momentum] = parameters(x, 1);
    sgdStep_(param, gradient, momentum, { lr: 0.1, momentum: 0.9 });
    return undefined;
  },
  'a step of Adam': (x) => {
    const [param, gradient, average, square] = parameters(x, 2);
    adamStep_(param, gradient, average, square, null, { lr: 0.1, step: 2 });
    return undefined;
  },
  'a step of RMSprop': (x) => {
    const [param, gradient, square] = parameters(x, 1);
    rmspropStep_(param, gradient, square, null, null, { lr: 0.1 });
    return undefined;
  },
};

/** Runs a row and its gradients on a device, in float32 if it has it; the same numbers each time. */
export function runWorkload(row: Row, device: string): void {
  const { dtypes } = resolveDevice(device).runtime.capabilities;
  const dtype = (['float32', 'float16', 'bfloat16', 'float64'] as const).find((d) => dtypes.includes(d)) as DType;
  const generator = new Generator(0);
  tidy(() => {
    const leaves: Tensor[] = [];
    const plain = (...shape: number[]) => randn(shape, { dtype, device, generator });
    const leaf = (...shape: number[]) => {
      const made = plain(...shape).requiresGrad_();
      leaves.push(made);
      return made;
    };
    const indices = (high: number, ...shape: number[]) => randint(high, shape, { device, generator });
    const given = row(Object.assign(leaf, { plain, indices })) ?? [];
    const outputs = (Array.isArray(given) ? given : [given]) as Tensor[];
    if (outputs.length === 0) return;
    const gradOutputs = outputs.map(({ shape }) => plain(...shape));
    grad(outputs, leaves, { gradOutputs, allowUnused: true });
  });
}
