/** Copies between views that lie across each other, by tiles that are transposed in registers. */
import type { View } from '../elements.ts';
import { i32, i64, type Local, type Statement, shuffle32, type Value, v128 } from './assembler.ts';
import { itemBytes, type V } from './elements.ts';
import type { Axis } from './geometry.ts';
import type { Machine } from './machine.ts';
import type { Staging } from './staging.ts';

/** Writes rows, of elements that lie a step apart: addresses and steps in bytes. */
type Transpose = (to: number, toStep: number, from: number, fromStep: number, rows: number, columns: number) => void;

type Size = 4 | 8;

/** Rows of a tile fill a cache line of what is read; its columns are a vector of what is written. */
const lineBytes = 64;
const vectorBytes = 16;

/** The transpose of a square of vectors. */
function transposed(square: readonly V[], keep: (x: V) => V): V[] {
  if (square.length === 2) {
    const [a, b] = square;
    return [shuffle32(a, b, [0, 1, 4, 5]), shuffle32(a, b, [2, 3, 6, 7])];
  }
  const [a, b, c, d] = square;
  const lows = [keep(shuffle32(a, b, [0, 4, 1, 5])), keep(shuffle32(c, d, [0, 4, 1, 5]))];
  const highs = [keep(shuffle32(a, b, [2, 6, 3, 7])), keep(shuffle32(c, d, [2, 6, 3, 7]))];
  return [...transposed(lows, keep), ...transposed(highs, keep)];
}

function compileTranspose(machine: Machine, size: Size): Transpose {
  const module = machine.module();
  const parameters = new Array<'i32'>(6).fill('i32');
  const side = vectorBytes / size;
  const tileRows = lineBytes / size;
  const one = (to: Value<'i32'>, from: Value<'i32'>): Statement =>
    size === 4 ? i32.store(to, i32.load(from)) : i64.store(to, i64.load(from));

  module.define({ parameters, result: 'none', name: 'transpose' }, (fn) => {
    const [to, toStep, from, fromStep, rows, columns] = parameters.map((_, i) => fn.parameter(i, 'i32'));
    const advance = (pointer: Local<'i32'>, by: Value<'i32'>): void => fn.emit(pointer.set(i32.add(pointer.get, by)));
    const tile = (target: Value<'i32'>, source: Value<'i32'>): void => {
      const sources = [fn.let(source)];
      for (let k = 1; k < side; k++) sources.push(fn.let(i32.add(sources[k - 1], fromStep.get)));
      const at = fn.variable(target);
      for (let first = 0; first < tileRows; first += side) {
        const square = sources.map((address) => fn.let(v128.load(address, first * size)));
        for (const row of transposed(square, fn.let.bind(fn)).map((x) => fn.let(x))) {
          fn.emit(v128.store(at.get, row));
          advance(at, toStep.get);
        }
      }
    };
    // a strip of `height` rows: whole tiles of it if there are any, then single columns
    const strip = (height: Value<'i32'>, tiles: boolean): void => {
      const [target, source, left] = [fn.variable(to.get), fn.variable(from.get), fn.variable(columns.get)];
      if (tiles) {
        fn.while(i32.geU(left.get, i32.const(side)), () => {
          tile(target.get, source.get);
          advance(target, i32.const(vectorBytes));
          advance(source, i32.mul(fromStep.get, i32.const(side)));
          advance(left, i32.const(-side));
        });
      }
      fn.while(left.get, () => {
        const [a, b, n] = [fn.variable(target.get), fn.variable(source.get), fn.variable(height)];
        fn.doWhile(() => {
          fn.emit(one(a.get, b.get));
          advance(a, toStep.get);
          advance(b, i32.const(size));
          advance(n, i32.const(-1));
          return n.get;
        });
        advance(target, i32.const(size));
        advance(source, fromStep.get);
        advance(left, i32.const(-1));
      });
    };
    fn.while(i32.geU(rows.get, i32.const(tileRows)), () => {
      strip(i32.const(tileRows), true);
      advance(to, i32.mul(toStep.get, i32.const(tileRows)));
      advance(from, i32.const(lineBytes));
      advance(rows, i32.const(-tileRows));
    });
    fn.if(rows.get, () => strip(rows.get, false));
  });
  return machine.compile<{ transpose: Transpose }>(module).transpose;
}

/** Copies `from` to `out`, whose walk is `axes`. `false` if the one does not lie across the other, or little is to be done. */
export type CopyAcross = (out: View, from: View, axes: readonly Axis[]) => boolean;

export function createCopyAcross(machine: Machine, staging: Staging): CopyAcross {
  const kernels = new Map<Size, Transpose>();
  return (out, from, axes) => {
    const size = itemBytes(out.dtype);
    const inner = axes[axes.length - 1];
    const across = axes.findIndex(({ strides }) => strides[1] === 1);
    if (across < 0 || inner.strides[0] !== 1 || (size !== 4 && size !== 8)) return false;
    const { size: rows, strides } = axes[across];
    if (across === axes.length - 1 || rows * size < lineBytes || inner.size * size < vectorBytes) return false;
    let transpose = kernels.get(size);
    if (!transpose) kernels.set(size, (transpose = compileTranspose(machine, size)));
    const run = transpose;
    const around = axes.filter((axis) => axis !== axes[across] && axis !== inner);
    const walk = (d: number, to: number, source: number): void => {
      if (d === around.length) {
        run(to, strides[0] * size, source, inner.strides[1] * size, rows, inner.size);
        return;
      }
      const [toStep, fromStep] = around[d].strides;
      for (let i = 0; i < around[d].size; i++) walk(d + 1, to + i * toStep * size, source + i * fromStep * size);
    };
    let done = false;
    try {
      const [to, source] = [staging.address(out, true), staging.address(from, false)];
      if (to !== null && source !== null) {
        walk(0, to, source);
        done = true;
      }
    } finally {
      staging.finish(done);
    }
    return done;
  };
}
