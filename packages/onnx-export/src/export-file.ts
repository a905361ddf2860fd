/** Writing an ONNX file. */
import { describe, OnnxExportError } from '@tenfold/tensor-core';
import { buildModel, encodeModel, readInputs } from './export.ts';
import type { ExportableModel } from './model.ts';
import { checkKeys, type ExportOnnxOptions, readOptions, toOnnxOptionNames } from './options.ts';
import type { ExampleInputs } from './structure.ts';

/**
 * Exports a model to an ONNX file, in Node. The file gets its name only when it is complete (and, with `verify`, compared with the model): a failure
 * leaves an earlier file of that name as it was.
 *
 * @param inputs the example inputs, of the shapes and dtypes that the file will take.
 * @throws OnnxExportError if the model can't be written faithfully, or the path can't be written.
 * @example
 * await exportOnnx(model, zeros([1, 2]), 'model.onnx', { inputNames: ['x'], outputNames: ['y'], dynamicAxes: { x: { 0: 'batch' } } });
 */
export async function exportOnnx(
  model: ExportableModel,
  inputs: ExampleInputs,
  path: string,
  options: ExportOnnxOptions = {},
): Promise<void> {
  checkKeys('exportOnnx', options, [...toOnnxOptionNames, 'verify']);
  if (typeof path !== 'string' || path === '')
    throw new OnnxExportError(`exportOnnx: the path must be a string, got ${describe(path)}`);
  const { verify, ...rest } = options;
  if (verify !== undefined && typeof verify !== 'boolean' && (typeof verify !== 'object' || verify === null))
    throw new OnnxExportError(`verify must be true, false or { sizes, tolerance }, got ${describe(verify)}`);
  const bytes = encodeModel(await buildModel(model, inputs, rest));
  if (verify) {
    const { verifyModel } = await import('./verify.ts');
    const examples = readInputs(inputs);
    await verifyModel(bytes, model, examples, readOptions(examples, rest), verify === true ? {} : verify);
  }
  await writeFileAtomically(path, bytes);
}

/** Writes under another name in the same folder and renames: readers see the old file or the new one. */
export async function writeFileAtomically(path: string, bytes: Uint8Array): Promise<void> {
  const { open, rename, rm } = await import('node:fs/promises');
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw new OnnxExportError(`can't write '${path}': ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
