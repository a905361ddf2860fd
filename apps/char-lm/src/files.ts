/** The files of a run. */
import { join } from 'node:path';

export const filesIn = (folder: string) => ({
  checkpoint: join(folder, 'checkpoint.safetensors'),
  weights: join(folder, 'model.safetensors'),
  onnx: join(folder, 'model.onnx'),
  step: join(folder, 'step.onnx'),
  report: join(folder, 'report.html'),
});
