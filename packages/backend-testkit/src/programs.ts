/**
 * Random programs of 5 to 20 ops, views and in-place writes among them: values, gradients and second gradients as PyTorch's, and refusals where
 * PyTorch's autograd refuses.
 */
import { grad, noGrad } from '@tenfold/autograd';
import { isTensor, TenfoldError, type Tensor } from '@tenfold/tensor-core';
import type { OpCase, Results } from './case.ts';
import { caseOf } from './cases/all.ts';
import { ConformanceError, composed, expectTensor, type Tolerance, tolerances } from './compare.ts';
import { type InputData, readFixture, type TensorData } from './fixture.ts';
import { makeTensorOf } from './input.ts';
import type { CheckReport } from './report.ts';

/** A register such as `'%3'`, a number, a constant tensor, or nothing. */
type ProgramOperand = string | number | null | TensorData;

/** One op. Its outputs become new registers; an in-place op writes its first input and makes none. */
export interface ProgramStep {
  readonly op: string;
  readonly inputs: readonly ProgramOperand[];
  readonly args?: { readonly [name: string]: unknown };
  /** Runs with grad mode off. */
  readonly noGrad?: true;
}

interface AnyProgram {
  readonly name: string;
  /** The first registers. */
  readonly leaves: readonly InputData[];
  readonly steps: readonly ProgramStep[];
}

/** A program with what PyTorch computes. */
export interface TorchProgram extends AnyProgram {
  /** All registers at the end. */
  readonly values: readonly TensorData[];
  /** Gradients of the leaves that require one, of the {@link loss}. */
  readonly grads: readonly (TensorData | null)[];
  /** Gradients of the weighted sum of those gradients. */
  readonly seconds?: readonly (TensorData | null)[];
}

/** A program that PyTorch refuses. */
export interface RefusedProgram extends AnyProgram {
  /** The last step raises; or the gradient of the loss; or the second backward; or a plain backward of the last register. */
  readonly when: 'step' | 'gradient' | 'twice' | 'plain';
  /** How PyTorch's sentence begins. */
  readonly error: string;
}

/** The file `fixtures/programs.json`. */
export interface ProgramsFixture {
  readonly torch: string;
  readonly programs: readonly TorchProgram[];
  readonly refused: readonly RefusedProgram[];
}

export const loadPrograms = (): Promise<ProgramsFixture> => readFixture('programs');

// biome-ignore lint/suspicious/noExplicitAny: operands come from JSON, and each op checks its own
type Json = any;

/** Ops that have no row of their own in the cases. */
const calls: { readonly [op: string]: (inputs: readonly Json[], args: Json) => Results } = {
  detach: ([x]) => x.detach(),
  copy_: ([x, source]) => x.copy_(source),
  fill_: ([x, value]) => x.fill_(value),
  zero_: ([x]) => x.zero_(),
};

function callOf(op: string): NonNullable<OpCase['inplace']> {
  const call = calls[op] ?? (op.endsWith('_') ? caseOf(op.slice(0, -1))?.inplace : caseOf(op)?.call);
  if (!call) throw new ConformanceError(`a program uses '${op}', but the cases have no row for it`);
  return call;
}

/** Small multiples of 1/8 that depend on the place: `((7k + 3r) mod 13 - 6) / 8` at element k of register r. */
function weights({ shape }: Tensor, register: number, device: string): Tensor {
  const count = shape.reduce((a, b) => a * b, 1);
  const data = Array.from({ length: count }, (_, k) => (((7 * k + 3 * register) % 13) - 6) / 8);
  return makeTensorOf({ shape, dtype: 'float64', data }, device);
}

class Machine {
  readonly registers: Tensor[];
  readonly leaves: readonly Tensor[];
  readonly #device: string;

  constructor(leaves: readonly InputData[], device: string) {
    this.#device = device;
    this.registers = leaves.map((leaf) => makeTensorOf(leaf, device).requiresGrad_(leaf.requiresGrad ?? false));
    this.leaves = this.registers.filter((x) => x.requiresGrad);
  }

  run({ op, inputs, args = {}, noGrad: off }: ProgramStep): void {
    const operands = inputs.map((x) => this.#operand(x));
    const call = () => callOf(op)(operands, args);
    const result = off ? noGrad(call) : call();
    if (op.endsWith('_')) return;
    this.registers.push(...(isTensor(result) ? [result] : result));
  }

  #operand(x: ProgramOperand): Tensor | number | null {
    if (typeof x === 'string') return this.registers[Number(x.slice(1))];
    return x !== null && typeof x === 'object' ? makeTensorOf(x, this.#device) : x;
  }

  /** Every differentiable register, times fixed weights, summed in float64. */
  loss(): Tensor {
    return this.#weighted(this.registers, 0);
  }

  gradients(second: boolean): { first: readonly (Tensor | null)[]; second: readonly (Tensor | null)[] | null } {
    const first = grad([this.loss()], this.leaves, { allowUnused: true, createGraph: second });
    if (!second) return { first, second: null };
    if (!first.some((x) => x?.requiresGrad)) return { first, second: this.leaves.map(() => null) };
    return { first, second: grad([this.#weighted(first, 3)], this.leaves, { allowUnused: true }) };
  }

  #weighted(tensors: readonly (Tensor | null)[], shift: number): Tensor {
    const terms = tensors.flatMap((x, i) =>
      x?.requiresGrad
        ? [
            x
              .to('float64')
              .mul(weights(x, i + shift, this.#device))
              .sum(),
          ]
        : [],
    );
    return terms.reduce((sum, term) => sum.add(term));
  }
}

async function compareAll(
  what: string,
  actual: readonly (Tensor | null)[],
  expected: readonly (TensorData | null)[],
  { single, report }: { readonly single: boolean; readonly report: CheckReport },
): Promise<number> {
  if (actual.length !== expected.length)
    throw new ConformanceError(`${actual.length} ${what}s, PyTorch gives ${expected.length}`);
  for (const [i, wanted] of expected.entries()) {
    const got = actual[i];
    if (wanted && got)
      await expectTensor(`${what} ${i}`, got, wanted, toleranceOf(wanted, single), single ? undefined : report);
    else if (wanted && wanted.data.some((x) => x !== 0)) throw new ConformanceError(`${what} ${i} is missing`);
    else if (got && (await got.ne(0).any().item()) !== 0)
      throw new ConformanceError(`${what} ${i} should be zero, got ${got}`);
  }
  return expected.length;
}

/** What is float64 at the end may have been float32 on the way. */
function toleranceOf({ dtype }: TensorData, single: boolean): Tolerance {
  if (dtype === 'float32') return composed;
  if (dtype === 'float64' && single) return { rtol: 8e-6, atol: 8e-6 };
  return tolerances[dtype];
}

/** Runs a program and compares registers, gradients and second gradients. */
export async function checkProgram(program: TorchProgram, device: string, report: CheckReport): Promise<void> {
  const machine = new Machine(program.leaves, device);
  for (const step of program.steps) machine.run(step);
  const context = { single: program.values.some(({ dtype }) => dtype === 'float32'), report };
  for (const { dtype } of program.values) report.dtypes.add(dtype);
  report.values += await compareAll('register', machine.registers, program.values, context);
  const { first, second } = machine.gradients(program.seconds !== undefined);
  report.gradients += await compareAll('gradient', first, program.grads, context);
  if (second && program.seconds)
    report.secondGradients += await compareAll('second gradient', second, program.seconds, context);
}

/** Runs a program that must be refused, at the same place and with the same sentence. */
export async function checkRefusal(program: RefusedProgram, device: string): Promise<void> {
  const machine = new Machine(program.leaves, device);
  const steps = program.when === 'step' ? program.steps.slice(0, -1) : program.steps;
  for (const step of steps) machine.run(step);
  const refused = (run: () => unknown): void => {
    try {
      run();
    } catch (error) {
      const { message } = error as Error;
      if (error instanceof TenfoldError && message.includes(program.error)) return;
      throw new ConformanceError(`refused with "${message}", PyTorch says "${program.error}"`);
    }
    throw new ConformanceError(`nothing was refused, PyTorch says "${program.error}"`);
  };
  switch (program.when) {
    case 'step':
      return refused(() => machine.run(program.steps[program.steps.length - 1]));
    case 'gradient':
      return refused(() => machine.gradients(false));
    case 'plain':
      return refused(() => machine.registers[machine.registers.length - 1].backward());
    case 'twice': {
      const loss = machine.loss();
      loss.backward();
      return refused(() => loss.backward());
    }
  }
}
