/** The reduce family: sums, products and extremes over some dims, after a program per element. */
import { contiguousStrides, type DType, dtypes, isFloat, type ReduceKind, type Runtime } from '@tenfold/tensor-core';
import { type Cuda, maxGridY } from './cuda.ts';
import type { Buffer, View } from './elements.ts';
import { type Axis, axesOf, countOf, forEachPart, maxRank, merged, sizeOf } from './geometry.ts';
import { encode, identityOf } from './program.ts';
import { type Programs, writeOperands } from './programs.ts';
import { renderReduce } from './render.ts';

type Reduce = Runtime<Buffer>['reduce'];

/** `enum Fold` of reduce.cuh. */
const folds: { readonly [K in ReduceKind]: number } = { sum: 0, prod: 1, max: 2, min: 3, any: 4, all: 5 };

/** Operands and registers of the interpreter in reduce.cu; what needs more is computed by the map family first. */
const interpreter = { operands: 4, registers: 16 };

/** What elements of a dtype are folded in. */
const wide = (dtype: DType): 'f64' | 'f32' | 'i64' => (dtype === 'float64' ? 'f64' : isFloat(dtype) ? 'f32' : 'i64');
const wideDType = { f64: 'float64', f32: 'float32', i64: 'int64' } as const;

const threads = 256;

/** How many threads share an output, and in how many parts it is computed. */
interface Split {
  readonly lanes: 1 | 32 | 256;
  readonly parts: number;
}

/** Least step of the inputs along some dims. */
const leastStride = (axes: readonly Axis[]): number =>
  Math.min(...axes.flatMap(({ strides }) => strides.slice(1).filter((stride) => stride > 0)));

function splitOf(cuda: Cuda, kept: readonly Axis[], folded: readonly Axis[]): Split {
  const outputs = countOf(kept);
  const length = countOf(folded);
  // neighbouring threads should read neighbouring elements
  const across = leastStride(kept) < leastStride(folded) && outputs >= 16;
  const lanes = across || length <= 16 ? 1 : length <= 1024 || outputs >= cuda.blocksAtOnce * 8 ? 32 : 256;
  const blocks = Math.ceil((outputs * lanes) / threads);
  const least = lanes * 64;
  const parts = Math.min(Math.floor(length / least), Math.floor(cuda.blocksAtOnce / blocks), maxGridY);
  return { lanes, parts: Math.max(1, parts) };
}

/** Folds the dims in which `out` has size 1, see the contract. */
export function createReduce(cuda: Cuda, programs: Programs, map: Runtime<Buffer>['map']): Reduce {
  const reduce: Reduce = (kind, out, ins, program, params) => {
    if (sizeOf(out.shape) === 0) return;
    const { shape } = ins[0];
    const encoded = encode(program);
    const type = program.outputs[0].dtype;
    const plain = program.outputs[0].kind === 'input' && ins.length === 1;
    const compiled = encoded.placed || plain ? null : programs.compiled('reduce', program, sizeOf(shape), renderReduce);
    const walked = [{ shape, strides: shape.map((size, d) => (out.shape[d] === size ? out.strides[d] : 0)) }, ...ins];
    const axes = encoded.loaded.length > 0 ? [] : axesOf(walked);
    const isFolded = shape.map((size, d) => out.shape[d] !== size);
    const folded = merged(axes.filter((_, d) => isFolded[d]));
    const tooMuch =
      encoded.placed ||
      folded.length > maxRank ||
      (!plain && !compiled && (ins.length >= interpreter.operands || encoded.registers > interpreter.registers));
    if (tooMuch) {
      // the elements are computed first
      const strides = contiguousStrides(shape);
      cuda.temporary(type, sizeOf(shape), (buffer) => {
        const elements: View = { dtype: type, shape, strides, offset: 0, storage: { buffer } };
        map([elements], ins, program, params);
        reduce(kind, out, [elements], identityOf(type), []);
      });
      return;
    }
    const kept = merged(axes.filter((_, d) => !isFolded[d]));
    const accumulator = wide(type);
    const kernel = compiled ?? cuda.kernel(plain ? `reduce_${accumulator}` : `reduce_small_${accumulator}`);
    const capacity = plain || compiled ? 1 + ins.length : interpreter.operands;
    const code = plain || compiled ? null : programs.codeOf(program, encoded);
    const views = [out, ...ins];
    const length = countOf(folded);
    forEachPart(
      kept,
      views.map(({ offset }) => offset),
      (part, offsets) => {
        const { lanes, parts } = splitOf(cuda, part, folded);
        const outputs = countOf(part);
        const run = (to: View, toOffset: number, toAxes: readonly Axis[], toType: DType): void => {
          const call = cuda.call(kernel).walk(toAxes, capacity).walk(folded, capacity);
          writeOperands(
            call,
            cuda,
            capacity,
            [to, ...ins],
            [toOffset, ...offsets.slice(1)],
            program,
            params,
            encoded,
            code,
          );
          call.long(Math.ceil(length / parts)).long(outputs);
          call.int(folds[kind]).int(lanes).int(dtypes[type].code).int(dtypes[toType].code);
          call.launch(Math.ceil((outputs * lanes) / threads), threads, parts);
        };
        if (parts === 1) {
          run(out, offsets[0], part, out.dtype);
          return;
        }
        const partial = wideDType[accumulator];
        cuda.temporary(partial, parts * outputs, (buffer) => {
          const one: View = { dtype: partial, shape: [], strides: [], offset: 0, storage: { buffer } };
          run(one, 0, dense(part), partial);
          const call = cuda.call(`reduce_${accumulator}`);
          call.walk(
            part.map(({ size, strides }, d) => ({ size, strides: [strides[0], dense(part)[d].strides[0]] })),
            2,
          );
          call.walk([{ size: parts, strides: [0, outputs] }], 2);
          writeOperands(
            call,
            cuda,
            2,
            [out, one],
            [offsets[0], 0],
            identityOf(partial),
            [],
            encode(identityOf(partial)),
            null,
          );
          call.long(parts).long(0);
          call
            .int(folds[kind])
            .int(outputs < 64 ? 256 : 1)
            .int(dtypes[partial].code)
            .int(dtypes[out.dtype].code);
          call.launch(outputs < 64 ? outputs : Math.ceil(outputs / threads), threads);
        });
      },
    );
  };
  return reduce;
}

/** The same dims with the output's elements one after another. */
function dense(axes: readonly Axis[]): Axis[] {
  const own = contiguousStrides(axes.map(({ size }) => size));
  return axes.map(({ size, strides }, d) => ({ size, strides: [own[d], ...strides.slice(1)] }));
}
