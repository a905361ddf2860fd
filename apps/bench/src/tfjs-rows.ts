/** The rows in TensorFlow.js, on the backend that is set when this module is loaded. */
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import * as tf from '@tensorflow/tfjs-core';
import { million, sized, sizes, type Work, type Works } from './contender.ts';
import { charLmStep } from './tfjs-char-lm.ts';

const backend = tf.getBackend();
/** Plain JavaScript would need half a minute for the largest. */
const feasible = sizes.filter((n) => backend !== 'cpu' || n <= 1024);

const randn = (shape: number[]): tf.Tensor => tf.randomNormal(shape, 0, 1, 'float32', 0);

/** Work whose intermediate tensors are given back. */
const tidied =
  (fn: () => tf.Tensor | tf.Tensor[]): Work =>
  () =>
    tf.tidy(fn);

function square(n: number): Work {
  const [a, b] = [randn([n, n]), randn([n, n])];
  return tidied(() => tf.matMul(a, b));
}

/** A training step by the optimiser of tfjs. */
function trained(optimizer: tf.Optimizer, loss: () => tf.Scalar): Work {
  return () => optimizer.minimize(loss, true);
}

function mlpStep(...widths: number[]): Work {
  const x = randn([64, widths[0]]);
  const y = tf.oneHot(tf.randomUniform([64], 0, 10, 'int32'), 10);
  const ends = [...widths, 10];
  const layers = ends.slice(1).map((size, i) => ({
    weight: tf.variable(tf.mul(randn([ends[i], size]), 0.05)),
    bias: tf.variable(tf.zeros([size])),
  }));
  const forward = (): tf.Tensor =>
    layers.reduce<tf.Tensor>((h, { weight, bias }, i) => {
      const sum = tf.add(tf.matMul(h as tf.Tensor2D, weight as unknown as tf.Tensor2D), bias);
      return i < layers.length - 1 ? tf.relu(sum) : sum;
    }, x);
  return trained(tf.train.adam(1e-3), () => tf.losses.softmaxCrossEntropy(y, forward()) as tf.Scalar);
}

/** A convolution whose gradients are convolutions too: the backend `wasm` has no kernel of its own for the weight's. */
const convolve = tf.customGrad((...args) => {
  const [x, weight, save] = args as unknown as [tf.Tensor4D, tf.Tensor4D, tf.GradSaveFunc];
  save([x, weight]);
  return {
    value: tf.conv2d(x, weight, 1, 'valid'),
    gradFunc: (grad: tf.Tensor4D, saved: tf.Tensor[]) => {
      const [input, filter] = saved as [tf.Tensor4D, tf.Tensor4D];
      // the samples are summed over: they take the place of the channels
      const turned = tf.conv2d(tf.transpose(input, [3, 1, 2, 0]), tf.transpose(grad, [1, 2, 0, 3]), 1, 'valid');
      return [tf.conv2dTranspose(grad, filter, input.shape, 1, 'valid'), tf.transpose(turned, [1, 2, 0, 3])];
    },
  };
});

function cnnStep(): Work {
  const x = image(64, 1, 28, 28);
  const y = tf.oneHot(tf.randomUniform([64], 0, 10, 'int32'), 10);
  const layer = (...shape: number[]) => ({
    weight: tf.variable(tf.mul(randn(shape), 0.05)),
    bias: tf.variable(tf.zeros([shape[shape.length - 1]])),
  });
  const [first, second, third, last] = [layer(3, 3, 1, 16), layer(3, 3, 16, 32), layer(800, 64), layer(64, 10)];
  type Layer = typeof first;
  const convolved = (h: tf.Tensor4D, { weight, bias }: Layer): tf.Tensor4D =>
    tf.relu(tf.maxPool(tf.add(convolve(h, weight), bias), 2, 2, 'valid'));
  const linear = (h: tf.Tensor, { weight, bias }: Layer): tf.Tensor =>
    tf.add(tf.matMul(tf.dropout(h, 0.25) as tf.Tensor2D, weight as unknown as tf.Tensor2D), bias);
  return trained(tf.train.adam(1e-3), () => {
    const features = tf.reshape(convolved(convolved(x, first), second), [64, 800]);
    return tf.losses.softmaxCrossEntropy(y, linear(tf.relu(linear(features, third)), last)) as tf.Scalar;
  });
}

/** A function of one tensor, whose intermediate results are given back. */
function unary(shape: number[], fn: (x: tf.Tensor) => tf.Tensor): Work {
  const x = randn(shape);
  return tidied(() => fn(x));
}

/** By its own mean and variance; of the layouts that it has, tfjs normalises along the last dim. */
function normalised(shape: number[], dims: number[], size: number): Work {
  const [weight, bias] = [tf.ones([size]), tf.zeros([size])];
  return unary(shape, (x) => {
    const { mean, variance } = tf.moments(x, dims, dims[0] > 0);
    return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5))), weight), bias);
  });
}

/** tfjs has its channels last. */
const image = (...[n, c, h, w]: number[]): tf.Tensor4D => randn([n, h, w, c]) as tf.Tensor4D;

/** The backend `wasm` has no kernel for the gradient of the weight, and says so. */
function convAndGradients(): Work {
  const [x, weight] = [image(8, 32, 28, 28), randn([3, 3, 32, 64]) as tf.Tensor4D];
  const gradient = image(8, 64, 28, 28);
  const both = tf.grads((...[a, b]) => tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, 'same'));
  return tidied(() => both([x, weight], gradient));
}

/** An iteration gives its results, or of a training step the loss. */
export const works: Works = {
  ...sized('matmul', feasible, square),
  'matmul transposed': () => {
    const [a, b] = [randn([512, 512]), randn([512, 512])];
    return tidied(() => tf.matMul(a, b, false, true));
  },
  'matmul batched': () => {
    const [a, b] = [randn([64, 32, 32]), randn([64, 32, 32])];
    return tidied(() => tf.matMul(a, b));
  },
  add: () => {
    const [a, b] = [randn([million]), randn([million])];
    return tidied(() => tf.add(a, b));
  },
  exp: () => unary([million], tf.exp),
  tanh: () => unary([million], tf.tanh),
  gelu: () => unary([million], (x) => tf.mul(tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5), x)),
  sum: () => unary([million], (x) => tf.sum(x)),
  'transpose copy': () => unary([1024, 1024], (x) => tf.transpose(x)),
  'slice copy': () => unary([1024, 1024], (x) => tf.stridedSlice(x, [0, 0], [1024, 1024], [1, 2])),
  'permute copy': () => unary([8, 64, 64, 64], (x) => tf.transpose(x, [0, 2, 3, 1])),
  embedding: () => {
    const [table, indices] = [randn([10_000, 128]), tf.randomUniform([4096], 0, 10_000, 'int32') as tf.Tensor1D];
    return tidied(() => tf.gather(table, indices));
  },
  softmax: () => unary([512, 1024], (x) => tf.softmax(x)),
  'layer norm': () => normalised([512, 1024], [1], 1024),
  'batch norm': () => normalised([8, 28, 28, 64], [0, 1, 2], 64),
  'max pool': () => {
    const x = image(8, 64, 56, 56);
    return tidied(() => tf.maxPool(x, 2, 2, 'valid'));
  },
  conv: () => {
    const [x, weight] = [image(8, 32, 28, 28), randn([3, 3, 32, 64]) as tf.Tensor4D];
    return tidied(() => tf.conv2d(x, weight, 1, 'same'));
  },
  // plain JavaScript needs most of a minute
  ...(backend !== 'cpu' && { 'conv and gradients': convAndGradients }),
  attention: () => {
    const [q, k, v] = [0, 1, 2].map(() => randn([8, 8, 128, 64]));
    return tidied(() => tf.matMul(tf.softmax(tf.div(tf.matMul(q, k, false, true), 8)), v));
  },
  'add 4': () => {
    const [a, b] = [randn([4]), randn([4])];
    return () => tf.add(a, b);
  },
  'linear step': () => {
    const [x, y] = [randn([1, 2]), randn([1, 1])];
    const [w, b] = [tf.variable(randn([2, 1])), tf.variable(randn([1]))];
    const linear = tf.customGrad((...args) => {
      const [input, weight, bias, save] = args as unknown as [tf.Tensor2D, tf.Tensor2D, tf.Tensor1D, tf.GradSaveFunc];
      save([input, weight]);
      return {
        value: tf.add(tf.matMul(input, weight), bias) as tf.Tensor2D,
        gradFunc: (grad: tf.Tensor2D, [a, b]: tf.Tensor[]) => [
          tf.matMul(grad, b as tf.Tensor2D, false, true),
          tf.matMul(a as tf.Tensor2D, grad, true),
          tf.sum(grad, 0),
        ],
      };
    });
    const optimizer = tf.train.momentum(0.01, 0.9);
    return trained(optimizer, () => tf.mean(tf.squaredDifference(linear(x, w, b), y)));
  },
  'net step': () => {
    const [x, y] = [randn([64, 1000]), randn([64, 10])];
    const weights = [tf.variable(randn([1000, 100])), tf.variable(randn([100, 10]))];
    return trained(tf.train.sgd(1e-6), () =>
      tf.sum(tf.square(tf.sub(tf.matMul(tf.relu(tf.matMul(x, weights[0])), weights[1]), y))),
    );
  },
  'MLP step': () => mlpStep(784, 256, 128),
  ...sized('MLP step', feasible, (n) => mlpStep(n, n, n)),
  // plain JavaScript needs some ten seconds
  ...(backend !== 'cpu' && { 'CNN step': cnnStep, 'char-lm step': charLmStep }),
  'model load': () => {
    const shapes = [1000, 1000, 500].flatMap((outputs) => [[1000, outputs], [outputs]]);
    const saved = shapes.map((shape) => ({
      shape,
      data: new Float32Array(tf.util.sizeFromShape(shape)),
      variable: tf.variable(tf.zeros(shape)),
    }));
    return () => {
      for (const { shape, data, variable } of saved) {
        // on the cpu a tensor is the array itself; a loaded model has its own memory
        const loaded = tf.tensor(backend === 'cpu' ? data.slice() : data, shape);
        variable.assign(loaded);
        loaded.dispose();
      }
    };
  },
};
