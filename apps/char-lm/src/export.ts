/** The trained model as files, and the proof that the ONNX files write as the model does. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { exportOnnx } from '@tenfold/onnx-export';
import { saveSafetensorsFile } from '@tenfold/serialize/node';
import { tensor } from '@tenfold/tensor-core';
import type { Settings } from './cli.ts';
import type { CharGPT, Past } from './model.ts';

/** The files that {@link exportModel} writes. */
export interface ModelFiles {
  readonly weights: string;
  /** Takes a whole text. */
  readonly onnx: string;
  /** Takes one character and the keys and values of those before. */
  readonly step: string;
}

/** Writes the weights as safetensors, and the model twice as ONNX. The model is on the cpu then. */
export async function exportModel(model: CharGPT, { layers }: Settings, files: ModelFiles): Promise<void> {
  await model.toAsync('cpu');
  await saveSafetensorsFile(files.weights, model.stateDict());
  const characters = tensor([[1, 2, 3]], { dtype: 'int64', device: 'cpu' });
  await exportOnnx(model, characters, files.onnx, {
    inputNames: ['characters'],
    outputNames: ['scores'],
    dynamicAxes: { characters: { 0: 'batch', 1: 'length' } },
    verify: { sizes: [1, 7, 20] },
  });

  const names = (when: string): string[] =>
    Array.from({ length: layers }, (_, i) => [`${when}_keys_${i}`, `${when}_values_${i}`]).flat();
  const [, past] = model.eval().step(characters);
  const step = (one: typeof characters, ...kept: (typeof characters)[]) => {
    const pairs = kept.flatMap((keys, i): Past[] => (i % 2 === 0 ? [[keys, kept[i + 1]]] : []));
    const [scores, present] = model.step(one, pairs);
    return [scores, ...present.flat()];
  };
  await exportOnnx(step, [characters.narrow(1, 0, 1), ...past.flat().map((x) => x.detach())], files.step, {
    inputNames: ['character', ...names('past')],
    outputNames: ['scores', ...names('present')],
    dynamicAxes: Object.fromEntries(names('past').map((name) => [name, { 2: 'length' }])),
    verify: { sizes: [1, 7, 20] },
  });
}

/** What onnxruntime writes with the files, taking the likeliest character each time: by the whole text, and by steps. Another program, which knows nothing of Tenfold. */
export async function writeInOnnxruntime(
  files: ModelFiles,
  prompt: readonly number[],
  length: number,
): Promise<{ readonly whole: readonly number[]; readonly stepwise: readonly number[] }> {
  const program = fileURLToPath(new URL('./onnx-sample.js', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [
    program,
    files.onnx,
    files.step,
    JSON.stringify({ prompt, length }),
  ]);
  return JSON.parse(stdout);
}
