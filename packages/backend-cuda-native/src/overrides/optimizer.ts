/** Optimiser steps of many parameters by one launch: `native/kernels/optimizer.cu`. */
import {
  type AdamStepAttrs,
  builtinOps,
  type Operand,
  type OptimOps,
  type Override,
  type Runtime,
  type StepAttrs,
} from '@tenfold/tensor-core';
import type { Cuda } from '../cuda.ts';
import { type Buffer, kernelTypes, type View } from '../elements.ts';
import { axesOf, merged, sizeOf } from '../geometry.ts';
import type { Families } from '../runtime.ts';

/** Parameters of a launch, and elements of a block. */
const capacity = 64;
const chunk = 4096;

/** A step that core would have the map family do: of one parameter. */
interface Step {
  readonly outs: readonly View[];
  readonly ins: readonly View[];
  readonly params: readonly number[];
}

/** Bits that choose the form of a formula. */
const flags = { decays: 1, maximizes: 2, looksAhead: 4, shrinks: 8 };

const flagsOf = ({
  weightDecay,
  maximize,
  nesterov,
  decoupled,
}: Partial<AdamStepAttrs & { nesterov: boolean }>): number =>
  (weightDecay !== 0 ? (decoupled ? flags.shrinks : flags.decays) : 0) |
  (maximize ? flags.maximizes : 0) |
  (nesterov ? flags.looksAhead : 0);

interface Kernel {
  readonly name: string;
  /** Tensors of a parameter, with those that are `null`. */
  readonly tensors: number;
}

/** Whether all views show the same places of their memory one after the other, in whatever order of dims. */
function isDense(views: readonly View[]): boolean {
  const axes = axesOf(views).sort((a, b) => b.strides[0] - a.strides[0]);
  const [first, ...more] = merged(axes);
  return !first || (more.length === 0 && first.strides.every((stride) => stride === 1));
}

const isSame = (a: View, b: View): boolean =>
  a.storage.buffer === b.storage.buffer &&
  a.offset === b.offset &&
  a.strides.every((stride, d) => stride === b.strides[d]);

/** The input that is the gradient is the only tensor that a step does not write. */
const gradient = 1;

/** Whether the kernel takes a step: it writes the inputs themselves. */
const fits = ({ outs, ins }: Step): boolean =>
  ins.filter((_, i) => i !== gradient).every((view, k) => isSame(view, outs[k])) && isDense(ins);

function launch(
  cuda: Cuda,
  { name, tensors }: Kernel,
  steps: readonly Step[],
  present: readonly number[],
  flags: number,
): void {
  const [{ ins, params }] = steps;
  const { dtype } = ins[0];
  const call = cuda.call(`${name}_${kernelTypes[dtype]}`);
  const unused = capacity - steps.length;
  for (let k = 0; k < tensors; k++) {
    const i = present.indexOf(k);
    if (i < 0) call.skip(8 * capacity);
    else {
      for (const step of steps) call.view(step.ins[i]);
      call.skip(8 * unused);
    }
  }
  const counts = steps.map((step) => sizeOf(step.ins[0].shape));
  for (const count of counts) call.long(count);
  call.skip(8 * unused);
  let blocks = 0;
  for (const count of counts) {
    call.int(blocks);
    blocks += Math.ceil(count / chunk);
  }
  call.skip(4 * unused);
  call.int(steps.length).int(present.reduce((bits, k) => bits | (1 << k), 0));
  for (const value of params) call.register(value, dtype);
  call.int(flags).int(0).launch(blocks);
}

type OpName = keyof OptimOps;

const kernels: { readonly [op in OpName]: Kernel } = {
  sgdStep: { name: 'sgd', tensors: 3 },
  adamStep: { name: 'adam', tensors: 5 },
  rmspropStep: { name: 'rmsprop', tensors: 5 },
};

/** Steps for one launch: none reads or writes memory of another. */
class Together {
  readonly #launch: (steps: readonly Step[]) => void;
  readonly #buffers = new Set<Buffer>();
  #steps: Step[] = [];

  constructor(launch: (steps: readonly Step[]) => void) {
    this.#launch = launch;
  }

  /** Launches what was added, if it has memory of this step. */
  before({ outs, ins }: Step): void {
    if ([...outs, ...ins].some(({ storage }) => this.#buffers.has(storage.buffer))) this.launch();
  }

  add(step: Step): void {
    this.before(step);
    this.#steps.push(step);
    for (const { storage } of step.ins) this.#buffers.add(storage.buffer);
    if (this.#steps.length === capacity) this.launch();
  }

  launch(): void {
    if (this.#steps.length > 0) this.#launch(this.#steps);
    this.#steps = [];
    this.#buffers.clear();
  }
}

function stepOverride(cuda: Cuda, { map }: Families, op: OpName): Override<Buffer> {
  const kernel = kernels[op];
  const spec = builtinOps[op];
  return {
    inplace: true,
    run(outs, inputs, attrs) {
      const present = inputs.slice(0, kernel.tensors).flatMap((x, k) => (x === null ? [] : [k]));
      const bits = flagsOf(attrs as StepAttrs);
      const together = new Together((steps) => launch(cuda, kernel, steps, present, bits));
      // core knows the numbers of a step and what belongs to it; what does not lie dense is a map of its own
      const collecting: Pick<Runtime<Buffer>, 'map'> = {
        map(outs, ins, program, params) {
          const step = { outs, ins, params };
          if (sizeOf(outs[0].shape) === 0) return;
          if (fits(step)) together.add(step);
          else {
            together.before(step);
            map(outs, ins, program, params);
          }
        },
      };
      spec.kernel?.(collecting as Runtime, outs, inputs as readonly Operand[], attrs as never);
      together.launch();
    },
  };
}

/** By op name. */
export const optimizerOverrides = (cuda: Cuda, families: Families): { readonly [op: string]: Override<Buffer> } =>
  Object.fromEntries((Object.keys(kernels) as OpName[]).map((op) => [op, stepOverride(cuda, families, op)]));
