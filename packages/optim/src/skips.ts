/**
 * Steps that the device leaves out by itself. While an optimiser steps, a layer at stop ⓪ gives each fused step the tensor that says whether to skip it, and
 * how many steps of its parameters were skipped before; what an optimiser writes by other ops is put back where the step is skipped. So optimisers need
 * know nothing of it. docs/decisions/0018 has the reasons.
 */
import {
  ArgumentError,
  belowTransforms,
  builtinOps,
  controlDType,
  describe,
  dispatch,
  isTensor,
  keep,
  type Next,
  type Operand,
  type OpSpec,
  type Outputs,
  type SkippableStep,
  skippableStep,
  type Tensor,
  type Transform,
  transforms,
  where,
  withLayer,
  zeros,
} from '@tenfold/tensor-core';
import type { ParamState } from './optimizer.ts';

/** An optimiser, whatever its options. */
export interface AnyOptimizer {
  readonly paramGroups: readonly { readonly params: readonly Tensor[] }[];
  readonly state: ReadonlyMap<Tensor, ParamState>;
  step(): void;
  /** Whether a step is nothing without a closure. */
  readonly needsClosure?: boolean;
}

/** Whether to skip, by device: a float32 tensor of shape `[]`, other than 0 to skip. */
export type Found = ReadonlyMap<string, Tensor>;

const all = new WeakMap<object, Skips>();

/** What is known of the skipped steps of an optimiser, if there may have been any. */
export const skipsOf = (optimizer: object): Skips | undefined => all.get(optimizer);

export function setSkips(optimizer: object, skips: Skips | null): void {
  if (skips) all.set(optimizer, skips);
  else all.delete(optimizer);
}

/** The skipped steps of one optimiser. */
export class Skips implements Transform {
  /** How many steps of each parameter were skipped: tensors of shape `[]`, one for all parameters that have always stepped together. */
  readonly #counts: Map<Tensor, Tensor>;
  /** Parameters of the step in progress, or `null` between steps. */
  #stepped: Set<Tensor> | null = null;
  /** Those of them whose steps the optimiser has asked for. */
  readonly #asked = new Set<Tensor>();
  /** Memory that this step has written so that it can be skipped. */
  readonly #guarded = new Set<object>();
  #found: Found | null = null;
  #zeros = new Map<string, Tensor>();
  #optimizer: AnyOptimizer | null = null;

  constructor(counts: ReadonlyMap<Tensor, Tensor> = new Map()) {
    this.#counts = new Map(counts);
  }

  /** Runs the step of an optimiser, skipping it where `found` says so: by default nowhere. */
  around(optimizer: AnyOptimizer, fn: () => void, found: Found | null = null): void {
    // an outer call has begun it
    if (this.#stepped !== null) {
      fn();
      return;
    }
    this.#stepped = new Set();
    this.#found = found;
    this.#optimizer = optimizer;
    const before = tensorsOf(optimizer);
    try {
      withLayer<Transform, void>(transforms, this, fn);
      if (found !== null) this.#putBack(optimizer, before);
      this.#count();
    } finally {
      this.#stepped = null;
      this.#guarded.clear();
      this.#asked.clear();
      this.#found = null;
      this.#optimizer = null;
    }
  }

  /**
   * How many steps of a parameter counted, `step` with the one in progress: a tensor of shape `[]`. An optimiser of single ops that asks for it
   * needs no number of its own to be taken back.
   */
  taken(param: Tensor, step: number): Tensor {
    this.#stepped?.add(param);
    this.#asked.add(param);
    return (this.#counts.get(param) ?? this.#zero(param)).neg().add(step).to(controlDType(param.dtype));
  }

  /** What of the state of a parameter is otherwise than it says: the count of its steps. */
  stateOf(param: Tensor, { step }: ParamState): ParamState {
    const count = this.#counts.get(param);
    return count === undefined || typeof step !== 'number' ? {} : { step: keep(count.neg().add(step)) };
  }

  process(spec: OpSpec, inputs: readonly Operand[], attrs: object | null, next: Next): Outputs {
    if (spec.inplaceOf === null) return next();
    const form = skippableStep(spec.inplaceOf);
    if (form !== null) return this.#step(form, spec, inputs, attrs ?? {});
    const kept = spec.writes(inputs).flatMap((i) => {
      const x = inputs[i];
      return isTensor(x) && this.#isKept(x) ? [x] : [];
    });
    if (kept.length === 0 || this.#found === null) return next();
    this.#refuseCounts(kept);
    const old = kept.map((x) => x.clone());
    const result = next();
    kept.forEach((x, i) => {
      this.#guarded.add(x.storage);
      // below this layer: it is no write of the optimiser's
      belowTransforms(builtinOps.copy.inplaceTwin, [x, where(this.#skip(x).ne(0), old[i], x)], null);
      old[i].dispose();
    });
    return result;
  }

  /** A fused step, in as many calls as there are different counts among its parameters. */
  #step(form: SkippableStep, spec: OpSpec, inputs: readonly Operand[], attrs: object): Outputs {
    const { init, control, step } = form;
    const end = inputs.length - init.numbers;
    const numbers = inputs.slice(end);
    const groups = new Map<Tensor | undefined, Operand[]>();
    const params: Tensor[] = [];
    for (let start = 0; start < end; start += init.tensors) {
      const param = inputs[start] as Tensor;
      params.push(param);
      const count = this.#counts.get(param);
      groups.set(count, [...(groups.get(count) ?? []), ...inputs.slice(start, start + init.tensors)]);
    }
    if (init.counted === undefined && this.#found !== null) this.#refuseCounts(params);
    for (const param of params) this.#stepped?.add(param);
    for (const x of inputs) if (isTensor(x)) this.#guarded.add(x.storage);
    for (const [count, tensors] of groups) {
      const [param] = tensors as Tensor[];
      const flags = dispatch(control, [this.#skip(param), count ?? this.#zero(param), ...numbers], {
        control: controlDType(param.dtype),
        attrs,
      });
      belowTransforms(step.inplaceTwin, [...tensors, ...numbers, flags], attrs);
      flags.dispose();
    }
    const written = spec.writes(inputs).map((i) => inputs[i] as Tensor);
    return written.length === 1 ? written[0] : written;
  }

  #skip(x: Tensor): Tensor {
    return this.#found?.get(x.device) ?? this.#zero(x);
  }

  #zero({ device }: Tensor): Tensor {
    const known = this.#zeros.get(device) ?? keep(zeros([], { dtype: 'float32', device }));
    this.#zeros.set(device, known);
    return known;
  }

  /** Whether a tensor outlives the step: a parameter, or one that the optimiser remembers. */
  #isKept({ storage }: Tensor): boolean {
    if (this.#optimizer === null) return false;
    const { paramGroups, state } = this.#optimizer;
    if (paramGroups.some(({ params }) => params.some((param) => param.storage === storage))) return true;
    for (const values of state.values()) {
      if (Object.values(values).some((x) => isTensor(x) && x.storage === storage)) return true;
    }
    return false;
  }

  /** A number in JavaScript can't follow what the device decides. */
  #refuseCounts(tensors: readonly Tensor[]): void {
    if (this.#optimizer === null) return;
    for (const [param, values] of this.#optimizer.state) {
      const involved = tensors.some((x) => x === param || Object.values(values).includes(x));
      const asked = this.#asked.has(param);
      const kept = Object.entries(values).find(([name, x]) => typeof x === 'number' && !(asked && name === 'step'));
      const [name] = (involved && kept) || [];
      if (name === undefined) continue;
      throw new ArgumentError(
        `GradScaler: ${this.#optimizer.constructor.name} keeps the number '${name}', which can't be taken back when the device skips a step. ` +
          "Say in its step's `counted` (defineStep) how the formula depends on it, or `false` if it doesn't; or train without a scaler, in bfloat16",
      );
    }
  }

  /** State that was replaced rather than written keeps its old tensor where the step is skipped. */
  #putBack({ state, constructor }: AnyOptimizer, before: ReadonlyMap<ParamState, ParamState>): void {
    for (const values of state.values()) {
      const old = before.get(values) ?? {};
      for (const [name, value] of Object.entries(values)) {
        const was = old[name];
        if (value === was || !isTensor(value) || this.#guarded.has(value.storage)) continue;
        if (!isTensor(was) || was.shape.join() !== value.shape.join()) {
          throw new ArgumentError(
            `GradScaler: ${constructor.name} made '${name}' of a gradient in place of ${describe(was)}, which can't be taken back when the device skips a step. ` +
              'Make it of zeros and write it in place, by a fused step (defineStep) or by other ops; or train without a scaler, in bfloat16',
          );
        }
        values[name] = keep(where(this.#skip(value).ne(0), was, value));
      }
    }
  }

  /** One more skipped step for each parameter that took part, where it was. */
  #count(): void {
    if (this.#found === null) return;
    const counts = new Map<Tensor | string, Tensor>();
    const before = new Set(this.#counts.values());
    for (const param of this.#stepped ?? []) {
      const old = this.#counts.get(param);
      const key = old ?? param.device;
      const count = counts.get(key) ?? keep((old ?? this.#zero(param)).add(this.#skip(param)));
      counts.set(key, count);
      this.#counts.set(param, count);
    }
    const after = new Set(this.#counts.values());
    for (const count of before) if (!after.has(count)) count.dispose();
  }
}

/** The state of each parameter as it is now. */
const tensorsOf = ({ state }: AnyOptimizer): Map<ParamState, ParamState> =>
  new Map([...state.values()].map((values) => [values, { ...values }]));
