/** Hooks around a module's `forward`. A module without hooks has its plain `forward`; one with hooks has its own property of that name in front. */
import { ArgumentError, describe, type HookHandle } from '@tenfold/tensor-core';
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

type Forward = (...args: readonly unknown[]) => unknown;

/** The hooks of one module. */
export class ForwardHooks {
  readonly #module: Module;
  readonly #pre = new Set<{ readonly hook: ForwardPreHook }>();
  readonly #post = new Set<{ readonly hook: ForwardHook }>();
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
    for (const { hook } of this.#post) copy.after(hook);
    for (const { hook } of this.#wrappers) copy.around(hook);
    return copy;
  }

  before(hook: ForwardPreHook): HookHandle {
    return this.#add('registerForwardPreHook', this.#pre, hook);
  }

  after(hook: ForwardHook): HookHandle {
    return this.#add('registerForwardHook', this.#post, hook);
  }

  around(hook: ForwardWrapper): HookHandle {
    return this.#add('registerForwardWrapper', this.#wrappers, hook);
  }

  #add<H>(where: string, hooks: Set<{ readonly hook: H }>, hook: H): HookHandle {
    if (typeof hook !== 'function') throw new ArgumentError(`${where}: expected a function, got ${describe(hook)}`);
    // an entry of its own, so that one function registered twice runs twice
    const entry = { hook };
    hooks.add(entry);
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
    if (this.#pre.size + this.#post.size + this.#wrappers.size > 0) return;
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
    for (const { hook } of this.#pre) {
      const changed = hook(this.#module, args);
      if (changed !== undefined && changed !== null) args = Array.isArray(changed) ? changed : [changed];
    }
    let output = plain.apply(this.#module, [...args]);
    for (const { hook } of this.#post) output = hook(this.#module, args, output) ?? output;
    return output;
  }
}
