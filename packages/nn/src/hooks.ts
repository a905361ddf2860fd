/** Hooks around a module's `forward`. A module without hooks has its plain `forward`; one with hooks has its own property of that name in front. */
import { Function as AutogradFunction, type FunctionContext } from '@tenfold/autograd';
import {
  ArgumentError,
  checkOptions,
  type DType,
  describe,
  gradMode,
  type HookHandle,
  isTensor,
  type Tensor,
  zeros,
} from '@tenfold/tensor-core';
import type { Module } from './module.ts';

/** Runs before `forward` and may give other arguments for it: an array of all of them, or one that is not an array. */
export type ForwardPreHook<M extends Module = Module> = (module: M, args: readonly unknown[]) => unknown;

/** Runs after `forward` and may give another output. */
export type ForwardHook<M extends Module = Module> = (module: M, args: readonly unknown[], output: unknown) => unknown;

/** Runs instead of `forward`, which it calls as `next`: for tools that must know when a module begins and ends, even if it throws. */
export type ForwardWrapper<M extends Module = Module> = (
  module: M,
  args: readonly unknown[],
  next: (...args: readonly unknown[]) => unknown,
) => unknown;

/** Gradients of a module's arguments or outputs by position; `null` for what is no tensor. */
export type Gradients = readonly (Tensor | null)[];

/**
 * Runs when the gradients of a module's outputs and arguments are known, and may give other ones for the arguments, as many as there are. If none of them
 * requires grad, `gradInput` is all `null`.
 */
export type BackwardHook<M extends Module = Module> = (
  module: M,
  gradInput: Gradients,
  gradOutput: Gradients,
) => Gradients | null | undefined | void;

/** Runs when the gradients of a module's outputs are known, and may give other ones, as many as there are. */
export type BackwardPreHook<M extends Module = Module> = (
  module: M,
  gradOutput: Gradients,
) => Gradients | null | undefined | void;

/** Options of hooks. */
export interface HookOptions {
  /** Run it before the hooks there are. Default false. */
  prepend?: boolean;
}

/** Options of hooks after `forward`. */
export interface ForwardHookOptions extends HookOptions {
  /** Run it even if `forward` throws, with `null` for the output; what it returns or throws then is dropped. Default false. */
  alwaysCall?: boolean;
}

type Seen = (grads: Gradients) => Gradients;

/** Gives back what it gets, and shows the gradients that come by. */
class BackwardHookFunction extends AutogradFunction {
  static forward(ctx: FunctionContext & { seen?: Seen }, seen: Seen, ...xs: readonly Tensor[]): Tensor[] {
    ctx.seen = seen;
    const made = xs.map((x) => x.view([...x.shape]));
    ctx.markNonDifferentiable(...made.filter((_, i) => !xs[i].requiresGrad));
    return made;
  }

  static backward(ctx: FunctionContext & { seen?: Seen }, ...grads: (Tensor | null)[]): (Tensor | null)[] {
    return [null, ...(ctx.seen as Seen)(grads)];
  }
}

/** What a gradient is like. */
interface Like {
  readonly shape: number[];
  readonly dtype: DType;
  readonly device: string;
}

/**
 * Some values, of which the tensors are shown their gradients, if any requires grad.
 *
 * @param absent stands for a gradient that does not come.
 */
function watched(
  values: readonly unknown[],
  seen: Seen,
  absent: (like: Like) => Tensor | null,
): { values: readonly unknown[]; isWatched: boolean } {
  const tensors = values.filter(isTensor);
  if (!gradMode.enabled || !tensors.some((x) => x.requiresGrad)) return { values, isWatched: false };
  // not the values themselves: they need not live as long as the graph
  const like = values.map((x) => (isTensor(x) ? { shape: [...x.shape], dtype: x.dtype, device: x.device } : null));
  const made = [
    ...BackwardHookFunction.apply(
      (grads: Gradients): Gradients => {
        const left = [...grads];
        const given = seen(like.map((x) => x && (left.shift() ?? absent(x))));
        return given.filter((_, i) => like[i]);
      },
      ...tensors,
    ),
  ];
  return { values: values.map((value) => (isTensor(value) ? made.shift() : value)), isWatched: true };
}

function checkGradients(what: string, given: unknown, expected: number): Gradients {
  const list: unknown = isTensor(given) ? [given] : given;
  if (!Array.isArray(list))
    throw new ArgumentError(`${what} should return an array of gradients, or nothing, but got ${describe(given)}`);
  if (list.length !== expected) {
    throw new ArgumentError(
      `${what} returned an invalid number of ${what.includes('pre') ? 'grad_output' : 'grad_input'}, got ${list.length}, but expected ${expected}`,
    );
  }
  return list;
}

type Forward = (...args: readonly unknown[]) => unknown;

/** The hooks of one module. */
export class ForwardHooks {
  readonly #module: Module;
  readonly #pre = new Set<{ readonly hook: ForwardPreHook }>();
  readonly #post = new Set<{ readonly hook: ForwardHook; readonly alwaysCall?: boolean }>();
  readonly #backwardPre = new Set<{ readonly hook: BackwardPreHook }>();
  readonly #backward = new Set<{ readonly hook: BackwardHook }>();
  readonly #wrappers = new Set<{ readonly hook: ForwardWrapper }>();
  /** The module's own `forward` before the first hook, if it was a property of the object rather than a method of its class. */
  #own: PropertyDescriptor | undefined;
  #installed = false;

  constructor(module: Module) {
    this.#module = module;
  }

  /** Whether the module's `forward` is that of the hooks. */
  get isInstalled(): boolean {
    return this.#installed;
  }

  /** The same hooks on a copy of the module. */
  copiedTo(module: Module): ForwardHooks {
    const copy = new ForwardHooks(module);
    for (const { hook } of this.#pre) copy.before(hook);
    for (const { hook, alwaysCall } of this.#post) copy.after(hook, { alwaysCall });
    for (const { hook } of this.#wrappers) copy.around(hook);
    for (const { hook } of this.#backwardPre) copy.beforeBackward(hook);
    for (const { hook } of this.#backward) copy.afterBackward(hook);
    return copy;
  }

  before(hook: ForwardPreHook, options?: HookOptions): HookHandle {
    checkOptions('registerForwardPreHook', options, ['prepend']);
    return this.#add('registerForwardPreHook', this.#pre, { hook }, options);
  }

  after(hook: ForwardHook, options?: ForwardHookOptions): HookHandle {
    checkOptions('registerForwardHook', options, ['prepend', 'alwaysCall']);
    return this.#add('registerForwardHook', this.#post, { hook, alwaysCall: options?.alwaysCall ?? false }, options);
  }

  around(hook: ForwardWrapper): HookHandle {
    return this.#add('registerForwardWrapper', this.#wrappers, { hook });
  }

  beforeBackward(hook: BackwardPreHook, options?: HookOptions): HookHandle {
    checkOptions('registerFullBackwardPreHook', options, ['prepend']);
    return this.#add('registerFullBackwardPreHook', this.#backwardPre, { hook }, options);
  }

  afterBackward(hook: BackwardHook, options?: HookOptions): HookHandle {
    checkOptions('registerFullBackwardHook', options, ['prepend']);
    return this.#add('registerFullBackwardHook', this.#backward, { hook }, options);
  }

  /** Adds an entry of its own, so that one function registered twice runs twice. */
  #add<E extends { readonly hook: unknown }>(
    where: string,
    hooks: Set<E>,
    entry: E,
    options?: HookOptions,
  ): HookHandle {
    if (typeof entry.hook !== 'function')
      throw new ArgumentError(`${where}: expected a function, got ${describe(entry.hook)}`);
    const others = options?.prepend ? [...hooks] : [];
    for (const other of others) hooks.delete(other);
    for (const each of [entry, ...others]) hooks.add(each);
    this.#install();
    const remove = (): void => {
      if (hooks.delete(entry)) this.#uninstallIfIdle();
    };
    return { remove, [Symbol.dispose]: remove };
  }

  #install(): void {
    if (this.#installed) return;
    // typed for callers who know the module; hooks pass on what it was called with
    const plain = this.#module.forward as Forward;
    this.#own = Object.getOwnPropertyDescriptor(this.#module, 'forward');
    const value = (...args: readonly unknown[]): unknown => this.#run(plain, args);
    Object.defineProperty(this.#module, 'forward', { value, configurable: true, writable: true, enumerable: false });
    this.#installed = true;
  }

  #uninstallIfIdle(): void {
    const all = [this.#pre, this.#post, this.#wrappers, this.#backwardPre, this.#backward];
    if (all.some(({ size }) => size > 0)) return;
    if (this.#own) Object.defineProperty(this.#module, 'forward', this.#own);
    else Reflect.deleteProperty(this.#module, 'forward');
    this.#installed = false;
  }

  #run(plain: Forward, given: readonly unknown[]): unknown {
    let next: Forward = (...args) => this.#hooked(plain, args);
    for (const { hook } of this.#wrappers) {
      const inner = next;
      next = (...args) => hook(this.#module, args, inner);
    }
    return next(...given);
  }

  #hooked(plain: Forward, given: readonly unknown[]): unknown {
    let args = given;
    const left = new Set(this.#post);
    try {
      for (const { hook } of this.#pre) {
        const changed = hook(this.#module, args);
        if (changed !== undefined && changed !== null) args = Array.isArray(changed) ? changed : [changed];
      }
      const call = (values: readonly unknown[]): unknown => {
        let output = plain.apply(this.#module, [...values]);
        for (const entry of this.#post) {
          left.delete(entry);
          output = entry.hook(this.#module, values, output) ?? output;
        }
        return output;
      };
      return this.#backward.size + this.#backwardPre.size > 0 ? this.#watched(args, call) : call(args);
    } catch (error) {
      for (const { hook, alwaysCall } of left) {
        if (!alwaysCall) continue;
        try {
          hook(this.#module, args, null);
        } catch {
          // the first error is the one to report
        }
      }
      throw error;
    }
  }

  /** Runs `call`, and the hooks of the backward pass when gradients come to its output and to its arguments. */
  #watched(args: readonly unknown[], call: (values: readonly unknown[]) => unknown): unknown {
    let gradOutput: Gradients | null = null;
    const finish = (gradInput: Gradients): Gradients => {
      // a gradient that comes by another way than through the output is none of the module's
      if (gradOutput === null) return gradInput;
      let result = gradInput;
      for (const { hook } of this.#backward) {
        const changed = hook(this.#module, result, gradOutput);
        if (changed !== undefined && changed !== null)
          result = checkGradients('Backward hook', changed, gradInput.length);
      }
      gradOutput = null;
      return result;
    };
    // as in PyTorch, zeros for an argument to which nothing flows, but nothing for an output from which nothing comes
    const inputs = watched(args, finish, ({ shape, ...rest }) => zeros(shape, rest));
    const output = call(inputs.values);
    const list: readonly unknown[] = Array.isArray(output) ? output : [output];
    const outputs = watched(
      list,
      (grads) => {
        let result = grads;
        for (const { hook } of this.#backwardPre) {
          const changed = hook(this.#module, result);
          if (changed !== undefined && changed !== null)
            result = checkGradients('Backward pre hook', changed, grads.length);
        }
        gradOutput = result;
        if (!inputs.isWatched) {
          const given = finish(args.map(() => null));
          if (given.some((grad) => grad !== null)) {
            throw new ArgumentError(
              'Backward hook for Modules where no input requires gradient should always return null or null for all gradients.',
            );
          }
        }
        return result;
      },
      () => null,
    );
    return Array.isArray(output) ? outputs.values : outputs.values[0];
  }
}
