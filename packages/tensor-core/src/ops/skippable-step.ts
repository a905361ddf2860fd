/**
 * Optimiser steps that a device leaves out by itself: a step with one more input, which says whether anything is to change. Only loss scaling needs them, so
 * they are made when they are asked for. docs/decisions/0018 has the reasons.
 */
import type { TensorView } from '../backend.ts';
import { type DType, dtypes } from '../dtype.ts';
import * as e from '../expr.ts';
import { type Operand, OpSpec, type Sig } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { type StepInit, type StepSpec, stepInitOf } from './optim.ts';

/** The two ops of a step that may be skipped. */
export interface SkippableStep {
  /** What the step computes. */
  readonly init: StepInit;
  /**
   * Inputs: whether to skip (other than 0), how many of the steps before were skipped, then the numbers of the step. Gives the control of the step: whether
   * to skip, and the numbers that depend on the steps taken, in the dtype that `attrs.control` names.
   */
  readonly control: OpSpec<Sig<readonly Operand[], ControlAttrs>>;
  /** The step, with the control as one more input at the end. */
  readonly step: StepSpec;
}

/** Attributes of the control: those of the step, and the dtype. */
export interface ControlAttrs {
  readonly control: DType;
  readonly attrs: object;
}

/** The dtype of the control of parameters of a dtype: step counts need more than half precision. */
export const controlDType = (dtype: DType): DType => (dtype === 'float64' ? 'float64' : 'float32');

const gradient = 1;
const made = new WeakMap<OpSpec, SkippableStep>();

/** The skippable form of an optimiser step, `null` for any other op. */
export function skippableStep(spec: OpSpec): SkippableStep | null {
  const init = stepInitOf(spec);
  if (init === undefined) return null;
  const known = made.get(spec) ?? { init, control: controlOp(spec, init), step: skippableOp(spec as StepSpec, init) };
  made.set(spec, known);
  return known;
}

function controlOp(spec: OpSpec, { counted }: StepInit): SkippableStep['control'] {
  const programs = new Map<DType, e.Program>();
  const build = (dtype: DType, count: number): e.Program => {
    const known = programs.get(dtype);
    if (known) return known;
    const [skip, skipped] = [0, 1].map((i) => e.cast(e.input(i, 'float32'), dtype));
    const [step, ...p] = Array.from({ length: count }, (_, i) => e.param(i, dtype));
    const corrections = counted ? counted.corrections(e.sub(step, skipped), p) : [];
    const entries = [skip, ...corrections.filter((x) => x !== null)];
    const at = e.indexOf(0);
    const entry = entries.reduceRight((rest, x, i) => e.select(e.compare('eq', at, e.constant(i, 'int32')), x, rest));
    const program = new e.Program([entry], ['float32', 'float32'], new Array<DType>(count).fill(dtype));
    programs.set(dtype, program);
    return program;
  };
  const paramsOf = (numbers: readonly number[], attrs: object): number[] =>
    counted ? [numbers[counted.at], ...counted.numbers(numbers, attrs)] : [0];
  const length = (numbers: readonly number[], attrs: object): number => {
    if (!counted) return 1;
    const p = paramsOf(numbers, attrs).map((_, i) => e.param(i, 'float32'));
    return 1 + counted.corrections(p[0], p.slice(1)).filter((x) => x !== null).length;
  };
  return new OpSpec({
    name: `${spec.name}Control`,
    infer: ([, , ...numbers], { control, attrs }) => ({
      shape: [length(numbers as number[], attrs)],
      dtype: control,
    }),
    kernel(runtime, [out], [skip, skipped, ...numbers], { control, attrs }) {
      const params = paramsOf(numbers as number[], attrs);
      const spread = (x: Operand): TensorView => {
        const { dtype, offset, storage } = x as Tensor;
        return { dtype, offset, storage, shape: out.shape, strides: [0] };
      };
      runtime.map([out], [spread(skip), spread(skipped)], build(control, params.length), params);
    },
  });
}

function skippableOp(spec: StepSpec, init: StepInit): StepSpec {
  const { tensors, numbers, counted } = init;
  const programs = new Map<number, e.Program>();
  const programFor = (inputs: readonly Operand[], attrs: object, dtype: DType, count: number): e.Program => {
    let key = dtypes[dtype].code;
    for (let i = 0; i < tensors; i++) if (inputs[i] !== null) key |= 16 << i;
    key |= init.variant(attrs) << 12;
    const known = programs.get(key);
    if (known) return known;
    let next = 0;
    const args: e.Expr[] = [];
    for (let i = 0; i < tensors; i++) if (inputs[i] !== null) args[i] = e.input(next++, dtype);
    const wide = controlDType(dtype);
    const entry = (i: number): e.Expr => e.load(next, wide, [e.constant(i, 'int32')], e.constant(0, wide));
    const params = Array.from({ length: count }, (_, i) => e.param(i, dtype));
    if (counted) {
      let at = 1;
      for (const [i, correction] of counted.corrections(params[0], params).entries())
        if (correction !== null) params[i] = e.cast(entry(at++), dtype);
    }
    const skip = e.compare('ne', entry(0), e.constant(0, wide));
    const old = args.filter((_, i) => i !== gradient);
    const outputs = init.formula(args, params, attrs).map((x, k) => e.select(skip, old[k], x));
    const program = new e.Program(
      outputs,
      [...new Array<DType>(next).fill(dtype), wide],
      params.map(() => dtype),
    );
    programs.set(key, program);
    return program;
  };
  return new OpSpec({
    name: `${spec.name}Skippable`,
    infer: (inputs, attrs) => spec.infer?.(inputs.slice(0, -1), attrs) ?? [],
    kernel(runtime, outs, inputs, attrs) {
      const count = inputs.length - 1 - numbers;
      const params = init.params(inputs.slice(count, -1) as number[], attrs);
      const program = programFor(inputs, attrs, outs[0].dtype, params.length);
      const control = inputs[inputs.length - 1] as Tensor;
      const { length } = program.outputs;
      for (let start = 0, o = 0; start < count; start += tensors, o += length) {
        const ins: Tensor[] = [];
        for (let i = start; i < start + tensors; i++) if (inputs[i] !== null) ins.push(inputs[i] as Tensor);
        runtime.map(outs.slice(o, o + length), [...ins, control], program, params);
      }
    },
    inplace: { writes: (inputs) => spec.writes(inputs.slice(0, -1)), how: 'direct' },
  });
}
