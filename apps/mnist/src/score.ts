/**
 * A program without Tenfold: reads the test digits with an ONNX file in onnxruntime, and prints what it reads. It runs by itself, so that a crash of native code
 * takes nothing with it: `node dist/score.js out/mnist/model.onnx`.
 */
import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { dataFile } from './files.ts';

const pixels = 28 * 28;
const batchSize = 1000;

const session = await InferenceSession.create(process.argv[2]);
// behind a header of 16 bytes there are nothing but pixels
const images = new Uint8Array(readFileSync(dataFile('t10k-images-idx3-ubyte'))).subarray(16);
const predictions: number[] = [];
for (let start = 0; start < images.length; start += batchSize * pixels) {
  const batch = images.subarray(start, start + batchSize * pixels);
  const feeds = { images: new Tensor('uint8', batch, [batch.length / pixels, 28, 28]) };
  const { logits } = await session.run(feeds);
  const scores = logits.data as Float32Array;
  for (let i = 0; i < scores.length; i += 10) {
    const own = scores.subarray(i, i + 10);
    predictions.push(own.indexOf(Math.max(...own)));
  }
}
console.log(JSON.stringify(predictions));
