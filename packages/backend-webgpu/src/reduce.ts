/** The reduce family: sums, products and extremes over some dims, after a program per element. */
import type { DType, ReduceKind, Runtime } from '@tenfold/tensor-core';
import { type Accumulator, fold } from './fold.ts';
import type { Buffer, Gpu } from './gpu.ts';
import { literal, toStored, valueType } from './render.ts';

/** Sums are kept in float32; extremes need no more than their own dtype, but WGSL's prelude is written for float32. */
const widths: { readonly [type: string]: DType } = {
  f32: 'float32',
  f16: 'float32',
  i32: 'int32',
  u32: 'uint8',
  bool: 'bool',
};

type Code = (a: string, b: string) => string;

interface Kind {
  /** What the fold of nothing is: for extremes the last one that anything can beat. */
  readonly none: number;
  readonly float: Code;
  readonly integer: Code;
  readonly bool: Code;
  readonly functions?: readonly string[];
}

const infix =
  (operator: string): Code =>
  (a, b) =>
    `(${a} ${operator} ${b})`;
const called =
  (name: string): Code =>
  (a, b) =>
    `${name}(${a}, ${b})`;
const [or, and] = [infix('||'), infix('&&')];
const sum: Kind = { none: 0, float: infix('+'), integer: infix('+'), bool: or };
const prod: Kind = { none: 1, float: infix('*'), integer: infix('*'), bool: and };

const kinds: { readonly [K in ReduceKind]: Kind } = {
  sum,
  prod,
  max: {
    none: Number.NEGATIVE_INFINITY,
    float: called('max_of'),
    integer: called('max'),
    bool: or,
    functions: ['max_of'],
  },
  min: {
    none: Number.POSITIVE_INFINITY,
    float: called('min_of'),
    integer: called('min'),
    bool: and,
    functions: ['min_of'],
  },
  any: { ...sum },
  all: { ...prod },
};

/** The least and the largest value of what is folded into a u32, which holds a uint8. */
const noneOf = ({ none }: Kind, dtype: DType): number => {
  if (Number.isFinite(none) || valueType(dtype) === 'f32') return none;
  if (dtype === 'int32') return none < 0 ? -(2 ** 31) : 2 ** 31 - 1;
  return none < 0 ? 0 : 255;
};

/** How `kind` folds elements of `from` into one of `to`. */
function accumulatorOf(kind: ReduceKind, from: DType, to: DType): Accumulator {
  const row = kinds[kind];
  const dtype = widths[valueType(from)];
  const type = valueType(dtype);
  const float = type === 'f32';
  const cast = valueType(from) === type ? ([x]: readonly string[]) => x : ([x]: readonly string[]) => `${type}(${x})`;
  const functions = float ? [...(row.functions ?? []), ...(Number.isFinite(row.none) ? [] : ['inf_of'])] : [];
  return {
    key: `${kind} ${from} ${to}`,
    type,
    identity: literal(noneOf(row, dtype), dtype),
    combine: type === 'bool' ? row.bool : float ? row.float : row.integer,
    rounds: float && row === sum,
    term: cast,
    functions,
    planes: [dtype],
    plane: (value) => toStored(dtype, value),
    fromPlanes: ([x]) => x,
    result: (value) => {
      const target = valueType(to);
      if (target === type) return toStored(to, type === 'u32' ? `(${value} & 255u)` : value);
      return target === 'bool' ? toStored(to, `(${value} != ${literal(0, dtype)})`) : `${target}(${value})`;
    },
  };
}

const known = new Map<string, Accumulator>();

/** Folds the dims in which `out` has size 1, see the contract. */
export function createReduce(gpu: Gpu): Runtime<Buffer>['reduce'] {
  return (kind, out, ins, program, params) => {
    const from = program.outputs[0].dtype;
    const key = `${kind} ${from} ${out.dtype}`;
    let accumulator = known.get(key);
    if (!accumulator) known.set(key, (accumulator = accumulatorOf(kind, from, out.dtype)));
    const dims = ins[0].shape.flatMap((size, d) => (out.shape[d] === size ? [] : [d]));
    fold(gpu, accumulator, out, ins, program, params, dims);
  };
}
