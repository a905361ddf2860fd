/** Models in two files: the graph, and the data of large tensors beside it. Data are read from the device when they are written, one tensor after the other. */
import { encode, type ModelProto, onnxType, type TensorProto, TensorProto_DataLocation } from '@tenfold/onnx-model';
import {
  checkOptions,
  describe,
  dtypes,
  type Graph,
  OnnxExportError,
  type Tensor,
  type Value,
} from '@tenfold/tensor-core';
import type { Ref } from './builder.ts';

/** protobuf messages end at 2 GiB. */
export const largestMessage = 2 ** 31 - 1;

/** Which tensors lie in a file beside the model. */
export interface ExternalDataOptions {
  /** Tensors of at least so many bytes. Default 1024. */
  threshold?: number;
  /** The name of the file, in the model's folder. Default: the model's with `.data` after it. */
  file?: string;
}

/** The option `externalData`, checked. */
export interface ExternalSettings {
  readonly threshold: number;
  readonly file: string;
}

/** Reads the option; `name` is the model's file name. `null` for a model in one piece. */
export function readExternalData(option: unknown, name: string): ExternalSettings | null {
  if (option === undefined || option === false) return null;
  if (option !== true && (typeof option !== 'object' || option === null))
    throw new OnnxExportError(`externalData must be true, false or { threshold, file }, got ${describe(option)}`);
  const given: ExternalDataOptions = option === true ? {} : option;
  checkOptions('externalData', given, ['threshold', 'file']);
  const { threshold = 1024, file = `${name}.data` } = given;
  if (!Number.isSafeInteger(threshold) || threshold < 0)
    throw new OnnxExportError(`externalData: threshold must be a number of bytes, got ${describe(threshold)}`);
  if (typeof file !== 'string' || !/^[^/\\\0]+$/.test(file) || file === '.' || file === '..')
    throw new OnnxExportError(`externalData: file must be a name without a folder, got ${describe(file)}`);
  if (file === name) throw new OnnxExportError(`externalData: '${file}' is the name of the model itself`);
  return { threshold, file };
}

/** The bytes of a tensor's elements, read from its device. */
export const bytesOf = async (tensor: Tensor): Promise<Uint8Array> =>
  encode(await tensor.detach().toTypedArray(), tensor.dtype);

/** Bytes that a tensor takes in a file. */
export const sizeOf = ({ shape, dtype }: Pick<Tensor, 'shape' | 'dtype'>): number =>
  shape.reduce((n, size) => n * size, 1) * dtypes[dtype].itemsize;

/** Tensors whose data are read when the file is written: until then a proto says which one it stands for. */
export class Deferred {
  readonly #tensors: Tensor[] = [];

  get used(): boolean {
    return this.#tensors.length > 0;
  }

  proto(name: string, tensor: Tensor): TensorProto {
    const index = this.#tensors.push(tensor) - 1;
    return {
      name,
      dataType: onnxType[tensor.dtype],
      dims: [...tensor.shape],
      dataLocation: TensorProto_DataLocation.EXTERNAL,
      externalData: [{ key: 'deferred', value: String(index) }],
    };
  }

  /** The tensor that a proto of {@link proto}, or a copy of one, stands for. */
  tensorOf({ externalData }: TensorProto): Tensor | undefined {
    const entry = externalData?.find(({ key }) => key === 'deferred');
    return entry && this.#tensors[Number(entry.value)];
  }
}

/** How the parameters of a model are stored. */
export interface Storage {
  /** Is told the trace that the model was written from, and what its values are called. */
  readonly traced?: (graph: Graph, names: ReadonlyMap<Value, Ref>) => void;
  readonly deferred: Deferred;
  /** `null`: in one piece, as long as that is possible. */
  readonly external: ExternalSettings | null;
  /** Beyond so many bytes of parameters there must be two files. */
  readonly limit: number;
  /** Beyond so many bytes parameters are read when they are written, and passes over the model don't see their values. */
  readonly streamFrom: number;
}

/** The sizes of an export by itself. */
export const ordinarySizes = { limit: largestMessage, streamFrom: 2 ** 28 } as const;

/** Which of the captured tensors are read when the file is written. */
export function deferring(tensors: readonly Tensor[], storage: Storage | null): (tensor: Tensor) => boolean {
  const bytes = tensors.reduce((n, tensor) => n + sizeOf(tensor), 0);
  if (!storage) {
    if (bytes <= largestMessage) return () => false;
    throw new OnnxExportError(
      `the parameters take ${bytes} bytes, and an ONNX file in one piece ends at 2 GiB; write two files with exportOnnx, or make them with toOnnxFiles`,
    );
  }
  const { external, limit, streamFrom } = storage;
  const two = external !== null || bytes > limit;
  const threshold = external?.threshold ?? 1024;
  return (tensor) => two && bytes > Math.min(streamFrom, limit) && sizeOf(tensor) >= Math.max(threshold, 1);
}

/** A piece of the file of data. */
export interface DataPart {
  readonly offset: number;
  readonly length: number;
  read(): Promise<Uint8Array>;
}

/** A model in two files. */
export interface SplitModel {
  /** The model, of which large tensors say that they lie in `file`. */
  modelFor(file: string): ModelProto;
  /** In order, without overlaps; what lies between is 0. */
  readonly parts: readonly DataPart[];
  /** Bytes of the file of data. */
  readonly size: number;
}

/**
 * Pages of memory have 4 KiB. On Windows a mapping starts at multiples of 64 KiB, which is worth it for large tensors: these are the offsets at which
 * onnxruntime maps data instead of copying them (ModelSavingOptions in its sources).
 */
const alignmentOf = (bytes: number): number => (bytes > 2 ** 20 ? 2 ** 16 : 2 ** 12);

/** Puts the initialisers of at least `threshold` bytes into a file of data, in the model's order. */
export function splitModel(model: ModelProto, deferred: Deferred, threshold: number): SplitModel {
  const parts = new Map<TensorProto, DataPart>();
  let size = 0;
  for (const tensor of model.graph?.initializer ?? []) {
    const source = deferred.tensorOf(tensor);
    const { rawData } = tensor;
    const length = source ? sizeOf(source) : (rawData?.length ?? 0);
    if (!source && (!rawData || length < threshold || length === 0)) continue;
    const step = alignmentOf(length);
    const offset = Math.ceil(size / step) * step;
    parts.set(tensor, { offset, length, read: async () => (source ? bytesOf(source) : (rawData ?? new Uint8Array())) });
    size = offset + length;
  }
  const modelFor = (file: string): ModelProto => ({
    ...model,
    graph: {
      ...model.graph,
      initializer: model.graph?.initializer?.map((tensor) => {
        const part = parts.get(tensor);
        if (!part) return tensor;
        const { rawData: _, ...rest } = tensor;
        const entries = { location: file, offset: String(part.offset), length: String(part.length) };
        return {
          ...rest,
          dataLocation: TensorProto_DataLocation.EXTERNAL,
          externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
        };
      }),
    },
  });
  return { modelFor, parts: [...parts.values()], size };
}
