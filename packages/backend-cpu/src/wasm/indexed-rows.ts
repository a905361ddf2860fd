/** Rows that an index chooses, copied or added one after the other: embeddings and their gradients. */
import type { View } from '../elements.ts';
import { f32, f32x4, f64, f64x2, i32, type Local, type Statement, type Value, v128 } from './assembler.ts';
import { itemBytes } from './elements.ts';
import type { Machine } from './machine.ts';
import type { Staging } from './staging.ts';

/** Rows that lie `step` elements apart, from element `at` of a buffer; the chosen ones are that of `along` elements for each unit of the index. */
export interface RowSet {
  readonly view: View;
  readonly at: number;
  readonly step: number;
  readonly along: number;
}

/** Writes `count` rows of `length` dense elements, or adds to what is there. `false` if it can't. */
export type MoveRows = (
  mode: 'set' | 'add',
  to: RowSet,
  from: RowSet,
  index: RowSet,
  count: number,
  length: number,
) => boolean;

type Move = (...addressesAndSteps: readonly number[]) => void;
type Address = Value<'i32'>;

/** Moves of fewer bytes are not worth the call. */
const fewBytes = 1024;
const vectorBytes = 16;

/** How the bytes of a row come to those of another: some at a time, as long as there are so many. */
interface Step {
  readonly bytes: number;
  readonly move: (to: Address, from: Address) => readonly Statement[];
}

const copySteps: readonly Step[] = [
  {
    bytes: 4 * vectorBytes,
    move: (to, from) => [0, 16, 32, 48].map((offset) => v128.store(to, v128.load(from, offset), offset)),
  },
  { bytes: vectorBytes, move: (to, from) => [v128.store(to, v128.load(from))] },
  { bytes: 4, move: (to, from) => [i32.store(to, i32.load(from))] },
];

const addSteps = {
  float32: [
    { bytes: vectorBytes, move: (to, from) => [v128.store(to, f32x4.add(v128.load(to), v128.load(from)))] },
    { bytes: 4, move: (to, from) => [f32.store(to, f32.add(f32.load(to), f32.load(from)))] },
  ],
  float64: [
    { bytes: vectorBytes, move: (to, from) => [v128.store(to, f64x2.add(v128.load(to), v128.load(from)))] },
    { bytes: 8, move: (to, from) => [f64.store(to, f64.add(f64.load(to), f64.load(from)))] },
  ],
} as const satisfies { readonly [dtype: string]: readonly Step[] };

const stepsOf = (mode: 'set' | 'add', { dtype }: View): readonly Step[] | null => {
  if (mode === 'set') return itemBytes(dtype) >= 4 ? copySteps : null;
  return dtype === 'float32' || dtype === 'float64' ? addSteps[dtype] : null;
};

/** Parameters: rows, bytes of one, then for both sides and the index the first address, the step and, for both sides, the step of the index. */
function compileMove(machine: Machine, steps: readonly Step[]): Move {
  const module = machine.module();
  const parameters = new Array<'i32'>(10).fill('i32');
  module.define({ parameters, result: 'none', name: 'move' }, (fn) => {
    const [left, bytes, toRow, toStep, toAlong, fromRow, fromStep, fromAlong, index, indexStep] = parameters.map(
      (_, i) => fn.parameter(i, 'i32'),
    );
    const advance = (pointer: Local<'i32'>, by: Value<'i32'>): void => fn.emit(pointer.set(i32.add(pointer.get, by)));
    fn.doWhile(() => {
      const chosen = fn.let(i32.load(index.get));
      const to = fn.variable(i32.add(toRow.get, i32.mul(chosen, toAlong.get)));
      const from = fn.variable(i32.add(fromRow.get, i32.mul(chosen, fromAlong.get)));
      const end = fn.let(i32.add(to.get, bytes.get));
      for (const step of steps) {
        fn.while(i32.geU(i32.sub(end, to.get), i32.const(step.bytes)), () => {
          fn.emit(...step.move(to.get, from.get));
          for (const pointer of [to, from]) advance(pointer, i32.const(step.bytes));
        });
      }
      advance(toRow, toStep.get);
      advance(fromRow, fromStep.get);
      advance(index, indexStep.get);
      advance(left, i32.const(-1));
      return left.get;
    });
  });
  return machine.compile<{ move: Move }>(module).move;
}

export function createMoveRows(machine: Machine, staging: Staging): MoveRows {
  const kernels = new Map<readonly Step[], Move>();
  return (mode, to, from, index, count, length) => {
    const size = itemBytes(to.view.dtype);
    const steps = stepsOf(mode, to.view);
    if (!steps || count * length * size < fewBytes) return false;
    let move = kernels.get(steps);
    if (!move) kernels.set(steps, (move = compileMove(machine, steps)));
    const addressOf = ({ view, at }: RowSet, written: boolean): number | null => {
      const first = staging.address(view, written);
      return first === null ? null : first + (at - view.offset) * itemBytes(view.dtype);
    };
    let done = false;
    try {
      const [a, b, c] = [addressOf(to, true), addressOf(from, false), addressOf(index, false)];
      if (a !== null && b !== null && c !== null) {
        const sides = [a, to.step * size, to.along * size, b, from.step * size, from.along * size];
        move(count, length * size, ...sides, c, index.step * itemBytes(index.view.dtype));
        done = true;
      }
    } finally {
      staging.finish(done);
    }
    return done;
  };
}
