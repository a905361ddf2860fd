/** What the vector functions are written in: lanes of one float type, with its constants and its integers. */
import {
  type FloatLanes,
  type FunctionBuilder,
  f32,
  f32x4,
  f64,
  f64x2,
  i32,
  i32x4,
  i64x2,
  type Value,
  v128,
} from '../assembler.ts';

export type Vector = Value<'v128'>;

/** What a function may need besides its operands. */
export interface MathContext {
  /** Whether to use fused multiply-adds. The functions keep their bounds of error either way, but not the same bits. */
  readonly relaxed: boolean;
  /** Calls JavaScript's function of this name, as `unary.sin`: for the few arguments that would need much code. */
  scalar(name: string, ...operands: readonly Value<'f64'>[]): Value<'f64'>;
  /** Is told of the lanes whose usual value is not the right one, by one who then computes all again without this: code without branches is faster. */
  readonly rare?: (mask: Vector) => void;
}

/** A function of all lanes of a vector. */
export type VectorFn = (fn: FunctionBuilder, x: Vector, context: MathContext) => Vector;
/** A function of all lanes of two vectors. */
export type VectorFn2 = (fn: FunctionBuilder, x: Vector, y: Vector, context: MathContext) => Vector;

/** A float type of lanes. */
export interface Precision {
  readonly float: FloatLanes;
  readonly int: typeof i32x4 | typeof i64x2;
  /** Bits of the fraction. */
  readonly digits: number;
  /** Of the exponent. */
  readonly bias: number;
  /** The bits of a float as an integer. */
  readonly bitsOf: (x: number) => bigint;
  readonly integer: (bits: bigint) => Vector;
}

const view = new DataView(new ArrayBuffer(8));

export const single: Precision = {
  float: f32x4,
  int: i32x4,
  digits: 23,
  bias: 127,
  bitsOf: (x) => {
    view.setFloat32(0, x);
    return view.getBigInt64(0) >> 32n;
  },
  integer: (bits) => i32x4.const(Number(BigInt.asIntN(32, bits))),
};

export const double: Precision = {
  float: f64x2,
  int: i64x2,
  digits: 52,
  bias: 1023,
  bitsOf: (x) => {
    view.setFloat64(0, x);
    return view.getBigInt64(0);
  },
  integer: (bits) => i64x2.const(bits),
};

/** Writes arithmetic on lanes of one precision into a function. */
export class Lanes {
  readonly fn: FunctionBuilder;
  readonly precision: Precision;
  readonly context: MathContext;
  readonly #relaxed: boolean;

  constructor(fn: FunctionBuilder, precision: Precision, context: MathContext) {
    this.fn = fn;
    this.precision = precision;
    this.context = context;
    this.#relaxed = context.relaxed;
  }

  readonly let = (x: Vector): Vector => this.fn.let(x);

  /** A number in every lane. */
  readonly number = (value: number): Vector => this.fn.constant(this.precision.float.const(value));

  /** An integer in every lane. */
  readonly integer = (bits: bigint): Vector => this.fn.constant(this.precision.integer(bits));

  readonly add = (x: Vector, y: Vector): Vector => this.precision.float.add(x, y);
  readonly sub = (x: Vector, y: Vector): Vector => this.precision.float.sub(x, y);
  readonly mul = (x: Vector, y: Vector): Vector => this.precision.float.mul(x, y);
  readonly div = (x: Vector, y: Vector): Vector => this.precision.float.div(x, y);

  /** x · y + z, in one rounding or two. */
  readonly madd = (x: Vector, y: Vector, z: Vector): Vector =>
    this.#relaxed ? this.precision.float.relaxedMadd(x, y, z) : this.add(this.mul(x, y), z);

  /** z - x · y, in one rounding or two. */
  readonly nmadd = (x: Vector, y: Vector, z: Vector): Vector =>
    this.#relaxed ? this.precision.float.relaxedNmadd(x, y, z) : this.sub(z, this.mul(x, y));

  /** The polynomial with these coefficients, constant first; `x` is read often. */
  readonly polynomial = (x: Vector, coefficients: readonly number[]): Vector =>
    coefficients
      .slice(0, -1)
      .reduceRight((sum, c) => this.madd(sum, x, this.number(c)), this.number(coefficients[coefficients.length - 1]));

  /** {@link polynomial} in fewer steps that wait for each other (Estrin, 1960): pairs of terms side by side, the last of three, then pairs of pairs. */
  readonly pairedPolynomial = (x: Vector, coefficients: readonly number[]): Vector => {
    let terms = coefficients.map(this.number);
    for (let power = x; terms.length > 1; power = this.let(this.mul(power, power))) {
      const pairs: Vector[] = [];
      const join = (high: Vector, low: Vector): Vector => this.let(this.madd(high, power, low));
      if (terms.length % 2 === 1) terms.push(join(terms.pop() as Vector, terms.pop() as Vector));
      for (let i = 0; i < terms.length; i += 2) pairs.push(join(terms[i + 1], terms[i]));
      terms = pairs;
    }
    return terms[0];
  };

  /** `x` between two bounds; NaN stays. */
  readonly clamp = (x: Vector, low: number, high: number): Vector => this.atMost(this.atLeast(x, low), high);
  readonly atLeast = (x: Vector, low: number): Vector => this.precision.float.pmax(x, this.number(low));
  readonly atMost = (x: Vector, high: number): Vector => this.precision.float.pmin(x, this.number(high));

  get signBit(): Vector {
    return this.number(-0);
  }

  /** `usual`, and in the lanes of `mask` what `make` gives instead: skipped where no lane is, so it may be slow. */
  readonly exceptWhere = (mask: Vector, usual: Vector, make: () => Vector): Vector => {
    if (this.context.rare) {
      this.context.rare(mask);
      return usual;
    }
    const result = this.fn.variable(usual);
    const rare = this.let(mask);
    this.fn.if(this.precision.int.bitmask(rare), () => {
      this.fn.emit(result.set(this.select(make(), result.get, rare)));
    });
    return result.get;
  };

  readonly and = (x: Vector, y: Vector): Vector => v128.and(x, y);
  readonly shiftLeft = (x: Vector, bits: number): Vector => this.precision.int.shl(x, i32.const(bits));
  readonly shiftRight = (x: Vector, bits: number): Vector => this.precision.int.shrU(x, i32.const(bits));

  /** Lanes of `x` where the mask is set, of `y` elsewhere. */
  readonly select = (x: Vector, y: Vector, mask: Vector): Vector => v128.select(x, y, mask);

  /** JavaScript's function of this name, lane by lane. */
  readonly perLane = (name: string, ...operands: readonly Vector[]): Vector => {
    const result = this.fn.variable(v128.zero);
    for (let lane = 0; lane < this.precision.float.lanes; lane++) {
      const one =
        this.precision === double
          ? f64x2.replace(result.get, lane, this.context.scalar(name, ...operands.map((x) => f64x2.extract(x, lane))))
          : f32x4.replace(
              result.get,
              lane,
              f32.demote(this.context.scalar(name, ...operands.map((x) => f64.promote(f32x4.extract(x, lane))))),
            );
      this.fn.emit(result.set(one));
    }
    return result.get;
  };
}
