/** TensorFlow.js on WebGPU, as a page. */
import '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { present } from '../page.ts';

if (!(await tf.setBackend('webgpu'))) throw new Error('tfjs: its backend webgpu does not start here');
await tf.ready();
const { works } = await import('../tfjs-rows.ts');

let last: tf.Tensor[] = [];
present({
  works,
  end(results) {
    tf.dispose(last);
    last = [results ?? []].flat() as tf.Tensor[];
  },
  async settle() {
    const number = tf.tidy(() => tf.slice(tf.reshape(last[0], [-1]), 0, 1));
    await number.data();
    number.dispose();
  },
});
