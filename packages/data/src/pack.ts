/** Batches as messages between threads: tensors as their elements, whose memory moves to the other side. */
import { type DType, getDefaultDType, isTensor, type NumericArray, type Shape } from '@tenfold/tensor-core';
import { isPlain, type Leaves, shaped } from './collate.ts';

/** What will be a tensor on the other side. */
export class HostTensor {
  readonly data: NumericArray;
  readonly shape: Shape;
  /** `'default'` is the default float dtype of the side that makes the tensor; none is that of the array. */
  readonly dtype: DType | 'default' | undefined;

  constructor(data: NumericArray, shape: Shape, dtype?: DType | 'default') {
    this.data = data;
    this.shape = shape;
    this.dtype = dtype;
  }
}

/** Leaves of batches that are made in a worker: a backend is needed only if the samples hold tensors. */
export const hostLeaves: Leaves = {
  tensors(samples) {
    const parts = samples.map((x) => x.toTypedArraySync());
    const [first] = parts;
    const data = new (first.constructor as new (length: number) => NumericArray)(first.length * parts.length);
    parts.forEach((part, i) => {
      data.set(part as Float32Array & BigInt64Array, i * first.length);
    });
    return new HostTensor(data, [samples.length, ...samples[0].shape], samples[0].dtype);
  },
  arrays: (data, shape) => new HostTensor(data, shape),
  scalars(samples) {
    const shape = [samples.length];
    if (samples.every((x) => typeof x === 'boolean'))
      return new HostTensor(Uint8Array.from(samples, Number), shape, 'bool');
    if (samples.every((x) => typeof x === 'bigint')) return new HostTensor(BigInt64Array.from(samples), shape);
    return new HostTensor(Float64Array.from(samples, Number), shape, 'default');
  },
};

/** A value as plain data: structured cloning keeps neither tensors nor classes. */
export type Packed =
  | { readonly kind: 'tensor'; readonly data: NumericArray; readonly shape: Shape; readonly dtype: HostTensor['dtype'] }
  | { readonly kind: 'list'; readonly items: readonly Packed[] }
  | { readonly kind: 'object'; readonly items: { readonly [key: string]: Packed } }
  | { readonly kind: 'value'; readonly value: unknown };

/** A value as a message; `transfer` is told the memory that moves. */
export function pack(value: unknown, transfer: Set<ArrayBuffer>): Packed {
  if (isTensor(value)) return pack(new HostTensor(value.toTypedArraySync(), value.shape, value.dtype), transfer);
  if (value instanceof HostTensor) {
    const { shape, dtype } = value;
    // of a larger buffer only the part
    const data = value.data.byteLength === value.data.buffer.byteLength ? value.data : value.data.slice();
    if (data.buffer instanceof ArrayBuffer) transfer.add(data.buffer);
    return { kind: 'tensor', data, shape, dtype };
  }
  if (Array.isArray(value)) return { kind: 'list', items: value.map((item) => pack(item, transfer)) };
  if (isPlain(value)) {
    const items = Object.entries(value).map(([key, item]) => [key, pack(item, transfer)] as const);
    return { kind: 'object', items: Object.fromEntries(items) };
  }
  return { kind: 'value', value };
}

/** The value of a message, its tensors on `device`. */
export function unpack(packed: Packed, device: string | undefined): unknown {
  switch (packed.kind) {
    case 'tensor': {
      const dtype = packed.dtype === 'default' ? getDefaultDType() : packed.dtype;
      return shaped(packed.data, packed.shape, dtype, device);
    }
    case 'list':
      return packed.items.map((item) => unpack(item, device));
    case 'object':
      return Object.fromEntries(Object.entries(packed.items).map(([key, item]) => [key, unpack(item, device)]));
    default:
      return packed.value;
  }
}
