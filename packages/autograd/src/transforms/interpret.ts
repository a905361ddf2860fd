/** Running a traced graph with something else than tensors for its values: batches of samples (`vmap`), or pairs with tangents (`jvp`). */
import { AutogradError, type Graph, type GraphNode, gradMode, type Value, withoutGrad } from '@tenfold/tensor-core';
import { withoutAutocast } from '../autocast-state.ts';
import { generatorOf } from './aside.ts';

/** What the values of a graph are in one run; a body sees those of the graph around it. */
export class Env<T> {
  readonly #values = new Map<Value, T>();
  readonly #outer: Env<T> | null;

  constructor(outer: Env<T> | null = null) {
    this.#outer = outer;
  }

  get(value: Value): T {
    const known = this.#values.get(value);
    if (known !== undefined) return known;
    if (this.#outer) return this.#outer.get(value);
    throw new AutogradError(`value %${value.id} of a traced graph is used before it is computed`);
  }

  set(value: Value, x: T): void {
    this.#values.set(value, x);
  }

  delete(value: Value): void {
    this.#values.delete(value);
  }

  inputsOf(node: GraphNode): (T | number | null)[] {
    return node.inputs.map((x) => (typeof x === 'object' && x !== null ? this.get(x) : x));
  }
}

/** How one op runs. `env` is what its body, if it has one, sees. */
export type Apply<T> = (node: GraphNode, inputs: readonly (T | number | null)[], env: Env<T>) => readonly T[];

/** Runs the ops of a body and gives its outputs. */
export function runBodyOf<T>(body: Graph, env: Env<T>, apply: Apply<T>): readonly T[] {
  const inner = new Env(env);
  for (const node of body.nodes) {
    const results = apply(node, inner.inputsOf(node), inner);
    node.outputs.forEach((value, k) => {
      inner.set(value, results[k]);
    });
  }
  return body.outputs.map((value) => inner.get(value));
}

/** An op of a schedule, or the part of its body that computes values which ops after it read. */
interface Step {
  readonly node: GraphNode;
  readonly inner: boolean;
  /** Values that nothing reads after this step. */
  dead: readonly Value[];
}

const isValue = (x: Value | number | null): x is Value => typeof x === 'object' && x !== null;

/** Runs `fn` unrecorded if the op was called that way. */
export const inModeOf = <R>(node: GraphNode, fn: () => R): R =>
  node.gradMode || !gradMode.enabled ? fn() : withoutGrad(fn);

/** The values from outside that a node reads, in its body too. */
const readsOf = (node: GraphNode): Value[] => [...node.inputs.filter(isValue), ...(node.body?.captured ?? [])];

/** Whether an op, or one in its body, draws random numbers. */
export const isRandom = (node: GraphNode): boolean =>
  generatorOf(node.attrs) !== null || (node.body?.nodes.some(isRandom) ?? false);

function definedIn(body: Graph, found: Set<Value> = new Set()): Set<Value> {
  for (const node of body.nodes) {
    for (const value of node.outputs) found.add(value);
    if (node.body) definedIn(node.body, found);
  }
  return found;
}

/**
 * The ops that the outputs and writes of a graph need, in order. What a custom Function computed inside of its forward and saved for its backward is
 * read by the ops of that backward: such values come by running the body for them, besides the op itself.
 */
function schedule(graph: Graph): Step[] {
  const live = new Set<Value>([...graph.outputs, ...graph.writes.map(({ value }) => value)]);
  const kept = new Set(live);
  const seen = new Set<Value>();
  const steps: Step[] = [];
  const add = (node: GraphNode, inner: boolean): void => {
    const reads = readsOf(node);
    const dead = reads.filter((value) => !seen.has(value) && !kept.has(value));
    for (const value of reads) {
      live.add(value);
      seen.add(value);
    }
    steps.push({ node, inner, dead });
  };
  for (const node of graph.nodes.toReversed()) {
    const inside = node.body ? definedIn(node.body) : new Set<Value>();
    const escapes = inside.size > 0 && [...inside].some((value) => live.has(value) && !node.outputs.includes(value));
    // what draws numbers runs, so that the numbers after it are the same
    if (node.outputs.some((value) => live.has(value)) || isRandom(node)) add(node, false);
    if (!escapes) continue;
    if (isRandom(node)) {
      throw new AutogradError(
        `${node.spec.name} saves for backward what it computed inside of forward with random numbers; return such tensors as outputs, to differentiate it in a transform`,
      );
    }
    add(node, true);
  }
  return steps.reverse();
}

/**
 * Runs a graph whose inputs stand in `env`. `hidden` says what stands for a value from inside of a Function's forward: nothing is differentiated
 * through it, as its backward takes it for a constant.
 */
export function interpret<T>(graph: Graph, env: Env<T>, apply: Apply<T>, hidden: (x: T) => T): void {
  // casts are ops of the graph already
  withoutAutocast(() => runAll(graph, env, apply, hidden));
}

function runAll<T>(graph: Graph, env: Env<T>, apply: Apply<T>, hidden: (x: T) => T): void {
  for (const { node, inner, dead } of schedule(graph)) {
    if (inner && node.body) {
      const within = new Env(env);
      exposeBody(node.body, within, env, apply, hidden);
    } else {
      const results = apply(node, env.inputsOf(node), env);
      node.outputs.forEach((value, k) => {
        env.set(value, results[k]);
      });
    }
    for (const value of dead) env.delete(value);
  }
}

/** Runs a body down to its single ops, leaving every value in `env`. */
function exposeBody<T>(body: Graph, within: Env<T>, env: Env<T>, apply: Apply<T>, hidden: (x: T) => T): void {
  for (const node of body.nodes) {
    const results = apply(node, within.inputsOf(node), within);
    node.outputs.forEach((value, k) => {
      const x = hidden(results[k]);
      within.set(value, x);
      env.set(value, x);
    });
    if (node.body) exposeBody(node.body, within, env, apply, hidden);
  }
}
