/** Programs as the interpreter of `native/kernels/program.cuh` runs them: instructions of eight bytes over registers of eight. */
import {
  BackendError,
  type BinaryFn,
  bfloat16ToNumber,
  type CompareFn,
  type DType,
  dtypes,
  type Expr,
  halfToNumber,
  isFloat,
  mayDivideByZero,
  numberToBfloat16,
  numberToHalf,
  operands,
  Program,
  topological,
  type UnaryFn,
} from '@tenfold/tensor-core';
import { input } from '@tenfold/tensor-core/expr';

/** `enum Operation` of program.cuh, in its order. */
export const operations = [
  ...(['input', 'constant', 'param', 'index', 'load', 'cast', 'select', 'store'] as const),
  ...(['neg', 'abs', 'sign', 'floor', 'ceil', 'round', 'trunc', 'bitNot'] as const satisfies UnaryFn[]),
  ...(['exp', 'exp2', 'expm1', 'log', 'log2', 'log10', 'log1p', 'sqrt', 'rsqrt'] as const satisfies UnaryFn[]),
  ...(['sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh'] as const satisfies UnaryFn[]),
  ...(['asinh', 'acosh', 'atanh', 'sigmoid', 'erf', 'erfc', 'erfinv', 'lgamma'] as const satisfies UnaryFn[]),
  ...(['digamma'] as const satisfies UnaryFn[]),
  ...(['add', 'sub', 'mul', 'div', 'rem', 'min', 'max', 'pow'] as const satisfies BinaryFn[]),
  ...(['atan2', 'hypot', 'copysign', 'zeta'] as const satisfies BinaryFn[]),
  ...(['bitAnd', 'bitOr', 'bitXor', 'shiftLeft', 'shiftRight'] as const satisfies BinaryFn[]),
  ...(['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const satisfies CompareFn[]),
] as const;

const codeOf = new Map<string, number>(operations.map((name, i) => [name, i]));

/** Operands that a launch has room for. */
export const maxOperands = 16;
/** Parameters that a launch has room for. */
export const maxParams = 16;
/** 64-bit words that a launch has for the geometry of loaded inputs. */
export const loadWords = 192;

/** What a program does besides arithmetic, found once. */
export interface Uses {
  /** Inputs that are read at computed places. */
  readonly loaded: readonly number[];
  /** Whether it asks where an element lies. */
  readonly positions: boolean;
  /** Whether it does either. */
  readonly placed: boolean;
  /** Whether it divides integers by what may be 0. */
  readonly divides: boolean;
}

export interface Encoded extends Uses {
  /** Instructions, as the device reads them. */
  readonly code: BigInt64Array;
  readonly registers: number;
}

const view = new DataView(new ArrayBuffer(8));

/** What a value of a dtype is in a register: the bits of a float, of a double, or of a whole number. */
export function registerBits(value: number, dtype: DType): bigint {
  if (dtype === 'float64') view.setFloat64(0, value, true);
  else if (isFloat(dtype)) {
    view.setUint32(4, 0, true);
    view.setFloat32(0, rounded[dtype as keyof typeof rounded](value), true);
  } else view.setBigInt64(0, whole(value, dtype), true);
  return view.getBigInt64(0, true);
}

const rounded = {
  float32: Math.fround,
  float16: (x: number) => halfToNumber(numberToHalf(x)),
  bfloat16: (x: number) => bfloat16ToNumber(numberToBfloat16(x)),
};

/** A number as a whole one of a dtype: what doesn't fit wraps, and an infinity is the end of the range. */
function whole(value: number, dtype: DType): bigint {
  if (dtype === 'bool') return value === 0 ? 0n : 1n;
  if (Number.isNaN(value)) return 0n;
  const bits = dtypes[dtype].itemsize * 8;
  const wrap = dtypes[dtype].signed ? BigInt.asIntN : BigInt.asUintN;
  if (Number.isFinite(value)) return wrap(bits, BigInt(Math.trunc(value)));
  const most = 2n ** BigInt(dtypes[dtype].signed ? bits - 1 : bits) - 1n;
  return value > 0 ? most : dtypes[dtype].signed ? -most - 1n : 0n;
}

export function usesOf(program: Program): Uses {
  const nodes = topological(program.outputs);
  const loaded = [...new Set(nodes.flatMap((node) => (node.kind === 'load' ? [node.index] : [])))];
  const positions = nodes.some(({ kind }) => kind === 'index');
  return {
    loaded: loaded.sort((a, b) => a - b),
    positions,
    placed: positions || loaded.length > 0,
    divides: nodes.some(mayDivideByZero),
  };
}

const known = new Map<string, Encoded>();

/** The instructions of `program`. Operands are numbered outputs first; a loaded input's geometry starts at its `loadOffsets`. */
export function encode(program: Program): Encoded {
  let encoded = known.get(program.key);
  if (!encoded) known.set(program.key, (encoded = encodeAnew(program)));
  return encoded;
}

/** Words that the geometry of one loaded input takes: its rank, sizes and strides of at most eight dims. */
export const wordsPerLoad = 17;

function encodeAnew(program: Program): Encoded {
  const uses = usesOf(program);
  const nodes = topological(program.outputs);
  const words: bigint[] = [];
  const registerOf = new Map<Expr, number>();
  const lastUse = new Map<Expr, number>();
  nodes.forEach((node, i) => {
    for (const operand of operands(node)) lastUse.set(operand, i);
  });
  // outputs are stored at the end, when all inputs have been read: one may be written in place
  for (const output of program.outputs) lastUse.set(output, nodes.length);
  const free: number[] = [];
  let registers = 0;
  const take = (): number => free.pop() ?? registers++;
  const emit = (name: string, dtype: DType, to: number, a = 0, b = 0, c = 0, d = 0): void => {
    view.setUint16(0, codeOf.get(name) as number, true);
    [dtypes[dtype].code, to, a, b, c, d].forEach((byte, i) => view.setUint8(2 + i, byte));
    words.push(view.getBigInt64(0, true));
  };
  const outs = program.outputs.length;
  nodes.forEach((node, i) => {
    const args = operands(node).map((x) => registerOf.get(x) as number);
    // operands that end here may give their register to the result, but a load reads it while it writes
    const ended = new Set(operands(node).filter((x) => lastUse.get(x) === i));
    const release = () => {
      for (const x of ended) free.push(registerOf.get(x) as number);
    };
    if (node.kind !== 'load') release();
    const to = take();
    if (node.kind === 'load') release();
    registerOf.set(node, to);
    switch (node.kind) {
      case 'input':
        emit('input', node.dtype, to, outs + node.index);
        break;
      case 'const':
        emit('constant', node.dtype, to);
        words.push(registerBits(node.value, node.dtype));
        break;
      case 'param':
        emit('param', node.dtype, to, node.index);
        break;
      case 'index':
        emit('index', node.dtype, to, node.dim);
        break;
      case 'unary':
        emit(node.fn, node.dtype, to, args[0]);
        break;
      case 'binary':
        emit(node.fn, node.dtype, to, args[0], args[1]);
        break;
      case 'compare':
        emit(node.fn, node.args[0].dtype, to, args[0], args[1]);
        break;
      case 'select':
        emit('select', node.dtype, to, args[0], args[1], args[2]);
        break;
      case 'cast':
        emit('cast', node.dtype, to, args[0], dtypes[node.args[0].dtype].code);
        break;
      case 'load': {
        const at = uses.loaded.indexOf(node.index) * wordsPerLoad;
        const outside = args.pop() as number;
        emit('load', node.dtype, to, outs + node.index, outside, at & 255, at >> 8);
        args.forEach((register, d) => view.setUint8(d, register));
        words.push(view.getBigInt64(0, true));
        break;
      }
    }
    // nobody reads it
    if (!lastUse.has(node)) free.push(to);
  });
  program.outputs.forEach((output, k) => emit('store', output.dtype, 0, registerOf.get(output) as number, k));
  if (registers > 256) throw new BackendError(`cuda: an expression needs ${registers} values at once, at most 256`);
  if (uses.loaded.length * wordsPerLoad > loadWords)
    throw new BackendError(
      `cuda: an expression loads from ${uses.loaded.length} inputs, at most ${Math.floor(loadWords / wordsPerLoad)}`,
    );
  return { ...uses, code: BigInt64Array.from(words), registers };
}

const identities = new Map<DType, Program>();

/** The program that gives its input. */
export function identityOf(dtype: DType): Program {
  let program = identities.get(dtype);
  if (!program) identities.set(dtype, (program = new Program([input(0, dtype)], [dtype])));
  return program;
}
