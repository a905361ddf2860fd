/** Methods that copy a tensor to another dtype or device, fill it, and make new ones like it. */
import { allocate, copyInto, dispatch } from '../dispatch.ts';
import { checkDType, type DType, dtypes } from '../dtype.ts';
import { ArgumentError, checkOptions, describe } from '../errors.ts';
import { fromNested, type TensorData } from '../from-data.ts';
import { interpreters } from '../hooks.ts';
import { create as ops, type ToCopyAttrs } from '../ops/create.ts';
import { resolveDevice } from '../registry.ts';
import { checkShape, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { isTensor } from '../tensor-class.ts';
import { UniqueMethods } from './unique.ts';

/** What `x.to(…)` takes: a dtype, a device, both, or a tensor that has them. */
export type ToTarget = DType | (string & {}) | Tensor | ToOptions;

/** Options of `to`. */
export interface ToOptions {
  dtype?: DType;
  device?: string;
  /** Copy even if dtype and device stay the same. Default false. */
  copy?: boolean;
}

/** Options of `newZeros` and its like. */
export interface NewOptions {
  dtype?: DType;
  device?: string;
}

function copyAttrs(self: Tensor, dtype: DType, device: string): ToCopyAttrs {
  return device === self.device ? { dtype, device } : { dtype, device, from: self.device };
}

function targetOf(self: Tensor, target: ToTarget): { dtype: DType; device: string; copy: boolean } {
  if (isTensor(target)) return { dtype: target.dtype, device: target.device, copy: false };
  if (typeof target === 'string') {
    if (Object.hasOwn(dtypes, target)) return { dtype: target as DType, device: self.device, copy: false };
    return { dtype: self.dtype, device: resolveDevice(target).name, copy: false };
  }
  if (typeof target !== 'object')
    throw new ArgumentError(`to: expected a dtype, a device, a tensor or { dtype, device }, got ${describe(target)}`);
  checkOptions('to', target, ['dtype', 'device', 'copy']);
  return {
    dtype: target.dtype === undefined ? self.dtype : checkDType(target.dtype, 'to'),
    device: target.device === undefined ? self.device : resolveDevice(target.device).name,
    copy: target.copy ?? false,
  };
}

export abstract class CreateMethods extends UniqueMethods {
  /**
   * This tensor in another dtype, on another device, or both; the tensor itself if nothing changes. Gradients flow through it
   * (https://pytorch.org/docs/stable/generated/torch.Tensor.to.html).
   *
   * @throws DeviceError if it has to leave a device that can't be read synchronously: then use {@link toAsync}. DTypeError if the device has no such dtype.
   * @example
   * x.to('float64'); x.to('webgpu'); x.to({ dtype: 'float16', device: 'cuda:0' });
   */
  to(target: ToTarget): Tensor {
    const { dtype, device, copy } = targetOf(this.self, target);
    if (!copy && dtype === this.dtype && device === this.device) return this.self;
    return dispatch(ops.toCopy, [this.self], copyAttrs(this.self, dtype, device));
  }

  /** {@link to} for devices that can only be read asynchronously; works on all of them. */
  async toAsync(target: ToTarget): Promise<Tensor> {
    const { dtype, device, copy } = targetOf(this.self, target);
    if (!copy && dtype === this.dtype && device === this.device) return this.self;
    const { runtime } = this.storage.device;
    if (device === this.device || runtime.downloadSync) return this.to({ dtype, device, copy: true });
    for (const layer of interpreters) layer.read?.(this.self);
    const packed = allocate(this.storage.device, this.dtype, this.shape);
    copyInto(packed, this.self);
    const data = await runtime.download(packed.storage.buffer, 0, this.numel());
    return dispatch(ops.toCopy, [this.self], { ...copyAttrs(this.self, dtype, device), data });
  }

  /** {@link to} `'float32'`. */
  float(): Tensor {
    return this.to('float32');
  }

  /** {@link to} `'float64'`. */
  double(): Tensor {
    return this.to('float64');
  }

  /** {@link to} `'float16'`. */
  half(): Tensor {
    return this.to('float16');
  }

  /** {@link to} `'bfloat16'`. */
  bfloat16(): Tensor {
    return this.to('bfloat16');
  }

  /** {@link to} `'int64'`: fractions are cut off. */
  long(): Tensor {
    return this.to('int64');
  }

  /** {@link to} `'int32'`: fractions are cut off. */
  int(): Tensor {
    return this.to('int32');
  }

  /** {@link to} `'bool'`: whether each element is not 0. */
  bool(): Tensor {
    return this.to('bool');
  }

  /** {@link to} `'cpu'`. */
  cpu(): Tensor {
    return this.to('cpu');
  }

  /** This tensor in the dtype of `other`. */
  typeAs(other: Tensor): Tensor {
    return this.to(other.dtype);
  }

  /** Writes `value` into every element and returns the tensor. */
  fill_(value: number | Tensor): Tensor {
    return dispatch(ops.fill.inplaceTwin, [this.self, value], null);
  }

  /** Writes 0 into every element and returns the tensor. */
  zero_(): Tensor {
    return this.fill_(0);
  }

  /** `value` in the given shape, with this tensor's dtype and device unless the options say otherwise. */
  newFull(shape: Shape, value: number | boolean, options: NewOptions = {}): Tensor {
    if (typeof value !== 'number' && typeof value !== 'boolean')
      throw new ArgumentError(`newFull: value must be a number, got ${describe(value)}`);
    checkOptions('newFull', options, ['dtype', 'device']);
    const dtype = options.dtype === undefined ? this.dtype : checkDType(options.dtype, 'newFull');
    return dispatch(ops.full, [], {
      shape: checkShape(shape, 'newFull'),
      value: Number(value),
      dtype,
      device: options.device ?? this.device,
    });
  }

  /** A tensor whose values are whatever the memory held, with this tensor's dtype and device unless the options say otherwise. */
  newEmpty(shape: Shape, options: NewOptions = {}): Tensor {
    checkOptions('newEmpty', options, ['dtype', 'device']);
    const dtype = options.dtype === undefined ? this.dtype : checkDType(options.dtype, 'newEmpty');
    const attrs = { shape: checkShape(shape, 'newEmpty'), dtype, device: options.device ?? this.device };
    return dispatch(ops.empty, [], attrs);
  }

  /** The values of `data`, as `tensor()` takes them, with this tensor's dtype and device unless the options say otherwise. */
  newTensor(data: TensorData, options: NewOptions = {}): Tensor {
    checkOptions('newTensor', options, ['dtype', 'device']);
    if (isTensor(data)) throw new ArgumentError('newTensor: to copy a tensor, use x.clone().detach()');
    const dtype = options.dtype === undefined ? this.dtype : checkDType(options.dtype, 'newTensor');
    const { shape, data: values } = fromNested(data, dtype);
    return dispatch(ops.fromData, [], { shape, dtype, device: options.device ?? this.device, data: values });
  }

  /** Zeros of the given shape, with this tensor's dtype and device unless the options say otherwise. */
  newZeros(shape: Shape, options: NewOptions = {}): Tensor {
    return this.newFull(shape, 0, options);
  }

  /** Ones of the given shape, with this tensor's dtype and device unless the options say otherwise. */
  newOnes(shape: Shape, options: NewOptions = {}): Tensor {
    return this.newFull(shape, 1, options);
  }
}
