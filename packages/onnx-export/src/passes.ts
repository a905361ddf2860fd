/** The passes of `@tenfold/onnx-model` over a model that is exported. */
import { defaultPasses, type ModelProto, optimizeModel, type PassName, passNames } from '@tenfold/onnx-model';
import { describe, OnnxExportError } from '@tenfold/tensor-core';
import type { Settings, ToOnnxOptions } from './options.ts';

/** The passes that the options ask for. */
export function readPasses({ passes = true, foldBatchNorm = false }: ToOnnxOptions): readonly PassName[] {
  const list: readonly PassName[] = passes === true ? defaultPasses : passes === false ? [] : passes;
  const unknown: unknown = list.find((name) => !passNames.some((known) => known === name));
  if (unknown !== undefined)
    throw new OnnxExportError(`passes: ${describe(unknown)} is no pass; there are ${passNames.join(', ')}`);
  return foldBatchNorm ? [...new Set<PassName>(['batchNorm', ...list])] : list;
}

/** Runs them, and tells who wants to know. */
export function runPasses(
  model: ModelProto,
  { passes }: Settings,
  { verbose, log, training }: ToOnnxOptions,
): ModelProto {
  if (passes.length === 0) return model;
  const print = verbose === 'passes';
  return optimizeModel(model, {
    passes,
    keepInitializers: training === 'training',
    ...(print || log
      ? {
          log: (report) => {
            if (print) console.log(`pass ${report.pass}:\n${report.changes}\n`);
            log?.(report);
          },
        }
      : {}),
  });
}
