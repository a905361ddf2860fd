/** What all optimisers share: groups of parameters with their options, and state per parameter. */
// installs gradients, which every step reads
import '@tenfold/autograd';
import {
  ArgumentError,
  checkOptions,
  describe,
  full,
  isTensor,
  keep,
  type Tensor,
  withoutGrad,
  zeros,
  zerosLike,
} from '@tenfold/tensor-core';
import { Skips, setSkips, skipsOf } from './skips.ts';

/** What schedulers keep in a group beside its options. */
export interface GroupSchedule {
  /** The learning rate that a schedule starts from. */
  initialLr?: number;
  /** The bounds of `OneCycleLR`. */
  maxLr?: number;
  minLr?: number;
  /** The bounds of a momentum that moves against the learning rate. */
  baseMomentum?: number;
  maxMomentum?: number;
  /** Where `SWALR` goes. */
  swaLr?: number;
}

const scheduleNames = [
  'initialLr',
  'maxLr',
  'minLr',
  'baseMomentum',
  'maxMomentum',
  'swaLr',
] as const satisfies readonly (keyof GroupSchedule)[];

/** The options of one group, with the parameters they are for. */
export type ParamGroup<O> = O & GroupSchedule & { params: Tensor[] };

/** A group as it is given: options that are missing are taken from the optimiser's. */
export type ParamGroupInit<O> = Partial<O> & GroupSchedule & { params: Iterable<Tensor> | Tensor };

/** What an optimiser takes first: parameters, such as `model.parameters()`, or groups of them. */
export type Params<O> = Iterable<Tensor> | Iterable<ParamGroupInit<O>>;

/** One thing that is remembered. */
export type StateValue = Tensor | number | null | readonly Tensor[];

/** What an optimiser remembers of one parameter: mostly tensors of its shape, and numbers. */
export interface ParamState {
  [name: string]: StateValue;
}

/** State and options as plain data with tensors; parameters are numbered through all groups. */
export interface OptimizerState<O> {
  state: { [index: number]: ParamState };
  paramGroups: (O & GroupSchedule & { params: number[] })[];
}

/** Options of `zeroGrad`. */
export interface ZeroGradOptions {
  /** Take the gradients away instead of filling them with zeros. Default true. */
  setToNone?: boolean;
}

/** Checks one option of an optimiser and says what is wrong, or `null`. */
export type OptionCheck = (value: unknown) => string | null;

const shown = (value: unknown): string =>
  Array.isArray(value)
    ? `[${value.map(String).join(', ')}]`
    : typeof value === 'number'
      ? String(value)
      : describe(value);

/** A number for which `valid` holds; otherwise PyTorch's `Invalid learning rate: -1`. */
export const numberOption =
  (name: string, valid: (x: number) => boolean = (x) => x >= 0): OptionCheck =>
  (value) =>
    typeof value === 'number' && valid(value) ? null : `Invalid ${name}: ${shown(value)}`;

/** The same for options of which PyTorch says `Learning rate should be >= 0 but is: -1`. */
export const boundOption =
  (name: string, bound: string, valid: (x: number) => boolean): OptionCheck =>
  (value) =>
    typeof value === 'number' && valid(value) ? null : `${name} should be ${bound} but is: ${shown(value)}`;

/** Two shares below 1, of running means. */
export const betasOption: OptionCheck = (value) => {
  if (!Array.isArray(value) || value.length !== 2) return 'Invalid betas: expected two numbers such as [0.9, 0.999]';
  for (const [i, beta] of value.entries()) {
    const problem = numberOption(`beta parameter at index ${i}`, (x) => x >= 0 && x < 1)(beta);
    if (problem) return problem;
  }
  return null;
};

/** Two numbers, each of which is checked: `name` is the option's, `example` what it may be. */
export const pairOption =
  (name: string, example: string, check: (pair: readonly [number, number]) => string | null): OptionCheck =>
  (value) =>
    Array.isArray(value) && value.length === 2 && value.every((x) => typeof x === 'number')
      ? check([value[0], value[1]])
      : `Invalid ${name}: expected two numbers such as ${example}, got ${describe(value)}`;

/** `true` or `false`. */
export const flagOption =
  (name: string): OptionCheck =>
  (value) =>
    typeof value === 'boolean' ? null : `Invalid ${name}: expected true or false, got ${describe(value)}`;

/**
 * The base of optimisers (https://pytorch.org/docs/stable/optim.html#torch.optim.Optimizer). Options may differ from group to group and may be changed
 * between steps: `optimizer.paramGroups[0].lr = 1e-3`. Nothing in a step reads values back from the device.
 */
export abstract class Optimizer<O extends object, S extends ParamState> {
  /** The groups; their options count at the next step. */
  readonly paramGroups: ParamGroup<O>[] = [];
  /** State by parameter, made at a parameter's first step. */
  readonly state = new Map<Tensor, S>();
  /** Options of groups that don't name their own. */
  readonly defaults: Readonly<O>;
  /** The names of the options and their checks. */
  readonly #checks: readonly (readonly [keyof O & string, OptionCheck])[];

  /**
   * @param checks one check per option, in the order in which they are reported.
   * @throws ArgumentError for an unknown or invalid option, no parameters, or a parameter that is no leaf or is in two groups.
   */
  protected constructor(
    params: Params<O>,
    defaults: O,
    options: object | undefined,
    checks: { readonly [K in keyof O]: OptionCheck },
  ) {
    this.#checks = Object.entries<OptionCheck>(checks) as [keyof O & string, OptionCheck][];
    checkOptions(new.target.name, options, this.#names());
    const given = Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined));
    this.defaults = { ...defaults, ...given };
    this.check(this.defaults);
    if (isTensor(params)) {
      throw new ArgumentError(
        'params argument given to the optimizer should be an iterable of Tensors or groups, but got a tensor; put it in an array',
      );
    }
    if (typeof params !== 'object' || params === null || !(Symbol.iterator in params)) {
      throw new ArgumentError(
        `params argument given to the optimizer should be an iterable of Tensors or groups, but got ${describe(params)}`,
      );
    }
    const list: unknown[] = [...params];
    if (list.length === 0) throw new ArgumentError('optimizer got an empty parameter list');
    const isGroup = (item: unknown): item is ParamGroupInit<O> =>
      typeof item === 'object' && item !== null && 'params' in item && !isTensor(item);
    if (isGroup(list[0])) {
      for (const item of list) {
        if (!isGroup(item)) throw new ArgumentError(`param group must be an object with params, got ${describe(item)}`);
        this.addParamGroup(item);
      }
    } else {
      // addParamGroup checks that each is a tensor
      const group: Partial<O> & { params: Tensor[] } = Object.assign({} as Partial<O>, { params: list as Tensor[] });
      this.addParamGroup(group);
    }
  }

  /** Adds parameters, for instance layers that are unfrozen later. @throws ArgumentError as the constructor does. */
  addParamGroup(group: ParamGroupInit<O>): void {
    const { params, ...options } = group;
    checkOptions('addParamGroup', options, [...this.#names(), ...scheduleNames]);
    const list: Tensor[] = isTensor(params) ? [params] : [...params];
    const known = new Set(this.paramGroups.flatMap((each) => each.params));
    for (const param of list) {
      if (!isTensor(param))
        throw new ArgumentError(`optimizer can only optimize Tensors, but one of the params is ${describe(param)}`);
      if (!param.isLeaf) throw new ArgumentError("can't optimize a non-leaf Tensor");
      if (known.has(param))
        throw new ArgumentError('some parameters appear in more than one parameter group, or twice in one');
      known.add(param);
    }
    const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
    const complete = { ...this.defaults, ...given, params: list } as ParamGroup<O>;
    this.check(complete);
    this.paramGroups.push(complete);
  }

  #names(): string[] {
    return this.#checks.map(([name]) => name);
  }

  /** Checks the options of a group. @throws ArgumentError for an invalid one. */
  protected check(options: O & GroupSchedule): void {
    for (const [name, check] of this.#checks) {
      const problem = check(options[name]);
      if (problem) throw new ArgumentError(`${this.constructor.name}: ${problem}`);
    }
    for (const name of scheduleNames) {
      const value = options[name];
      if (value !== undefined && typeof value !== 'number')
        throw new ArgumentError(`${this.constructor.name}: ${name} must be a number, got ${describe(value)}`);
    }
  }

  /**
   * Updates every parameter that has a gradient.
   *
   * @param closure computes the loss and its gradients anew; what it returns is returned.
   */
  step(): void;
  step<T>(closure: () => T): T;
  step<T>(closure?: () => T): T | undefined {
    const loss = closure?.();
    const update = (): void => {
      for (const group of this.paramGroups) {
        this.check(group);
        for (const { params, grads } of together(group.params)) this.update(params, grads, group);
      }
    };
    withoutGrad(() => {
      const skips = skipsOf(this);
      if (skips) skips.around(this, update);
      else update();
    });
    return loss;
  }

  /** One step of parameters of one dtype and device that share no memory. Called with grad mode off. */
  protected abstract update(params: readonly Tensor[], grads: readonly Tensor[], options: O): void;

  /** The state of a parameter, made by `make` at the first step. It follows a parameter whose module was moved or cast. */
  protected stateOf(param: Tensor, make: () => S): S {
    const known = this.state.get(param);
    if (known === undefined) {
      const state = make();
      this.state.set(param, state);
      return state;
    }
    const values: ParamState = known;
    const moved = (value: Tensor): Tensor =>
      value.dtype === param.dtype && value.storage.device === param.storage.device ? value : keep(value.to(param));
    for (const name in values) {
      const value = values[name];
      if (isTensor(value)) values[name] = moved(value);
      else if (Array.isArray(value)) values[name] = value.map(moved);
    }
    return known;
  }

  /**
   * How many steps of a parameter counted, `step` of the host with the one in progress. After steps under a `GradScaler` only the device knows: then it is a
   * tensor of shape `[]`, in float32 or more. For steps by single ops; a fused step says it by `counted`.
   */
  protected stepsTaken(param: Tensor, step: number): Tensor | number {
    return skipsOf(this)?.taken(param, step) ?? step;
  }

  /** The shape of a tensor in the state of `param`, or `null` if there is no saying. Default: that of `param`. */
  protected stateShape(_name: string, param: Tensor): readonly number[] | null {
    return param.shape;
  }

  /** Takes the gradients of all parameters away, or fills them with zeros. */
  zeroGrad(options?: ZeroGradOptions): void {
    checkOptions('zeroGrad', options, ['setToNone']);
    for (const { params } of this.paramGroups) {
      for (const param of params) {
        const { grad } = param;
        if (grad === null) continue;
        if (options?.setToNone ?? true) param.grad = null;
        else grad.detach_().zero_();
      }
    }
  }

  /**
   * State and options, to be saved. Tensors are the optimiser's own: `clone()` what must not change with it. A count of steps is a tensor, as PyTorch's
   * are, once a `GradScaler` has had steps of it skipped.
   */
  stateDict(): OptimizerState<O> {
    const state: { [index: number]: ParamState } = {};
    let next = 0;
    const paramGroups = this.paramGroups.map((group) => {
      const params = group.params.map((param) => {
        const known = this.state.get(param);
        if (known) state[next] = { ...known, ...skipsOf(this)?.stateOf(param, known) };
        return next++;
      });
      return { ...group, params };
    });
    return { state, paramGroups };
  }

  /**
   * Takes state and options from `stateDict()`; tensors are copied, to the dtype and device of their parameters. Nothing changes if it doesn't fit.
   *
   * @throws ArgumentError if groups, sizes or shapes differ from this optimiser's.
   */
  loadStateDict(saved: OptimizerState<O>): void {
    if (
      typeof saved !== 'object' ||
      saved === null ||
      !Array.isArray(saved.paramGroups) ||
      typeof saved.state !== 'object' ||
      saved.state === null
    ) {
      throw new ArgumentError(
        `loadStateDict: expected { state, paramGroups } as stateDict() gives it, got ${describe(saved)}`,
      );
    }
    if (saved.paramGroups.length !== this.paramGroups.length) {
      throw new ArgumentError('loaded state dict has a different number of parameter groups');
    }
    const byIndex = new Map<number, Tensor>();
    const options = this.paramGroups.map(({ params }, i) => {
      const { params: indices, ...rest } = saved.paramGroups[i];
      if (!Array.isArray(indices) || indices.length !== params.length) {
        throw new ArgumentError(
          "loaded state dict contains a parameter group that doesn't match the size of optimizer's group",
        );
      }
      indices.forEach((index: number, k) => {
        byIndex.set(index, params[k]);
      });
      checkOptions('loadStateDict', rest, [...this.#names(), ...scheduleNames]);
      const merged = { ...this.defaults, ...rest } as O & GroupSchedule;
      this.check(merged);
      return merged;
    });
    const states = new Map<Tensor, S>();
    const steps = new Map<Tensor, Tensor>();
    withoutGrad(() => {
      for (const [index, state] of Object.entries(saved.state)) {
        const param = byIndex.get(Number(index));
        if (!param) throw new ArgumentError(`loadStateDict: state of parameter ${index}, which is in no group`);
        // the same optimiser wrote it: its names are those of S
        const entries = Object.entries(state).map(([name, value]) => {
          if (name !== 'step' || !isTensor(value) || value.ndim > 0)
            return [name, fitted(name, value, param, this.stateShape(name, param))];
          // nothing is read: as if the optimiser had taken no step, and that many less were skipped
          steps.set(param, keep(value.to({ dtype: 'float32', device: param.device, copy: true }).neg_()));
          return [name, 0];
        });
        states.set(param, Object.fromEntries(entries) as S);
      }
    });
    options.forEach((group, i) => {
      Object.assign(this.paramGroups[i], group);
    });
    this.state.clear();
    for (const [param, state] of states) this.state.set(param, state);
    setSkips(this, steps.size > 0 ? new Skips(steps) : null);
  }

  /** The options of each group, laid out as PyTorch prints them. */
  toString(): string {
    const groups = this.paramGroups.map(({ params: _, ...options }, i) => {
      const lines = Object.entries(options)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(
          ([name, value]) =>
            `    ${name}: ${Array.isArray(value) ? `[${value.map(String).join(', ')}]` : String(value)}\n`,
        );
      return `Parameter Group ${i}\n${lines.join('')}`;
    });
    return `${this.constructor.name} (\n${groups.join('\n')})`;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

/** Parameters that can take a step together, and their gradients. */
interface Together {
  readonly params: Tensor[];
  readonly grads: Tensor[];
}

/** Parameters that have gradients, by dtype and device; those that share memory with another one come after it. */
function together(params: readonly Tensor[]): Together[] {
  const all: (Together & { readonly storages: Set<object> })[] = [];
  for (const param of params) {
    const { grad } = param;
    if (grad === null) continue;
    let last = all.findLast(({ params: [first] }) => first.dtype === param.dtype && first.device === param.device);
    if (!last || last.storages.has(param.storage) || last.storages.has(grad.storage)) {
      last = { params: [], grads: [], storages: new Set() };
      all.push(last);
    }
    last.params.push(param);
    last.grads.push(grad);
    last.storages.add(param.storage).add(grad.storage);
  }
  return all;
}

/** A copy of one entry of a saved state, as `param` needs it. */
function fitted(name: string, value: StateValue, param: Tensor, shape: readonly number[] | null): StateValue {
  if (Array.isArray(value)) return value.map((each) => fittedTensor(name, each, param, shape));
  if (value === null || typeof value === 'number') return value;
  return fittedTensor(name, value, param, shape);
}

function fittedTensor(name: string, value: unknown, param: Tensor, shape: readonly number[] | null): Tensor {
  if (!isTensor(value))
    throw new ArgumentError(`loadStateDict: ${name} must be a tensor or a number, got ${describe(value)}`);
  if (shape !== null && value.shape.join() !== shape.join()) {
    throw new ArgumentError(
      `loadStateDict: ${name} has shape [${value.shape.join(', ')}], its parameter [${param.shape.join(', ')}]`,
    );
  }
  return keep(value.to({ dtype: param.dtype, device: param.device, copy: true }));
}

/** A state tensor of zeros, like `param` or of `shape`, which outlives a running `tidy`. */
export const zeroState = (param: Tensor, shape?: readonly number[]): Tensor =>
  keep(shape ? zeros(shape, { dtype: param.dtype, device: param.device }) : zerosLike(param));

/** A number that may be on the device, as a tensor of shape `[]` where and as `param` is. */
export const onDevice = (value: Tensor | number, param: Tensor): Tensor =>
  isTensor(value) ? value.to(param) : full([], value, { dtype: param.dtype, device: param.device });

/** Parameters that take a step together, and what is remembered of each. */
interface Stepping<S> {
  readonly params: Tensor[];
  readonly grads: Tensor[];
  readonly states: S[];
}

/** Those of `update`, apart by a key of their states: parameters that joined later are behind with their count of steps. */
export function apart<S>(
  params: readonly Tensor[],
  grads: readonly Tensor[],
  states: readonly S[],
  key: (state: S) => unknown,
): Iterable<Stepping<S>> {
  const all = new Map<unknown, Stepping<S>>();
  states.forEach((state, i) => {
    const at = key(state);
    const known = all.get(at) ?? { params: [], grads: [], states: [] };
    all.set(at, known);
    known.params.push(params[i]);
    known.grads.push(grads[i]);
    known.states.push(state);
  });
  return all.values();
}
