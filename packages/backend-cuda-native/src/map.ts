/** The map family: a thread computes some elements of the outputs, each by the program's expressions. */
import { BackendError, type Program } from '@tenfold/tensor-core';
import type { Cuda } from './cuda.ts';
import type { View } from './elements.ts';
import { axesOf, forEachPart, merged, sizeOf } from './geometry.ts';
import { type Encoded, encode, loadWords, wordsPerLoad } from './program.ts';
import { type Programs, writeLoads, writeOperands } from './programs.ts';

/** The interpreters of map.cu: how many operands they have places for, and how many values at once. */
const interpreters = [
  { name: 'map_small', operands: 4, registers: 16, loads: false },
  { name: 'map_wide', operands: 16, registers: 32, loads: false },
  { name: 'map_deep', operands: 16, registers: 256, loads: false },
  { name: 'map_loads', operands: 8, registers: 64, loads: true },
  { name: 'map_loads_deep', operands: 8, registers: 256, loads: true },
] as const;

function interpreterFor({ registers, loaded }: Encoded, operands: number): (typeof interpreters)[number] {
  const loads = loaded.length > 0;
  const found = interpreters.find(
    (one) => one.loads === loads && one.operands >= operands && one.registers >= registers,
  );
  if (!found) throw new BackendError(`cuda: an expression has ${operands} operands, at most ${loads ? 8 : 16}`);
  return found;
}

/** `outs[k][i] = program.outputs[k](…)`, see the contract. */
export function createMap(cuda: Cuda, programs: Programs) {
  return (outs: readonly View[], ins: readonly View[], program: Program, params: readonly number[]): void => {
    const { shape } = outs[0];
    if (sizeOf(shape) === 0) return;
    const encoded = encode(program);
    const views = [...outs, ...ins];
    const interpreter = interpreterFor(encoded, views.length);
    const code = programs.codeOf(program, encoded);
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
        const call = cuda.call(interpreter.name).walk(part, interpreter.operands);
        writeOperands(call, cuda, interpreter.operands, views, offsets, program, params, encoded, code);
        if (interpreter.loads) writeLoads(call, encoded, ins, loadWords, wordsPerLoad);
        call.launchOver(part.reduce((n, { size }) => n * size, 1));
      },
    );
  };
}
