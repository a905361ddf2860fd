/**
 * The one road an op takes: ⓪ transforms → ① autograd → ② interpreters → ③ kernel. Every op, whoever calls it, goes through {@link dispatch}.
 */
import type { Override, TensorView } from './backend.ts';
import { canCast, type DType, dtypes, scalarTypeName } from './dtype.ts';
import { ArgumentError, AutogradError, DeviceError, DTypeError, describe, ShapeError, TenfoldError } from './errors.ts';
import { cast, input, Program } from './expr.ts';
import { gradMode, inferenceState, withoutGrad } from './grad-mode.ts';
import { installedAutograd, interpreters, transforms } from './hooks.ts';
import { type Device, resolveDevice } from './registry.ts';
import {
  contiguousStrides,
  formatShape,
  hasInternalOverlap,
  isContiguous,
  numel,
  type Shape,
  sameShape,
} from './shape.ts';
import type { AnySig, Operand, OpSpec, Outputs, TensorMeta } from './spec.ts';
import { Storage, type VersionCounter } from './storage.ts';
import type { Tensor, ViewInfo } from './tensor.ts';
import { isTensor, makeTensor } from './tensor-class.ts';
import { ViewRecord } from './view-record.ts';

/** Runs an op: `dispatch(ops.add, [x, y], { alpha: 1 })`. */
export function dispatch<S extends AnySig>(spec: OpSpec<S>, inputs: S['inputs'], attrs: S['attrs']): S['outputs'] {
  if (transforms.length > 0) return transformed(transforms.length - 1, spec, inputs, attrs);
  return belowTransforms(spec, inputs, attrs);
}

function transformed(level: number, spec: OpSpec, inputs: readonly Operand[], attrs: object | null): Outputs {
  const next = () => (level === 0 ? belowTransforms(spec, inputs, attrs) : transformed(level - 1, spec, inputs, attrs));
  return transforms[level].process(spec, inputs, attrs, next);
}

/** From stop ① on: for transforms that have rewritten a call. */
export function belowTransforms<S extends AnySig>(
  spec: OpSpec<S>,
  inputs: S['inputs'],
  attrs: S['attrs'],
): S['outputs'] {
  if (gradMode.enabled && (anyRequiresGrad(inputs) || (spec.inplaceOf && writesView(spec, inputs)))) {
    const autograd = installedAutograd();
    if (autograd) return autograd.record(spec, inputs, attrs);
  }
  return belowAutograd(spec, inputs, attrs);
}

/** A view that requires no grad may still be of a base that does, if it was made with grad mode off: autograd refuses to write it. */
function writesView(spec: OpSpec, inputs: readonly Operand[]): boolean {
  return spec.writes(inputs).some((i) => isTensor(inputs[i]) && inputs[i].viewInfo !== null);
}

function anyRequiresGrad(inputs: readonly Operand[]): boolean {
  for (let i = 0; i < inputs.length; i++) {
    const x = inputs[i];
    if (typeof x === 'object' && x !== null && x.requiresGrad) return true;
  }
  return false;
}

/** From stop ② on: for autograd, once it has recorded a call. */
export function belowAutograd<S extends AnySig>(spec: OpSpec<S>, inputs: S['inputs'], attrs: S['attrs']): S['outputs'] {
  if (interpreters.length > 0) return interpreted(interpreters.length - 1, spec, inputs, attrs);
  return execute(spec, inputs, attrs);
}

function interpreted(level: number, spec: OpSpec, inputs: readonly Operand[], attrs: object | null): Outputs {
  const next = () => (level === 0 ? execute(spec, inputs, attrs) : interpreted(level - 1, spec, inputs, attrs));
  return interpreters[level].process(spec, inputs, attrs, next);
}

/** Stop ③: the backend's kernel, or what the op is derived from. */
function execute(spec: OpSpec, inputs: readonly Operand[], attrs: object | null): Outputs {
  if (spec.inplaceOf) return executeInPlace(spec.inplaceOf, inputs, attrs);
  const device = commonDevice(spec, inputs, attrs);
  if (spec.view) return makeView(spec, inputs, attrs);
  const override = device.overrides.get(spec.name);
  if (override && spec.infer) {
    // operands are checked before a backend is asked whether it takes them
    const metas = spec.infer(inputs, attrs);
    if ((override.supports?.(inputs, attrs) ?? true) === true)
      return compute(spec, device, inputs, attrs, override, metas);
  }
  if (spec.kernel) return compute(spec, device, inputs, attrs, null, inferred(spec, inputs, attrs));
  return runBelow(spec, inputs, attrs);
}

/** The body of an op that has passed stop ①: its ops are not recorded again. What nobody records keeps the grad mode, as views remember it. */
export function runBelow(spec: OpSpec, inputs: readonly Operand[], attrs: object | null): Outputs {
  if (!gradMode.enabled || !anyRequiresGrad(inputs)) return runBody(spec, inputs, attrs);
  return withoutGrad(() => runBody(spec, inputs, attrs));
}

function compute(
  spec: OpSpec,
  device: Device,
  inputs: readonly Operand[],
  attrs: object | null,
  override: Override | null,
  metas: TensorMeta | readonly TensorMeta[],
): Outputs {
  const one = !isList(metas);
  const outs = one
    ? [allocate(device, metas.dtype, metas.shape)]
    : metas.map((meta) => allocate(device, meta.dtype, meta.shape));
  if (override) override.run(outs, inputs, attrs);
  else (spec.kernel as NonNullable<OpSpec['kernel']>)(device.runtime, outs, inputs, attrs, metas);
  return one ? outs[0] : outs;
}

/** `Array.isArray`, which knows nothing of readonly arrays; cheaper than asking for a property where many kinds of objects come by. */
const isList = <T>(x: T | readonly T[]): x is readonly T[] => Array.isArray(x);

function inferred(spec: OpSpec, inputs: readonly Operand[], attrs: object | null): TensorMeta | readonly TensorMeta[] {
  if (!spec.infer) throw new ArgumentError(`op '${spec.name}' has a kernel but no infer: defineOp needs both`);
  return spec.infer(inputs, attrs);
}

/** Checks the operands of an op and runs its body, telling interpreters where it begins and ends. Grad mode is as the caller has set it. */
export function runBody<S extends AnySig>(spec: OpSpec<S>, inputs: S['inputs'], attrs: S['attrs']): S['outputs'] {
  spec.infer?.(inputs, attrs);
  if (!spec.body) throw noKernel(spec, inputs);
  if (interpreters.length === 0) return spec.body(inputs, attrs);
  const entered = [...interpreters];
  for (const interpreter of entered) interpreter.enter?.(spec, inputs, attrs);
  let outputs: S['outputs'] | null = null;
  try {
    outputs = spec.body(inputs, attrs);
    return outputs;
  } finally {
    for (const interpreter of entered.reverse()) interpreter.exit?.(spec, outputs);
  }
}

/** An op that only some devices compute, by an override of their own, and that is made of no other ops. */
function noKernel(spec: OpSpec, inputs: readonly Operand[]): DeviceError {
  const device = inputs.find(isTensor)?.device ?? 'this one';
  return new DeviceError(
    `${spec.name}: device '${device}' has no kernel for it, and it can't be derived from other ops; it runs on cpu: move the tensor with x.cpu()`,
  );
}

/** A new contiguous tensor, contents undefined. */
export function allocate(device: Device, dtype: DType, shape: Shape): Tensor {
  return makeTensor(new Storage(device, dtype, numel(shape)), dtype, shape, contiguousStrides(shape));
}

function makeView(spec: OpSpec, inputs: readonly Operand[], attrs: object | null): Tensor {
  const source = inputs[0] as Tensor;
  const { shape, strides, offset } = (spec.view as NonNullable<OpSpec['view']>)(source, attrs);
  if (spec.detaches) return unlinked(source, spec.detaches === 'fresh' ? { value: 0 } : source.versionCounter);
  const made = inferenceState.enabled ? 'inference' : gradMode.enabled ? 'grad' : 'noGrad';
  const info = new ViewRecord(source, spec, attrs, made, source.version);
  return makeTensor(source.storage, source.dtype, shape, strides, offset, source.versionCounter, info);
}

/** `x` again, as a tensor that keeps no graph alive. A view stays a view, of its base's twin. */
function unlinked(x: Tensor, version: VersionCounter): Tensor {
  // from the base to `x`, in a loop: a chain of views may be longer than the stack is deep
  const chain = [x];
  for (let { viewInfo } = x; viewInfo; { viewInfo } = viewInfo.source) chain.push(viewInfo.source);
  let twin: Tensor | null = null;
  for (const { storage, dtype, shape, strides, offset, viewInfo } of chain.reverse()) {
    // cut from its graph, it may be written whatever the original's view was
    const info = viewInfo && twin && new ViewRecord(twin, viewInfo.spec, viewInfo.attrs, 'grad', viewInfo.version);
    twin = makeTensor(storage, dtype, shape, strides, offset, version, info);
  }
  return twin as Tensor;
}

/** The device of an op: the one its attributes name, else that of its tensors, which must agree. */
function commonDevice(spec: OpSpec, inputs: readonly Operand[], attrs: object | null): Device {
  let first: Tensor | null = null;
  for (let i = 0; i < inputs.length; i++) {
    const x = inputs[i];
    if (typeof x === 'number' || x === null) continue;
    if (!isTensor(x)) throw notATensor(spec, i, x);
    if (x.isDisposed) throw disposed(spec, i);
    if (first === null) first = x;
    else if (x.storage.device !== first.storage.device) throw mixedDevices(spec, inputs);
  }
  return first && !spec.device ? first.storage.device : resolveDevice(spec.device?.(attrs));
}

function notATensor(spec: OpSpec, i: number, value: unknown): ArgumentError {
  const foreign = (value as { storage?: unknown } | undefined)?.storage !== undefined;
  const hint = foreign
    ? '; it seems to come from a second copy of @tenfold/tensor-core, which must be installed once only'
    : '';
  return new ArgumentError(`${spec.name}: argument ${i} must be a tensor or a number, got ${describe(value)}${hint}`);
}

const disposed = (spec: OpSpec, i: number): TenfoldError =>
  new TenfoldError(`${spec.name}: argument ${i} was disposed; keep it out of tidy(), or dispose it later`, 'DISPOSED');

function mixedDevices(spec: OpSpec, inputs: readonly Operand[]): DeviceError {
  const names = [...new Set(inputs.filter(isTensor).map((x) => x.device))];
  return new DeviceError(
    `${spec.name}: Expected all tensors to be on the same device, but found at least two devices, ${names.join(' and ')}! ` +
      `Move them explicitly, for example x.to('${names[0]}')`,
  );
}

function executeInPlace(spec: OpSpec, inputs: readonly Operand[], attrs: object | null): Outputs {
  const inplace = spec.inplace as NonNullable<OpSpec['inplace']>;
  const device = commonDevice(spec, inputs, attrs);
  if (inplace.how === 'view') return changeView(spec, inputs[0], attrs);
  const { how, uniform, scattered } = inplace;
  const writes = spec.writes(inputs);
  const targets: Tensor[] = [];
  for (const i of writes) {
    const target = inputs[i];
    if (!isTensor(target))
      throw new ArgumentError(`${spec.name}_: the tensor to write must be a tensor, got ${describe(target)}`);
    if (!uniform && !isContiguous(target.shape, target.strides) && hasInternalOverlap(target.shape, target.strides)) {
      throw new ShapeError(
        'unsupported operation: more than one element of the written-to tensor refers to a single memory location. ' +
          `Please clone() the tensor before performing the operation. (in ${spec.name}_)`,
      );
    }
    if (target.storage.inference && !inferenceState.enabled) {
      throw new AutogradError(
        'Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a normal tensor before doing ' +
          `inplace update. (in ${spec.name}_)`,
      );
    }
    targets.push(target);
  }
  const metas = spec.infer ? spec.infer(inputs, attrs) : null;
  if (metas !== null) checkWrites(spec, targets, metas);
  if (how === 'direct' && spec.kernel) {
    const safe = withoutOverlap(spec, inputs, targets, writes, scattered);
    const override = device.overrides.get(spec.name);
    if (override?.inplace && (override.supports?.(safe, attrs) ?? true) === true) override.run(targets, safe, attrs);
    else spec.kernel(device.runtime, targets, safe, attrs, metas);
  } else {
    const result = execute(spec, inputs, attrs);
    checkWrites(spec, targets, result);
    const results = isList(result) ? result : [result];
    targets.forEach((target, k) => {
      copyInto(target, results[k]);
    });
  }
  for (const target of targets) target.versionCounter.value++;
  return targets.length === 1 ? targets[0] : targets;
}

/** The inputs of an op that writes `targets`, with copies of those that share their memory other than element by element. */
function withoutOverlap(
  spec: OpSpec,
  inputs: readonly Operand[],
  targets: readonly Tensor[],
  writes: readonly number[],
  scattered = false,
): readonly Operand[] {
  // of long lists, not each with each
  if (inputs.length > 8 && areApart(inputs)) return inputs;
  let safe: Operand[] | null = null;
  for (let i = 0; i < inputs.length; i++) {
    const x = inputs[i];
    if (!isTensor(x) || !sharesMemory(x, targets)) continue;
    const written = writes.includes(i);
    if (!written) refuseOverlap(spec.name, x, targets, scattered);
    if (!overlapsOther(x, targets) && (!scattered || written)) continue;
    safe ??= [...inputs];
    safe[i] = copyOf(x);
  }
  return safe ?? inputs;
}

/** Whether each tensor has memory of its own. */
function areApart(inputs: readonly Operand[]): boolean {
  const storages = new Set<Storage>();
  for (const x of inputs) {
    if (!isTensor(x)) continue;
    if (storages.has(x.storage)) return false;
    storages.add(x.storage);
  }
  return true;
}

function checkWrites(spec: OpSpec, targets: readonly Tensor[], results: TensorMeta | readonly TensorMeta[]): void {
  for (let k = 0; k < targets.length; k++) checkWrite(spec, targets[k], isList(results) ? results[k] : results);
}

/**
 * The tensor itself under another shape. A view becomes a view of what it was. A tensor with memory of its own keeps it, and what it was becomes a view of it:
 * so its older views still lead to it, and writes to either are seen by both.
 */
function changeView(spec: OpSpec, target: Operand, attrs: object | null): Tensor {
  if (!isTensor(target))
    throw new ArgumentError(`${spec.name}_: the tensor to change must be a tensor, got ${describe(target)}`);
  if (!gradMode.enabled && target.requiresGrad) {
    throw new AutogradError(
      `${spec.name}_: with grad mode off a tensor that requires grad keeps its shape, since its gradient would keep it too; use x.${spec.name}(…)`,
    );
  }
  const { storage, dtype, shape, strides, offset, versionCounter, viewInfo } = target;
  const geometry = (spec.view as NonNullable<OpSpec['view']>)(target, attrs);
  const version = ++versionCounter.value;
  const former = (info: ViewInfo): Tensor => makeTensor(storage, dtype, shape, strides, offset, versionCounter, info);
  if (viewInfo) {
    const before = former(viewInfo);
    target.changeGeometry(geometry, new ViewRecord(before, spec, attrs, 'grad', version), before);
    before.dispose();
  } else if (spec.inplace?.how === 'view') {
    const back = spec.inplace.undo(shape, attrs);
    // of a version that never was: its history is made from the target's when it is needed
    const before = former(new ViewRecord(target, back.spec, back.attrs, 'grad', -1, target.geometryEpoch + 1));
    target.changeGeometry(geometry, null, before);
    before.dispose();
  }
  return target;
}

function checkWrite(spec: OpSpec, target: Tensor, result: TensorMeta): void {
  if (!sameShape(target.shape, result.shape)) {
    throw new ShapeError(
      `output with shape ${formatShape(target.shape)} doesn't match the broadcast shape ${formatShape(result.shape)} in ${spec.name}_`,
    );
  }
  if (!canCast(result.dtype, target.dtype)) {
    throw new DTypeError(
      `result type ${scalarTypeName[result.dtype]} can't be cast to the desired output type ${scalarTypeName[target.dtype]} in ${spec.name}_`,
    );
  }
}

/**
 * Refuses an input that overlaps what is written, as PyTorch does: where both are dense, so that the ranges of their memory tell. The very same
 * elements are fine for ops that go element by element. What this lets pass is copied first.
 */
function refuseOverlap(op: string, x: Tensor, targets: readonly Tensor[], scattered = false): void {
  for (const target of targets) {
    if (x.storage !== target.storage || !isDense(x) || !isDense(target)) continue;
    const [n, m] = [numel(x.shape), numel(target.shape)];
    if (n === 0 || m === 0 || x.offset + n <= target.offset || target.offset + m <= x.offset) continue;
    if (!scattered && n === m && x.offset === target.offset && sameShape(x.strides, target.strides)) continue;
    throw new ShapeError(
      'unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory location. ' +
        `Please clone() the tensor before performing the operation. (in ${op}_)`,
    );
  }
}

/** Whether the elements fill a stretch of memory without gaps, in whatever order. */
function isDense({ shape, strides }: TensorView): boolean {
  const dims = shape.map((size, d) => ({ size, stride: strides[d] })).filter(({ size }) => size > 1);
  dims.sort((a, b) => a.stride - b.stride);
  let step = 1;
  for (const { size, stride } of dims) {
    if (stride !== step) return false;
    step *= size;
  }
  return true;
}

/** Whether `x` reads memory that a target writes, other than at the very same elements. */
function overlapsOther(x: Tensor, targets: readonly Tensor[]): boolean {
  for (const target of targets) {
    if (x.storage !== target.storage || x === target) continue;
    if (x.offset !== target.offset || !sameShape(x.shape, target.shape) || !sameShape(x.strides, target.strides))
      return true;
  }
  return false;
}

function sharesMemory(x: Tensor, targets: readonly Tensor[]): boolean {
  for (const target of targets) if (x.storage === target.storage) return true;
  return false;
}

/** By the dtypes that are read and written. */
const copyPrograms: (Program | undefined)[] = [];

/** The program that reads `from` and writes `to`. */
export function copyProgram(from: DType, to: DType): Program {
  const key = dtypes[from].code * 16 + dtypes[to].code;
  copyPrograms[key] ??= new Program([cast(input(0, from), to)], [from]);
  return copyPrograms[key];
}

/** Writes `source` into `target` (same shape and device), casting. Not an op: no stop of the road sees it. */
export function copyInto(target: TensorView & { readonly storage: Storage }, source: TensorView): void {
  target.storage.device.runtime.map([target], [source], copyProgram(source.dtype, target.dtype), []);
}

/** A contiguous copy. Not an op. */
export function copyOf(x: Tensor): Tensor {
  const copy = allocate(x.storage.device, x.dtype, x.shape);
  copyInto(copy, x);
  return copy;
}

/** `x` itself if it is contiguous, else a copy. Not an op. */
export const asContiguous = (x: Tensor): Tensor => (isContiguous(x.shape, x.strides) ? x : copyOf(x));
