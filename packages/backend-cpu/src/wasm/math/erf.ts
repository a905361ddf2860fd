/** erf: an odd polynomial below 1, and above it 1 - erfc(x), where erfc is small enough to be computed with less care. */
import { v128 } from '../assembler.ts';
import { type ExpTable, expF32, expF64, expNormal } from './exp.ts';
import { Lanes, type Vector, type VectorFn } from './lanes.ts';

interface ErfTable {
  readonly exp: ExpTable;
  /** erf(x) / x - 1 in x² on [0, 1], minimax for the error of erf. */
  readonly small: readonly number[];
  /** Where erf has become 1. */
  readonly one: number;
  /** erfc on [1, one]. `x` is read often. */
  readonly complement: (l: Lanes, x: Vector) => Vector;
}

/** -log(erfc(x)) on [1, 4]; the error of erfc is 2^-29.8. */
const logErfc = [0.00035372318, 1.12704, 0.6382257, 0.10303735, -0.021805307, 0.0029396045, -0.00018557372];

/** exp(x²) erfc(x) in 3 / (3 + x) on [1, 6]; the error of erfc is 2^-61.3. */
const scaledErfc = [
  2.0163765570559993e-5, 0.18768186405690493, 0.19128583842874547, 0.16175341815804703, 0.20589981268307453,
  0.0330437718186659, 0.1773804642581319, 0.12613447890301946, -0.3173258510594431, 0.5300617127328797,
  -0.44387385589156403, 0.17488752712784283, -0.02694937397504744,
];

const erfF32Table: ErfTable = {
  exp: expF32,
  // error 2^-29.6
  small: [0.12837917, -0.37612626, 0.112835854, -0.026853813, 0.0051883277, -0.0008010194, 7.853863e-5],
  one: 4,
  complement: (l, x) => expNormal(l, expF32, l.let(v128.xor(l.polynomial(x, logErfc), l.signBit))),
};

const erfF64Table: ErfTable = {
  exp: expF64,
  // error 2^-62.7
  small: [
    0.1283791670955126, -0.3761263890318375, 0.11283791670954857, -0.026866170645072896, 0.00522397762478086,
    -0.0008548326978741746, 0.00012055331036881044, -1.492559350641469e-5, 1.6460972809101626e-6,
    -1.6350025136911685e-7, 1.4657879260815153e-8, -1.1365663716515785e-9, 5.945257979132924e-11,
  ],
  one: 6,
  complement: (l, x) => {
    const t = l.let(l.div(l.number(3), l.add(x, l.number(3))));
    const gauss = expNormal(l, expF64, l.let(l.mul(v128.xor(x, l.signBit), x)));
    return l.mul(gauss, l.polynomial(t, scaledErfc));
  },
};

const erfOf =
  (table: ErfTable): VectorFn =>
  (fn, value, context) => {
    const { precision } = table.exp;
    const l = new Lanes(fn, precision, context);
    const x = fn.let(value);
    const size = fn.let(l.atMost(v128.andNot(x, l.signBit), table.one));
    const z = fn.let(l.mul(x, x));
    const small = l.madd(x, l.polynomial(z, table.small), x);
    const large = l.sub(l.number(1), table.complement(l, size));
    const signed = v128.or(large, l.and(x, l.signBit));
    return l.select(small, signed, precision.float.lt(size, l.number(1)));
  };

export const erfF32 = erfOf(erfF32Table);
export const erfF64 = erfOf(erfF64Table);
