/** Compares an exported model with the model here, by running it in onnxruntime. */

import { encode } from '@tenfold/onnx-model';
import {
  checkOptions,
  describe,
  halfToNumber,
  isFloat,
  OnnxExportError,
  type Tensor,
  type TypedArray,
  withoutGrad,
} from '@tenfold/tensor-core';
import { withFloat32Edges } from './edges.ts';
import { type ExportableModel, resize, withModel } from './model.ts';
import type { Settings, VerifyOptions } from './options.ts';
import { type Job, runInOnnxRuntime, type WireTensor } from './runtime.ts';
import { type Arguments, readResult } from './structure.ts';

/** A tensor as the other process takes it: bfloat16 as float32, see {@link withFloat32Edges}. */
export async function toWire(x: Tensor): Promise<WireTensor> {
  const dtype = x.dtype === 'bfloat16' ? 'float32' : x.dtype;
  const data = encode(await x.detach().toTypedArray(), dtype);
  return { dtype, dims: x.shape, data: Buffer.from(data).toString('base64') };
}

/** The numbers of a tensor that came back. */
export function fromWire({ dtype, data }: WireTensor): ArrayLike<number | bigint> {
  const bytes = new Uint8Array(Buffer.from(data, 'base64')).buffer;
  switch (dtype) {
    case 'float32':
      return new Float32Array(bytes);
    case 'float64':
      return new Float64Array(bytes);
    case 'int64':
      return new BigInt64Array(bytes);
    case 'int32':
      return new Int32Array(bytes);
    case 'int16':
      return new Int16Array(bytes);
    case 'int8':
      return new Int8Array(bytes);
    case 'float16':
      return Float32Array.from(new Uint16Array(bytes), halfToNumber);
    default:
      return new Uint8Array(bytes);
  }
}

/** How far results of a dtype may be apart, relative to 1 + |expected|. */
export const tolerances: Readonly<Record<string, number>> = {
  float64: 1e-12,
  float32: 1e-4,
  float16: 2e-2,
  bfloat16: 2e-2,
};

/** The largest difference, relative to 1 + |expected|; infinite where one is NaN and the other is not. */
export function largestDifference(actual: ArrayLike<number | bigint>, expected: TypedArray): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [Number(actual[i]), Number(expected[i])];
    if (Object.is(actual[i], expected[i]) || (a === b && typeof actual[i] !== 'bigint')) continue;
    // integers beyond 2^53 may differ where their numbers do not
    if (a === b && BigInt(actual[i]) !== BigInt(expected[i])) worst = Math.max(worst, Number.EPSILON);
    const difference = Math.abs(a - b) / (1 + Math.abs(b));
    worst = Math.max(worst, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
  }
  return worst;
}

/** Runs the exported model at several sizes of its dynamic axes. @throws OnnxExportError where it differs from the model here. */
export async function verifyModel(
  bytes: Uint8Array,
  model: ExportableModel,
  inputs: Arguments,
  settings: Settings,
  options: VerifyOptions,
): Promise<void> {
  checkOptions('verify', options, ['sizes', 'tolerance']);
  const sizes = options.sizes ?? [1, 7, 64];
  if (!Array.isArray(sizes) || sizes.some((size) => !Number.isInteger(size) || size < 0)) {
    throw new OnnxExportError(`verify: sizes must be an array of sizes such as [1, 7, 64], got ${describe(sizes)}`);
  }
  const names = [...new Set(settings.axes.map(({ name }) => name))];
  const points =
    names.length === 0 ? [new Map<string, number>()] : sizes.map((size) => new Map(names.map((name) => [name, size])));
  const given = points.map((point) => withoutGrad(() => resize(inputs.tensors, settings.axes, point)));
  const expected = withModel(model, (runner) =>
    given.map((tensors) => readResult(runner.run(inputs.with(tensors.map((x) => x.clone())))).tensors),
  );
  const runs = await Promise.all(
    given.map(async (args) =>
      Object.fromEntries(
        await Promise.all(args.map(async (x, i) => [settings.inputNames[i], await toWire(x)] as const)),
      ),
    ),
  );
  const job: Job = { model: Buffer.from(withFloat32Edges(bytes)).toString('base64'), runs };
  const [result] = await runInOnnxRuntime([job]);
  if ('error' in result) throw new OnnxExportError(`verify: onnxruntime refuses the exported model: ${result.error}`);
  for (const [t, outputs] of result.outputs.entries()) {
    for (const [k, tensor] of expected[t].entries()) {
      const wire = Object.values(outputs)[k];
      const where = `output ${k}${names.length ? ` at ${[...points[t]].map(([name, size]) => `${name} = ${size}`).join(', ')}` : ''}`;
      if (String(wire.dims) !== String(tensor.shape))
        throw new OnnxExportError(`verify: ${where} has shape [${wire.dims}] in onnxruntime, [${tensor.shape}] here`);
      const difference = largestDifference(fromWire(wire), await tensor.toTypedArray());
      const limit = options.tolerance ?? (isFloat(tensor.dtype) ? tolerances[tensor.dtype] : 0);
      if (difference > limit)
        throw new OnnxExportError(
          `verify: ${where} differs by ${difference.toExponential(1)} from the model here, more than ${limit}`,
        );
    }
  }
}
