/**
 * Scalar expressions as WGSL. Every node becomes a `let`, so that each value is computed once and the shader reads like the expression.
 *
 * WGSL lets a compiler assume that there are no NaNs and infinities: what depends on them looks at bits (`is_nan`), and constants that are not finite
 * come through a variable that the compiler can't see through.
 */
import {
  type CompareFn,
  type DType,
  type Expr,
  isFloat,
  mayDivideByZero,
  type Program,
  topological,
} from '@tenfold/tensor-core';
import { elementType } from './elements.ts';
import { mathFunctions } from './math.ts';

/** The type of a value of a dtype in an expression. */
export const valueType = (dtype: DType): string => elementType(dtype).value;

/** An element that was read from storage, as a value. */
export const fromStored = (dtype: DType, code: string): string => (dtype === 'bool' ? `(${code} != 0u)` : code);

/** A value, as an element to be stored. */
export const toStored = (dtype: DType, code: string): string => (dtype === 'bool' ? `select(0u, 1u, ${code})` : code);

/** What an expression reads: code for the value of an input, of a parameter, of the position along a dim, and of a loaded element. */
export interface Sources {
  input(index: number): string;
  param(index: number, dtype: DType): string;
  index(dim: number): string;
  /** The stored element of input `index` at `at` (i32 positions), as a value, or `outside`. */
  load(index: number, dtype: DType, at: readonly string[], outside: string): string;
  /** A statement that reports the integer divisor named `x` if it is 0. Without it, such a quotient is the dividend and the remainder 0. */
  divisor?(x: string): string;
}

/** Statements that compute the outputs of a program, and the names of their values. */
export interface Rendered {
  readonly statements: readonly string[];
  readonly outputs: readonly string[];
  /** Functions of the prelude that the statements call. */
  readonly functions: ReadonlySet<string>;
}

const compares: { readonly [K in CompareFn]: string } = { eq: '==', ne: '!=', lt: '<', le: '<=', gt: '>', ge: '>=' };

/** What a value of one dtype is in another. A float beyond the range of an integer becomes its end, and NaN becomes 0; PyTorch gives whatever the CPU does. */
function castTo(to: DType, from: DType, x: string): string {
  const [source, target] = [valueType(from), valueType(to)];
  if (to === 'bool') {
    // by bits: a device may take a subnormal number for 0
    if (isFloat(from)) return `((bitcast<u32>(f32(${x})) << 1u) != 0u)`;
    return source === 'bool' ? x : `(${x} != 0)`;
  }
  if (isFloat(from) && (target === 'i32' || target === 'u32')) {
    const integer = `select(i32(${x}), 0i, is_nan(f32(${x})))`;
    return to === 'uint8' ? `(bitcast<u32>(${integer}) & 255u)` : integer;
  }
  if (to === 'uint8') return source === 'i32' ? `(bitcast<u32>(${x}) & 255u)` : `u32(${x})`;
  return `${target}(${x})`;
}

/** Bits of a float32. */
const bitsOf = (value: number): number => new Uint32Array(new Float32Array([value]).buffer)[0];

/** A constant of a dtype as WGSL. */
export function literal(value: number, dtype: DType): string {
  switch (valueType(dtype)) {
    case 'bool':
      return value === 0 ? 'false' : 'true';
    case 'u32':
      return `${Math.trunc(value) & 255}u`;
    case 'i32': {
      const integer = Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.trunc(value)));
      return integer === -(2 ** 31) ? 'i32(-2147483647 - 1)' : `i32(${integer})`;
    }
    case 'f16':
      return `f16(${floatLiteral(Math.abs(value) < 65520 ? value : value * Number.POSITIVE_INFINITY)})`;
    default:
      return floatLiteral(value);
  }
}

function floatLiteral(value: number): string {
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded)) {
    // opaque to the compiler, which refuses constant expressions that are not finite
    return Number.isNaN(rounded) ? 'nan_of()' : rounded > 0 ? 'inf_of()' : '(-inf_of())';
  }
  if (Object.is(rounded, -0)) return 'bitcast<f32>(0x80000000u)';
  // subnormal literals may be flushed: give their bits
  if (rounded !== 0 && Math.abs(rounded) < 2 ** -126) return `bitcast<f32>(${bitsOf(rounded)}u)`;
  const text = String(rounded);
  return `${text}${/[.e]/.test(text) ? '' : '.0'}f`;
}

/** Renders `program`. `prefix` tells its names from those of others in the same shader. */
export function render(program: Program, sources: Sources, prefix = 'v'): Rendered {
  const statements: string[] = [];
  const functions = new Set<string>();
  const names = new Map<Expr, string>();
  const call = (name: string, ...args: string[]): string => {
    functions.add(name);
    return `${name}(${args.join(', ')})`;
  };
  topological(program.outputs).forEach((node, i) => {
    const code = expression(node, (x) => names.get(x) as string, sources, call);
    for (const name of code.matchAll(/\b(is_nan|nan_of|inf_of)\(/g)) functions.add(name[1]);
    if (sources.divisor && mayDivideByZero(node)) {
      statements.push(sources.divisor(names.get((node as Extract<Expr, { kind: 'binary' }>).args[1]) as string));
    }
    const name = `${prefix}${i}`;
    statements.push(`let ${name}: ${valueType(node.dtype)} = ${code};`);
    names.set(node, name);
  });
  return { statements, outputs: program.outputs.map((x) => names.get(x) as string), functions };
}

type Call = (name: string, ...args: string[]) => string;

function expression(node: Expr, nameOf: (x: Expr) => string, sources: Sources, call: Call): string {
  switch (node.kind) {
    case 'input':
      return sources.input(node.index);
    case 'const':
      return literal(node.value, node.dtype);
    case 'param':
      return sources.param(node.index, node.dtype);
    case 'index':
      return sources.index(node.dim);
    case 'cast':
      return castTo(node.dtype, node.args[0].dtype, nameOf(node.args[0]));
    case 'select':
      return `select(${nameOf(node.args[2])}, ${nameOf(node.args[1])}, ${nameOf(node.args[0])})`;
    case 'compare':
      return comparison(node.fn, node.args, nameOf, call);
    case 'load': {
      const at = node.args.map(nameOf);
      const outside = at.pop() as string;
      return sources.load(node.index, node.dtype, at, outside);
    }
    case 'unary':
    case 'binary':
      return functionCall(node, node.args.map(nameOf), call);
  }
}

function comparison(fn: CompareFn, args: readonly Expr[], nameOf: (x: Expr) => string, call: Call): string {
  const [a, b] = args.map(nameOf);
  const type = valueType(args[0].dtype);
  if (type === 'bool') {
    // only equality is defined on WGSL's bool
    return fn === 'eq' || fn === 'ne' ? `(${a} ${compares[fn]} ${b})` : `(u32(${a}) ${compares[fn]} u32(${b}))`;
  }
  // a compiler may take x != x for false
  if (a === b && fn === 'ne' && (type === 'f32' || type === 'f16')) return call('is_nan', `f32(${a})`);
  // WGSL's != is false for NaN on some devices
  return fn === 'ne' ? `!(${a} == ${b})` : `(${a} ${compares[fn]} ${b})`;
}

function functionCall(
  { fn, dtype }: Extract<Expr, { kind: 'unary' | 'binary' }>,
  args: readonly string[],
  call: Call,
): string {
  const type = valueType(dtype);
  const row = mathFunctions[fn];
  if (type === 'f16' && row.float) {
    // halves compute in float32 and round once
    return `f16(${row.float(
      args.map((x) => `f32(${x})`),
      call,
      type,
    )})`;
  }
  const kind = type === 'f32' ? row.float : type === 'bool' ? row.bool : row.integer;
  if (!kind) throw new Error(`webgpu: ${fn} of ${dtype}`);
  const code = kind(args, call, type);
  return dtype === 'uint8' ? `((${code}) & 255u)` : code;
}
