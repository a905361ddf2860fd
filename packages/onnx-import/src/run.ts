/** Runs the steps of a plan. What a step made goes as soon as nobody reads it any more. */
import { beginTidy, endTidy, isTensor, type Tensor } from '@tenfold/tensor-core';
import { explained, labelOf, NodeContext, type RowResult, type RunState, type SubGraph } from './context.ts';
import type { Plan, Step, Weight } from './plan.ts';
import { HostTensor, invalid, Sequence, type Value } from './values.ts';

/** A run, and the values of the initialisers in it. */
export interface Run extends RunState {
  valueOf(weight: Weight): Value;
}

type TidyScope = ReturnType<typeof beginTidy>;
type Slots = (Value | undefined)[];

/** What the graphs of one run share. */
interface Shared {
  readonly run: Run;
  /** How many slots hold each tensor: the last one to let it go disposes it. */
  readonly holders: Map<Tensor, number>;
  /** The run's own tensors belong to this scope, or to one inside of it. */
  readonly scope: TidyScope;
}

/** Runs a graph on its inputs. */
export function runModel(plan: Plan, inputs: readonly Value[], run: Run): Value[] {
  const scope = beginTidy();
  let outputs: Value[] = [];
  try {
    outputs = new GraphRun(plan, { run, holders: new Map(), scope }, null)
      .outputs(inputs)
      .map((value) => (value instanceof HostTensor ? run.tensorOf(value) : value));
    return outputs;
  } finally {
    endTidy(scope, outputs.flatMap(tensorsOf));
  }
}

/** The tensors that a value holds. */
export function tensorsOf(value: Value | undefined): Tensor[] {
  if (isTensor(value)) return [value];
  return value instanceof Sequence ? value.items.flatMap(tensorsOf) : [];
}

class GraphRun {
  readonly #plan: Plan;
  readonly #shared: Shared;
  readonly #slots: Slots;

  constructor(plan: Plan, shared: Shared, around: Slots | null) {
    this.#plan = plan;
    this.#shared = shared;
    this.#slots = new Array<Value | undefined>(plan.slots);
    for (const { slot, value } of plan.constants)
      this.#set(slot, value instanceof HostTensor ? value : shared.run.valueOf(value));
    for (const { outer, inner } of plan.captures) this.#set(inner, around?.[outer] ?? null);
  }

  outputs(inputs: readonly Value[]): Value[] {
    const { inputs: slots, outputs, steps } = this.#plan;
    // whoever gave them may need them afterwards
    const given = inputs.flatMap(tensorsOf);
    for (const tensor of given) this.#hold(tensor);
    slots.forEach((slot, i) => {
      this.#set(slot, inputs[i] ?? null);
    });
    for (const step of steps) this.#step(step);
    const values = outputs.map((slot) => this.#slots[slot] ?? null);
    // the graph around goes on holding them
    for (const value of this.#slots) for (const tensor of tensorsOf(value)) this.#let(tensor);
    for (const tensor of given) this.#let(tensor);
    return values;
  }

  #step(step: Step): void {
    const { node, outputs } = step;
    const inputs = step.inputs.map((slot) => (slot < 0 ? null : (this.#slots[slot] ?? null)));
    let results: readonly Value[] = [];
    const scope = beginTidy();
    try {
      results = this.#compute(step, inputs);
      outputs.forEach((slot, k) => {
        if (slot < 0) return;
        if (results[k] === undefined)
          throw invalid(`${labelOf(node)}: output ${k} ('${node.outputNames[k]}') is not computed here`);
        this.#set(slot, results[k]);
      });
    } catch (error) {
      throw explained(error, node, step.isCustom);
    } finally {
      endTidy(scope, results.flatMap(tensorsOf));
    }
    for (const slot of step.release) this.#free(slot);
  }

  #compute(step: Step, inputs: readonly Value[]): readonly Value[] {
    const { node, row, hostRow, plan } = step;
    if (plan) return new GraphRun(plan, this.#shared, null).outputs(inputs);
    const context = new NodeContext(node, inputs, this.#shared.run, (name) => this.#graph(step, name));
    if (hostRow && inputs.every(isKnown)) {
      const known = hostRow(context);
      if (known !== null) return listOf(known);
    }
    if (!row) throw invalid(`${labelOf(node)}: this op is not known`);
    return listOf(row(context));
  }

  #graph(step: Step, name: string): SubGraph | null {
    const attribute = step.node.attributes.get(name);
    if (attribute?.type !== 'graph') return null;
    const plan = attribute.value;
    return {
      inputNames: plan.inputNames,
      outputNames: plan.outputNames,
      outputTypes: plan.outputTypes,
      drop: (values) => {
        for (const tensor of values)
          if (isTensor(tensor) && !this.#shared.holders.has(tensor) && this.#owns(tensor)) tensor.dispose();
      },
      run: (inputs) => new GraphRun(plan, this.#shared, this.#slots).outputs(inputs),
    };
  }

  #set(slot: number, value: Value): void {
    this.#slots[slot] = value;
    for (const tensor of tensorsOf(value)) this.#hold(tensor);
  }

  #hold(tensor: Tensor): void {
    const { holders } = this.#shared;
    holders.set(tensor, (holders.get(tensor) ?? 0) + 1);
  }

  #let(tensor: Tensor): number {
    const left = (this.#shared.holders.get(tensor) ?? 1) - 1;
    if (left > 0) this.#shared.holders.set(tensor, left);
    else this.#shared.holders.delete(tensor);
    return left;
  }

  /** Whether the run made a tensor: inputs, weights and constants are not its own. */
  #owns({ tidyScope }: Tensor): boolean {
    for (let scope: TidyScope | null = tidyScope; scope; scope = scope.outer)
      if (scope === this.#shared.scope) return true;
    return false;
  }

  /** Empties a slot. A tensor of this run that no other slot holds is disposed. */
  #free(slot: number): void {
    const value = this.#slots[slot];
    this.#slots[slot] = undefined;
    for (const tensor of tensorsOf(value)) {
      if (this.#let(tensor) <= 0 && this.#owns(tensor)) tensor.dispose();
    }
  }
}

const isKnown = (value: Value): boolean =>
  value === null || (value instanceof HostTensor && value.numbers !== null && value.step === null);

const listOf = (result: RowResult): readonly Value[] => (Array.isArray(result) ? result : [result as Value]);
