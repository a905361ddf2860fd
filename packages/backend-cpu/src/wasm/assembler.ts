/**
 * A small typed assembler of WebAssembly: expressions are values whose TypeScript type is their WebAssembly type, so that ill-typed code does not
 * compile here either. It knows the instructions that kernels use (https://webassembly.github.io/spec/core/binary/index.html), not all there are.
 */

/** Types of values on WebAssembly's stack. */
export type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';
type Result = ValueType | 'none';

/** Bytes, code within code, or a number that is known only when the module is complete. */
type Part = number | Code | (() => number);

/** Code that leaves a value of type `T`, or nothing. */
export interface Code<T extends Result = Result> {
  readonly type: T;
  readonly parts: readonly Part[];
}

export type Value<T extends ValueType> = Code<T>;
export type Statement = Code<'none'>;

const typeCodes: { readonly [T in ValueType]: number } = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };
const blockOfNothing = 0x40;

/** An unsigned number in LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return bytes;
}

/** A signed number in LEB128. */
function signed(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (true) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    const done = (rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0);
    bytes.push(done ? low : low | 0x80);
    if (done) return bytes;
  }
}

function floatBytes(value: number, size: 4 | 8): Uint8Array {
  return new Uint8Array((size === 4 ? Float32Array.of(value) : Float64Array.of(value)).buffer);
}

function flatten(code: Code, into: number[]): number[] {
  for (const part of code.parts) {
    if (typeof part === 'number') into.push(part);
    else if (typeof part === 'function') into.push(...unsigned(part()));
    else flatten(part, into);
  }
  return into;
}

const code = <T extends Result>(type: T, ...parts: readonly Part[]): Code<T> => ({ type, parts });

/** SIMD instructions have a prefix and a number in LEB128. */
const simd = (op: number): number[] => [0xfd, ...unsigned(op)];
const saturating = (op: number): number[] => [0xfc, op];

/** Memory operands: alignment is a promise of 2^n bytes that may be broken; 0 promises nothing. */
const memoryOperand = (offset: number): number[] => [0, ...unsigned(offset)];

type Opcodes = { readonly [name: string]: number };
type Address = Value<'i32'>;

/** Instructions of one form, by name. */
function table<const O extends Opcodes, F>(opcodes: O, form: (op: number) => F): { readonly [K in keyof O]: F } {
  return Object.fromEntries(Object.entries(opcodes).map(([name, op]) => [name, form(op)])) as { [K in keyof O]: F };
}

const unaryForm =
  <A extends ValueType, R extends ValueType>(result: R, bytes: (op: number) => number[]) =>
  (op: number) =>
  (x: Value<A>): Value<R> =>
    code(result, x, ...bytes(op));
const binaryForm =
  <A extends ValueType, R extends ValueType>(result: R, bytes: (op: number) => number[]) =>
  (op: number) =>
  (x: Value<A>, y: Value<A>): Value<R> =>
    code(result, x, y, ...bytes(op));
const loadForm =
  <R extends ValueType>(result: R, bytes: (op: number) => number[]) =>
  (op: number) =>
  (address: Address, offset = 0): Value<R> =>
    code(result, address, ...bytes(op), ...memoryOperand(offset));
const storeForm =
  <A extends ValueType>(bytes: (op: number) => number[]) =>
  (op: number) =>
  (address: Address, value: Value<A>, offset = 0): Statement =>
    code('none', address, value, ...bytes(op), ...memoryOperand(offset));

const plain = (op: number): number[] => [op];

/** 32-bit integers: addresses, counters and conditions. */
export const i32 = {
  const: (value: number): Value<'i32'> => code('i32', 0x41, ...signed(BigInt(value | 0))),
  ...table({ load: 0x28, load8S: 0x2c, load8U: 0x2d, load16S: 0x2e, load16U: 0x2f }, loadForm('i32', plain)),
  ...table({ store: 0x36, store8: 0x3a, store16: 0x3b }, storeForm<'i32'>(plain)),
  ...table({ eqz: 0x45, clz: 0x67 }, unaryForm<'i32', 'i32'>('i32', plain)),
  ...table(
    { eq: 0x46, ne: 0x47, ltS: 0x48, ltU: 0x49, gtS: 0x4a, gtU: 0x4b, leS: 0x4c, leU: 0x4d, geS: 0x4e, geU: 0x4f },
    binaryForm<'i32', 'i32'>('i32', plain),
  ),
  ...table(
    { add: 0x6a, sub: 0x6b, mul: 0x6c, divS: 0x6d, divU: 0x6e, remS: 0x6f, remU: 0x70 },
    binaryForm<'i32', 'i32'>('i32', plain),
  ),
  ...table(
    { and: 0x71, or: 0x72, xor: 0x73, shl: 0x74, shrS: 0x75, shrU: 0x76 },
    binaryForm<'i32', 'i32'>('i32', plain),
  ),
  wrap: unaryForm<'i64', 'i32'>('i32', plain)(0xa7),
  fromF32: unaryForm<'f32', 'i32'>('i32', saturating)(0),
  fromF64: unaryForm<'f64', 'i32'>('i32', saturating)(2),
  bitsOf: unaryForm<'f32', 'i32'>('i32', plain)(0xbc),
} as const;

/** 64-bit integers. */
export const i64 = {
  const: (value: bigint): Value<'i64'> => code('i64', 0x42, ...signed(BigInt.asIntN(64, value))),
  load: loadForm('i64', plain)(0x29),
  store: storeForm<'i64'>(plain)(0x37),
  eqz: unaryForm<'i64', 'i32'>('i32', plain)(0x50),
  ...table(
    { eq: 0x51, ne: 0x52, ltS: 0x53, ltU: 0x54, gtS: 0x55, gtU: 0x56, leS: 0x57, leU: 0x58, geS: 0x59, geU: 0x5a },
    binaryForm<'i64', 'i32'>('i32', plain),
  ),
  ...table(
    { add: 0x7c, sub: 0x7d, mul: 0x7e, divS: 0x7f, divU: 0x80, remS: 0x81, remU: 0x82 },
    binaryForm<'i64', 'i64'>('i64', plain),
  ),
  ...table(
    { and: 0x83, or: 0x84, xor: 0x85, shl: 0x86, shrS: 0x87, shrU: 0x88 },
    binaryForm<'i64', 'i64'>('i64', plain),
  ),
  extendS: unaryForm<'i32', 'i64'>('i64', plain)(0xac),
  extendU: unaryForm<'i32', 'i64'>('i64', plain)(0xad),
  fromF32: unaryForm<'f32', 'i64'>('i64', saturating)(4),
  fromF64: unaryForm<'f64', 'i64'>('i64', saturating)(6),
  bitsOf: unaryForm<'f64', 'i64'>('i64', plain)(0xbd),
} as const;

/** Single floats. */
export const f32 = {
  const: (value: number): Value<'f32'> => code('f32', 0x43, ...floatBytes(value, 4)),
  load: loadForm('f32', plain)(0x2a),
  store: storeForm<'f32'>(plain)(0x38),
  ...table({ eq: 0x5b, ne: 0x5c, lt: 0x5d, gt: 0x5e, le: 0x5f, ge: 0x60 }, binaryForm<'f32', 'i32'>('i32', plain)),
  ...table(
    { abs: 0x8b, neg: 0x8c, ceil: 0x8d, floor: 0x8e, trunc: 0x8f, nearest: 0x90, sqrt: 0x91 },
    unaryForm<'f32', 'f32'>('f32', plain),
  ),
  ...table(
    { add: 0x92, sub: 0x93, mul: 0x94, div: 0x95, min: 0x96, max: 0x97, copysign: 0x98 },
    binaryForm<'f32', 'f32'>('f32', plain),
  ),
  fromI32: unaryForm<'i32', 'f32'>('f32', plain)(0xb2),
  fromI64: unaryForm<'i64', 'f32'>('f32', plain)(0xb4),
  demote: unaryForm<'f64', 'f32'>('f32', plain)(0xb6),
  fromBits: unaryForm<'i32', 'f32'>('f32', plain)(0xbe),
} as const;

/** Double floats. */
export const f64 = {
  const: (value: number): Value<'f64'> => code('f64', 0x44, ...floatBytes(value, 8)),
  load: loadForm('f64', plain)(0x2b),
  store: storeForm<'f64'>(plain)(0x39),
  ...table({ eq: 0x61, ne: 0x62, lt: 0x63, gt: 0x64, le: 0x65, ge: 0x66 }, binaryForm<'f64', 'i32'>('i32', plain)),
  ...table(
    { abs: 0x99, neg: 0x9a, ceil: 0x9b, floor: 0x9c, trunc: 0x9d, nearest: 0x9e, sqrt: 0x9f },
    unaryForm<'f64', 'f64'>('f64', plain),
  ),
  ...table(
    { add: 0xa0, sub: 0xa1, mul: 0xa2, div: 0xa3, min: 0xa4, max: 0xa5, copysign: 0xa6 },
    binaryForm<'f64', 'f64'>('f64', plain),
  ),
  fromI32: unaryForm<'i32', 'f64'>('f64', plain)(0xb7),
  fromI64: unaryForm<'i64', 'f64'>('f64', plain)(0xb9),
  promote: unaryForm<'f32', 'f64'>('f64', plain)(0xbb),
  fromBits: unaryForm<'i64', 'f64'>('f64', plain)(0xbf),
} as const;

type V = Value<'v128'>;
const vectorUnary = unaryForm<'v128', 'v128'>('v128', simd);
const vectorBinary = binaryForm<'v128', 'v128'>('v128', simd);
/** By a scalar number of bits. */
const vectorShift =
  (op: number) =>
  (x: V, bits: Value<'i32'>): V =>
    code('v128', x, bits, ...simd(op));
const ternary =
  (op: number) =>
  (x: V, y: V, z: V): V =>
    code('v128', x, y, z, ...simd(op));
const extract =
  <T extends ValueType>(type: T, op: number) =>
  (x: V, lane: number): Value<T> =>
    code(type, x, ...simd(op), lane);
const replace =
  <T extends ValueType>(op: number) =>
  (x: V, lane: number, value: Value<T>): V =>
    code('v128', x, value, ...simd(op), lane);

/** What every kind of lanes can do. */
const lanes = <T extends ValueType>(
  type: T,
  size: 4 | 8,
  op: { readonly splat: number; readonly extract: number; readonly loadSplat: number },
) => ({
  /** Bytes of one lane. */
  size,
  lanes: 16 / size,
  splat: unaryForm<T, 'v128'>('v128', simd)(op.splat),
  extract: extract(type, op.extract),
  replace: replace<T>(op.extract + 1),
  /** One element of memory in every lane. */
  loadSplat: loadForm('v128', simd)(op.loadSplat),
});

const floatLanes = (base: number) =>
  table(
    {
      ...{ add: base, sub: base + 1, mul: base + 2, div: base + 3, min: base + 4, max: base + 5 },
      ...{ pmin: base + 6, pmax: base + 7 },
    },
    vectorBinary,
  );

/**
 * Four single floats. `min` and `max` give NaN for NaN, and order -0 below 0; `pmin` and `pmax` are `y < x ? y : x` and `x < y ? y : x`, one instruction
 * of most processors.
 */
export const f32x4 = {
  ...lanes('f32', 4, { splat: 0x13, extract: 0x1f, loadSplat: 0x09 }),
  const: (value: number): V => code('v128', f32.const(value), ...simd(0x13)),
  ...table({ eq: 0x41, ne: 0x42, lt: 0x43, gt: 0x44, le: 0x45, ge: 0x46 }, vectorBinary),
  ...table({ ceil: 0x67, floor: 0x68, trunc: 0x69, nearest: 0x6a, abs: 0xe0, neg: 0xe1, sqrt: 0xe3 }, vectorUnary),
  ...floatLanes(0xe4),
  /** `y` where it is larger, else `x`: faster than `max`, but NaN is lost. */
  pmax: vectorBinary(0xeb),
  fromI32: vectorUnary(0xfa),
  /** Two doubles in the low lanes, 0 in the others. */
  demote: vectorUnary(0x5e),
  /** x · y + z, rounded once or twice as the machine likes: of the relaxed SIMD proposal. */
  relaxedMadd: ternary(0x105),
  /** z - x · y, in the same way. */
  relaxedNmadd: ternary(0x106),
} as const;

/** Two double floats. */
export const f64x2 = {
  ...lanes('f64', 8, { splat: 0x14, extract: 0x21, loadSplat: 0x0a }),
  const: (value: number): V => code('v128', f64.const(value), ...simd(0x14)),
  ...table({ eq: 0x47, ne: 0x48, lt: 0x49, gt: 0x4a, le: 0x4b, ge: 0x4c }, vectorBinary),
  ...table({ ceil: 0x74, floor: 0x75, trunc: 0x7a, nearest: 0x94, abs: 0xec, neg: 0xed, sqrt: 0xef }, vectorUnary),
  ...floatLanes(0xf0),
  pmax: vectorBinary(0xf7),
  /** Of the two low lanes. */
  fromI32: vectorUnary(0xfe),
  promote: vectorUnary(0x5f),
  relaxedMadd: ternary(0x107),
  relaxedNmadd: ternary(0x108),
} as const;

/** What both kinds of float lanes have: code for either precision is written once. */
export type FloatLanes = typeof f32x4 | typeof f64x2;

/** Four 32-bit integers. */
export const i32x4 = {
  ...lanes('i32', 4, { splat: 0x11, extract: 0x1b, loadSplat: 0x09 }),
  const: (value: number): V => code('v128', i32.const(value), ...simd(0x11)),
  ...table({ eq: 0x37, ne: 0x38, lt: 0x39, ltU: 0x3a, gt: 0x3b, gtU: 0x3c, le: 0x3d, leU: 0x3e }, vectorBinary),
  ...table({ ge: 0x3f, geU: 0x40 }, vectorBinary),
  ...table({ abs: 0xa0, neg: 0xa1 }, vectorUnary),
  ...table({ shl: 0xab, shrS: 0xac, shrU: 0xad }, vectorShift),
  ...table({ add: 0xae, sub: 0xb1, mul: 0xb5, min: 0xb6, minU: 0xb7, max: 0xb8, maxU: 0xb9 }, vectorBinary),
  /** Saturating; NaN gives 0. */
  fromF32: vectorUnary(0xf8),
  /** Two doubles to the low lanes, 0 in the others. */
  fromF64: vectorUnary(0xfc),
  ...table({ extendLow16S: 0xa7, extendHigh16S: 0xa8, extendLow16U: 0xa9, extendHigh16U: 0xaa }, vectorUnary),
  bitmask: unaryForm<'v128', 'i32'>('i32', simd)(0xa4),
} as const;

/** Two 64-bit integers. */
export const i64x2 = {
  ...lanes('i64', 8, { splat: 0x12, extract: 0x1d, loadSplat: 0x0a }),
  const: (value: bigint): V => code('v128', i64.const(value), ...simd(0x12)),
  ...table({ eq: 0xd6, ne: 0xd7, lt: 0xd8, gt: 0xd9, le: 0xda, ge: 0xdb }, vectorBinary),
  ...table({ abs: 0xc0, neg: 0xc1 }, vectorUnary),
  ...table({ shl: 0xcb, shrS: 0xcc, shrU: 0xcd }, vectorShift),
  ...table({ add: 0xce, sub: 0xd1, mul: 0xd5 }, vectorBinary),
  ...table({ extendLow32S: 0xc7, extendHigh32S: 0xc8, extendLow32U: 0xc9, extendHigh32U: 0xca }, vectorUnary),
  bitmask: unaryForm<'v128', 'i32'>('i32', simd)(0xc4),
} as const;

/** Narrow integers, as far as loads and stores of narrow elements need them. */
export const i16x8 = {
  ...table({ extendLow8S: 0x87, extendHigh8S: 0x88, extendLow8U: 0x89, extendHigh8U: 0x8a }, vectorUnary),
  /** Two vectors of 32-bit lanes as one of 16-bit lanes, saturated. */
  ...table({ narrow32S: 0x85, narrow32U: 0x86 }, vectorBinary),
} as const;
export const i8x16 = {
  ...table({ narrow16S: 0x65, narrow16U: 0x66 }, vectorBinary),
  /** Bytes of `x` and `y` by their positions, 0 to 31. */
  shuffle: (x: V, y: V, positions: readonly number[]): V => code('v128', x, y, ...simd(0x0d), ...positions),
  /** Bytes of `x` at the positions in `at`; 0 where a position is 16 or more. */
  swizzle: vectorBinary(0x0e),
} as const;

/** Lanes of `x` (0 to 3) and `y` (4 to 7). */
export const shuffle32 = (x: V, y: V, positions: readonly [number, number, number, number]): V =>
  i8x16.shuffle(
    x,
    y,
    positions.flatMap((p) => [4 * p, 4 * p + 1, 4 * p + 2, 4 * p + 3]),
  );

/** Vectors as 128 bits. */
export const v128 = {
  zero: code('v128', ...simd(0x0c), ...new Array<number>(16).fill(0)),
  /** Four 32-bit lanes. */
  of32: (lanes: readonly [number, number, number, number]): V =>
    code('v128', ...simd(0x0c), ...new Uint8Array(Int32Array.from(lanes).buffer)),
  ...table({ load: 0x00, load8x8S: 0x01, load8x8U: 0x02, load16x4S: 0x03, load16x4U: 0x04 }, loadForm('v128', simd)),
  /** One element of memory in every lane. */
  ...table({ load32Splat: 0x09, load64Splat: 0x0a }, loadForm('v128', simd)),
  /** The low bytes from memory, 0 in the others. */
  ...table({ load32Zero: 0x5c, load64Zero: 0x5d }, loadForm('v128', simd)),
  store: storeForm<'v128'>(simd)(0x0b),
  storeLane: (size: 1 | 2 | 4 | 8, address: Address, value: V, lane: number, offset = 0): Statement =>
    code('none', address, value, ...simd({ 1: 0x58, 2: 0x59, 4: 0x5a, 8: 0x5b }[size]), ...memoryOperand(offset), lane),
  loadLane: (size: 1 | 2 | 4 | 8, address: Address, into: V, lane: number, offset = 0): V =>
    code('v128', address, into, ...simd({ 1: 0x54, 2: 0x55, 4: 0x56, 8: 0x57 }[size]), ...memoryOperand(offset), lane),
  not: vectorUnary(0x4d),
  ...table({ and: 0x4e, andNot: 0x4f, or: 0x50, xor: 0x51 }, vectorBinary),
  /** Bits of `x` where `mask` is 1, of `y` where it is 0. */
  select: (x: V, y: V, mask: V): V => code('v128', x, y, mask, ...simd(0x52)),
  anyTrue: unaryForm<'v128', 'i32'>('i32', simd)(0x53),
} as const;

/** `x` if `condition` is not 0, else `y`; both are computed. */
export const select = <T extends ValueType>(x: Value<T>, y: Value<T>, condition: Value<'i32'>): Value<T> =>
  code(x.type, x, y, condition, 0x1b);

/** Copies and fills bytes; ranges may overlap. */
export const memory = {
  copy: (to: Address, from: Address, bytes: Value<'i32'>): Statement => code('none', to, from, bytes, 0xfc, 0x0a, 0, 0),
  fill: (to: Address, byte: Value<'i32'>, bytes: Value<'i32'>): Statement =>
    code('none', to, byte, bytes, 0xfc, 0x0b, 0),
} as const;

/** A variable of a function. */
export interface Local<T extends ValueType> {
  readonly get: Value<T>;
  set(value: Value<T>): Statement;
}

export const sequence = (...statements: readonly Statement[]): Statement => code('none', ...statements);

/** Runs `body` while `condition` holds, which is asked before each round. */
export const whileLoop = (condition: Value<'i32'>, body: Statement): Statement =>
  // a block around a loop: leave the block if not, else go round
  code('none', 0x02, blockOfNothing, 0x03, blockOfNothing, condition, 0x45, 0x0d, 1, body, 0x0c, 0, 0x0b, 0x0b);

/** Runs `body`, and again while `condition` holds after it: one jump a round. */
export const doWhile = (body: Statement, condition: Value<'i32'>): Statement =>
  code('none', 0x03, blockOfNothing, body, condition, 0x0d, 0, 0x0b);

/** Runs `then` if `condition` is not 0, else `otherwise`. */
export const ifElse = (condition: Value<'i32'>, then: Statement, otherwise?: Statement): Statement =>
  code('none', condition, 0x04, blockOfNothing, then, ...(otherwise ? [0x05, otherwise] : []), 0x0b);

/**
 * A function under construction. Code is written in order: `emit` adds a statement, `let` computes a value now that may be read often, and blocks take
 * a function that writes their inside.
 */
export class FunctionBuilder {
  readonly #types: ValueType[] = [];
  readonly #parameters: number;
  readonly #constants = new Map<string, Value<ValueType>>();
  readonly #first: Statement[] = [];
  #block: Statement[] = [];

  constructor(parameters: readonly ValueType[]) {
    this.#types.push(...parameters);
    this.#parameters = parameters.length;
  }

  /** Parameter `i` of the function. */
  parameter<T extends ValueType>(i: number, type: T): Local<T> {
    if (this.#types[i] !== type || i >= this.#parameters) throw new TypeError(`parameter ${i} is no ${type}`);
    return this.#at(i, type);
  }

  /** A new variable, 0 at first. */
  local<T extends ValueType>(type: T): Local<T> {
    return this.#at(this.#types.push(type) - 1, type);
  }

  emit(...statements: readonly Statement[]): void {
    this.#block.push(...statements);
  }

  /** A new variable with a first value, set here. */
  variable<T extends ValueType>(value: Value<T>): Local<T> {
    const local = this.local(value.type);
    this.emit(local.set(value));
    return local;
  }

  /** Computes `value` here; what is given back reads it. */
  let<T extends ValueType>(value: Value<T>): Value<T> {
    return this.variable(value).get;
  }

  /** A constant that is computed once, where the function begins: engines don't move constants out of loops. */
  constant<T extends ValueType>(value: Value<T>): Value<T> {
    const key = flatten(value, []).join();
    const known = this.#constants.get(key) as Value<T> | undefined;
    if (known) return known;
    const local = this.local(value.type);
    this.#first.push(local.set(value));
    this.#constants.set(key, local.get);
    return local.get;
  }

  /** The statements that `write` emits, taken out of the function. */
  block(write: () => void): Statement {
    const outer = this.#block;
    this.#block = [];
    try {
      write();
      return sequence(...this.#block);
    } finally {
      this.#block = outer;
    }
  }

  while(condition: Value<'i32'>, body: () => void): void {
    this.emit(whileLoop(condition, this.block(body)));
  }

  /** `body` gives the condition under which it runs again. */
  doWhile(body: () => Value<'i32'>): void {
    let again: Value<'i32'> = i32.const(0);
    const inside = this.block(() => {
      again = body();
    });
    this.emit(doWhile(inside, again));
  }

  if(condition: Value<'i32'>, then: () => void, otherwise?: () => void): void {
    this.emit(ifElse(condition, this.block(then), otherwise && this.block(otherwise)));
  }

  /** The code entry of a module: locals, then what was emitted, then `result`. */
  finish(result: Code | null): number[] {
    const declared = this.#types.slice(this.#parameters).flatMap((type) => [1, typeCodes[type]]);
    const entry = [...unsigned(this.#types.length - this.#parameters), ...declared];
    flatten(code('none', ...this.#first, ...this.#block, ...(result ? [result] : []), 0x0b), entry);
    return [...unsigned(entry.length), ...entry];
  }

  #at<T extends ValueType>(index: number, type: T): Local<T> {
    const bytes = unsigned(index);
    return {
      get: code(type, 0x20, ...bytes),
      set: (value) => code('none', value, 0x21, ...bytes),
    };
  }
}

type Types = readonly ValueType[];
type Values<P extends Types> = { readonly [K in keyof P]: Value<P[K]> };

/** A function of the module being built, to be called from its code. */
export type Callable<P extends Types, R extends Result> = (...args: Values<P>) => Code<R>;

interface Signature {
  readonly parameters: Types;
  readonly result: Result;
}

function section(id: number, entries: readonly (readonly number[])[]): number[] {
  const content = unsigned(entries.length);
  for (const entry of entries) for (const byte of entry) content.push(byte);
  return [id, ...unsigned(content.length), ...content];
}
const text = (value: string): number[] => {
  const bytes = [...new TextEncoder().encode(value)];
  return [...unsigned(bytes.length), ...bytes];
};

/** Limits of the memory that modules import: pages of 64 KiB. */
export interface MemoryType {
  readonly shared: boolean;
  readonly maximum: number;
}

/** A module under construction, over an imported memory `env.memory`. */
export class ModuleBuilder {
  readonly #memory: MemoryType;
  readonly #imports: { readonly name: string; readonly signature: Signature }[] = [];
  readonly #functions: { readonly signature: Signature; readonly code: () => number[] }[] = [];
  readonly #exports: { readonly name: string; readonly at: number }[] = [];
  readonly #shared = new Map<string, Callable<never, Result>>();

  /** Whether its code may use relaxed SIMD. */
  readonly relaxed: boolean;

  constructor(memory: MemoryType, relaxed = false) {
    this.#memory = memory;
    this.relaxed = relaxed;
  }

  /** The function `env.name`, which JavaScript provides. Imported once, however often it is asked for. */
  import<const P extends Types, R extends Result>(name: string, parameters: P, result: R): Callable<P, R> {
    return this.once(`import ${name}`, () => {
      const at = this.#imports.push({ name, signature: { parameters, result } }) - 1;
      return this.#callable<P, R>(result, () => at);
    });
  }

  /** Adds a function; `body` gives its result, if it has one. */
  define<const P extends Types, R extends Result>(
    { parameters, result, name }: { readonly parameters: P; readonly result: R; readonly name?: string },
    body: (fn: FunctionBuilder) => R extends ValueType ? Value<R> : void,
  ): Callable<P, R> {
    const fn = new FunctionBuilder(parameters);
    const value = body(fn) as Code | undefined;
    const at = this.#functions.push({ signature: { parameters, result }, code: () => fn.finish(value ?? null) }) - 1;
    if (name !== undefined) this.#exports.push({ name, at });
    return this.#callable<P, R>(result, () => this.#imports.length + at);
  }

  /** What `make` gave when it was first called for `key`: for functions that several kernels of a module share. */
  once<P extends Types, R extends Result>(key: string, make: () => Callable<P, R>): Callable<P, R> {
    const known = this.#shared.get(key) as Callable<P, R> | undefined;
    if (known) return known;
    const made = make();
    this.#shared.set(key, made as Callable<never, Result>);
    return made;
  }

  #callable<P extends Types, R extends Result>(result: R, index: () => number): Callable<P, R> {
    return (...args: Values<P>): Code<R> => code(result, ...args, 0x10, index);
  }

  /** The bytes of the module. */
  finish(): Uint8Array<ArrayBuffer> {
    const { shared, maximum } = this.#memory;
    const signatures = [...this.#imports, ...this.#functions].map(({ signature }) => signature);
    const types = signatures.map(({ parameters, result }) => [
      0x60,
      ...unsigned(parameters.length),
      ...parameters.map((type) => typeCodes[type]),
      ...(result === 'none' ? [0] : [1, typeCodes[result]]),
    ]);
    const limits = [shared ? 0x03 : 0x01, ...unsigned(0), ...unsigned(maximum)];
    const imports = [
      [...text('env'), ...text('memory'), 0x02, ...limits],
      ...this.#imports.map(({ name }, i) => [...text('env'), ...text(name), 0x00, ...unsigned(i)]),
    ];
    const lead = this.#imports.length;
    return Uint8Array.from([
      ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      ...section(1, types),
      ...section(2, imports),
      ...section(
        3,
        this.#functions.map((_, i) => unsigned(lead + i)),
      ),
      ...section(
        7,
        this.#exports.map(({ name, at }) => [...text(name), 0x00, ...unsigned(lead + at)]),
      ),
      ...section(
        10,
        this.#functions.map(({ code }) => code()),
      ),
    ]);
  }
}
