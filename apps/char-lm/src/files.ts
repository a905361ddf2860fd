/** The files of a run. */
import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from './errors.ts';

export const filesIn = (folder: string) => ({
  checkpoint: join(folder, 'checkpoint.safetensors'),
  weights: join(folder, 'model.safetensors'),
  onnx: join(folder, 'model.onnx'),
  step: join(folder, 'step.onnx'),
  report: join(folder, 'report.html'),
});

/** Makes sure that files can be written to `folder`, creating it if need be. @throws UsageError if not. */
export function prepareFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    if (!statSync(folder).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new UsageError(`--out ${folder}: the folder can't be written (${(error as NodeJS.ErrnoException).code})`);
  }
}
