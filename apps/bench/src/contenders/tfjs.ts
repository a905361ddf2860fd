/** The rows in TensorFlow.js, on the backend that the first argument names: `wasm` or `cpu`. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import * as tf from '@tensorflow/tfjs-core';
import { serve, type Work, type Works } from '../contender.ts';

const backend = process.argv[2];
const threads = Number(process.argv[3] ?? 1);

if (backend === 'wasm') {
  setThreadsCount(threads);
  setWasmPaths(`${dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'))}/`);
}
await tf.setBackend(backend);
await tf.ready();

const randn = (shape: number[]): tf.Tensor => tf.randomNormal(shape, 0, 1, 'float32', 0);

/** Work whose intermediate tensors are given back. */
const tidied =
  (fn: () => tf.Tensor | tf.Tensor[]): Work =>
  () =>
    tf.dispose(tf.tidy(fn));

function square(n: number): Work {
  const [a, b] = [randn([n, n]), randn([n, n])];
  return tidied(() => tf.matMul(a, b));
}

/** A training step by the optimiser of tfjs. */
function trained(optimizer: tf.Optimizer, loss: () => tf.Scalar): Work {
  return () => optimizer.minimize(loss, false);
}

const works: Works = {
  ...Object.fromEntries([64, 128, 256, 512, 1024, 2048].map((n) => [`matmul ${n}`, () => square(n)])),
  'matmul transposed': () => {
    const [a, b] = [randn([512, 512]), randn([512, 512])];
    return tidied(() => tf.matMul(a, b, false, true));
  },
  'matmul batched': () => {
    const [a, b] = [randn([64, 32, 32]), randn([64, 32, 32])];
    return tidied(() => tf.matMul(a, b));
  },
  add: () => {
    const [a, b] = [randn([2 ** 20]), randn([2 ** 20])];
    return tidied(() => tf.add(a, b));
  },
  exp: () => {
    const x = randn([2 ** 20]);
    return tidied(() => tf.exp(x));
  },
  sum: () => {
    const x = randn([2 ** 20]);
    return tidied(() => tf.sum(x));
  },
  'transpose copy': () => {
    const x = randn([1024, 1024]);
    return tidied(() => tf.transpose(x));
  },
  softmax: () => {
    const x = randn([512, 1024]);
    return tidied(() => tf.softmax(x));
  },
  attention: () => {
    const [q, k, v] = [0, 1, 2].map(() => randn([8, 8, 128, 64]));
    return tidied(() => tf.matMul(tf.softmax(tf.div(tf.matMul(q, k, false, true), 8)), v));
  },
  'add 4': () => {
    const [a, b] = [randn([4]), randn([4])];
    return () => tf.add(a, b).dispose();
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
  'MLP step': () => {
    const x = randn([64, 784]);
    const y = tf.oneHot(tf.randomUniform([64], 0, 10, 'int32'), 10);
    const sizes = [784, 256, 128, 10];
    const layers = sizes.slice(1).map((size, i) => ({
      weight: tf.variable(tf.mul(randn([sizes[i], size]), 0.05)),
      bias: tf.variable(tf.zeros([size])),
    }));
    const forward = (): tf.Tensor =>
      layers.reduce<tf.Tensor>((h, { weight, bias }, i) => {
        const sum = tf.add(tf.matMul(h as tf.Tensor2D, weight as unknown as tf.Tensor2D), bias);
        return i < layers.length - 1 ? tf.relu(sum) : sum;
      }, x);
    return trained(tf.train.adam(1e-3), () => tf.losses.softmaxCrossEntropy(y, forward()) as tf.Scalar);
  },
};

await serve(`tfjs ${backend} ${tf.version_core}`, works);
