/** Runs an ONNX file on one batch in onnxruntime: `node run-onnx.mjs FILE < {"dims": [...], "data": [...]}` prints the values of its output `y`. */
import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const { dims, data } = JSON.parse(readFileSync(0, 'utf8'));
const session = await InferenceSession.create(process.argv[2]);
const { y } = await session.run({ x: new Tensor('float32', Float32Array.from(data), dims) });
console.log(JSON.stringify(Array.from(y.data)));
