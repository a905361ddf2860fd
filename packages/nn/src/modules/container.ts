/** Modules that hold modules. */
import { ArgumentError, describe, isTensor, scalarTypeName, TenfoldError, type Tensor } from '@tenfold/tensor-core';
import { Module } from '../module.ts';
import { Parameter } from '../parameter.ts';
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
    const entries = this.entries();
    return entries[positionOf(index, entries.length)][1];
  }

  /** Puts another module in the place of one; negative counts from the end. @throws ArgumentError if there is none. */
  set(index: number, module: M): this {
    const entries = this.entries();
    this.registerModule(entries[positionOf(index, entries.length)][0], module);
    return this;
  }

  [Symbol.iterator](): Iterator<M> {
    return this.entries()
      .map(([, module]) => module)
      [Symbol.iterator]();
  }

  /** Adds a module at the end. */
  append(module: M): this {
    this.registerModule(String(this.length), module);
    return this;
  }

  /** Adds modules at the end. */
  extend(modules: Iterable<M>): this {
    for (const module of listOf(`${this.constructor.name}.extend`, modules)) this.append(module);
    return this;
  }

  /**
   * Puts a module before the one at a position; negative counts from the end, and `length` is the end. Those behind it get the next numbers.
   *
   * @throws ArgumentError if there is no such position, and if the modules have names.
   */
  insert(index: number, module: M): this {
    const entries = this.entries();
    if (!(Number.isInteger(index) && index >= -entries.length && index <= entries.length))
      throw new ArgumentError(`Index out of range: ${String(index)}, in a container of ${entries.length} modules`);
    const named = entries.find(([name], i) => name !== String(i));
    if (named) {
      throw new ArgumentError(
        `insert: the modules of this container have names ('${named[0]}'), and the new one has none; make a new Sequential({ … })`,
      );
    }
    checkModule(module);
    renumber(this, entries.map(([, each]) => each).toSpliced(index, 0, module));
    return this;
  }

  /** Takes a module out and returns it, the last one by default; the others are numbered anew. @throws ArgumentError if there is none. */
  pop(index = -1): M {
    const modules = [...this];
    const [taken] = modules.splice(positionOf(index, modules.length), 1);
    renumber(this, modules);
    return taken;
  }

  /** Names and modules in order. */
  protected entries(): [string, M][] {
    // nothing but modules is put in
    return this.ownModules() as [string, M][];
  }
}

function positionOf(index: number, length: number, what = 'modules'): number {
  if (Number.isInteger(index) && index >= -length && index < length) return index < 0 ? index + length : index;
  throw new ArgumentError(`index ${String(index)} is out of range for a container of ${length} ${what}`);
}

/** Makes `modules` those of a container, numbered from 0. */
function renumber(container: Module, modules: readonly Module[]): void {
  for (const [name] of container.ownModules()) container.unregister(name);
  for (const [i, module] of modules.entries()) container.registerModule(String(i), module);
}

function checkModule(value: unknown): void {
  if (!(value instanceof Module)) throw new ArgumentError(`${describe(value)} is not a Module subclass`);
}

function listOf<T>(where: string, values: Iterable<T>): T[] {
  const given: unknown = values;
  if (typeof given !== 'object' || given === null || isTensor(given) || !(Symbol.iterator in given))
    throw new ArgumentError(`${where} should be called with an iterable, but got ${describe(given)}`);
  return [...values];
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

  /** The layers from `start` up to but not including `end`, as of an array, in a new Sequential; they are the same layers, under the same names. */
  slice(start?: number, end?: number): Sequential {
    const made = new Sequential();
    for (const [name, layer] of this.entries().slice(start, end)) made.registerModule(name, layer);
    return made;
  }

  /** The layers of this one and of others, in a new Sequential (PyTorch: `a + b`). */
  concat(...others: readonly Sequential[]): Sequential {
    return new Sequential(...[this, ...others].flatMap((each) => listOf('Sequential.concat', each)));
  }
}

/**
 * A list of modules whose parameters belong to the model (https://pytorch.org/docs/stable/generated/torch.nn.ModuleList.html). A plain array as a
 * property would not be looked into.
 *
 * @example
 * this.blocks = new ModuleList(Array.from({ length: 6 }, () => new Block(64)));
 * for (const block of this.blocks) x = block.forward(x);
 */
export class ModuleList<M extends Module = Module> extends Numbered<M> {
  constructor(modules: Iterable<M> = []) {
    super();
    this.extend(modules);
  }

  /** The modules from `start` up to but not including `end`, as of an array, in a new list; they are the same modules. */
  slice(start?: number, end?: number): ModuleList<M> {
    return new ModuleList([...this].slice(start, end));
  }

  /** The modules of this list and of others, in a new list (PyTorch: `a + b`). */
  concat(...others: readonly Iterable<M>[]): ModuleList<M> {
    return new ModuleList([this, ...others].flatMap((each) => listOf('ModuleList.concat', each)));
  }

  /** @throws TenfoldError always: a list says nothing about how its modules are used. */
  forward(..._args: never[]): unknown {
    throw noForward(this);
  }

  protected override childLines(): string[] {
    return numberedLines([...this].map(String));
  }
}

const noForward = (module: Module): TenfoldError =>
  new TenfoldError(
    `Module [${module.constructor.name}] is missing the required "forward" function: call the forward of its modules`,
    'NOT_IMPLEMENTED',
  );

/** Pairs of names and values: those of a map, of an iterable, or the properties of an object. */
export type Named<T> = Iterable<readonly [name: string, value: T]> | { readonly [name: string]: T };

/** What is by name: shared by the dictionaries. Names that a module has already, such as `forward`, are refused. */
abstract class Keyed<V, Given = V> extends Module {
  /** Names and values in the order in which they were set. */
  abstract entries(): [string, V][];
  /** Sets the value of a name. @throws ArgumentError for a name that is taken, empty or has a dot. */
  abstract set(key: string, value: Given): this;

  /** How many there are. */
  get size(): number {
    return this.entries().length;
  }

  /** Whether there is a value of this name. */
  has(key: string): boolean {
    return this.entries().some(([name]) => name === key);
  }

  /** The value of a name. @throws ArgumentError if there is none. */
  get(key: string): V {
    const entries = this.entries();
    const found = entries.find(([name]) => name === key);
    if (found) return found[1];
    throw new ArgumentError(
      `${this.constructor.name} has no '${String(key)}'; it has ${entries.map(([name]) => `'${name}'`).join(', ') || 'nothing'}`,
    );
  }

  /** The names. */
  keys(): string[] {
    return this.entries().map(([name]) => name);
  }

  /** The values. */
  values(): V[] {
    return this.entries().map(([, value]) => value);
  }

  [Symbol.iterator](): Iterator<[string, V]> {
    return this.entries()[Symbol.iterator]();
  }

  /** Takes a name out and says whether there was one. */
  delete(key: string): boolean {
    const known = this.has(key);
    if (known) this.unregister(key);
    return known;
  }

  /** Takes a name out and returns its value. @throws ArgumentError if there is none. */
  pop(key: string): V {
    const value = this.get(key);
    this.unregister(key);
    return value;
  }

  /** Takes all out. */
  clear(): void {
    for (const key of this.keys()) this.unregister(key);
  }

  /** Sets several, in their order. */
  update(values: Named<Given>): this {
    for (const [key, value] of pairs(`${this.constructor.name}.update`, values)) this.set(key, value);
    return this;
  }
}

function pairs<T>(where: string, values: Named<T>): (readonly [string, T])[] {
  const given: unknown = values;
  if (typeof given !== 'object' || given === null || isTensor(given)) {
    throw new ArgumentError(
      `${where} should be called with an iterable of key/value pairs or an object, but got ${describe(given)}`,
    );
  }
  if (!(Symbol.iterator in given)) return Object.entries(values);
  return [...(values as Iterable<readonly [string, T]>)].map((pair, i) => {
    if (!Array.isArray(pair))
      throw new ArgumentError(`${where}: element #${i} should be a pair, got ${describe(pair)}`);
    if (pair.length !== 2) throw new ArgumentError(`${where}: element #${i} has length ${pair.length}; 2 is required`);
    return pair as readonly [string, T];
  });
}

/**
 * Modules by name (https://pytorch.org/docs/stable/generated/torch.nn.ModuleDict.html), in the order in which they were set.
 *
 * @example
 * this.heads = new ModuleDict({ digit: new Linear(64, 10), parity: new Linear(64, 2) });
 * this.heads.get('digit').forward(x);
 */
export class ModuleDict<M extends Module = Module> extends Keyed<M> {
  constructor(modules: Named<M> = {}) {
    super();
    this.update(modules);
  }

  entries(): [string, M][] {
    // nothing but modules is put in
    return this.ownModules() as [string, M][];
  }

  set(key: string, module: M): this {
    checkModule(module);
    this.registerModule(key, module);
    return this;
  }

  /** @throws TenfoldError always: a dictionary says nothing about how its modules are used. */
  forward(..._args: never[]): unknown {
    throw noForward(this);
  }
}

/** A tensor as a parameter: itself if it is one. */
function asParameter(where: string, value: unknown): Parameter {
  if (value instanceof Parameter) return value;
  if (isTensor(value)) return new Parameter(value);
  throw new ArgumentError(`${where}: expected a Parameter or a tensor, got ${describe(value)}`);
}

const parameterLine = (name: string, x: Parameter, type: string): string =>
  `  (${name}): Parameter containing: [${type} of size ${x.shape.join('x')}${x.device.startsWith('cuda') ? ` (GPU ${x.device.split(':')[1] ?? 0})` : ''}]`;

const noCall = (module: Module): TenfoldError =>
  new TenfoldError(`${module.constructor.name} should not be called.`, 'NOT_IMPLEMENTED');

/**
 * A list of parameters that belong to the model (https://pytorch.org/docs/stable/generated/torch.nn.ParameterList.html). Tensors become parameters.
 *
 * @example
 * this.scales = new ParameterList([ones([4]), ones([8])]);
 */
export class ParameterList extends Module {
  readonly [index: number]: Parameter;

  constructor(values: Iterable<Tensor> = []) {
    super();
    this.extend(values);
  }

  /** The number of parameters. */
  get length(): number {
    return this.ownParameters().length;
  }

  /** The parameter at a position; negative counts from the end. @throws ArgumentError if there is none. */
  at(index: number): Parameter {
    const all = this.ownParameters();
    return all[positionOf(index, all.length, 'parameters')][1];
  }

  /** Puts another parameter in the place of one. @throws ArgumentError if there is none. */
  set(index: number, value: Tensor): this {
    this.registerParameter(
      String(positionOf(index, this.length, 'parameters')),
      asParameter('ParameterList.set', value),
    );
    return this;
  }

  /** Adds a parameter at the end. */
  append(value: Tensor): this {
    this.registerParameter(String(this.length), asParameter('ParameterList.append', value));
    return this;
  }

  /** Adds parameters at the end. */
  extend(values: Iterable<Tensor>): this {
    for (const value of listOf('ParameterList.extend', values)) this.append(value);
    return this;
  }

  /** The parameters from `start` up to but not including `end`, as of an array, in a new list; they are the same parameters. */
  slice(start?: number, end?: number): ParameterList {
    return new ParameterList([...this].slice(start, end));
  }

  [Symbol.iterator](): Iterator<Parameter> {
    return this.ownParameters()
      .map(([, value]) => value)
      [Symbol.iterator]();
  }

  /** @throws TenfoldError always. */
  forward(..._args: never[]): unknown {
    throw noCall(this);
  }

  override extraRepr(): string {
    return this.ownParameters()
      .map(([name, x]) => parameterLine(name, x, `torch.${x.dtype}`))
      .join('\n');
  }
}

/**
 * Parameters by name (https://pytorch.org/docs/stable/generated/torch.nn.ParameterDict.html), in the order in which they were set. Tensors become
 * parameters.
 *
 * @example
 * this.scales = new ParameterDict({ left: ones([4]), right: ones([4]) });
 */
export class ParameterDict extends Keyed<Parameter, Tensor> {
  constructor(parameters: Named<Tensor> = {}) {
    super();
    this.update(parameters);
  }

  entries(): [string, Parameter][] {
    return this.ownParameters();
  }

  set(key: string, value: Tensor): this {
    this.registerParameter(key, asParameter('ParameterDict.set', value));
    return this;
  }

  /** The parameter of a name, which is made of `value` if there is none. */
  setDefault(key: string, value: Tensor): Parameter {
    if (!this.has(key)) this.set(key, value);
    return this.get(key);
  }

  /** @throws TenfoldError always. */
  forward(..._args: never[]): unknown {
    throw noCall(this);
  }

  override extraRepr(): string {
    return this.entries()
      .map(([name, x]) => parameterLine(name, x, typeName(x)))
      .join('\n');
  }
}

/** What `x.type()` gives in PyTorch: `torch.FloatTensor`. */
const typeName = ({ dtype, device }: Tensor): string =>
  `torch.${device.startsWith('cuda') ? 'cuda.' : ''}${scalarTypeName[dtype]}Tensor`;
