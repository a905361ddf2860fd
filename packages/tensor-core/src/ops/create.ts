/** Ops that make tensors: from a rule, from data, from another tensor's shape, and as a copy in another dtype or on another device. */
import { allocate, copyProgram } from '../dispatch.ts';
import { type DType, dtypes, isFloat, type TypedArray } from '../dtype.ts';
import { DeviceError, ShapeError } from '../errors.ts';
import * as e from '../expr.ts';
import { isContiguous, numel, type Shape } from '../shape.ts';
import { type Operand, OpSpec, type Sig } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { isTensor } from '../tensor-class.ts';
import { broadcastView, requireTensor } from './build.ts';

/** What every factory says: what is made, and where. */
export interface FactoryAttrs {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly device: string;
}

/** The dtype and device of a copy. */
export interface ToCopyAttrs {
  readonly dtype: DType;
  readonly device: string;
  /** The device it comes from, if another one: gradients go back there. */
  readonly from?: string;
  /** The values, if they have been read already. */
  readonly data?: TypedArray;
}

/** A row of numbers between two ends. */
export interface RangeAttrs {
  readonly start: number;
  readonly end: number;
  readonly steps: number;
  readonly dtype: DType;
  readonly device: string;
}

export interface CreateOps {
  full: Sig<[], FactoryAttrs & { readonly value: number }>;
  empty: Sig<[], FactoryAttrs>;
  fullLike: Sig<[Tensor], { readonly value: number; readonly dtype: DType; readonly device: string }>;
  emptyLike: Sig<[Tensor], { readonly dtype: DType; readonly device: string }>;
  fromData: Sig<[], FactoryAttrs & { readonly data: TypedArray }>;
  eye: Sig<[], FactoryAttrs>;
  arange: Sig<
    [],
    {
      readonly start: number;
      readonly end: number;
      readonly step: number;
      readonly dtype: DType;
      readonly device: string;
    }
  >;
  linspace: Sig<[], RangeAttrs>;
  logspace: Sig<[], RangeAttrs & { readonly base: number }>;
  toCopy: Sig<[Tensor], ToCopyAttrs>;
  fill: Sig<[Tensor, Operand]>;
}

const device = (attrs: { readonly device: string }): string => attrs.device;
const meta = ({ shape, dtype }: FactoryAttrs): { shape: Shape; dtype: DType } => ({ shape, dtype });

/** Programs by dtype (and whatever else `key` says), made once. */
function cached(make: (dtype: DType, wide: DType) => e.Program): (dtype: DType, wide: DType) => e.Program {
  const programs: (e.Program | undefined)[] = [];
  return (dtype, wide) => {
    const key = dtypes[dtype].code * 16 + dtypes[wide].code;
    programs[key] ??= make(dtype, wide);
    return programs[key];
  };
}

const fillProgram = cached((dtype) => new e.Program([e.param(0, dtype)], [], [dtype]));
const eyeProgram = cached((dtype) => new e.Program([e.cast(e.eq(e.indexOf(0), e.indexOf(1)), dtype)], []));
// start + i·step, in double precision where the device has it: the rounding of PyTorch
const arangeProgram = cached(
  (dtype, wide) =>
    new e.Program(
      [e.cast(e.add(e.param(0, wide), e.mul(e.cast(e.indexOf(0), wide), e.param(1, wide))), dtype)],
      [],
      [wide, wide],
    ),
);

/** Counted from the nearer end, so that both ends are exact: parameters are start, end, step, steps. */
function linear(wide: DType): e.Expr {
  const [start, end, step] = [0, 1, 2].map((i) => e.param(i, wide));
  const steps = e.param(3, 'int32');
  const i = e.indexOf(0);
  const near = e.add(start, e.mul(step, e.cast(i, wide)));
  const far = e.sub(end, e.mul(step, e.cast(e.sub(e.sub(steps, 1), i), wide)));
  return e.select(e.lt(i, e.div(steps, 2)), near, far);
}

const linspaceProgram = cached(
  (dtype, wide) => new e.Program([e.cast(linear(wide), dtype)], [], [wide, wide, wide, 'int32']),
);
const logspaceProgram = cached(
  (dtype, wide) =>
    new e.Program([e.cast(e.pow(e.param(4, wide), linear(wide)), dtype)], [], [wide, wide, wide, 'int32', wide]),
);

/** A single number is the start. */
const rangeParams = ({ start, end, steps }: RangeAttrs): number[] =>
  steps > 1 ? [start, end, (end - start) / (steps - 1), steps] : [start, start, 0, steps];

/** The dtype in which ranges are computed. */
const wideDType = (available: readonly DType[], dtype: DType): DType =>
  available.includes('float64') ? 'float64' : isFloat(dtype) ? dtype : 'float32';

/** The length of `arange(start, end, step)`. */
export const arangeLength = (start: number, end: number, step: number): number =>
  Math.max(0, Math.ceil((end - start) / step));

/** The elements of `x` in row-major order, read at once. */
function readNow(x: Tensor, to: string): TypedArray {
  const { runtime, name } = x.storage.device;
  if (!runtime.downloadSync) {
    throw new DeviceError(`to: device '${name}' can't be read synchronously; use: await x.toAsync('${to}')`);
  }
  let { storage, offset } = x;
  if (!isContiguous(x.shape, x.strides)) {
    const copy = allocate(storage.device, x.dtype, x.shape);
    runtime.map([copy], [x], copyProgram(x.dtype, x.dtype), []);
    ({ storage, offset } = copy);
  }
  return runtime.downloadSync(storage.buffer, offset, numel(x.shape));
}

/** Rows by op name. */
export const create: { readonly [K in keyof CreateOps]: OpSpec<CreateOps[K]> } = {
  full: new OpSpec({
    name: 'full',
    device,
    infer: (_, attrs) => meta(attrs),
    kernel: (runtime, outs, _, { dtype, value }) => runtime.map(outs, [], fillProgram(dtype, dtype), [value]),
  }),
  // contents are whatever the memory held
  empty: new OpSpec({ name: 'empty', device, infer: (_, attrs) => meta(attrs), kernel: () => {} }),
  fullLike: new OpSpec({
    name: 'fullLike',
    device,
    infer: ([x], { dtype }) => ({ shape: x.shape, dtype }),
    kernel: (runtime, outs, _, { dtype, value }) => runtime.map(outs, [], fillProgram(dtype, dtype), [value]),
  }),
  emptyLike: new OpSpec({
    name: 'emptyLike',
    device,
    infer: ([x], { dtype }) => ({ shape: x.shape, dtype }),
    kernel: () => {},
  }),
  fromData: new OpSpec({
    name: 'fromData',
    device,
    infer: (_, attrs) => meta(attrs),
    kernel: (runtime, [out], _, { data }) => {
      if (data.length > 0) runtime.upload(out.storage.buffer, data, 0);
    },
  }),
  eye: new OpSpec({
    name: 'eye',
    device,
    infer: (_, attrs) => meta(attrs),
    kernel: (runtime, outs, _, { dtype }) => runtime.map(outs, [], eyeProgram(dtype, dtype), []),
  }),
  arange: new OpSpec({
    name: 'arange',
    device,
    infer: (_, { start, end, step, dtype }) => ({ shape: [arangeLength(start, end, step)], dtype }),
    kernel(runtime, outs, _, { start, step, dtype }) {
      const wide = isFloat(dtype) ? wideDType(runtime.capabilities.dtypes, dtype) : dtype;
      runtime.map(outs, [], arangeProgram(dtype, wide), [start, step]);
    },
  }),
  linspace: new OpSpec({
    name: 'linspace',
    device,
    infer: (_, { steps, dtype }) => ({ shape: [steps], dtype }),
    kernel(runtime, outs, _, attrs) {
      const wide = isFloat(attrs.dtype) ? attrs.dtype : wideDType(runtime.capabilities.dtypes, attrs.dtype);
      runtime.map(outs, [], linspaceProgram(attrs.dtype, wide), rangeParams(attrs));
    },
  }),
  logspace: new OpSpec({
    name: 'logspace',
    device,
    infer: (_, { steps, dtype }) => ({ shape: [steps], dtype }),
    kernel(runtime, outs, _, attrs) {
      const wide = isFloat(attrs.dtype) ? attrs.dtype : wideDType(runtime.capabilities.dtypes, attrs.dtype);
      runtime.map(outs, [], logspaceProgram(attrs.dtype, wide), [...rangeParams(attrs), attrs.base]);
    },
  }),
  toCopy: new OpSpec({
    name: 'toCopy',
    device,
    infer([x], { dtype }) {
      requireTensor('to', x);
      return { shape: x.shape, dtype };
    },
    kernel(runtime, [out], [x], { dtype, device: to, data }) {
      const from = x.storage.device;
      if (from.runtime === runtime) {
        runtime.map([out], [x], copyProgram(x.dtype, dtype), []);
        return;
      }
      // cast before the journey if the source can, else after it
      const early = from.runtime.capabilities.dtypes.includes(dtype) && dtype !== x.dtype && !data;
      let source = x;
      if (early) {
        source = allocate(from, dtype, x.shape);
        from.runtime.map([source], [x], copyProgram(x.dtype, dtype), []);
      }
      const values = data ?? readNow(source, to);
      if (values.length === 0) return;
      if (source.dtype === dtype) {
        runtime.upload(out.storage.buffer, values, 0);
        return;
      }
      // the outs of a kernel are the tensors that the dispatcher allocated
      const landed = allocate((out as Tensor).storage.device, source.dtype, x.shape);
      runtime.upload(landed.storage.buffer, values, 0);
      runtime.map([out], [landed], copyProgram(source.dtype, dtype), []);
    },
  }),
  fill: new OpSpec({
    name: 'fill',
    infer([x, value]) {
      requireTensor('fill', x);
      if (isTensor(value) && value.shape.length > 0) {
        throw new ShapeError(
          `fill_ only supports 0-dimension value tensor but got tensor with ${value.shape.length} dimensions.`,
        );
      }
      return { shape: x.shape, dtype: x.dtype };
    },
    kernel(runtime, outs, [, value]) {
      const [out] = outs;
      if (isTensor(value))
        runtime.map(outs, [broadcastView(value, out.shape)], copyProgram(value.dtype, out.dtype), []);
      else runtime.map(outs, [], fillProgram(out.dtype, out.dtype), [value as number]);
    },
    inplace: { writes: [0], how: 'direct', uniform: true },
  }),
};
