/**
 * What every tensor is, before its ops: a strided window onto a storage, its version, its place in autograd, its end, and how its values are read.
 */
import type { TensorView } from './backend.ts';
import { asContiguous } from './dispatch.ts';
import { type DType, dtypes, isFloat, type TypedArray } from './dtype.ts';
import { AutogradError, DeviceError, DTypeError, ShapeError } from './errors.ts';
import { formatTensor } from './format.ts';
import { inferenceState } from './grad-mode.ts';
import { bfloat16ToNumber, halfToNumber } from './half.ts';
import {
  type BackwardOptions,
  type GradNode,
  type HookHandle,
  installedAutograd,
  interpreters,
  requireAutograd,
} from './hooks.ts';
import { formatShape, isContiguous, normalizeDim, numel, type Shape } from './shape.ts';
import type { OpSpec, ViewGeometry } from './spec.ts';
import type { Storage, VersionCounter } from './storage.ts';
import type { Tensor } from './tensor.ts';
import { type TidyScope, track } from './tidy.ts';

/** Nested arrays of numbers or booleans, as `toArray` gives and `tensor` takes them. */
export type NestedArray = number | boolean | readonly NestedArray[];

/** How a view was made. Autograd regenerates the view's history from it; the tracer replays it. */
export interface ViewInfo {
  /** The tensor it is a view of (which may itself be a view). */
  readonly source: Tensor;
  readonly spec: OpSpec;
  readonly attrs: object | null;
  /** In which mode the view was made: with recording, without, or in inference mode. */
  readonly made: 'grad' | 'noGrad' | 'inference';
  /** For a view that came with others out of one call (`split`, `unbind`): PyTorch's name of that call's node, and which output it is. */
  multi: { readonly node: string; readonly outputNr: number } | null;
  /** The version of the memory when the view was made. */
  readonly version: number;
}

export abstract class TensorBase implements TensorView {
  // declared and assigned, not defined: defining each field before the constructor assigns it costs more than the rest of a new tensor
  declare readonly storage: Storage;
  declare readonly dtype: DType;
  /** Size of each dim; `[]` for a scalar. */
  declare readonly shape: Shape;
  /** Elements between neighbours along each dim. */
  declare readonly strides: readonly number[];
  /** Elements before the first one in the storage. */
  declare readonly offset: number;
  /** Shared by everything that must notice an in-place change of this tensor. */
  declare readonly versionCounter: VersionCounter;
  /** How this view was made, or `null` for a tensor with memory of its own. */
  declare readonly viewInfo: ViewInfo | null;
  /** Autograd's own slot. */
  declare autogradMeta: object | null;
  /** The running `tidy` that will dispose this tensor. @internal */
  declare tidyScope: TidyScope | null;
  declare private disposed: boolean;
  declare private former: Tensor[] | null;

  constructor(
    storage: Storage,
    dtype: DType,
    shape: Shape,
    strides: readonly number[],
    offset: number,
    versionCounter: VersionCounter,
    viewInfo: ViewInfo | null,
  ) {
    this.storage = storage;
    this.dtype = dtype;
    this.shape = shape;
    this.strides = strides;
    this.offset = offset;
    this.versionCounter = versionCounter;
    this.viewInfo = viewInfo;
    this.autogradMeta = null;
    this.tidyScope = null;
    this.disposed = false;
    this.former = null;
    storage.retain();
    track(this.self);
  }

  /** This object as the full class: every tensor is one. */
  protected get self(): Tensor {
    // TensorBase is only ever built as part of Tensor
    return this as unknown as Tensor;
  }

  /** Lets this tensor show the memory of another one from now on. */
  protected replaceMemory({ storage, dtype, shape, strides, offset }: Tensor): void {
    storage.retain();
    this.storage.release();
    Object.assign(this, { storage, dtype, shape, strides, offset });
  }

  /** How often `transpose_` and its like have changed the geometry. */
  get geometryEpoch(): number {
    return this.former === null ? 0 : this.former.length;
  }

  /** This tensor as it was at an epoch: what its older views are views of. */
  asOf(epoch: number): Tensor {
    return this.former?.[epoch] ?? this.self;
  }

  /** Shows the same memory in another shape from now on; `former` stands for what it was. For the dispatcher. */
  changeGeometry({ shape, strides, offset }: ViewGeometry, viewInfo: ViewInfo | null, former: Tensor): void {
    this.former = [...(this.former ?? []), former];
    Object.assign(this, { shape, strides, offset, viewInfo });
  }

  /** The device string: `'cpu'`, `'cuda:0'`. */
  get device(): string {
    return this.storage.device.name;
  }

  /** The number of dims. */
  get ndim(): number {
    return this.shape.length;
  }

  dim(): number {
    return this.shape.length;
  }

  /** The number of elements. */
  numel(): number {
    return numel(this.shape);
  }

  /** The shape, or the size of one dim (negative counts from the end). */
  size(): Shape;
  size(dim: number): number;
  size(dim?: number): Shape | number {
    if (dim === undefined) return this.shape;
    if (this.shape.length === 0) normalizeDim(Number.NaN, 0, 'size');
    return this.shape[normalizeDim(dim, this.shape.length, 'size')];
  }

  /** The strides in elements, or the stride of one dim. */
  stride(): readonly number[];
  stride(dim: number): number;
  stride(dim?: number): readonly number[] | number {
    return dim === undefined ? this.strides : this.strides[normalizeDim(dim, this.strides.length, 'stride')];
  }

  /** The position of the first element in the storage, as PyTorch's `storage_offset()`. */
  storageOffset(): number {
    return this.offset;
  }

  isContiguous(): boolean {
    return isContiguous(this.shape, this.strides);
  }

  isFloatingPoint(): boolean {
    return isFloat(this.dtype);
  }

  /** Bytes of one element. */
  elementSize(): number {
    return dtypes[this.dtype].itemsize;
  }

  /** How often this tensor's memory was changed in place; PyTorch's `_version`. */
  get version(): number {
    return this.versionCounter.value;
  }

  /** Whether this tensor was made in inference mode, and so is no part of any graph (https://pytorch.org/docs/stable/generated/torch.inference_mode.html). */
  isInference(): boolean {
    return this.storage.inference;
  }

  // --- autograd ---

  /** Whether gradients flow to this tensor. Setting it is for leaves of a float dtype. */
  get requiresGrad(): boolean {
    return (
      (this.autogradMeta !== null || this.viewInfo !== null) && (installedAutograd()?.requiresGrad(this.self) ?? false)
    );
  }

  set requiresGrad(value: boolean) {
    this.requiresGrad_(value);
  }

  /**
   * Sets whether gradients flow to this leaf, and returns it.
   *
   * @throws AutogradError if it is not a leaf, or of a dtype without gradients.
   */
  requiresGrad_(value = true): this {
    if (value && !isFloat(this.dtype)) {
      throw new AutogradError(`only Tensors of floating point dtype can require gradients, got ${this.dtype}`);
    }
    if (value && this.storage.inference && !inferenceState.enabled) {
      throw new AutogradError(
        'Setting requires_grad=True on inference tensor outside InferenceMode is not allowed. Take a clone() of it, which is a normal tensor.',
      );
    }
    if (value || installedAutograd()) requireAutograd('requiresGrad: true').setRequiresGrad(this.self, value);
    return this;
  }

  /** Whether this tensor was made by the user rather than by a recorded op. */
  get isLeaf(): boolean {
    return installedAutograd()?.isLeaf(this.self) ?? true;
  }

  /** The recorded op this tensor came from, or `null` for a leaf. */
  get gradFn(): GradNode | null {
    return installedAutograd()?.gradFn(this.self) ?? null;
  }

  /** The gradient accumulated by `backward`, or `null`. */
  get grad(): Tensor | null {
    return this.autogradMeta === null ? null : (installedAutograd()?.grad(this.self) ?? null);
  }

  set grad(value: Tensor | null) {
    requireAutograd('grad').setGrad(this.self, value);
    for (const layer of interpreters) layer.assign?.(this.self, 'grad', value);
  }

  /** Keeps the gradient of this non-leaf tensor in `grad` when `backward` passes. */
  retainGrad(): void {
    requireAutograd('retainGrad()').retainGrad(this.self);
  }

  /**
   * Computes the gradients of the graph's leaves with respect to this tensor and adds them to their `grad`
   * (https://pytorch.org/docs/stable/generated/torch.Tensor.backward.html).
   *
   * @param gradient the gradient of what comes after, of this tensor's shape; may be left out for a scalar.
   */
  backward(gradient?: Tensor, options: BackwardOptions = {}): void {
    requireAutograd('backward()').backward(this.self, gradient, options);
  }

  /** Calls `hook` with this tensor's gradient each time it is computed; what it returns replaces the gradient. */
  registerHook(hook: (grad: Tensor) => Tensor | null | undefined | void): HookHandle {
    return requireAutograd('registerHook()').registerHook(this.self, hook);
  }

  /** Calls `hook` with this leaf after its `grad` was updated. */
  registerPostAccumulateGradHook(hook: (tensor: Tensor) => void): HookHandle {
    return requireAutograd('registerPostAccumulateGradHook()').registerPostAccumulateGradHook(this.self, hook);
  }

  /** Cuts this tensor out of its graph in place. */
  detach_(): this {
    installedAutograd()?.detachInPlace(this.self);
    return this;
  }

  // --- reading ---

  /**
   * The value of a one-element tensor as a number; bool gives 0 or 1.
   *
   * @throws ShapeError if there is not exactly one element; DTypeError for an int64 that no number holds exactly.
   */
  async item(): Promise<number> {
    return single(this.self, await download(this.self, 'item'));
  }

  /** {@link item} where the device can read at once (cpu, cuda). @throws DeviceError elsewhere. */
  itemSync(): number {
    return single(this.self, downloadSync(this.self, 'item'));
  }

  /** The values as nested arrays of numbers, or booleans for bool. */
  async toArray(): Promise<NestedArray> {
    return nested(this.self, await download(this.self, 'toArray'));
  }

  /** {@link toArray} where the device can read at once. @throws DeviceError elsewhere. */
  toArraySync(): NestedArray {
    return nested(this.self, downloadSync(this.self, 'toArray'));
  }

  /** The values in row-major order: `BigInt64Array` for int64, `Uint8Array` of 0 and 1 for bool, `Float32Array` for float16 and bfloat16. */
  async toTypedArray(): Promise<TypedArray> {
    return widen(await download(this.self, 'toTypedArray'), this.dtype);
  }

  /** {@link toTypedArray} where the device can read at once. @throws DeviceError elsewhere. */
  toTypedArraySync(): TypedArray {
    return widen(downloadSync(this.self, 'toTypedArray'), this.dtype);
  }

  // --- printing ---

  /** What PyTorch prints; on a device without synchronous reading the shape, dtype and device. */
  toString(): string {
    if (this.disposed) return 'tensor(disposed)';
    const { runtime, name } = this.storage.device;
    const gradFn = this.gradFn?.name;
    if (!runtime.downloadSync) {
      return `tensor(shape=${formatShape(this.shape)}, dtype=${this.dtype}, device='${name}'${gradFn ? `, grad_fn=<${gradFn}>` : ''})`;
    }
    const { storage, offset } = asContiguous(this.self);
    const data = widen(runtime.downloadSync(storage.buffer, offset, this.numel()), this.dtype);
    return formatTensor(
      { data, shape: this.shape, dtype: this.dtype },
      { device: name, gradFn, requiresGrad: this.requiresGrad },
    );
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  // --- end of life ---

  /**
   * Gives this tensor's memory back now, unless a view or a recorded op still holds it. Using the tensor afterwards is an error. Optional: memory
   * that nobody reaches is returned by the garbage collector.
   */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.storage.release();
  }

  get isDisposed(): boolean {
    return this.disposed;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

// functions rather than private methods, which would give every tensor a mark of its class: that costs as much as all its fields

async function download(x: Tensor, what: string): Promise<TypedArray> {
  beforeRead(x, what);
  const { storage, offset } = asContiguous(x);
  return storage.device.runtime.download(storage.buffer, offset, x.numel());
}

function downloadSync(x: Tensor, what: string): TypedArray {
  beforeRead(x, what);
  const { runtime } = x.storage.device;
  if (!runtime.downloadSync) {
    throw new DeviceError(`${what}Sync: device '${x.device}' can't be read synchronously; use: await x.${what}()`);
  }
  const { storage, offset } = asContiguous(x);
  return runtime.downloadSync(storage.buffer, offset, x.numel());
}

function beforeRead(x: Tensor, what: string): void {
  if (what === 'item' && x.numel() !== 1) {
    throw new ShapeError(
      `a Tensor with ${x.numel()} elements cannot be converted to Scalar: item() takes one element, this tensor has shape ${formatShape(x.shape)}`,
    );
  }
  for (const layer of interpreters) layer.read?.(x);
}

function single(x: Tensor, data: TypedArray): number {
  return toNumber(widen(data, x.dtype)[0]);
}

function nested({ shape, dtype }: Tensor, data: TypedArray): NestedArray {
  const flat = widen(data, dtype);
  const bool = dtype === 'bool';
  let at = 0;
  const read = (d: number): NestedArray => {
    if (d === shape.length) {
      const value = flat[at++];
      return bool ? value !== 0 : toNumber(value);
    }
    return Array.from({ length: shape[d] }, () => read(d + 1));
  };
  return read(0);
}

function toNumber(value: number | bigint): number {
  if (typeof value === 'number') return value;
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new DTypeError(
    `the int64 ${value} is beyond 2^53 and no JavaScript number holds it exactly; read it with toTypedArray()`,
  );
}

/** float16 and bfloat16 bits as numbers; everything else as it is. */
function widen(data: TypedArray, dtype: DType): TypedArray {
  if (dtype === 'float16') return Float32Array.from(data as Uint16Array, halfToNumber);
  if (dtype === 'bfloat16') return Float32Array.from(data as Uint16Array, bfloat16ToNumber);
  return data;
}
