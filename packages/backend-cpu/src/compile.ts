/**
 * Programs as lists of loops. Each node of a scalar expression becomes one step over a block of elements; its result stands in a register, a typed
 * array of the node's dtype, whose own conversion does the rounding. No code is generated at run time.
 */
import {
  arrayTypes,
  type CompareFn,
  type DType,
  type Expr,
  isFloat,
  operands,
  type Program,
  type TypedArray,
  topological,
} from '@tenfold/tensor-core';
import {
  binaryFunction,
  comparisons,
  conversion,
  type Element,
  toElement,
  unaryFunction,
} from '@tenfold/tensor-core/scalar';
import { codecOf, type View } from './elements.ts';
import { forEachRun, lineStride } from './iterate.ts';

/** Elements that one step computes at a time: all registers of a program stay in the first-level cache. */
export const blockSize = 1024;

/**
 * Where a node's values of the current block lie: `data[at + i * stride]`. Only inputs, constants and parameters have another stride than 1.
 * float16 and bfloat16 are held as float32 numbers.
 */
export interface Register {
  data: TypedArray;
  at: number;
  stride: number;
  readonly own: TypedArray;
}

/** A register of numbers, whatever the width: which of them it is the compiler of TypeScript need not know. */
interface NumberRegister {
  readonly data: Float64Array;
  readonly at: number;
  readonly stride: number;
}

/** What the steps of a call read. */
interface Call {
  shape: readonly number[];
  inputs: readonly View[];
  params: readonly number[];
  /** Where dim d of an `index` node is found in `shape`, if the dims have been permuted. */
  order?: readonly number[];
}

/** Computes `n` elements from flat position `start` of the iteration space. */
type Step = (n: number, start: number, call: Call) => void;

/** A program ready to run. Not re-entrant: its registers are its own. */
export class Compiled {
  readonly outputs: readonly Register[];
  readonly dtypes: readonly DType[];
  /** The register of the only output, if its values may be computed right into an output buffer. */
  readonly target: Register | null;
  readonly #once: Step[] = [];
  readonly #steps: Step[] = [];
  /** Registers of inputs, which stand for buffers of the call while it runs. */
  readonly #borrowed: Register[] = [];

  constructor(program: Program) {
    const registers = new Map<Expr, Register>();
    for (const node of topological(program.outputs)) {
      const scalar = node.kind === 'const' || node.kind === 'param';
      const register = scalar ? newRegister(node.dtype, 1, 0) : newRegister(node.dtype);
      const step = stepOf(
        node,
        register,
        operands(node).map((x) => registers.get(x) as Register),
      );
      registers.set(node, register);
      if (node.kind === 'input') this.#borrowed.push(register);
      (scalar ? this.#once : this.#steps).push(step);
    }
    this.outputs = program.outputs.map((node) => registers.get(node) as Register);
    this.dtypes = program.outputs.map((node) => node.dtype);
    const [{ kind, dtype }] = program.outputs;
    const computed = kind !== 'input' && kind !== 'const' && kind !== 'param';
    const direct = program.outputs.length === 1 && computed && !isNarrow(dtype);
    this.target = direct ? this.outputs[0] : null;
  }

  /** Runs over `total` elements of `shape`; `target`, which stands for the output buffer, takes the results from `offset` on. */
  runInto(
    target: Register,
    offset: number,
    shape: readonly number[],
    inputs: readonly View[],
    params: readonly number[],
    total: number,
  ): void {
    const call: Call = { shape, inputs, params, order: undefined };
    const steps = this.#steps;
    for (const step of this.#once) step(1, 0, call);
    try {
      for (let start = 0; start < total; start += blockSize) {
        target.at = offset + start;
        const n = Math.min(blockSize, total - start);
        for (let i = 0; i < steps.length; i++) steps[i](n, start, call);
      }
    } finally {
      this.release();
    }
  }

  /** Runs over `total` elements of `shape`, calling `store(start, n)` after each block. */
  run(
    shape: readonly number[],
    inputs: readonly View[],
    params: readonly number[],
    total: number,
    store: (start: number, n: number) => void,
    order?: readonly number[],
  ): void {
    const call: Call = { shape, inputs, params, order };
    const steps = this.#steps;
    for (const step of this.#once) step(1, 0, call);
    try {
      for (let start = 0; start < total; start += blockSize) {
        const n = Math.min(blockSize, total - start);
        for (let i = 0; i < steps.length; i++) steps[i](n, start, call);
        store(start, n);
      }
    } finally {
      this.release();
    }
  }

  /** A compiled program outlives its calls and must not keep their buffers. */
  private release(): void {
    for (const register of this.#borrowed) register.data = register.own;
  }
}

const compiled = new WeakMap<Program, Compiled>();

export function compile(program: Program): Compiled {
  let result = compiled.get(program);
  if (!result) compiled.set(program, (result = new Compiled(program)));
  return result;
}

const isNarrow = (dtype: DType): boolean => dtype === 'float16' || dtype === 'bfloat16';

function newRegister(dtype: DType, length = blockSize, stride = 1): Register {
  const own = new arrayTypes[isNarrow(dtype) ? 'float32' : dtype](length);
  return { own, data: own, at: 0, stride };
}

function stepOf(node: Expr, out: Register, args: readonly Register[]): Step {
  switch (node.kind) {
    case 'input':
      return readInput(node.index, node.dtype, out);
    case 'const':
      return rounded(node.dtype, out, () => setAll(out, toElement(node.value, node.dtype)));
    case 'param':
      return rounded(node.dtype, out, (_, __, { params }) => setAll(out, toElement(params[node.index], node.dtype)));
    case 'index':
      return positionAlong(node.dim, out);
    case 'load':
      return loadFrom(node.index, node.dtype, out, args);
    case 'select':
      return selectStep(out, args);
    case 'compare':
      return node.args[0].dtype === 'int64'
        ? compareStep(comparisons[node.fn], out, args)
        : compareNumbers(compareLoops[node.fn], out, args);
    case 'cast':
      return rounded(node.dtype, out, castStep(node.args[0].dtype, node.dtype, out, args[0]));
    case 'unary':
      return rounded(node.dtype, out, unaryStep(node, out, args[0]));
    case 'binary':
      return rounded(node.dtype, out, binaryStep(node, out, args));
  }
}

/** After a step of float16 or bfloat16, brings the float32 values to 16 bits and back: one rounding per node. */
function rounded(dtype: DType, out: Register, step: Step): Step {
  if (!isNarrow(dtype)) return step;
  const { read, write } = codecOf(dtype);
  const bits = new Uint16Array(1);
  return (n, start, call) => {
    step(n, start, call);
    for (let i = 0; i < n; i++) {
      write(bits, 0, out.data[out.at + i]);
      out.data[out.at + i] = read(bits, 0);
    }
  };
}

/** The value of a register of stride 0. */
function setAll({ own }: Register, value: Element): void {
  // a store that sees one kind of array is several times as fast
  if (own instanceof Float32Array) own[0] = value as number;
  else if (own instanceof Float64Array) own[0] = value as number;
  else own[0] = value;
}

function readInput(index: number, dtype: DType, out: Register): Step {
  const half = isNarrow(dtype);
  const { read } = codecOf(dtype);
  return (n, start, { shape, inputs }) => {
    const { strides, offset, storage } = inputs[index];
    const { buffer } = storage;
    const line = half ? null : lineStride(shape, strides);
    if (line !== null) {
      out.data = buffer;
      out.at = offset + start * line;
      out.stride = line;
      return;
    }
    out.data = out.own;
    out.at = 0;
    out.stride = 1;
    forEachRun(shape, { strides, offset }, start, n, (at, stride, first, length) => {
      if (half) for (let i = 0; i < length; i++) out.own[first + i] = read(buffer, at + i * stride);
      else gather(out.own, first, buffer, at, stride, length);
    });
  };
}

function gather(to: TypedArray, first: number, from: TypedArray, at: number, stride: number, length: number): void {
  // a loop that sees one type of array is several times as fast
  if (to instanceof Float32Array && from instanceof Float32Array) {
    for (let i = 0; i < length; i++) to[first + i] = from[at + i * stride];
    return;
  }
  if (to instanceof Float64Array && from instanceof Float64Array) {
    for (let i = 0; i < length; i++) to[first + i] = from[at + i * stride];
    return;
  }
  for (let i = 0; i < length; i++) to[first + i] = from[at + i * stride];
}

function positionAlong(dim: number, out: Register): Step {
  return (n, start, { shape, order }) => {
    const axis = order ? order.indexOf(dim) : dim;
    let inner = 1;
    for (let d = axis + 1; d < shape.length; d++) inner *= shape[d];
    const { data, at } = out;
    for (let i = 0; i < n; i++) data[at + i] = Math.floor((start + i) / inner) % shape[axis];
  };
}

function loadFrom(index: number, dtype: DType, out: Register, args: readonly Register[]): Step {
  const { read } = codecOf(dtype);
  const positions = args.slice(0, -1);
  const outside = args[args.length - 1];
  return (n, _, { inputs }) => {
    const { shape, strides, offset, storage } = inputs[index];
    for (let i = 0; i < n; i++) {
      let from = offset;
      let inside = true;
      for (let d = 0; d < positions.length; d++) {
        const { data, at, stride } = positions[d];
        const position = data[at + i * stride] as number;
        inside &&= position >= 0 && position < shape[d];
        from += position * strides[d];
      }
      out.data[out.at + i] = inside ? read(storage.buffer, from) : outside.data[outside.at + i * outside.stride];
    }
  };
}

function selectStep(out: Register, [condition, ifTrue, ifFalse]: readonly Register[]): Step {
  return (n) => {
    const { data, at } = out;
    const { data: c, at: ic, stride: sc } = condition;
    const { data: x, at: ix, stride: sx } = ifTrue;
    const { data: y, at: iy, stride: sy } = ifFalse;
    for (let i = 0; i < n; i++) data[at + i] = c[ic + i * sc] ? x[ix + i * sx] : y[iy + i * sy];
  };
}

function compareStep(fn: (x: Element, y: Element) => boolean, out: Register, [a, b]: readonly Register[]): Step {
  return (n) => {
    const { data, at } = out;
    const { data: x, at: ix, stride: sx } = a;
    const { data: y, at: iy, stride: sy } = b;
    for (let i = 0; i < n; i++) data[at + i] = fn(x[ix + i * sx], y[iy + i * sy]) ? 1 : 0;
  };
}

function compareNumbers(loop: Loop, out: Register, args: readonly Register[]): Step {
  const [to, a, b] = [out, ...args] as NumberRegister[];
  return (n) => loop(n, to, a, b);
}

function castStep(from: DType, to: DType, out: Register, arg: Register): Step {
  const convert = conversion(from, to);
  return (n) => {
    const { data, at } = out;
    const { data: x, at: ix, stride: sx } = arg;
    if (convert === null) for (let i = 0; i < n; i++) data[at + i] = x[ix + i * sx];
    else for (let i = 0; i < n; i++) data[at + i] = convert(x[ix + i * sx]);
  };
}

function unaryStep(node: Extract<Expr, { kind: 'unary' }>, out: Register, arg: Register): Step {
  const { dtype, fn } = node;
  const apply = unaryFunction(fn, dtype);
  return (n) => {
    const { data, at } = out;
    const { data: x, at: ix, stride: sx } = arg;
    for (let i = 0; i < n; i++) data[at + i] = apply(x[ix + i * sx]);
  };
}

function binaryStep(node: Extract<Expr, { kind: 'binary' }>, out: Register, [a, b]: readonly Register[]): Step {
  const { dtype, fn } = node;
  if (isFloat(dtype)) {
    const loop = floatLoops[fn];
    if (loop) {
      const [to, left, right] = [out, a, b] as NumberRegister[];
      return (n) => loop(n, to, left, right);
    }
  }
  const apply = binaryFunction(fn, dtype);
  return (n) => {
    const { data, at } = out;
    const { data: x, at: ix, stride: sx } = a;
    const { data: y, at: iy, stride: sy } = b;
    for (let i = 0; i < n; i++) data[at + i] = apply(x[ix + i * sx], y[iy + i * sy]);
  };
}

type Loop = (n: number, out: NumberRegister, a: NumberRegister, b: NumberRegister) => void;

/** Comparisons of numbers. */
const compareLoops: { readonly [F in CompareFn]: Loop } = {
  eq(n, { data, at }, { data: x, at: ix, stride: sx }, { data: y, at: iy, stride: sy }) {
    for (let i = 0; i < n; i++) data[at + i] = x[ix + i * sx] === y[iy + i * sy] ? 1 : 0;
  },
  ne(n, { data, at }, { data: x, at: ix, stride: sx }, { data: y, at: iy, stride: sy }) {
    for (let i = 0; i < n; i++) data[at + i] = x[ix + i * sx] !== y[iy + i * sy] ? 1 : 0;
  },
  lt(n, { data, at }, { data: x, at: ix, stride: sx }, { data: y, at: iy, stride: sy }) {
    for (let i = 0; i < n; i++) data[at + i] = x[ix + i * sx] < y[iy + i * sy] ? 1 : 0;
  },
  le(n, { data, at }, { data: x, at: ix, stride: sx }, { data: y, at: iy, stride: sy }) {
    for (let i = 0; i < n; i++) data[at + i] = x[ix + i * sx] <= y[iy + i * sy] ? 1 : 0;
  },
  gt(n, { data, at }, { data: x, at: ix, stride: sx }, { data: y, at: iy, stride: sy }) {
    for (let i = 0; i < n; i++) data[at + i] = x[ix + i * sx] > y[iy + i * sy] ? 1 : 0;
  },
  ge(n, { data, at }, { data: x, at: ix, stride: sx }, { data: y, at: iy, stride: sy }) {
    for (let i = 0; i < n; i++) data[at + i] = x[ix + i * sx] >= y[iy + i * sy] ? 1 : 0;
  },
};

/** The commonest functions without a call per element. */
const floatLoops: { readonly [fn: string]: Loop | undefined } = {
  add(n, { data, at }, { data: x, at: ix, stride: sx }, { data: y, at: iy, stride: sy }) {
    for (let i = 0; i < n; i++) data[at + i] = x[ix + i * sx] + y[iy + i * sy];
  },
  sub(n, { data, at }, { data: x, at: ix, stride: sx }, { data: y, at: iy, stride: sy }) {
    for (let i = 0; i < n; i++) data[at + i] = x[ix + i * sx] - y[iy + i * sy];
  },
  mul(n, { data, at }, { data: x, at: ix, stride: sx }, { data: y, at: iy, stride: sy }) {
    for (let i = 0; i < n; i++) data[at + i] = x[ix + i * sx] * y[iy + i * sy];
  },
  div(n, { data, at }, { data: x, at: ix, stride: sx }, { data: y, at: iy, stride: sy }) {
    for (let i = 0; i < n; i++) data[at + i] = x[ix + i * sx] / y[iy + i * sy];
  },
};
