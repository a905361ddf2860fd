/** The argReduce family: pairs of a key and a position are folded; of equal keys the one that comes first wins. */
import { type ArgReduceKind, type DType, expr, Program, type Runtime } from '@tenfold/tensor-core';
import { type Accumulator, fold } from './fold.ts';
import type { Buffer, Gpu } from './gpu.ts';
import { orderFunctions, orderOf, reverseOrderOf } from './order.ts';

function accumulatorOf(kind: ArgReduceKind, dtype: DType): Accumulator {
  const key = kind === 'argmax' ? orderOf : reverseOrderOf;
  return {
    key: `${kind} ${dtype}`,
    type: 'vec2<u32>',
    // every element comes before it
    identity: 'vec2<u32>(0u, 0xffffffffu)',
    combine: (a, b) => `earlier(${a}, ${b})`,
    rounds: false,
    term: ([x], at) => `vec2<u32>(${key(dtype, x)}, ${at})`,
    functions: [],
    declarations: `${orderFunctions}
fn earlier(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  return select(a, b, b.x > a.x || (b.x == a.x && b.y < a.y));
}`,
    planes: ['int32', 'int32'],
    plane: (value, k) => `bitcast<i32>(${value}.${'xy'[k]})`,
    fromPlanes: ([x, y]) => `vec2<u32>(bitcast<u32>(${x}), bitcast<u32>(${y}))`,
    result: (value) => `i32(${value}.y)`,
  };
}

const programs = new Map<DType, Program>();

/** The position of the first extreme within the reduced axes, see the contract. */
export function createArgReduce(gpu: Gpu): Runtime<Buffer>['argReduce'] {
  return (kind, out, input, axes) => {
    const { dtype } = input;
    let program = programs.get(dtype);
    if (!program) programs.set(dtype, (program = new Program([expr.input(0, dtype)], [dtype])));
    fold(gpu, accumulatorOf(kind, dtype), out, [input], program, [], axes);
  };
}
