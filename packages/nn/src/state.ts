/** Loading saved values into a module, with PyTorch's report of what does not fit. */
import {
  ArgumentError,
  checkOptions,
  describe,
  formatShape,
  type HookHandle,
  isTensor,
  type Tensor,
  withoutGrad,
} from '@tenfold/tensor-core';
import { checkFlag } from './checks.ts';
import type { Module } from './module.ts';
import { Parameter } from './parameter.ts';

/** Tensors by dotted name, as `stateDict()` gives them; under names that end in `_extra_state`, what `getExtraState()` gave. */
export interface StateDict {
  [name: string]: Tensor;
}

/** Options of `loadStateDict`. */
export interface LoadOptions {
  /** Whether names must match exactly. Default true. */
  strict?: boolean;
  /**
   * Put the tensors of the state in the place of the module's, with their dtype and device, instead of copying their values. Parameters become other objects:
   * make the optimiser after it. Default false.
   */
  assign?: boolean;
}

/** Names that `loadStateDict` left alone. */
export interface LoadResult {
  /** In the module, but not in the state. */
  readonly missingKeys: string[];
  /** In the state, but not in the module. */
  readonly unexpectedKeys: string[];
}

/** Runs before a module's part of `stateDict()` is gathered; its names will begin with `prefix`. */
export type StateDictPreHook<M extends Module = Module> = (module: M, prefix: string) => void;

/** Runs when the state of a module and those below it is gathered, under names that begin with `prefix`, and may change it in place. */
export type StateDictPostHook<M extends Module = Module> = (module: M, state: StateDict, prefix: string) => void;

/**
 * Runs before a module's part of a state is loaded. `state` holds the names that begin with `prefix`, in an object of the hook's own to change; what is added to
 * `missingKeys`, `unexpectedKeys` and `errors` is reported.
 */
export type LoadStateDictPreHook<M extends Module = Module> = (
  module: M,
  state: StateDict,
  prefix: string,
  strict: boolean,
  missingKeys: string[],
  unexpectedKeys: string[],
  errors: string[],
) => void;

/** Runs when a module and those below it are loaded, and may change the lists in place: what is in them is reported if `strict`. */
export type LoadStateDictPostHook<M extends Module = Module> = (module: M, keys: LoadResult) => void;

/** The hooks of one module around its state. Each is an entry of its own, so that one function registered twice runs twice. */
export class StateHooks {
  readonly save = new Set<{ readonly hook: StateDictPreHook }>();
  readonly saved = new Set<{ readonly hook: StateDictPostHook }>();
  readonly load = new Set<{ readonly hook: LoadStateDictPreHook }>();
  readonly loaded = new Set<{ readonly hook: LoadStateDictPostHook }>();

  /** The same hooks, for a copy of the module. */
  copied(): StateHooks {
    const copy = new StateHooks();
    for (const { hook } of this.save) copy.save.add({ hook });
    for (const { hook } of this.saved) copy.saved.add({ hook });
    for (const { hook } of this.load) copy.load.add({ hook });
    for (const { hook } of this.loaded) copy.loaded.add({ hook });
    return copy;
  }
}

/** Adds a hook to a set of {@link StateHooks}. */
export function addStateHook<H>(where: string, hooks: Set<{ readonly hook: H }>, hook: H): HookHandle {
  if (typeof hook !== 'function') throw new ArgumentError(`${where}: expected a function, got ${describe(hook)}`);
  const entry = { hook };
  hooks.add(entry);
  const remove = (): void => void hooks.delete(entry);
  return { remove, [Symbol.dispose]: remove };
}

const extraName = '_extra_state';

/** The extra state of a module under its name, if its class saves and loads one. */
export function extraState(module: Module): StateDict {
  if (!module.getExtraState || !module.setExtraState) return {};
  const value = module.getExtraState();
  if (!isPlain(value)) {
    throw new ArgumentError(
      `${module.constructor.name}.getExtraState: expected plain data (numbers, strings, booleans, null, tensors, typed arrays, arrays and objects of these), got ${describe(value)}`,
    );
  }
  // the one entry that need not be a tensor
  return { [extraName]: value as Tensor };
}

function isPlain(value: unknown): boolean {
  if (typeof value !== 'object') return ['number', 'string', 'boolean', 'bigint'].includes(typeof value);
  if (value === null || isTensor(value) || ArrayBuffer.isView(value)) return true;
  if (Array.isArray(value)) return value.every(isPlain);
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isPlain);
}

/** @throws ArgumentError if a hook that has to work in place gave something back. */
export function checkInPlace(made: unknown, message: string): void {
  if (made !== undefined && made !== null) throw new ArgumentError(`${message}; got ${describe(made)}`);
}

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');

/** One load in the making: what it found, and what it will write when all of it fits. */
interface Loading extends LoadResult {
  readonly strict: boolean;
  readonly assign: boolean;
  readonly errors: string[];
  /** Each writes something; with `keep`, it gives back what restores the value before. */
  readonly writes: ((keep: boolean) => (() => void) | null)[];
  readonly after: { readonly module: Module; readonly hook: LoadStateDictPostHook }[];
}

export function loadState(module: Module, state: StateDict, options?: LoadOptions): LoadResult {
  checkOptions('loadStateDict', options, ['strict', 'assign']);
  const { strict = true, assign = false } = options ?? {};
  checkFlag('loadStateDict: strict', strict);
  checkFlag('loadStateDict: assign', assign);
  if (state === null || typeof state !== 'object' || Array.isArray(state) || isTensor(state)) {
    throw new ArgumentError(`Expected state_dict to be dict-like, got ${describe(state)}`);
  }
  const keys: LoadResult = { missingKeys: [], unexpectedKeys: [] };
  const loading: Loading = { ...keys, strict, assign, errors: [], writes: [], after: [] };
  visit(loading, module, { ...state }, '');

  const report = (): ArgumentError | null => {
    const errors = [...loading.errors];
    if (strict && keys.unexpectedKeys.length > 0)
      errors.unshift(`Unexpected key(s) in state_dict: ${quoted(keys.unexpectedKeys)}. `);
    if (strict && keys.missingKeys.length > 0)
      errors.unshift(`Missing key(s) in state_dict: ${quoted(keys.missingKeys)}. `);
    if (errors.length === 0) return null;
    return new ArgumentError(
      `Error(s) in loading state_dict for ${module.constructor.name}:\n\t${errors.join('\n\t')}`,
    );
  };
  const found = report();
  // hooks that run after it may take names off the lists, but not the other errors
  if (found && (loading.errors.length > 0 || loading.after.length === 0)) throw found;

  withoutGrad(() => {
    const restores = loading.writes.map((write) => write(found !== null));
    for (const { module: owner, hook } of loading.after) {
      checkInPlace(
        hook(owner, keys),
        'Hooks registered with `registerLoadStateDictPostHook` are not expected to return new values, if the keys need to be modified, it should be done inplace',
      );
    }
    const left = report();
    if (!left) return;
    for (const restore of restores) restore?.();
    throw left;
  });
  return keys;
}

/** Sorts the names of `state`, which is the visit's own, into those of this module, of its children and of nobody. */
function visit(loading: Loading, module: Module, state: StateDict, prefix: string): void {
  const { strict, missingKeys, unexpectedKeys, errors, writes } = loading;
  const hooks = module.stateHooks();
  module.upgradeState?.(state, prefix);
  for (const { hook } of hooks?.load ?? []) hook(module, state, prefix, strict, missingKeys, unexpectedKeys, errors);

  const own = new Map<string, Tensor>(module.ownParameters());
  for (const [name, buffer, persistent] of module.ownBuffers()) if (persistent) own.set(name, buffer);
  for (const [name, target] of own) {
    const key = prefix + name;
    if (!Object.hasOwn(state, key)) {
      missingKeys.push(key);
      continue;
    }
    const value = state[key];
    const problem = mismatch(key, target, value);
    if (problem) errors.push(problem);
    else writes.push(loading.assign ? assigning(module, name, target, value) : copying(target, value));
  }
  const hasExtra = Boolean(module.getExtraState && module.setExtraState);
  if (hasExtra) {
    const key = prefix + extraName;
    if (Object.hasOwn(state, key)) {
      writes.push((keep) => {
        const before = keep ? module.getExtraState?.() : undefined;
        module.setExtraState?.(state[key]);
        return keep ? () => module.setExtraState?.(before) : null;
      });
    } else missingKeys.push(key);
  }

  const children = module.ownModules().flatMap(([name, child]) => (child ? [{ name, child }] : []));
  const states = new Map<string, StateDict>(children.map(({ name }) => [name, {}]));
  for (const key of Object.keys(state)) {
    if (!key.startsWith(prefix)) continue;
    const [name, ...rest] = key.slice(prefix.length).split('.');
    const part = rest.length > 0 ? states.get(name) : undefined;
    if (part) part[key] = state[key];
    else if (rest.length > 0 || !(own.has(name) || (hasExtra && name === extraName))) unexpectedKeys.push(key);
  }
  for (const { name, child } of children) visit(loading, child, states.get(name) ?? {}, `${prefix}${name}.`);
  for (const { hook } of hooks?.loaded ?? []) loading.after.push({ module, hook });
}

function copying(target: Tensor, value: Tensor): Loading['writes'][number] {
  return (keep) => {
    const data = target.detach();
    const before = keep ? data.clone() : null;
    data.copy_(value);
    return before && (() => void data.copy_(before));
  };
}

function assigning(module: Module, name: string, target: Tensor, value: Tensor): Loading['writes'][number] {
  return () => {
    const { requiresGrad } = target;
    const assigned = !(target instanceof Parameter)
      ? value
      : value instanceof Parameter
        ? value.requiresGrad_(requiresGrad)
        : new Parameter(value, { requiresGrad });
    Reflect.set(module, name, assigned);
    return () => void Reflect.set(module, name, target);
  };
}

/** Why `value` can't be copied into `target`, or `null`. */
function mismatch(name: string, target: Tensor, value: unknown): string | null {
  if (!isTensor(value)) {
    return `While copying the parameter named "${name}", expected a tensor from checkpoint but received ${describe(value)}`;
  }
  if (formatShape(value.shape) === formatShape(target.shape)) return null;
  return (
    `size mismatch for ${name}: copying a param with shape torch.Size(${formatShape(value.shape)}) from checkpoint, ` +
    `the shape in current model is torch.Size(${formatShape(target.shape)}).`
  );
}
