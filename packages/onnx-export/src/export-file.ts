/** Writing ONNX files. */
import type { ModelProto } from '@tenfold/onnx-model';
import { describe, type Graph, OnnxExportError, type Value } from '@tenfold/tensor-core';
import type { Ref } from './builder.ts';
import { type Difference, differenceTable } from './differences.ts';
import { buildModel, encodeModel, readInputs } from './export.ts';
import {
  Deferred,
  type ExternalDataOptions,
  ordinarySizes,
  readExternalData,
  type SplitModel,
  type Storage,
  splitModel,
} from './external.ts';
import { largeFile, placeFiles, writeFiles } from './files.ts';
import type { ExportableModel } from './model.ts';
import { checkKeys, type ExportOnnxOptions, readOptions, type ToOnnxOptions, toOnnxOptionNames } from './options.ts';
import type { ExampleInputs } from './structure.ts';

/** What {@link exportOnnx} wrote. */
export interface ExportResult {
  /** The paths of the files: the model, and the data beside it if there are any. */
  readonly files: readonly string[];
  /** The largest difference of every output at every size that `verify` tried; `null` without `verify`. */
  readonly differences: readonly Difference[] | null;
}

/**
 * Exports a model to an ONNX file, in Node. The file gets its name only when it is complete (and, with `verify`, compared with the model): a failure
 * leaves an earlier file of that name as it was. With `externalData`, and whenever a model takes more than 2 GiB, large parameters go to a second file.
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
): Promise<ExportResult> {
  return exportWith(model, inputs, path, options, ordinarySizes);
}

/** {@link exportOnnx} with sizes of its own, so that tests reach what large models do. */
export async function exportWith(
  model: ExportableModel,
  inputs: ExampleInputs,
  path: string,
  options: ExportOnnxOptions,
  sizes: Pick<Storage, 'limit' | 'streamFrom'>,
): Promise<ExportResult> {
  checkKeys('exportOnnx', options, [...toOnnxOptionNames, 'externalData', 'verify']);
  if (typeof path !== 'string' || path === '')
    throw new OnnxExportError(`exportOnnx: the path must be a string, got ${describe(path)}`);
  const { verify, externalData, ...rest } = options;
  if (verify !== undefined && typeof verify !== 'boolean' && (typeof verify !== 'object' || verify === null))
    throw new OnnxExportError(`verify must be true, false or { sizes, tolerance }, got ${describe(verify)}`);
  const { basename } = await import('node:path');
  const { proto, split, file, trace } = await build(model, inputs, basename(path), externalData, rest, sizes);
  const written = await writeFiles(path, split ? { split, file } : { bytes: encodeModel(proto) });
  try {
    let differences: Difference[] | null = null;
    if (verify && trace) {
      const { verifyModel } = await import('./verify.ts');
      const examples = readInputs(inputs);
      const settings = readOptions(examples, rest);
      const inFile = split && written.data ? split.modelFor(basename(written.data)) : proto;
      const exported = { file: { path: written.model }, proto: inFile, ...trace };
      differences = await verifyModel(exported, model, examples, settings, verify === true ? {} : verify);
      const { verbose } = rest;
      if (typeof verbose === 'function') verbose(differenceTable(differences));
      else if (verbose) console.log(differenceTable(differences));
    }
    return { files: await placeFiles(written), differences };
  } finally {
    await written.clean();
  }
}

/**
 * Exports a model as the bytes of its files, by name: where there is no file system, and for models of more than 2 GiB. See {@link exportOnnx} for the
 * options.
 *
 * @param name the name of the model's file; the data's is `<name>.data`, if `externalData` names no other.
 * @example
 * const files = await toOnnxFiles(model, zeros([1, 2]), 'model.onnx', { externalData: true });
 * files['model.onnx.data']; // a Uint8Array
 */
export async function toOnnxFiles(
  model: ExportableModel,
  inputs: ExampleInputs,
  name: string,
  options: ToOnnxOptions & { externalData?: boolean | ExternalDataOptions } = {},
): Promise<Record<string, Uint8Array>> {
  checkKeys('toOnnxFiles', options, [...toOnnxOptionNames, 'externalData']);
  if (typeof name !== 'string' || !/^[^/\\\0]+$/.test(name))
    throw new OnnxExportError(`toOnnxFiles: give the model's file a name, without a folder; got ${describe(name)}`);
  const { externalData, ...rest } = options;
  const { proto, split, file } = await build(model, inputs, name, externalData, rest, ordinarySizes);
  if (!split) return { [name]: encodeModel(proto) };
  const data = largeFile(split.size);
  for (const part of split.parts) data.set(await part.read(), part.offset);
  return { [name]: encodeModel(split.modelFor(file)), [file]: data };
}

interface Built {
  readonly proto: ModelProto;
  /** How it goes into two files, if it does. */
  readonly split: SplitModel | null;
  /** The name of the file of data. */
  readonly file: string;
  readonly trace: { readonly graph: Graph; readonly names: ReadonlyMap<Value, Ref> } | null;
}

async function build(
  model: ExportableModel,
  inputs: ExampleInputs,
  name: string,
  externalData: boolean | ExternalDataOptions | undefined,
  options: ToOnnxOptions,
  sizes: Pick<Storage, 'limit' | 'streamFrom'>,
): Promise<Built> {
  const external = readExternalData(externalData, name);
  let trace: Built['trace'] = null;
  const traced = (graph: Graph, names: ReadonlyMap<Value, Ref>): void => {
    trace = { graph, names };
  };
  const storage: Storage = { deferred: new Deferred(), external, traced, ...sizes };
  const proto = await buildModel(model, inputs, options, storage);
  const file = external?.file ?? `${name}.data`;
  const two = external !== null || storage.deferred.used;
  const split = two ? splitModel(proto, storage.deferred, external?.threshold ?? 1024) : null;
  return { proto, split: split?.parts.length ? split : null, file, trace };
}
