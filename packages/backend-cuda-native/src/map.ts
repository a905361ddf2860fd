/** The map family: a thread computes some elements of the outputs, each by the program's expressions. */
import { BackendError, type Program } from '@tenfold/tensor-core';
import type { Cuda } from './cuda.ts';
import type { View } from './elements.ts';
import { axesOf, countOf, forEachPart, merged, sizeOf } from './geometry.ts';
import { type Encoded, encode, maxOperands } from './program.ts';
import { type Programs, writeLoads, writeOperands } from './programs.ts';
import { renderMap } from './render.ts';

/** The interpreters of map.cu: how many operands they have places for, and how many values at once. */
const interpreters = [
  { kernel: 'map_small', operands: 4, registers: 16, placed: false },
  { kernel: 'map_wide', operands: 16, registers: 32, placed: false },
  { kernel: 'map_deep', operands: 16, registers: 256, placed: false },
  { kernel: 'map_loads', operands: 16, registers: 64, placed: true },
  { kernel: 'map_loads_deep', operands: 16, registers: 256, placed: true },
] as const;

function interpreterFor({ registers, placed }: Encoded, operands: number): (typeof interpreters)[number] {
  const found = interpreters.find(
    (one) => one.placed === placed && one.operands >= operands && one.registers >= registers,
  );
  if (!found) throw new BackendError(`cuda: an expression has ${operands} operands, at most ${maxOperands}`);
  return found;
}

/** `outs[k][i] = program.outputs[k](…)`, see the contract. */
export function createMap(cuda: Cuda, programs: Programs) {
  return (outs: readonly View[], ins: readonly View[], program: Program, params: readonly number[]): void => {
    const { shape } = outs[0];
    const count = sizeOf(shape);
    if (count === 0) return;
    const encoded = encode(program);
    const views = [...outs, ...ins];
    const interpreter = interpreterFor(encoded, views.length);
    const compiled = programs.compiled('map', program, count, renderMap);
    const kernel = compiled ?? cuda.kernel(interpreter.kernel);
    const capacity = compiled ? views.length : interpreter.operands;
    const code = compiled ? null : programs.codeOf(program, encoded);
    // what is loaded from has a shape of its own, and is not walked over
    const still = shape.map(() => 0);
    const walked = views.map((view, o) =>
      encoded.loaded.includes(o - outs.length) ? { shape, strides: still } : view,
    );
    const axes = axesOf(walked);
    forEachPart(
      encoded.positions ? axes : merged(axes),
      views.map(({ offset }) => offset),
      (part, offsets) => {
        if (encoded.positions && part.length < axes.length)
          throw new BackendError(
            `cuda: an expression asks for positions along ${axes.length} dims, at most ${part.length}`,
          );
        const call = cuda.call(kernel).walk(part, capacity);
        writeOperands(call, cuda, capacity, views, offsets, program, params, encoded, code);
        if (encoded.placed) writeLoads(call, encoded, ins);
        call.launchOver(countOf(part));
      },
    );
  };
}
