/** TensorFlow.js as a process, on the backend that the first argument names: `wasm` or `cpu`. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import { getThreadsCount, setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { serve } from '../serve.ts';

const backend = process.argv[2];

if (backend === 'wasm') {
  setThreadsCount(Number(process.argv[3] ?? 1));
  setWasmPaths(`${dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'))}/`);
}
await tf.setBackend(backend);
await tf.ready();
const { works } = await import('../tfjs-rows.ts');

await serve({
  version: `tfjs ${backend} ${tf.version_core}`,
  // as many as it has: its workers are for browsers only
  threads: backend === 'wasm' ? getThreadsCount() : 1,
  works,
  end: (results) => tf.dispose(results as tf.Tensor | tf.Tensor[] | undefined),
});
