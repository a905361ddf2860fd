/** Modules that hold modules. */
import { ArgumentError, describe, TenfoldError, type Tensor } from '@tenfold/tensor-core';
import { Module } from '../module.ts';
import { numberedLines } from '../print.ts';

/** A module from one tensor to one tensor: what a {@link Sequential} is made of. */
export interface Layer extends Module {
  forward(input: Tensor): Tensor;
}

const isRecord = (value: unknown): value is { readonly [name: string]: Layer } =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** Modules by position: shared by the containers. */
abstract class Numbered<M extends Module> extends Module {
  readonly [index: number]: M;

  /** The number of modules. */
  get length(): number {
    return this.ownModules().length;
  }

  /** The module at a position; negative counts from the end. @throws ArgumentError if there is none. */
  at(index: number): M {
    const modules = this.ownModules();
    const found = modules.at(index)?.[1];
    if (!found || !Number.isInteger(index) || index < -modules.length) {
      throw new ArgumentError(`index ${index} is out of range for a container of ${modules.length} modules`);
    }
    return found as M;
  }

  [Symbol.iterator](): Iterator<M> {
    return this.ownModules()
      .map(([, module]) => module as M)
      [Symbol.iterator]();
  }

  /** Adds a module at the end. */
  append(module: M): this {
    this.registerModule(String(this.length), module);
    return this;
  }
}

/**
 * Modules one after the other (https://pytorch.org/docs/stable/generated/torch.nn.Sequential.html), numbered, or named if given as one object.
 *
 * @throws ArgumentError for anything that is not a module.
 * @example
 * const model = new Sequential(new Linear(784, 128), new ReLU(), new Linear(128, 10));
 * const named = new Sequential({ hidden: new Linear(784, 128), act: new ReLU() });
 */
export class Sequential extends Numbered<Layer> {
  constructor(named: { readonly [name: string]: Layer });
  constructor(...layers: readonly Layer[]);
  constructor(...layers: readonly (Layer | { readonly [name: string]: Layer })[]) {
    super();
    const [first] = layers;
    const entries = layers.length === 1 && isRecord(first) ? Object.entries(first) : Object.entries(layers);
    for (const [name, layer] of entries) {
      if (!(layer instanceof Module))
        throw new ArgumentError(`Sequential: layer '${name}' must be a module, got ${describe(layer)}`);
      this.registerModule(name, layer);
    }
  }

  forward(input: Tensor): Tensor {
    let output = input;
    for (const layer of this) output = layer.forward(output);
    return output;
  }
}

/**
 * A list of modules whose parameters belong to the model (https://pytorch.org/docs/stable/generated/torch.nn.ModuleList.html). A plain array as a
 * property would not be looked into.
 */
export class ModuleList<M extends Module = Module> extends Numbered<M> {
  constructor(modules: Iterable<M> = []) {
    super();
    for (const module of modules) this.append(module);
  }

  /** Adds modules at the end. */
  extend(modules: Iterable<M>): this {
    for (const module of modules) this.append(module);
    return this;
  }

  /** @throws TenfoldError always: a list says nothing about how its modules are used. */
  forward(..._args: never[]): unknown {
    throw new TenfoldError(
      `Module [${this.constructor.name}] is missing the required "forward" function: call the forward of its modules`,
      'NOT_IMPLEMENTED',
    );
  }

  protected override childLines(): string[] {
    return numberedLines([...this].map(String));
  }
}
