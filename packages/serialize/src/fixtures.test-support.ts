/** The files that PyTorch, NumPy and the safetensors library wrote (`tools/torch-oracle/files.py`), and values in the form in which it says what they hold. */
import { readFileSync } from 'node:fs';
import { isTensor, type Storage, type Tensor } from '@tenfold/tensor-core';

export const fixturePath = (name: string): URL => new URL(`../fixtures/${name}`, import.meta.url);

export const fixture = (name: string): Uint8Array => readFileSync(fixturePath(name));

export const expectedOf = (name: string): { [name: string]: never } =>
  JSON.parse(readFileSync(fixturePath(name), 'utf8'));

/** A number as the fixtures write it, at the precision of a dtype. */
export function element(value: number | bigint | string | boolean, dtype: string): number | string | boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string' && /^-?\d+$/.test(value)) return value;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  const number = typeof value === 'string' ? Number(value.replace('inf', 'Infinity')) : value;
  const rounded = dtype === 'float64' || dtype.includes('int') ? number : Math.fround(number);
  return Number.isNaN(rounded) ? 'nan' : Number.isFinite(rounded) ? rounded : rounded > 0 ? 'inf' : '-inf';
}

export interface DescribedTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly strides?: readonly number[];
  readonly data: readonly (number | string | boolean)[];
}

/** dtype, shape and elements of a tensor. */
export function described(x: Tensor): DescribedTensor {
  const values = [...(x.detach().toTypedArraySync() as Iterable<number | bigint>)];
  const data = values.map((value) => (x.dtype === 'bool' ? value !== 0 : element(value, x.dtype)));
  return { dtype: x.dtype, shape: x.shape, data };
}

/** A whole value as the fixtures describe it; storages are numbered in the order in which they are met. */
export function describedValue(value: unknown, storages = new Map<Storage, number>()): unknown {
  const next = (item: unknown): unknown => describedValue(item, storages);
  if (isTensor(value)) {
    const storage = storages.get(value.storage) ?? storages.size;
    storages.set(value.storage, storage);
    const { strides, offset, requiresGrad } = value;
    return { $tensor: { ...described(value), strides, offset, storage, requiresGrad } };
  }
  if (typeof value === 'bigint') return { $bigint: String(value) };
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)))
    return { $number: Object.is(value, -0) ? '-0' : String(value) };
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(next);
  if (value instanceof Uint8Array) return { $bytes: [...value] };
  if (value instanceof Set) return { $set: [...value] };
  if (value instanceof Map) return { $map: [...value].map(([key, item]) => [next(key), next(item)]) };
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, next(item)]));
}

/** What the fixtures say, with each number at the precision of its tensor. */
export function rounded(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(rounded);
  const { $tensor } = value as { $tensor?: DescribedTensor };
  if ($tensor) return { $tensor: { ...$tensor, data: $tensor.data.map((x) => element(x, $tensor.dtype)) } };
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, rounded(item)]));
}

/** Equal bit patterns, not only equal numbers. */
export const bitsOf = async (x: Tensor): Promise<Uint8Array> => {
  const flat = x.detach().contiguous();
  const { buffer, byteOffset, byteLength } = await flat.storage.device.runtime.download(
    flat.storage.buffer,
    flat.offset,
    flat.numel(),
  );
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
};
