/** Between tensors and bytes. */
import {
  ArgumentError,
  checkOptions,
  type DType,
  describe,
  isTensor,
  makeTensor,
  resolveDevice,
  type Shape,
  Storage,
  type Tensor,
  withoutGrad,
} from '@tenfold/tensor-core';
import { bad, elements } from './bytes.ts';

/** Options of everything that reads tensors. */
export interface LoadOptions {
  /** Where the tensors go: `'cpu'`, `'cuda:0'`. Default: the default device. */
  device?: string | undefined;
}

export const checkLoadOptions = (where: string, options: object | undefined, more: readonly string[] = []): void =>
  checkOptions(where, options, ['device', ...more]);

/** Bytes that are read from a device, and written to a file, at a time. */
const pieceBytes = 2 ** 24;

/**
 * The elements of a tensor in row-major order, bit by bit as the device has them, in pieces.
 * @throws SerializationError, when they are read, if the tensor was written after this call.
 */
export const bytesOf = (where: string, x: Tensor): AsyncGenerator<Uint8Array> => read(where, x, x.version);

async function* read(where: string, x: Tensor, version: number): AsyncGenerator<Uint8Array> {
  const { storage, offset, dtype } = withoutGrad(() => x.detach().contiguous());
  const count = x.numel();
  const step = pieceBytes / x.elementSize();
  for (let at = 0; at < count; at += step) {
    const { buffer, byteOffset, byteLength } = await storage.device.runtime.download(
      storage.buffer,
      offset + at,
      Math.min(step, count - at),
    );
    if (x.version !== version) {
      throw bad(
        where,
        `a tensor of dtype ${dtype} was changed while it was saved; await the save before the next step`,
      );
    }
    yield new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
  }
}

/** Memory of a device with the elements that `bytes` hold, which several tensors may show. */
export function storageFrom(where: string, bytes: Uint8Array, dtype: DType, { device }: LoadOptions): Storage {
  const data = elements(where, bytes, dtype);
  const storage = new Storage(resolveDevice(device), dtype, data.length);
  if (data.length > 0) storage.upload(data);
  return storage;
}

/** A tensor of its own that shows a part of a storage. */
export const showing = (storage: Storage, shape: Shape, strides: readonly number[], offset: number): Tensor =>
  makeTensor(storage, storage.dtype, shape, strides, offset);

/** Tensors by name, as a caller gives them to be saved. */
export function namedTensors(where: string, tensors: unknown): [string, Tensor][] {
  if (tensors === null || typeof tensors !== 'object' || Array.isArray(tensors) || isTensor(tensors)) {
    throw new ArgumentError(`${where}: expected tensors by name, as stateDict() gives them, got ${describe(tensors)}`);
  }
  return Object.entries(tensors).map(([name, value]) => {
    if (!isTensor(value)) throw new ArgumentError(`${where}: '${name}' is not a tensor but ${describe(value)}`);
    return [name, value];
  });
}
