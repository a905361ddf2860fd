/**
 * A small typed assembler of WebAssembly: expressions are values whose TypeScript type is their WebAssembly type, so that ill-typed code does not
 * compile here either. It knows the instructions that kernels use (https://webassembly.github.io/spec/core/binary/index.html), not all there are.
 */

/** Types of values on WebAssembly's stack. */
export type ValueType = 'i32' | 'f32' | 'f64' | 'v128';

/** Code that leaves a value of type `T`, or nothing. */
export interface Code<T extends ValueType | 'none' = ValueType | 'none'> {
  readonly type: T;
  readonly bytes: readonly number[];
}

export type Value<T extends ValueType> = Code<T>;
export type Statement = Code<'none'>;

const typeCodes: { readonly [T in ValueType]: number } = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b };
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

/** A signed 32-bit number in LEB128. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (true) {
    const low = rest & 0x7f;
    rest >>= 7;
    const done = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(done ? low : low | 0x80);
    if (done) return bytes;
  }
}

const code = <T extends ValueType | 'none'>(type: T, ...parts: readonly (readonly number[])[]): Code<T> => ({
  type,
  bytes: parts.flat(),
});

/** SIMD instructions have a prefix and a number in LEB128. */
const simd = (op: number): number[] => [0xfd, ...unsigned(op)];

const binaryOf =
  <A extends ValueType, R extends ValueType>(result: R, op: readonly number[]) =>
  (x: Value<A>, y: Value<A>): Value<R> =>
    code(result, x.bytes, y.bytes, op);

const i32Binary = (op: number) => binaryOf<'i32', 'i32'>('i32', [op]);
const vectorBinary = (op: number) => binaryOf<'v128', 'v128'>('v128', simd(op));

/** 32-bit integers: addresses, counters and conditions. */
export const i32 = {
  const: (value: number): Value<'i32'> => code('i32', [0x41], signed(value)),
  add: i32Binary(0x6a),
  sub: i32Binary(0x6b),
  mul: i32Binary(0x6c),
  ltU: i32Binary(0x49),
} as const;

/** Lanes of a vector, and what they can do. */
export interface Lanes {
  /** Bytes of one lane. */
  readonly size: number;
  readonly lanes: number;
  /** One element of memory in every lane. */
  loadSplat(address: Value<'i32'>, offset?: number): Value<'v128'>;
  add(x: Value<'v128'>, y: Value<'v128'>): Value<'v128'>;
  mul(x: Value<'v128'>, y: Value<'v128'>): Value<'v128'>;
  /** x · y + z, rounded once or twice as the machine likes: of the relaxed SIMD proposal. */
  relaxedMadd(x: Value<'v128'>, y: Value<'v128'>, z: Value<'v128'>): Value<'v128'>;
}

/** Memory operands: alignment is a promise of 2^n bytes that may be broken; 0 promises nothing. */
const memoryOperand = (offset: number): number[] => [0, ...unsigned(offset)];

const lanes = (size: number, splat: number, add: number, mul: number, madd: number): Lanes => ({
  size,
  lanes: 16 / size,
  loadSplat: (address, offset = 0) => code('v128', address.bytes, simd(splat), memoryOperand(offset)),
  add: vectorBinary(add),
  mul: vectorBinary(mul),
  relaxedMadd: (x, y, z) => code('v128', x.bytes, y.bytes, z.bytes, simd(madd)),
});

export const f32x4 = lanes(4, 0x09, 0xe4, 0xe6, 0x105);
export const f64x2 = lanes(8, 0x0a, 0xf0, 0xf2, 0x107);

export const v128 = {
  zero: code('v128', simd(0x0c), new Array<number>(16).fill(0)),
  load: (address: Value<'i32'>, offset = 0): Value<'v128'> =>
    code('v128', address.bytes, simd(0x00), memoryOperand(offset)),
  store: (address: Value<'i32'>, value: Value<'v128'>, offset = 0): Statement =>
    code('none', address.bytes, value.bytes, simd(0x0b), memoryOperand(offset)),
} as const;

/** A variable of a function. */
export interface Local<T extends ValueType> {
  readonly get: Value<T>;
  set(value: Value<T>): Statement;
}

export const sequence = (...statements: readonly Statement[]): Statement =>
  code('none', ...statements.map(({ bytes }) => bytes));

/** Runs `body` while `condition` holds, which is asked before each round. */
export const whileLoop = (condition: Value<'i32'>, body: Statement): Statement =>
  code(
    'none',
    [0x02, blockOfNothing, 0x03, blockOfNothing],
    condition.bytes,
    // not: leave the block
    [0x45, 0x0d, 1],
    body.bytes,
    // again
    [0x0c, 0, 0x0b, 0x0b],
  );

/** Runs `body`, and again while `condition` holds after it: one jump a round. */
export const doWhile = (body: Statement, condition: Value<'i32'>): Statement =>
  code('none', [0x03, blockOfNothing], body.bytes, condition.bytes, [0x0d, 0, 0x0b]);

/** What the body of a function may use. */
export class FunctionBuilder {
  readonly #types: ValueType[] = [];
  readonly #parameters: number;

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

  /** The code entry of a module: locals, then the body. */
  finish(body: Statement): number[] {
    const declared = this.#types.slice(this.#parameters).flatMap((type) => [1, typeCodes[type]]);
    const entry = [...unsigned(this.#types.length - this.#parameters), ...declared, ...body.bytes, 0x0b];
    return [...unsigned(entry.length), ...entry];
  }

  #at<T extends ValueType>(index: number, type: T): Local<T> {
    return {
      get: code(type, [0x20], unsigned(index)),
      set: (value) => code('none', value.bytes, [0x21], unsigned(index)),
    };
  }
}

/** An exported function of a module: all its parameters, and nothing given back. */
export interface FunctionDefinition {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  body(builder: FunctionBuilder): Statement;
}

const section = (id: number, entries: readonly (readonly number[])[]): number[] => {
  const content = [...unsigned(entries.length), ...entries.flat()];
  return [id, ...unsigned(content.length), ...content];
};
const text = (value: string): number[] => {
  const bytes = [...new TextEncoder().encode(value)];
  return [...unsigned(bytes.length), ...bytes];
};

/** The bytes of a module of these functions over an imported memory, `env.memory`. */
export function assemble(functions: readonly FunctionDefinition[]): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters }) => [
    0x60,
    ...unsigned(parameters.length),
    ...parameters.map((type) => typeCodes[type]),
    0,
  ]);
  const memory = [...text('env'), ...text('memory'), 0x02, 0x00, ...unsigned(0)];
  const code = functions.map(({ parameters, body }) => {
    const builder = new FunctionBuilder(parameters);
    return builder.finish(body(builder));
  });
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, types),
    ...section(2, [memory]),
    ...section(
      3,
      functions.map((_, i) => unsigned(i)),
    ),
    ...section(
      7,
      functions.map(({ name }, i) => [...text(name), 0x00, ...unsigned(i)]),
    ),
    ...section(10, code),
  ]);
}
