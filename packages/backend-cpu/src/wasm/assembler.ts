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

type Address = Value<'i32'>;
type Words<S extends string> = S extends `${infer First} ${infer Rest}` ? First | Words<Rest> : S;

/** Instructions of one form whose numbers follow each other, from `first` on. */
function row<const S extends string, F>(
  first: number,
  names: S,
  form: (op: number) => F,
): { readonly [K in Words<S>]: F } {
  return Object.fromEntries(names.split(' ').map((name, i) => [name, form(first + i)])) as { [K in Words<S>]: F };
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

/** What integers of both widths have, each at its place. */
const integers = <T extends 'i32' | 'i64'>(type: T, compare: number, arithmetic: number) => ({
  eqz: unaryForm<T, 'i32'>('i32', plain)(compare),
  ...row(compare + 1, 'eq ne ltS ltU gtS gtU leS leU geS geU', binaryForm<T, 'i32'>('i32', plain)),
  ...row(arithmetic, 'add sub mul divS divU remS remU and or xor shl shrS shrU', binaryForm<T, T>(type, plain)),
});

/** 32-bit integers: addresses, counters and conditions. */
export const i32 = {
  const: (value: number): Value<'i32'> => code('i32', 0x41, ...signed(BigInt(value | 0))),
  load: loadForm('i32', plain)(0x28),
  ...row(0x2c, 'load8S load8U load16S load16U', loadForm('i32', plain)),
  store: storeForm<'i32'>(plain)(0x36),
  ...integers('i32', 0x45, 0x6a),
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
  ...integers('i64', 0x50, 0x7c),
  extendS: unaryForm<'i32', 'i64'>('i64', plain)(0xac),
  extendU: unaryForm<'i32', 'i64'>('i64', plain)(0xad),
  fromF32: unaryForm<'f32', 'i64'>('i64', saturating)(4),
  fromF64: unaryForm<'f64', 'i64'>('i64', saturating)(6),
  bitsOf: unaryForm<'f64', 'i64'>('i64', plain)(0xbd),
} as const;

/** What floats of both widths have, each at its place. */
const floats = <T extends 'f32' | 'f64'>(type: T, load: number, compare: number, arithmetic: number) => ({
  load: loadForm(type, plain)(load),
  store: storeForm<T>(plain)(load + 0x0e),
  ...row(compare, 'eq ne lt gt le ge', binaryForm<T, 'i32'>('i32', plain)),
  ...row(arithmetic, 'abs neg ceil floor trunc nearest sqrt', unaryForm<T, T>(type, plain)),
  ...row(arithmetic + 7, 'add sub mul div min max copysign', binaryForm<T, T>(type, plain)),
});

/** Single floats. */
export const f32 = {
  const: (value: number): Value<'f32'> => code('f32', 0x43, ...floatBytes(value, 4)),
  ...floats('f32', 0x2a, 0x5b, 0x8b),
  fromI32: unaryForm<'i32', 'f32'>('f32', plain)(0xb2),
  fromI64: unaryForm<'i64', 'f32'>('f32', plain)(0xb4),
  demote: unaryForm<'f64', 'f32'>('f32', plain)(0xb6),
  fromBits: unaryForm<'i32', 'f32'>('f32', plain)(0xbe),
} as const;

/** Double floats. */
export const f64 = {
  const: (value: number): Value<'f64'> => code('f64', 0x44, ...floatBytes(value, 8)),
  ...floats('f64', 0x2b, 0x61, 0x99),
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

/** What float lanes of both widths have; their comparisons, roundings and arithmetic start at the numbers given. */
const floatLanes = (compare: number, sign: number) => ({
  ...row(compare, 'eq ne lt gt le ge', vectorBinary),
  ...row(sign, 'abs neg', vectorUnary),
  sqrt: vectorUnary(sign + 3),
  ...row(sign + 4, 'add sub mul div min max pmin pmax', vectorBinary),
});

/**
 * Four single floats. `min` and `max` give NaN for NaN, and order -0 below 0; `pmin` and `pmax` are `y < x ? y : x` and `x < y ? y : x`, one instruction
 * of most processors.
 */
export const f32x4 = {
  ...lanes('f32', 4, { splat: 0x13, extract: 0x1f, loadSplat: 0x09 }),
  const: (value: number): V => code('v128', f32.const(value), ...simd(0x13)),
  ...row(0x67, 'ceil floor trunc nearest', vectorUnary),
  ...floatLanes(0x41, 0xe0),
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
  ...row(0x74, 'ceil floor', vectorUnary),
  trunc: vectorUnary(0x7a),
  nearest: vectorUnary(0x94),
  ...floatLanes(0x47, 0xec),
  /** Of the two low lanes. */
  fromI32: vectorUnary(0xfe),
  promote: vectorUnary(0x5f),
  relaxedMadd: ternary(0x107),
  relaxedNmadd: ternary(0x108),
} as const;

/** What both kinds of float lanes have: code for either precision is written once. */
export type FloatLanes = typeof f32x4 | typeof f64x2;

/** What integer lanes of both widths have, after `abs`, their first instruction. */
const integerLanes = (abs: number) => ({
  ...row(abs, 'abs neg', vectorUnary),
  bitmask: unaryForm<'v128', 'i32'>('i32', simd)(abs + 4),
  ...row(abs + 11, 'shl shrS shrU', vectorShift),
  add: vectorBinary(abs + 14),
  sub: vectorBinary(abs + 17),
  mul: vectorBinary(abs + 21),
});

/** Four 32-bit integers. */
export const i32x4 = {
  ...lanes('i32', 4, { splat: 0x11, extract: 0x1b, loadSplat: 0x09 }),
  const: (value: number): V => code('v128', i32.const(value), ...simd(0x11)),
  ...row(0x37, 'eq ne lt ltU gt gtU le leU ge geU', vectorBinary),
  ...integerLanes(0xa0),
  ...row(0xb6, 'min minU max', vectorBinary),
  /** Saturating; NaN gives 0. */
  fromF32: vectorUnary(0xf8),
  /** Two doubles to the low lanes, 0 in the others. */
  fromF64: vectorUnary(0xfc),
  ...row(0xa7, 'extendLow16S extendHigh16S extendLow16U', vectorUnary),
} as const;

/** Two 64-bit integers. */
export const i64x2 = {
  ...lanes('i64', 8, { splat: 0x12, extract: 0x1d, loadSplat: 0x0a }),
  const: (value: bigint): V => code('v128', i64.const(value), ...simd(0x12)),
  ...row(0xd6, 'eq ne lt gt le ge', vectorBinary),
  ...integerLanes(0xc0),
  ...row(0xc7, 'extendLow32S extendHigh32S', vectorUnary),
} as const;

/** Narrow integers, as far as loads and stores of narrow elements need them. */
export const i16x8 = {
  ...row(0x87, 'extendLow8S extendHigh8S extendLow8U', vectorUnary),
  /** Two vectors of 32-bit lanes as one of 16-bit lanes, saturated. */
  ...row(0x85, 'narrow32S narrow32U', vectorBinary),
} as const;
export const i8x16 = {
  ...row(0x65, 'narrow16S narrow16U', vectorBinary),
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
  load: loadForm('v128', simd)(0x00),
  ...row(0x03, 'load16x4S load16x4U', loadForm('v128', simd)),
  /** One element of memory in every lane. */
  ...row(0x09, 'load32Splat load64Splat', loadForm('v128', simd)),
  /** The low bytes from memory, 0 in the others. */
  ...row(0x5c, 'load32Zero load64Zero', loadForm('v128', simd)),
  store: storeForm<'v128'>(simd)(0x0b),
  storeLane: (size: 1 | 2 | 4 | 8, address: Address, value: V, lane: number, offset = 0): Statement =>
    code('none', address, value, ...simd({ 1: 0x58, 2: 0x59, 4: 0x5a, 8: 0x5b }[size]), ...memoryOperand(offset), lane),
  loadLane: (size: 1 | 2 | 4 | 8, address: Address, into: V, lane: number, offset = 0): V =>
    code('v128', address, into, ...simd({ 1: 0x54, 2: 0x55, 4: 0x56, 8: 0x57 }[size]), ...memoryOperand(offset), lane),
  not: vectorUnary(0x4d),
  ...row(0x4e, 'and andNot or xor', vectorBinary),
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
