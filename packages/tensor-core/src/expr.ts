/**
 * Scalar expressions: the tiny typed IR in which every pointwise op is written once and which each backend renders once.
 *
 * An expression computes one element. Every node rounds to its own dtype and nothing is contracted or reassociated, so all paths of a backend give
 * the same bits. Fusion is composition: an expression in place of an input. Conventions a backend must keep:
 *
 * - Both operands of a binary or compare node, and both arms of a select, have the same dtype; a condition is `bool`.
 * - Integers wrap (two's complement); integer `div` truncates towards zero and division by zero is an error where the device can tell.
 * - `min` and `max` give NaN if either operand is NaN; `sign` gives 0 for NaN. `round` is half to even. `rem` has the sign of the dividend (C's `fmod`).
 * - `zeta(s, q)` is Hurwitz's Σ (q + k)^-s over k >= 0, for s > 1; NaN for s < 1, infinity at s = 1 and where q is 0 or a negative integer.
 * - A shift by less than 0 or by the width of the dtype or more gives what is left when all bits are gone: 0, or -1 for a negative `shiftRight`.
 * - A cast of a float to an integer truncates towards zero; a cast to `bool` is `!= 0` (NaN is true).
 * - float16 and bfloat16 nodes compute in float32 or wider and round once to their dtype.
 */
import { type DType, dtypes, isFloat } from './dtype.ts';
import { TenfoldError } from './errors.ts';

/** Functions of one operand; the result has the operand's dtype. Those from `exp` on are for floats only, `bitNot` for integers and bool. */
export type UnaryFn =
  | 'neg'
  | 'abs'
  | 'sign'
  | 'floor'
  | 'ceil'
  | 'round'
  | 'trunc'
  | 'bitNot'
  | 'exp'
  | 'exp2'
  | 'expm1'
  | 'log'
  | 'log2'
  | 'log10'
  | 'log1p'
  | 'sqrt'
  | 'rsqrt'
  | 'sin'
  | 'cos'
  | 'tan'
  | 'asin'
  | 'acos'
  | 'atan'
  | 'sinh'
  | 'cosh'
  | 'tanh'
  | 'asinh'
  | 'acosh'
  | 'atanh'
  | 'sigmoid'
  | 'erf'
  | 'erfc'
  | 'erfinv'
  | 'lgamma'
  | 'digamma';

/** Functions of two operands of one dtype; the result has it too. The bit functions are for integers and (but the shifts) bool. */
export type BinaryFn =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'rem'
  | 'min'
  | 'max'
  | 'pow'
  | 'atan2'
  | 'hypot'
  | 'copysign'
  | 'zeta'
  | 'bitAnd'
  | 'bitOr'
  | 'bitXor'
  | 'shiftLeft'
  | 'shiftRight';

/** Comparisons; the result is `bool`, and any comparison with NaN but `ne` is false. */
export type CompareFn = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge';

/** A node of a scalar expression. `dtype` is the dtype its value is rounded to. */
export type Expr =
  | { readonly kind: 'input'; readonly dtype: DType; readonly index: number }
  | { readonly kind: 'const'; readonly dtype: DType; readonly value: number }
  | { readonly kind: 'param'; readonly dtype: DType; readonly index: number }
  /** The position of the element along dim `dim` of the iteration space, an int32. */
  | { readonly kind: 'index'; readonly dtype: 'int32'; readonly dim: number }
  | { readonly kind: 'unary'; readonly dtype: DType; readonly fn: UnaryFn; readonly args: readonly [Expr] }
  | { readonly kind: 'binary'; readonly dtype: DType; readonly fn: BinaryFn; readonly args: readonly [Expr, Expr] }
  | { readonly kind: 'compare'; readonly dtype: 'bool'; readonly fn: CompareFn; readonly args: readonly [Expr, Expr] }
  | { readonly kind: 'select'; readonly dtype: DType; readonly args: readonly [Expr, Expr, Expr] }
  | { readonly kind: 'cast'; readonly dtype: DType; readonly args: readonly [Expr] }
  /**
   * The element of input `index` at the position given by `args[0 … rank-1]` (int32), or `args[rank]` where any of them is out of range.
   * An input that is loaded is not broadcast to the iteration space and is not read as an `input` node in the same program.
   */
  | { readonly kind: 'load'; readonly dtype: DType; readonly index: number; readonly args: readonly Expr[] };

/** What a kernel family evaluates per element: one expression per output over `inputs.length` tensors and `params.length` numbers. */
export class Program {
  /** One expression per output; output k is written with `outputs[k].dtype`. */
  readonly outputs: readonly Expr[];
  readonly inputs: readonly DType[];
  /** dtypes of the scalar parameters, whose values come with each call: a new learning rate compiles nothing. */
  readonly params: readonly DType[];
  #key: string | undefined;

  constructor(outputs: readonly Expr[], inputs: readonly DType[], params: readonly DType[] = []) {
    this.outputs = outputs;
    this.inputs = inputs;
    this.params = params;
  }

  /** Equal for programs that compute the same thing in the same way: the key under which a backend keeps its compiled kernel. */
  get key(): string {
    this.#key ??= programKey(this);
    return this.#key;
  }
}

/** An operand of a builder function: a number becomes a constant of the other operand's dtype. */
type Arg = Expr | number;

const lift = (x: Arg, dtype: DType): Expr => (typeof x === 'number' ? constant(x, dtype) : x);

export const input = (index: number, dtype: DType): Expr => ({ kind: 'input', dtype, index });
export const constant = (value: number, dtype: DType): Expr => ({ kind: 'const', dtype, value });
export const param = (index: number, dtype: DType): Expr => ({ kind: 'param', dtype, index });
export const indexOf = (dim: number): Expr => ({ kind: 'index', dtype: 'int32', dim });

export function unary(fn: UnaryFn, x: Expr): Expr {
  return { kind: 'unary', dtype: x.dtype, fn, args: [x] };
}

export function binary(fn: BinaryFn, a: Arg, b: Arg): Expr {
  const [x, y] = pair(fn, a, b);
  return { kind: 'binary', dtype: x.dtype, fn, args: [x, y] };
}

export function compare(fn: CompareFn, a: Arg, b: Arg): Expr {
  return { kind: 'compare', dtype: 'bool', fn, args: pair(fn, a, b) };
}

/** `ifTrue` where `condition` holds, else `ifFalse`. */
export function select(condition: Expr, ifTrue: Arg, ifFalse: Arg): Expr {
  const [x, y] = pair('select', ifTrue, ifFalse);
  if (condition.dtype !== 'bool') throw new TenfoldError(`select: the condition is ${condition.dtype}, not bool`);
  return { kind: 'select', dtype: x.dtype, args: [condition, x, y] };
}

/** `x` rounded to `dtype`; `x` itself if it has that dtype already. */
export function cast(x: Expr, dtype: DType): Expr {
  return x.dtype === dtype ? x : { kind: 'cast', dtype, args: [x] };
}

export function load(index: number, dtype: DType, at: readonly Expr[], outside: Arg): Expr {
  return { kind: 'load', dtype, index, args: [...at, lift(outside, dtype)] };
}

function pair(fn: string, a: Arg, b: Arg): [Expr, Expr] {
  const dtype = typeof a === 'number' ? (b as Expr).dtype : a.dtype;
  const x = lift(a, dtype);
  const y = lift(b, dtype);
  if (x.dtype !== y.dtype)
    throw new TenfoldError(`${fn}: operands of an expression differ in dtype: ${x.dtype} and ${y.dtype}`);
  return [x, y];
}

const unaryOf = (fn: UnaryFn) => (x: Expr) => unary(fn, x);
const binaryOf = (fn: BinaryFn) => (a: Arg, b: Arg) => binary(fn, a, b);
const compareOf = (fn: CompareFn) => (a: Arg, b: Arg) => compare(fn, a, b);

export const neg = unaryOf('neg');
export const abs = unaryOf('abs');
export const sign = unaryOf('sign');
export const floor = unaryOf('floor');
export const trunc = unaryOf('trunc');
export const bitNot = unaryOf('bitNot');
export const exp = unaryOf('exp');
export const log = unaryOf('log');
export const sqrt = unaryOf('sqrt');
export const add = binaryOf('add');
export const sub = binaryOf('sub');
export const mul = binaryOf('mul');
export const div = binaryOf('div');
export const rem = binaryOf('rem');
export const min = binaryOf('min');
export const max = binaryOf('max');
export const pow = binaryOf('pow');
export const bitAnd = binaryOf('bitAnd');
export const bitOr = binaryOf('bitOr');
export const bitXor = binaryOf('bitXor');
export const eq = compareOf('eq');
export const ne = compareOf('ne');
export const lt = compareOf('lt');
export const le = compareOf('le');
export const gt = compareOf('gt');
export const ge = compareOf('ge');

/** Whether `x` is NaN: false for integers. */
export const isNaNExpr = (x: Expr): Expr => (isFloat(x.dtype) ? ne(x, x) : constant(0, 'bool'));

/** Whether a node divides integers by what may be 0. */
export const mayDivideByZero = (node: Expr): boolean =>
  node.kind === 'binary' &&
  (node.fn === 'div' || node.fn === 'rem') &&
  !isFloat(node.dtype) &&
  !(node.args[1].kind === 'const' && Math.trunc(node.args[1].value) !== 0);

/** `not x` for a bool. */
export const not = (x: Expr): Expr => bitNot(x);

/** The operands of a node; none for leaves. */
export function operands(node: Expr): readonly Expr[] {
  return 'args' in node ? node.args : [];
}

/** Nodes of some roots, each once, operands before users: the order in which a renderer emits them. */
export function topological(roots: readonly Expr[]): Expr[] {
  const order: Expr[] = [];
  const seen = new Set<Expr>();
  const visit = (node: Expr): void => {
    if (seen.has(node)) return;
    seen.add(node);
    for (const operand of operands(node)) visit(operand);
    order.push(node);
  };
  for (const root of roots) visit(root);
  return order;
}

/** `root` with each node first rewritten by `replace` (return `undefined` to keep it); used to substitute inputs when programs are fused. */
export function rewrite(root: Expr, replace: (node: Expr) => Expr | undefined, done = new Map<Expr, Expr>()): Expr {
  const known = done.get(root);
  if (known) return known;
  const result =
    replace(root) ??
    withOperands(
      root,
      operands(root).map((x) => rewrite(x, replace, done)),
    );
  done.set(root, result);
  return result;
}

function withOperands(node: Expr, args: readonly Expr[]): Expr {
  if (!('args' in node) || args.every((x, i) => x === node.args[i])) return node;
  return { ...node, args } as Expr;
}

/** Infinity, NaN and -0 survive, unlike in JSON. */
const constantText = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

function programKey({ outputs, inputs, params }: Program): string {
  const numbers = new Map<Expr, number>();
  const lines = topological(outputs).map((node, i) => {
    numbers.set(node, i);
    const args = operands(node)
      .map((x) => numbers.get(x))
      .join(',');
    switch (node.kind) {
      case 'input':
      case 'param':
        return `${node.kind[0]}${node.index}:${dtypes[node.dtype].code}`;
      case 'const':
        return `c${constantText(node.value)}:${dtypes[node.dtype].code}`;
      case 'index':
        return `x${node.dim}`;
      case 'unary':
      case 'binary':
      case 'compare':
        return `${node.fn}(${args})`;
      case 'select':
        return `?(${args})`;
      case 'cast':
        return `as${dtypes[node.dtype].code}(${args})`;
      case 'load':
        return `l${node.index}:${dtypes[node.dtype].code}(${args})`;
    }
  });
  const codes = (list: readonly DType[]) => list.map((d) => dtypes[d].code).join('');
  return `${codes(inputs)};${codes(params)};${lines.join(';')}>${outputs.map((x) => numbers.get(x)).join(',')}`;
}

/** The expression as text, for debugging and for tests: `div(1, add(1, exp(neg(x0))))`. */
export function formatExpr(node: Expr): string {
  const args = operands(node).map(formatExpr).join(', ');
  switch (node.kind) {
    case 'input':
      return `x${node.index}`;
    case 'const':
      return constantText(node.value);
    case 'param':
      return `p${node.index}`;
    case 'index':
      return `i${node.dim}`;
    case 'unary':
    case 'binary':
    case 'compare':
      return `${node.fn}(${args})`;
    case 'select':
      return `select(${args})`;
    case 'cast':
      return `${node.dtype}(${args})`;
    case 'load':
      return `load(x${node.index}, ${args})`;
  }
}
