/**
 * Tracing a function for a transform: beside the program, so that nothing outside notices. The layers of the road that are there keep out of it, random
 * generators go back to where they were, and memory that the function writes gets its old values back; the transform then runs the graph for good.
 */
import {
  AutogradError,
  belowTransforms,
  builtinOps,
  Generator,
  type GeneratorState,
  type Graph,
  gradMode,
  type Interpreter,
  interpreters,
  isTensor,
  makeTensor,
  type Next,
  type Operand,
  type OpSpec,
  type Outputs,
  type Storage,
  type Tensor,
  trace,
  withLayer,
  withoutGrad,
} from '@tenfold/tensor-core';
import { gradientEdge } from '../views.ts';

/** What numbers the samples of a `vmap` draw: none (an error), their own, or all the same. */
export type Randomness = 'error' | 'different' | 'same';

/** The generator that an op draws from, or `null`. */
export function generatorOf(attrs: object | null): Generator | null {
  const generator = attrs && 'generator' in attrs ? attrs.generator : null;
  return generator instanceof Generator ? generator : null;
}

export type TransformName = 'vmap' | 'jvp';

/** Sees the ops of a traced function: knows which memory depends on the samples, and what has to be put back. */
export class Watch implements Interpreter {
  readonly #name: TransformName;
  readonly #randomness: Randomness;
  readonly #batched = new WeakSet<Storage>();
  readonly #created = new WeakSet<Storage>();
  readonly #generators = new Map<Generator, GeneratorState>();
  readonly #overwritten = new Map<Storage, { readonly whole: Tensor; readonly copy: Tensor }>();

  /** `args` are tensors with memory of their own; for `vmap` they are samples. */
  constructor(name: TransformName, args: readonly Tensor[], randomness: Randomness = 'same') {
    this.#name = name;
    this.#randomness = randomness;
    for (const { storage } of args) {
      this.#created.add(storage);
      if (name === 'vmap') this.#batched.add(storage);
    }
  }

  process(spec: OpSpec, inputs: readonly Operand[], attrs: object | null, next: Next): Outputs {
    const generator = generatorOf(attrs);
    if (generator) this.#draws(generator);
    const batched =
      (generator !== null && this.#randomness === 'different' && this.#name === 'vmap') ||
      inputs.some((x) => isTensor(x) && this.#batched.has(x.storage));
    for (const i of spec.inplaceOf ? spec.writes(inputs) : []) {
      const target = inputs[i];
      if (isTensor(target)) this.#beforeWrite(spec, inputs, target, batched);
    }
    const result = next();
    for (const { storage } of isTensor(result) ? [result] : result) {
      if (!spec.view && !spec.inplaceOf) this.#created.add(storage);
      if (batched) this.#batched.add(storage);
    }
    return result;
  }

  read(tensor: Tensor): void {
    if (!this.#batched.has(tensor.storage)) return;
    throw new AutogradError(
      "vmap: It looks like you're calling .item() on a Tensor, or reading its values in another way. We don't support vmap over calling .item() " +
        "on a Tensor, please try to rewrite what you're doing with other operations (torch.where in place of a branch): each sample has a value of its own.",
    );
  }

  assign(): void {
    throw new AutogradError(
      `${this.#name}: backward() was called inside of the function, or a .grad was assigned; use gradOf or grad() in it instead`,
    );
  }

  #draws(generator: Generator): void {
    if (this.#randomness === 'error') {
      throw new AutogradError(
        'vmap: called random operation while in randomness error mode. Please either use the ' +
          "'same' or 'different' randomness flags on vmap or perform the randomness operation out of vmap",
      );
    }
    if (!this.#generators.has(generator)) this.#generators.set(generator, generator.getState());
  }

  #beforeWrite(spec: OpSpec, inputs: readonly Operand[], target: Tensor, batched: boolean): void {
    const { storage } = target;
    if (this.#created.has(storage)) return;
    if (batched && !this.#batched.has(storage)) {
      throw new AutogradError(
        `vmap: ${spec.name}(self, *extra_args) is not possible because there exists a Tensor \`other\` in extra_args that has more elements than \`self\`. ` +
          'This happened due to `other` being vmapped over but `self` not being vmapped over in a vmap. Please try to use out-of-place operators instead of ' +
          `${spec.name}.`,
      );
    }
    if (gradMode.enabled && inputs.some((x) => isTensor(x) && x.requiresGrad)) {
      throw new AutogradError(
        `${this.#name}: ${spec.name} writes to a tensor from outside of the function and is recorded for gradients; return the new value instead`,
      );
    }
    if (this.#overwritten.has(storage)) return;
    const whole = makeTensor(storage, target.dtype, [storage.length], [1], 0, { value: 0 });
    this.#overwritten.set(storage, { whole, copy: aside(() => whole.clone()) });
  }

  /** Puts generators and overwritten memory back. */
  restore(): void {
    for (const [generator, state] of this.#generators) generator.setState(state);
    for (const { whole, copy } of this.#overwritten.values()) {
      aside(() => belowTransforms(builtinOps.copy.inplaceTwin, [whole, copy], null));
    }
  }
}

/** A layer that has no part in what runs aside, but is told of values that are read. */
const readsOf = (layer: Interpreter): Interpreter => ({
  process: (_spec, _inputs, _attrs, next) => next(),
  read: (tensor) => layer.read?.(tensor),
});

function withInterpreters<T>(layers: readonly Interpreter[], fn: () => T): T {
  const before = interpreters.splice(0, interpreters.length, ...layers);
  try {
    return fn();
  } finally {
    interpreters.splice(0, interpreters.length, ...before);
  }
}

/** Runs `fn` unrecorded and unseen by interpreters. */
export const aside = <T>(fn: () => T): T => withInterpreters([], () => withoutGrad(fn));

/** A copy of what `make` gives, unseen by interpreters, that requires grad if it does. */
export const sampleOf = (make: () => Tensor): Tensor => withInterpreters([], () => make().clone());

/** A copy of `x` that lies in memory as `x` does, unseen by interpreters; it requires grad if `x` does. */
export function twinOf(x: Tensor): Tensor {
  if (x.isContiguous()) return sampleOf(() => x);
  const { shape, strides, dtype, storage, offset } = x;
  const extent = shape.includes(0) ? 0 : shape.reduce((last, size, d) => last + (size - 1) * strides[d], 1);
  return withInterpreters([], () => {
    const buffer = withoutGrad(() => makeTensor(storage, dtype, [extent], [1], offset, { value: 0 }).clone());
    if (x.requiresGrad) buffer.requiresGrad_();
    // not a view of a leaf, which could not be written in place
    const own = x.requiresGrad ? buffer.clone() : buffer;
    return own.asStrided(shape, strides, 0);
  });
}

const noHistory = {};
const histories = new WeakMap<object, Map<number, object>>();

/** Where the gradient of a tensor goes, as an object to compare. */
function historyOf(tensor: Tensor): unknown {
  const [node, outputNr] = gradientEdge(tensor);
  if (node === null) return noHistory;
  const known = histories.get(node) ?? new Map<number, object>();
  const history = known.get(outputNr) ?? {};
  histories.set(node, known.set(outputNr, history));
  return history;
}

/** Traces `fn` on `args`, which must have memory of their own. Values may be read in it unless they depend on a sample. */
export function traceAside(
  name: TransformName,
  fn: (...args: Tensor[]) => readonly Tensor[],
  args: readonly Tensor[],
  randomness?: Randomness,
): Graph {
  const watch = new Watch(name, args, randomness);
  // an outer watch goes on following what depends on its own samples
  const layers = interpreters.map((layer) => (layer instanceof Watch ? layer : readsOf(layer)));
  try {
    return withInterpreters(layers, () =>
      withLayer<Interpreter, Graph>(
        interpreters,
        watch,
        () => trace(fn, args, { onRead: () => {}, identity: historyOf }).graph,
      ),
    );
  } finally {
    watch.restore();
  }
}
