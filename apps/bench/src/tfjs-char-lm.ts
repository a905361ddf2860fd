/** The row `char-lm step` in TensorFlow.js, of plain ops: it has no attention, no layer norm that learns and no AdamW without its layers. */
import * as tf from '@tensorflow/tfjs-core';
import { charLm, type Work } from './contender.ts';

const { vocabulary, context, batch, layers, heads, width, lr, betas, decay } = charLm;
const size = width / heads;

/** Of `[batch · context, width]`, as all that is between blocks. */
type Features = tf.Tensor2D;

const matrix = (rows: number, columns: number): tf.Variable<tf.Rank.R2> =>
  tf.variable(tf.randomNormal([rows, columns], 0, 0.02));
const scale = (): tf.Variable => tf.variable(tf.ones([width]));

function layerNorm(x: Features, weight: tf.Tensor): Features {
  const { mean, variance } = tf.moments(x, -1, true);
  return tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5))), weight);
}

const gelu = (x: Features): Features => tf.mul(tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5), x);

/** Turns pairs of features of `x`, `[batch, heads, context, size]`, by angles that grow with the position. */
function rotary(): (x: tf.Tensor) => tf.Tensor {
  const speeds = tf.pow(10_000, tf.div(tf.range(0, size, 2), -size));
  const angles = tf.outerProduct(tf.range(0, context), speeds as tf.Tensor1D);
  const [cosine, sine] = [tf.cos(angles), tf.sin(angles)];
  return (x) => {
    const [first, second] = tf.unstack(tf.reshape(x, [batch, heads, context, size / 2, 2]), -1);
    const turned = [
      tf.sub(tf.mul(first, cosine), tf.mul(second, sine)),
      tf.add(tf.mul(second, cosine), tf.mul(first, sine)),
    ];
    return tf.reshape(tf.stack(turned, -1), x.shape);
  };
}

function block(turn: (x: tf.Tensor) => tf.Tensor, mask: tf.Tensor): (x: Features) => Features {
  const [norm1, inputs, output] = [scale(), matrix(width, 3 * width), matrix(width, width)];
  const [norm2, widen, narrow] = [scale(), matrix(width, 4 * width), matrix(4 * width, width)];
  return (x) => {
    const parts = tf.reshape(tf.matMul(layerNorm(x, norm1), inputs), [batch, context, 3, heads, size]);
    const [query, key, value] = tf.unstack(tf.transpose(parts, [2, 0, 3, 1, 4]));
    const scores = tf.div(tf.matMul(turn(query), turn(key), false, true), Math.sqrt(size));
    const gathered = tf.transpose(tf.matMul(tf.softmax(tf.add(scores, mask)), value), [0, 2, 1, 3]);
    const y: Features = tf.add(x, tf.matMul(tf.reshape(gathered, [-1, width]), output));
    return tf.add(y, tf.matMul(gelu(tf.matMul(layerNorm(y, norm2), widen)), narrow));
  };
}

/** Scaled so that their norm, of all together, is 1 at most. */
function clipped(grads: tf.NamedTensorMap): { name: string; tensor: tf.Tensor }[] {
  const norm = tf.sqrt(tf.addN(Object.values(grads).map((grad) => tf.sum(tf.square(grad)))));
  const factor = tf.minimum(tf.div(1, tf.add(norm, 1e-6)), 1);
  return Object.entries(grads).map(([name, grad]) => ({ name, tensor: tf.mul(grad, factor) }));
}

export function charLmStep(): Work {
  const pieces = tf.randomUniform([batch, context + 1], 0, vocabulary, 'int32', 0);
  // the backend `wasm` has no kernel for the gradient of a gather: rows are chosen by a product; and its `oneHot` of floats writes integers
  const [characters, following] = [0, 1].map((start): Features => {
    const indices = tf.reshape(tf.slice(pieces, [0, start], [batch, context]), [-1]);
    return tf.cast(tf.oneHot(indices, vocabulary), 'float32') as Features;
  });
  const embedding = matrix(vocabulary, width);
  const ones = tf.ones([context, context]) as tf.Tensor2D;
  const mask = tf.mul(tf.sub(1, tf.linalg.bandPart(ones, -1, 0)), -1e9);
  const turn = rotary();
  const blocks = Array.from({ length: layers }, () => block(turn, mask));
  const norm = scale();
  const variables = tf.engine().registeredVariables;

  const loss = (): tf.Scalar => {
    const x = blocks.reduce<Features>((h, each) => each(h), tf.matMul(characters, embedding));
    const scores = tf.matMul(layerNorm(x, norm), embedding, false, true);
    return tf.losses.softmaxCrossEntropy(following, scores);
  };
  const optimizer = tf.train.adam(lr, ...betas, 1e-8);
  return () =>
    tf.tidy(() => {
      const { value, grads } = tf.variableGrads(loss);
      const update = clipped(grads);
      // the decay of AdamW: matrices shrink by themselves, scales of norms don't
      for (const { name } of update) {
        const variable = variables[name];
        if (variable.rank === 2) variable.assign(tf.mul(variable, 1 - lr * decay));
      }
      optimizer.applyGradients(update);
      return value;
    });
}
