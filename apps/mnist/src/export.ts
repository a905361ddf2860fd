/** The trained network as files, and the proof that the ONNX file reads as the network does. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { exportOnnx } from '@tenfold/onnx-export';
import { saveSafetensorsFile } from '@tenfold/serialize/node';
import { zeros } from '@tenfold/tensor-core';
import type { DigitNet } from './model.ts';

/** Writes the weights as safetensors and the network as ONNX, for batches of any size. The network is on the cpu then. */
export async function exportModel(
  model: DigitNet,
  files: { readonly weights: string; readonly onnx: string },
): Promise<void> {
  await model.toAsync('cpu');
  await saveSafetensorsFile(files.weights, model.stateDict());
  await exportOnnx(model, zeros([1, 28, 28], { dtype: 'uint8', device: 'cpu' }), files.onnx, {
    inputNames: ['images'],
    outputNames: ['logits'],
    dynamicAxes: { images: { 0: 'batch' }, logits: { 0: 'batch' } },
    verify: true,
  });
}

/** What onnxruntime reads of the test digits with the file: another program, which knows nothing of Tenfold. */
export async function scoreInOnnxruntime(path: string): Promise<number[]> {
  const program = fileURLToPath(new URL('./score.js', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program, path]);
  return JSON.parse(stdout) as number[];
}
