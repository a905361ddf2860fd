/** `Module`: the base of everything that has parameters. */
import { ArgumentError, checkOptions, describe, type HookHandle, isTensor, type Tensor } from '@tenfold/tensor-core';
import { Copier, checkCopyable } from './deepcopy.ts';
import {
  type BackwardHook,
  type BackwardPreHook,
  type ForwardHook,
  type ForwardHookOptions,
  ForwardHooks,
  type ForwardPreHook,
  type ForwardWrapper,
  type HookOptions,
} from './hooks.ts';
import { emptyModule, type MoveTarget, moveModule, moveModuleAsync } from './move.ts';
import { Parameter } from './parameter.ts';
import { childLine, moduleText } from './print.ts';
import { Registered } from './registered.ts';
import {
  addStateHook,
  checkInPlace,
  extraState,
  type LoadOptions,
  type LoadResult,
  type LoadStateDictPostHook,
  type LoadStateDictPreHook,
  loadState,
  type StateDict,
  type StateDictPostHook,
  type StateDictPreHook,
  StateHooks,
} from './state.ts';

/** Options of `zeroGrad`. */
export interface ZeroGradOptions {
  /** Take the gradients away instead of filling them with zeros. Default true. */
  setToNone?: boolean;
}

/** Options of `registerBuffer`. */
export interface BufferOptions {
  /** Whether it is part of `stateDict()`. Default true. */
  persistent?: boolean;
}

/**
 * The base of layers and models (https://pytorch.org/docs/stable/generated/torch.nn.Module.html). Parameters, registered buffers and modules that are
 * plain properties of the object are found in the order in which they were defined; `#private` fields, getters and arrays are not looked into.
 *
 * @example
 * class Net extends Module {
 *   fc1 = new Linear(784, 128);
 *   relu = new ReLU();
 *   fc2 = new Linear(128, 10);
 *
 *   forward(x: Tensor): Tensor {
 *     return this.fc2.forward(this.relu.forward(this.fc1.forward(x)));
 *   }
 * }
 */
export abstract class Module {
  /** Whether the module is in training mode; see {@link train}. */
  training = true;
  /** Names registered as parameters, so that `null` ones are known. */
  readonly #parameters = new Registered();
  /** Names registered as buffers, and whether they are saved. */
  readonly #buffers = new Map<string, boolean>();
  /** Names registered as modules, so that `null` ones are known. */
  readonly #modules = new Registered();
  #hooks: ForwardHooks | null = null;
  #stateHooks: StateHooks | null = null;

  /** What the module computes. Subclasses give it the types of their arguments and result. */
  abstract forward(...args: never[]): unknown;

  // --- registration ---

  /**
   * Makes `parameter` the property `name`; `null` says that there is none, as a layer without bias does.
   *
   * @throws ArgumentError for a name that is taken, empty or has a dot, and for anything but a Parameter or `null`.
   */
  registerParameter(name: string, parameter: Parameter | null): void {
    if (parameter !== null && !(parameter instanceof Parameter)) {
      const hint = isTensor(parameter) ? '; wrap it: new Parameter(tensor)' : '';
      throw new ArgumentError(
        `cannot assign ${describe(parameter)} object to parameter '${name}' (Parameter or null required)${hint}`,
      );
    }
    if (parameter?.gradFn) {
      throw new ArgumentError(
        `Cannot assign non-leaf Tensor to parameter '${name}'. Model parameters must be created explicitly: new Parameter(tensor.detach())`,
      );
    }
    this.#claim('parameter', name, this.#parameters.has(name));
    this.#parameters.add(name);
    Reflect.set(this, name, parameter);
  }

  /**
   * Makes `tensor` the property `name` and a buffer: state that is saved and moved with the module but not trained.
   *
   * @throws ArgumentError for a name that is taken, empty or has a dot, and for anything but a tensor or `null`.
   */
  registerBuffer(name: string, tensor: Tensor | null, options?: BufferOptions): void {
    checkOptions('registerBuffer', options, ['persistent']);
    if (tensor !== null && !isTensor(tensor)) {
      throw new ArgumentError(`cannot assign ${describe(tensor)} object to buffer '${name}' (Tensor or null required)`);
    }
    this.#claim('buffer', name, this.#buffers.has(name));
    this.#buffers.set(name, options?.persistent ?? true);
    Reflect.set(this, name, tensor);
  }

  /** Makes `module` the property `name`, a child. @throws ArgumentError for a name that is taken, empty or has a dot, and for anything but a module or `null`. */
  registerModule(name: string, module: Module | null): void {
    if (module !== null && !(module instanceof Module))
      throw new ArgumentError(`${describe(module)} is not a Module subclass (child '${name}')`);
    this.#claim('module', name, this.#modules.has(name));
    this.#modules.add(name);
    Reflect.set(this, name, module);
  }

  /** The same as {@link registerModule}. */
  addModule(name: string, module: Module | null): void {
    this.registerModule(name, module);
  }

  /** @internal Takes a registered parameter, buffer or module away. */
  unregister(name: string): void {
    this.#parameters.delete(name);
    this.#buffers.delete(name);
    this.#modules.delete(name);
    Reflect.deleteProperty(this, name);
  }

  #claim(kind: string, name: string, known: boolean): void {
    if (typeof name !== 'string') throw new ArgumentError(`${kind} name should be a string. Got ${describe(name)}`);
    if (name === '') throw new ArgumentError(`${kind} name can't be empty string ""`);
    if (name.includes('.')) throw new ArgumentError(`${kind} name can't contain ".", got: ${name}`);
    // a class field that is only declared holds undefined until now
    if (!known && (Reflect.get(this, name) ?? undefined) !== undefined)
      throw new ArgumentError(`attribute '${name}' already exists`);
  }

  // --- collection ---

  /** Own values by name, without running getters. */
  *#own(): Iterable<[string, unknown]> {
    for (const name of Object.keys(this)) {
      const descriptor = Object.getOwnPropertyDescriptor(this, name);
      if (descriptor && 'value' in descriptor) yield [name, descriptor.value];
    }
  }

  /** @internal Parameters of this module alone, with repetitions and without `null`. */
  ownParameters(): [string, Parameter][] {
    return this.#parameters.inOrder(
      [...this.#own()].filter((entry): entry is [string, Parameter] => entry[1] instanceof Parameter),
    );
  }

  /** @internal Buffers of this module alone. */
  ownBuffers(): [string, Tensor, persistent: boolean][] {
    const found: [string, Tensor, boolean][] = [];
    for (const [name, persistent] of this.#buffers) {
      const value: unknown = Reflect.get(this, name);
      if (isTensor(value) && !(value instanceof Parameter)) found.push([name, value, persistent]);
    }
    return found;
  }

  /** @internal Children with repetitions; `null` ones only if they were registered as such. */
  ownModules(): [string, Module | null][] {
    return this.#modules.inOrder(
      [...this.#own()].filter(
        (entry): entry is [string, Module | null] =>
          entry[1] instanceof Module || (entry[1] === null && this.#modules.has(entry[0])),
      ),
    );
  }

  /** This module and all below it, each once, with dotted names; its own is `prefix`. */
  namedModules(prefix = ''): [string, Module][] {
    const found = new Map<Module, string>();
    const visit = (module: Module, name: string): void => {
      if (found.has(module)) return;
      found.set(module, name);
      for (const [child, value] of module.ownModules()) if (value) visit(value, name ? `${name}.${child}` : child);
    };
    visit(this, prefix);
    return [...found].map(([module, name]) => [name, module]);
  }

  /** This module and all below it, each once. */
  modules(): Module[] {
    return this.namedModules().map(([, module]) => module);
  }

  /** The modules directly below, each once, with their names. */
  namedChildren(): [string, Module][] {
    const found = new Map<Module, string>();
    for (const [name, module] of this.ownModules()) if (module && !found.has(module)) found.set(module, name);
    return [...found].map(([module, name]) => [name, module]);
  }

  /** The modules directly below, each once. */
  children(): Module[] {
    return this.namedChildren().map(([, module]) => module);
  }

  /** The module of a dotted name, as `namedModules()` has it; `''` is this one. @throws ArgumentError if there is none. */
  getSubmodule(target: string): Module {
    let at: Module = this;
    for (const name of target === '' ? [] : target.split('.')) {
      if (!Reflect.has(at, name)) throw new ArgumentError(`${at.constructor.name} has no attribute \`${name}\``);
      const next: unknown = Reflect.get(at, name);
      if (!(next instanceof Module)) throw new ArgumentError(`\`${name}\` is not an nn.Module`);
      at = next;
    }
    return at;
  }

  /** Puts a module in the place of the one of a dotted name. @throws ArgumentError if what is around it, or the name, is not there. */
  setSubmodule(target: string, module: Module): void {
    if (target === '') throw new ArgumentError('Cannot set the submodule without a target name!');
    const { owner, name } = this.#ownerOf(target);
    owner.getSubmodule(name);
    owner.registerModule(name, module);
  }

  /** The parameter of a dotted name. @throws ArgumentError if there is none. */
  getParameter(target: string): Parameter {
    const { owner, name } = this.#ownerOf(target);
    const value: unknown = Reflect.get(owner, name);
    if (value instanceof Parameter) return value;
    throw new ArgumentError(`\`${name}\` is not an nn.Parameter`);
  }

  /** The buffer of a dotted name. @throws ArgumentError if there is none. */
  getBuffer(target: string): Tensor {
    const { owner, name } = this.#ownerOf(target);
    const found = owner.ownBuffers().find(([each]) => each === name);
    if (found) return found[1];
    throw new ArgumentError(`\`${name}\` is not a buffer`);
  }

  #ownerOf(target: string): { owner: Module; name: string } {
    const end = target.lastIndexOf('.');
    const owner = this.getSubmodule(target.slice(0, Math.max(end, 0)));
    const name = target.slice(end + 1);
    if (!Reflect.has(owner, name)) throw new ArgumentError(`${owner.constructor.name} has no attribute \`${name}\``);
    return { owner, name };
  }

  /** Every parameter once, with its dotted name: this module's own, then those of the modules below. */
  namedParameters(prefix = ''): [string, Parameter][] {
    return distinct(this.namedModules(prefix), (module) => module.ownParameters());
  }

  /** Every parameter once: what an optimiser takes. */
  parameters(): Parameter[] {
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  /** Every buffer once, with its dotted name. */
  namedBuffers(prefix = ''): [string, Tensor][] {
    return distinct(this.namedModules(prefix), (module) => module.ownBuffers().map(([name, tensor]) => [name, tensor]));
  }

  /** Every buffer once. */
  buffers(): Tensor[] {
    return this.namedBuffers().map(([, buffer]) => buffer);
  }

  // --- state ---

  /**
   * Parameters and persistent buffers by dotted name, detached but sharing memory with the module: `clone()` what must not change with it. Names and
   * shapes are PyTorch's; a shared parameter appears under each of its names.
   */
  stateDict(prefix = ''): StateDict {
    for (const { hook } of this.#stateHooks?.save ?? []) hook(this, prefix);
    const state: StateDict = {};
    for (const [name, parameter] of this.ownParameters()) state[prefix + name] = parameter.detach();
    for (const [name, buffer, persistent] of this.ownBuffers()) if (persistent) state[prefix + name] = buffer.detach();
    for (const [name, extra] of Object.entries(extraState(this))) state[prefix + name] = extra;
    for (const [name, module] of this.ownModules())
      if (module) Object.assign(state, module.stateDict(`${prefix}${name}.`));
    for (const { hook } of this.#stateHooks?.saved ?? [])
      checkInPlace(hook(this, state, prefix), 'state_dict post-hook must return nothing');
    return state;
  }

  /**
   * Copies values into parameters and buffers, casting and moving them as needed. Nothing is written if anything does not fit.
   *
   * @throws ArgumentError with PyTorch's report of missing and unexpected keys (unless `strict` is false) and mismatched shapes.
   */
  loadStateDict(state: StateDict, options?: LoadOptions): LoadResult {
    return loadState(this, state, options);
  }

  /**
   * What a class saves besides tensors: plain data, under the name `_extra_state`. For subclasses, which define {@link setExtraState}, too
   * (https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.get_extra_state).
   */
  getExtraState?(): unknown;

  /** Takes what {@link getExtraState} gave. */
  setExtraState?(state: unknown): void;

  /** @internal Renames, in place, what older versions of a layer saved. */
  upgradeState?(state: StateDict, prefix: string): void;

  /** @internal */
  stateHooks(): StateHooks | null {
    return this.#stateHooks;
  }

  #hooksOfState(): StateHooks {
    this.#stateHooks ??= new StateHooks();
    return this.#stateHooks;
  }

  /** Calls `hook` before each `stateDict()`. */
  registerStateDictPreHook(hook: StateDictPreHook<this>): HookHandle {
    return addStateHook('registerStateDictPreHook', this.#hooksOfState().save, hook as StateDictPreHook);
  }

  /** Calls `hook` after each `stateDict()`; it may change the state in place. */
  registerStateDictPostHook(hook: StateDictPostHook<this>): HookHandle {
    return addStateHook('registerStateDictPostHook', this.#hooksOfState().saved, hook as StateDictPostHook);
  }

  /**
   * Calls `hook` before each `loadStateDict()`, for instance to rename what an older version saved.
   *
   * @example
   * layer.registerLoadStateDictPreHook((_, state, prefix) => {
   *   if (`${prefix}gamma` in state) state[`${prefix}weight`] = state[`${prefix}gamma`];
   *   delete state[`${prefix}gamma`];
   * });
   */
  registerLoadStateDictPreHook(hook: LoadStateDictPreHook<this>): HookHandle {
    return addStateHook('registerLoadStateDictPreHook', this.#hooksOfState().load, hook as LoadStateDictPreHook);
  }

  /**
   * Calls `hook` after each `loadStateDict()`, when all modules have their values; it may take names off the lists of missing and unexpected ones, which are
   * then no errors. If some stay, the values are put back. It must return nothing; what it throws passes through.
   */
  registerLoadStateDictPostHook(hook: LoadStateDictPostHook<this>): HookHandle {
    return addStateHook('registerLoadStateDictPostHook', this.#hooksOfState().loaded, hook as LoadStateDictPostHook);
  }

  // --- modes ---

  /** Puts this module and all below it in training mode, or out of it, and returns it. */
  train(mode = true): this {
    if (typeof mode !== 'boolean')
      throw new ArgumentError(`training mode is expected to be boolean, got ${describe(mode)}`);
    for (const module of this.modules()) module.training = mode;
    return this;
  }

  /** Puts this module and all below it in evaluation mode. */
  eval(): this {
    return this.train(false);
  }

  /** Sets whether gradients are accumulated for all parameters. */
  requiresGrad_(requiresGrad = true): this {
    for (const parameter of this.parameters()) parameter.requiresGrad_(requiresGrad);
    return this;
  }

  /** Takes the gradients of all parameters away, or fills them with zeros. */
  zeroGrad(options?: ZeroGradOptions): void {
    checkOptions('zeroGrad', options, ['setToNone']);
    for (const parameter of this.parameters()) {
      const { grad } = parameter;
      if (grad === null) continue;
      if (options?.setToNone ?? true) parameter.grad = null;
      else grad.detach_().zero_();
    }
  }

  /** Calls `fn` with every module below, innermost first, then with this one, as initialisers do. */
  apply(fn: (module: Module) => void): this {
    for (const module of this.children()) module.apply(fn);
    fn(this);
    return this;
  }

  // --- moving ---

  /**
   * Moves parameters and buffers to a device, or casts those of a float dtype, in place: parameters stay the same objects, so an optimiser made before
   * goes on with them (https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.to).
   *
   * @throws ArgumentError for a dtype that is not a float's, DeviceError for an unknown device.
   * @example
   * model.to('float64'); model.to('webgpu'); model.to({ device: 'cuda:0', dtype: 'float16' });
   */
  to(target: MoveTarget): this {
    moveModule(this, target);
    return this;
  }

  /** {@link to} from devices that can only be read asynchronously; works on all of them. */
  async toAsync(target: MoveTarget): Promise<this> {
    await moveModuleAsync(this, target);
    return this;
  }

  /**
   * Moves parameters and buffers to a device without their values, which are whatever the memory holds, in place.
   *
   * @throws ArgumentError without a device, DeviceError for an unknown one.
   */
  toEmpty(options: { device: string }): this {
    emptyModule(this, options);
    return this;
  }

  /** {@link to} `'float32'`. */
  float(): this {
    return this.to('float32');
  }

  /** {@link to} `'float64'`. */
  double(): this {
    return this.to('float64');
  }

  /** {@link to} `'float16'`. */
  half(): this {
    return this.to('float16');
  }

  /** {@link to} `'bfloat16'`. */
  bfloat16(): this {
    return this.to('bfloat16');
  }

  /** {@link to} `'cpu'`. */
  cpu(): this {
    return this.to('cpu');
  }

  // --- copying ---

  /**
   * A copy that shares no memory with this module; see the function `deepcopy`. A class with `#private` members overrides it, since only its constructor can
   * make them.
   *
   * @param copier what goes through properties, for a method that is part of a larger copy.
   * @throws ArgumentError for a class with `#private` members that has no such method.
   */
  deepcopy(copier: Copier = new Copier()): this {
    checkCopyable(this, Module.prototype);
    // the constructor of this class alone, with the prototype of the copied object
    const made: this = Reflect.construct(Module, [], this.constructor);
    copier.remember(this, made);
    made.#parameters.addAll(this.#parameters);
    for (const [name, persistent] of this.#buffers) made.#buffers.set(name, persistent);
    made.#modules.addAll(this.#modules);
    copier.copyProperties(this, made, this.#hooks?.isInstalled ? ['forward'] : []);
    made.#hooks = this.#hooks?.copiedTo(made) ?? null;
    made.#stateHooks = this.#stateHooks?.copied() ?? null;
    return made;
  }

  // --- hooks ---

  /** Calls `hook` before each `forward`; what it returns replaces the arguments. */
  registerForwardPreHook(hook: ForwardPreHook<this>, options?: HookOptions): HookHandle {
    return this.#forwardHooks().before(hook as ForwardPreHook, options);
  }

  /** Calls `hook` after each `forward`; what it returns replaces the output. */
  registerForwardHook(hook: ForwardHook<this>, options?: ForwardHookOptions): HookHandle {
    return this.#forwardHooks().after(hook as ForwardHook, options);
  }

  /**
   * Calls `hook` in each backward pass, when the gradients of the arguments of `forward` are known; what it returns replaces them
   * (https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.register_full_backward_hook). It sees tensors that are arguments of
   * their own, and the output or an array of outputs.
   */
  registerFullBackwardHook(hook: BackwardHook<this>, options?: HookOptions): HookHandle {
    return this.#forwardHooks().afterBackward(hook as BackwardHook, options);
  }

  /** Calls `hook` in each backward pass, when the gradients of the output are known; what it returns replaces them. */
  registerFullBackwardPreHook(hook: BackwardPreHook<this>, options?: HookOptions): HookHandle {
    return this.#forwardHooks().beforeBackward(hook as BackwardPreHook, options);
  }

  /** Calls `wrapper` instead of each `forward` (and its hooks), which it runs as `next`: for tracers and profilers. */
  registerForwardWrapper(wrapper: ForwardWrapper<this>): HookHandle {
    return this.#forwardHooks().around(wrapper as ForwardWrapper);
  }

  #forwardHooks(): ForwardHooks {
    this.#hooks ??= new ForwardHooks(this);
    return this.#hooks;
  }

  // --- printing ---

  /** What is printed between the parentheses of the module's name; lines are separated by `\n`. */
  extraRepr(): string {
    return '';
  }

  /** The lines of the children, for subclasses that print them otherwise. */
  protected childLines(): string[] {
    return this.ownModules().map(([name, module]) => childLine(name, module ? module.toString() : 'None'));
  }

  /** PyTorch's tree of this module and those below it. */
  toString(): string {
    return moduleText(this.constructor.name, this.extraRepr(), this.childLines());
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

/** Members of all modules under dotted names, each value once. */
function distinct<T extends Tensor>(
  modules: readonly [string, Module][],
  members: (module: Module) => [string, T][],
): [string, T][] {
  const found = new Map<T, string>();
  for (const [prefix, module] of modules) {
    for (const [name, value] of members(module))
      if (!found.has(value)) found.set(value, prefix ? `${prefix}.${name}` : name);
  }
  return [...found].map(([value, name]) => [name, value]);
}
