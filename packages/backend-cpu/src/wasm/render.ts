/** A scalar expression as vector code, four elements at a time. Every node rounds to its dtype, as the plain engine does, so both give the same bits. */
import {
  type BinaryFn,
  type CompareFn,
  type DType,
  type Expr,
  operands,
  topological,
  type UnaryFn,
} from '@tenfold/tensor-core';
import { toBigInt } from '@tenfold/tensor-core/scalar';
import {
  type FloatLanes,
  type FunctionBuilder,
  f32,
  f32x4,
  f64,
  f64x2,
  i32,
  i32x4,
  i64,
  i64x2,
  type ModuleBuilder,
  select,
  shuffle32,
  type Value,
  type ValueType,
  v128,
} from './assembler.ts';
import {
  each,
  type Group,
  high,
  isWide,
  keepGroup,
  type LaneClass,
  laneClass,
  loadGathered,
  rounded,
  type V,
  wrapped,
} from './elements.ts';
import { integers32, integers64 } from './integers.ts';
import { type MathContext, mathF32, mathF64 } from './math/index.ts';

/** An input that is read at computed positions: its first element, and per dim its size and its stride in bytes. */
export interface LoadedInput {
  readonly base: Value<'i32'>;
  readonly sizes: readonly Value<'i32'>[];
  readonly strides: readonly Value<'i32'>[];
}

/** Where the leaves of an expression come from. */
export interface Leaves {
  input(index: number, dtype: DType): Group;
  param(index: number, dtype: DType): Group;
  /** Positions along dim `dim` of the iteration space. */
  index(dim: number): Group;
  loaded(index: number): LoadedInput;
  /** As {@link MathContext.rare}. */
  readonly rare?: (mask: V) => void;
}

/** What code is written with. */
interface Writer {
  readonly module: ModuleBuilder;
  readonly fn: FunctionBuilder;
  readonly rare?: (mask: V) => void;
}

/** The values of `roots` for four elements. */
export function render(module: ModuleBuilder, fn: FunctionBuilder, roots: readonly Expr[], leaves: Leaves): Group[] {
  const writer = { module, fn, rare: leaves.rare };
  const groups = new Map<Expr, Group>();
  for (const node of topological(roots)) {
    const args = operands(node).map((x) => groups.get(x) as Group);
    const group = renderNode(writer, node, args, leaves);
    groups.set(node, node.kind === 'const' ? group : keepGroup(fn, group));
  }
  return roots.map((root) => groups.get(root) as Group);
}

function renderNode(w: Writer, node: Expr, args: readonly Group[], leaves: Leaves): Group {
  switch (node.kind) {
    case 'input':
      return leaves.input(node.index, node.dtype);
    case 'param':
      return leaves.param(node.index, node.dtype);
    case 'index':
      return leaves.index(node.dim);
    case 'const':
      return constantGroup(w, node.value, node.dtype);
    case 'load':
      return loadAt(w, node.dtype, args, leaves.loaded(node.index));
    case 'select':
      return selected(args[0][0], args[1], args[2], node.dtype);
    case 'compare':
      return [compared(w, node.fn, node.args[0].dtype, args)];
    case 'cast':
      return converted(w, node.args[0].dtype, node.dtype, args[0]);
    case 'unary':
      return rounding(w, node.dtype, unaryOf(w, node.fn, node.dtype, args[0]));
    case 'binary':
      return rounding(w, node.dtype, binaryOf(w, node.fn, node.dtype, args));
  }
}

const rounding = ({ module }: Writer, dtype: DType, group: Group): Group =>
  dtype === 'float16' || dtype === 'bfloat16'
    ? [rounded(module, dtype, group[0])]
    : laneClass[dtype] === 'i32'
      ? [wrapped(dtype, group[0])]
      : group;

function constantGroup(w: Writer, value: number, dtype: DType): Group {
  const { fn } = w;
  switch (laneClass[dtype]) {
    case 'f32':
      return [rounded(w.module, dtype, fn.constant(f32x4.const(value)))];
    case 'f64': {
      const x = fn.constant(f64x2.const(value));
      return [x, x];
    }
    case 'i32':
      return [wrapped(dtype, fn.constant(i32x4.const(value)))];
    case 'i64': {
      const x = fn.constant(i64x2.const(toBigInt(value)));
      return [x, x];
    }
    case 'mask':
      return [fn.constant(i32x4.const(value !== 0 ? -1 : 0))];
  }
}

// --- masks ---

/** A mask of 32-bit lanes as two of 64-bit lanes. */
const widened = (mask: V): Group => [i64x2.extendLow32S(mask), i64x2.extendHigh32S(mask)];
/** Two masks of 64-bit lanes as one of 32-bit lanes. */
const narrowed = ([low, up]: Group): V => shuffle32(low, up, [0, 2, 4, 6]);

function selected(mask: V, ifTrue: Group, ifFalse: Group, dtype: DType): Group {
  const masks = isWide(dtype) ? widened(mask) : [mask];
  return ifTrue.map((x, k) => v128.select(x, ifFalse[k], masks[k]));
}

/** Masks are -1 and 0, so their order as integers is that of false and true reversed. */
const reversed: { readonly [F in CompareFn]: CompareFn } = {
  eq: 'eq',
  ne: 'ne',
  lt: 'gt',
  le: 'ge',
  gt: 'lt',
  ge: 'le',
};

function compared({ fn }: Writer, name: CompareFn, dtype: DType, args: readonly Group[]): V {
  switch (laneClass[dtype]) {
    case 'f32':
      return each(args, f32x4[name])[0];
    case 'f64':
      return narrowed(each(args, f64x2[name]));
    case 'i32':
      return each(args, i32x4[name])[0];
    case 'i64':
      return narrowed(keepGroup(fn, each(args, i64x2[name])));
    case 'mask':
      return each(args, i32x4[reversed[name]])[0];
  }
}

// --- lane by lane ---

type Scalar = 'i32' | 'i64' | 'f32' | 'f64';
const lanesOf = { i32: i32x4, i64: i64x2, f32: f32x4, f64: f64x2 } as const;

function lane<T extends Scalar>(type: T, group: Group, k: number): Value<T> {
  const lanes = lanesOf[type];
  const per = lanes.lanes;
  return lanes.extract(group[Math.floor(k / per)], k % per) as Value<ValueType> as Value<T>;
}

/** A group from a scalar function of each element. */
function lanewise<A extends Scalar, R extends Scalar>(
  from: A,
  to: R,
  args: readonly Group[],
  apply: (...x: Value<A>[]) => Value<R>,
): Group {
  const lanes = lanesOf[to];
  const value = (k: number) => apply(...args.map((group) => lane(from, group, k))) as never;
  return Array.from({ length: 4 / lanes.lanes }, (_, v) => {
    let vector = lanes.splat(value(v * lanes.lanes));
    for (let k = 1; k < lanes.lanes; k++) vector = lanes.replace(vector, k, value(v * lanes.lanes + k));
    return vector;
  });
}

/** An imported function of doubles, for the elements of a group of either precision. */
function imported({ module }: Writer, name: string, dtype: DType, args: readonly Group[]): Group {
  const call = module.import(
    name,
    args.map(() => 'f64' as const),
    'f64',
  );
  if (laneClass[dtype] === 'f64') return lanewise('f64', 'f64', args, (...x) => call(...x) as Value<'f64'>);
  return lanewise('f32', 'f32', args, (...x) => f32.demote(call(...x.map(f64.promote)) as Value<'f64'>));
}

// --- functions ---

/** What the vector functions need of a module. */
export const contextOf = (module: ModuleBuilder, rare?: (mask: V) => void): MathContext => ({
  relaxed: module.relaxed,
  rare,
  scalar: (name, ...operands) =>
    module.import(
      name,
      operands.map(() => 'f64' as const),
      'f64',
    )(...operands) as Value<'f64'>,
});

const isFloatClass = (lanes: LaneClass): lanes is 'f32' | 'f64' => lanes === 'f32' || lanes === 'f64';

const unsupported = (fn: string, dtype: DType): never => {
  throw new Unsupported(`${fn} of ${dtype}`);
};

/** Thrown for what has no vector code; the plain engine runs it. */
export class Unsupported extends Error {}

/** Both halves of float32 lanes as doubles, through `apply`, and back: one rounding. */
const inDoubles = (x: V, apply: (half: V) => V): V =>
  shuffle32(f32x4.demote(apply(f64x2.promote(x))), f32x4.demote(apply(f64x2.promote(high(x)))), [0, 1, 4, 5]);

function unaryOf(w: Writer, name: UnaryFn, dtype: DType, arg: Group): Group {
  const lanes = laneClass[dtype];
  if (isFloatClass(lanes)) return floatUnary(w, name, dtype, lanes === 'f32' ? f32x4 : f64x2, arg);
  if (lanes === 'mask') return name === 'bitNot' ? [v128.not(arg[0])] : unsupported(name, dtype);
  const ints = lanes === 'i32' ? i32x4 : i64x2;
  const one = lanes === 'i32' ? i32x4.const(1) : i64x2.const(1n);
  switch (name) {
    case 'neg':
      return each([arg], ints.neg);
    case 'abs':
      return each([arg], ints.abs);
    case 'bitNot':
      return each([arg], v128.not);
    case 'floor':
    case 'ceil':
    case 'round':
    case 'trunc':
      return arg;
    case 'sign':
      // x >> all but the sign is -1 or 0; one more for the positive
      return each([arg], (x) =>
        v128.or(ints.shrS(x, i32.const(ints.size * 8 - 1)), v128.and(ints.gt(x, v128.zero), one)),
      );
    default:
      return unsupported(name, dtype);
  }
}

function floatUnary(w: Writer, name: UnaryFn, dtype: DType, floats: typeof f32x4 | typeof f64x2, arg: Group): Group {
  const { fn } = w;
  const single = floats.size === 4;
  const constant = (x: number): V => fn.constant(floats.const(x));
  switch (name) {
    case 'neg':
    case 'abs':
    case 'floor':
    case 'ceil':
    case 'trunc':
    case 'sqrt':
      return each([arg], floats[name]);
    case 'round':
      return each([arg], floats.nearest);
    case 'sign':
      return each([arg], (x) =>
        v128.or(v128.and(floats.gt(x, v128.zero), constant(1)), v128.and(floats.lt(x, v128.zero), constant(-1))),
      );
    case 'rsqrt': {
      const inverse = (x: V): V => f64x2.div(fn.constant(f64x2.const(1)), f64x2.sqrt(x));
      return each([arg], single ? (x) => inDoubles(x, inverse) : inverse);
    }
  }
  const vector = (single ? mathF32 : mathF64).unary[name];
  return vector
    ? each([arg], (x) => vector(fn, x, contextOf(w.module, w.rare)))
    : imported(w, `unary.${name}`, dtype, [arg]);
}

function binaryOf(w: Writer, name: BinaryFn, dtype: DType, args: readonly Group[]): Group {
  const lanes = laneClass[dtype];
  if (isFloatClass(lanes)) return floatBinary(w, name, dtype, lanes === 'f32' ? f32x4 : f64x2, args);
  if (lanes === 'mask') return [maskBinary(name, args[0][0], args[1][0])];
  return integerBinary(w, name, args, lanes);
}

function floatBinary(
  w: Writer,
  name: BinaryFn,
  dtype: DType,
  floats: typeof f32x4 | typeof f64x2,
  args: readonly Group[],
): Group {
  const { fn } = w;
  const single = floats.size === 4;
  switch (name) {
    case 'add':
    case 'sub':
    case 'mul':
    case 'div':
    case 'min':
    case 'max':
      return each(args, floats[name]);
    case 'copysign': {
      const signBit = fn.constant(floats.const(-0));
      // NaN has no sign here
      return each(args, (x, y) => v128.or(v128.andNot(x, signBit), v128.and(v128.and(y, signBit), floats.eq(y, y))));
    }
  }
  const vector = (single ? mathF32 : mathF64).binary[name];
  const general = (): Group => {
    if (vector) return each(args, (x, y) => vector(fn, x, y, contextOf(w.module, w.rare)));
    if (!(name in floatImports)) return unsupported(name, dtype);
    return imported(w, `binary.${name}`, dtype, args);
  };
  return name === 'pow' ? powerOf(w, floats, args, general) : general();
}

/** Squares are what powers mostly are: the plain engine multiplies too. A lane keeps its square whatever exponents its neighbours have. */
function powerOf({ fn, rare }: Writer, floats: FloatLanes, [x, y]: readonly Group[], general: () => Group): Group {
  const two = fn.constant(floats.const(2));
  const others = keepGroup(
    fn,
    each([y], (exponent) => floats.ne(exponent, two)),
  );
  const squares = each([x], (base) => floats.mul(base, base));
  if (rare) {
    others.forEach(rare);
    return squares;
  }
  const results = squares.map((square) => fn.variable(square));
  fn.if(v128.anyTrue(others.reduce((p, q) => v128.or(p, q))), () =>
    general().forEach((value, k) => fn.emit(results[k].set(v128.select(value, results[k].get, others[k])))),
  );
  return results.map(({ get }) => get);
}

const floatImports = { pow: 0, rem: 0, atan2: 0, hypot: 0, zeta: 0 };

function maskBinary(name: BinaryFn, x: V, y: V): V {
  switch (name) {
    case 'bitAnd':
    case 'mul':
    case 'min':
      return v128.and(x, y);
    case 'bitOr':
    case 'max':
      return v128.or(x, y);
    case 'bitXor':
      return v128.xor(x, y);
    default:
      return unsupported(name, 'bool');
  }
}

function integerBinary(w: Writer, name: BinaryFn, args: readonly Group[], lanes: 'i32' | 'i64'): Group {
  const ints = lanes === 'i32' ? i32x4 : i64x2;
  switch (name) {
    case 'add':
    case 'sub':
    case 'mul':
      return each(args, ints[name]);
    // 64-bit lanes have no instruction for these
    case 'min':
      return each(args, (x, y) => v128.select(x, y, ints.lt(x, y)));
    case 'max':
      return each(args, (x, y) => v128.select(x, y, ints.gt(x, y)));
    case 'bitAnd':
      return each(args, v128.and);
    case 'bitOr':
      return each(args, v128.or);
    case 'bitXor':
      return each(args, v128.xor);
    default:
      return lanes === 'i32'
        ? lanewise('i32', 'i32', args, scalar32(w, name))
        : lanewise('i64', 'i64', args, scalar64(w, name));
  }
}

type ScalarBinary<T extends 'i32' | 'i64'> = (x: Value<T>, y: Value<T>) => Value<T>;

function scalar32({ module }: Writer, name: BinaryFn): ScalarBinary<'i32'> {
  switch (name) {
    case 'div':
      return integers32.divide(module);
    case 'rem':
      return integers32.remainder(module);
    case 'pow':
      return integers32.power(module);
    case 'shiftLeft':
      return (x, y) => select(i32.shl(x, y), i32.const(0), i32.ltU(y, i32.const(32)));
    case 'shiftRight':
      return (x, y) => i32.shrS(x, select(y, i32.const(31), i32.ltU(y, i32.const(32))));
    default:
      return unsupported(name, 'int32');
  }
}

function scalar64({ module }: Writer, name: BinaryFn): ScalarBinary<'i64'> {
  switch (name) {
    case 'div':
      return integers64.divide(module);
    case 'rem':
      return integers64.remainder(module);
    case 'pow':
      return integers64.power(module);
    case 'shiftLeft':
      return (x, y) => select(i64.shl(x, y), i64.const(0n), i64.ltU(y, i64.const(64n)));
    case 'shiftRight':
      return (x, y) => i64.shrS(x, select(y, i64.const(63n), i64.ltU(y, i64.const(64n))));
    default:
      return unsupported(name, 'int64');
  }
}

// --- casts ---

function converted(w: Writer, from: DType, to: DType, x: Group): Group {
  const { fn, module } = w;
  const [source, target] = [laneClass[from], laneClass[to]];
  const zero = v128.zero;
  if (target === 'mask') {
    switch (source) {
      case 'f32':
        return [f32x4.ne(x[0], zero)];
      case 'f64':
        return [narrowed(each([x], (half) => f64x2.ne(half, zero)))];
      case 'i32':
        return [i32x4.ne(x[0], zero)];
      case 'i64':
        return [narrowed(each([x], (half) => i64x2.ne(half, zero)))];
      case 'mask':
        return x;
    }
  }
  if (source === 'mask') {
    const ones = constantGroup(w, 1, to);
    const masks = isWide(to) ? widened(x[0]) : x;
    return masks.map((mask, k) => v128.and(mask, ones[k]));
  }
  if (target === 'f32') return [rounded(module, to, toFloat32(source, x))];
  if (target === 'f64') return toFloat64(source, x);
  if (target === 'i64') return toInt64(source, x);
  return [wrapped(to, toInt32(w, source, x, fn))];
}

function toFloat32(source: LaneClass, x: Group): V {
  switch (source) {
    case 'f64':
      return shuffle32(f32x4.demote(x[0]), f32x4.demote(x[1]), [0, 1, 4, 5]);
    case 'i32':
      return f32x4.fromI32(x[0]);
    case 'i64':
      return lanewise('i64', 'f32', [x], f32.fromI64)[0];
    default:
      return x[0];
  }
}

function toFloat64(source: LaneClass, x: Group): Group {
  switch (source) {
    case 'f32':
      return [f64x2.promote(x[0]), f64x2.promote(high(x[0]))];
    case 'i32':
      return [f64x2.fromI32(x[0]), f64x2.fromI32(high(x[0]))];
    case 'i64':
      return lanewise('i64', 'f64', [x], f64.fromI64);
    default:
      return x;
  }
}

/** Towards zero; what no int64 holds, and NaN, becomes the smallest one. */
function toInt64(source: LaneClass, x: Group): Group {
  const limit = 2 ** 63;
  const smallest = i64.const(-(2n ** 63n));
  switch (source) {
    case 'f32':
      return lanewise('f32', 'i64', [x], (value) =>
        select(i64.fromF32(value), smallest, f32.lt(f32.abs(value), f32.const(limit))),
      );
    case 'f64':
      return lanewise('f64', 'i64', [x], (value) =>
        select(i64.fromF64(value), smallest, f64.lt(f64.abs(value), f64.const(limit))),
      );
    case 'i32':
      return [i64x2.extendLow32S(x[0]), i64x2.extendHigh32S(x[0])];
    default:
      return x;
  }
}

/** The low 32 bits of the integer part; 0 for NaN and infinities. */
function toInt32(w: Writer, source: LaneClass, x: Group, fn: FunctionBuilder): V {
  switch (source) {
    case 'f32':
    case 'f64': {
      const floats = source === 'f32' ? f32x4 : f64x2;
      const fits = (value: V): V => floats.lt(floats.abs(value), fn.constant(floats.const(2 ** 31)));
      const outside = x.map((value) => v128.anyTrue(v128.not(fits(value)))).reduce((a, b) => i32.or(a, b));
      const fast =
        source === 'f32' ? i32x4.fromF32(x[0]) : shuffle32(i32x4.fromF64(x[0]), i32x4.fromF64(x[1]), [0, 1, 4, 5]);
      const result = fn.variable(fast);
      const call = w.module.import('toInt32', ['f64'], 'i32');
      fn.if(outside, () => {
        const slow =
          source === 'f32'
            ? lanewise('f32', 'i32', [x], (value) => call(f64.promote(value)))
            : lanewise('f64', 'i32', [x], (value) => call(value));
        fn.emit(result.set(slow[0]));
      });
      return result.get;
    }
    case 'i64':
      return shuffle32(x[0], x[1], [0, 2, 4, 6]);
    default:
      return x[0];
  }
}

// --- loads ---

function loadAt({ fn, module }: Writer, dtype: DType, args: readonly Group[], source: LoadedInput): Group {
  const positions = args.slice(0, -1);
  const outside = args[args.length - 1];
  let inside: V = fn.constant(i32x4.const(-1));
  let at: V = v128.zero;
  positions.forEach(([position], d) => {
    // unsigned: a negative position is a very large one
    inside = fn.let(v128.and(inside, i32x4.ltU(position, i32x4.splat(source.sizes[d]))));
    at = fn.let(i32x4.add(at, i32x4.mul(position, i32x4.splat(source.strides[d]))));
  });
  // what lies outside reads the first element, and is replaced
  const safe = fn.let(v128.and(at, inside));
  const addresses = [0, 1, 2, 3].map((k) => fn.let(i32.add(source.base, i32x4.extract(safe, k))));
  return selected(inside, keepGroup(fn, loadGathered(module, dtype, addresses)), outside, dtype);
}
