/** Parametrisations: a parameter of a module that is computed from others (https://pytorch.org/tutorials/intermediate/parametrizations.html). */
import {
  ArgumentError,
  checkOptions,
  DTypeError,
  describe,
  formatShape,
  isTensor,
  ShapeError,
  TenfoldError,
  type Tensor,
  withoutGrad,
} from '@tenfold/tensor-core';
import { Module } from '../module.ts';
import { ModuleDict, ModuleList } from '../modules/container.ts';
import { Parameter } from '../parameter.ts';

/** A module that computes a parameter from one original tensor, or from several; the first of a list only may take several. */
export interface Parametrization extends Module {
  forward(...originals: Tensor[]): Tensor;
  /** Originals from which `forward` gives `value`, or something near it. Without it the parameter can't be assigned. */
  rightInverse?(value: Tensor): Tensor | readonly Tensor[];
}

/** A module some of whose parameters are computed. */
export interface Parametrized {
  /** How they are, by the name of the parameter. */
  readonly parametrizations: ModuleDict<ParametrizationList>;
}

/** Options of {@link registerParametrization}. */
export interface ParametrizationOptions {
  /** Leave out the checks that dtype and shape stay what they are. Default false. */
  unsafe?: boolean;
}

/** Options of {@link removeParametrizations}. */
export interface RemoveOptions {
  /** Keep the computed values; otherwise the original ones. Default true. */
  leaveParametrized?: boolean;
}

/** Says that a parametrisation has no right inverse, as a missing method does. */
export const notInvertible = (message: string): TenfoldError => new TenfoldError(message, 'NOT_IMPLEMENTED');

const isNotInvertible = (error: unknown): boolean => error instanceof TenfoldError && error.code === 'NOT_IMPLEMENTED';

/** Computed values while {@link cached} runs. */
let cache: Map<ParametrizationList, Tensor> | null = null;

/**
 * Computes each parametrised parameter once while `fn` runs, and until a promise that it returns is settled: for weights that are used many times in a
 * forward pass (https://pytorch.org/docs/stable/generated/torch.nn.utils.parametrize.cached.html).
 *
 * @example
 * const output = utils.cached(() => model.forward(input));
 */
export function cached<T>(fn: () => T): T {
  const outer = cache;
  const own = (cache ??= new Map());
  const end = (): void => {
    if (cache === own) cache = outer;
  };
  let result: T;
  try {
    result = fn();
  } catch (error) {
    end();
    throw error;
  }
  if (result instanceof Promise) return result.finally(end) as T;
  end();
  return result;
}

/** The parametrisations of one tensor, which run one after the other, and its original tensor or tensors: `original`, or `original0`, `original1`, …. */
export class ParametrizationList extends ModuleList<Parametrization> {
  /** The names of the originals. */
  readonly originals: readonly string[];
  unsafe: boolean;

  /** @throws ArgumentError, DTypeError, ShapeError if what the parametrisation gives does not fit the original, unless it is `unsafe`. */
  constructor(parametrizations: readonly Parametrization[], original: Tensor, options?: ParametrizationOptions) {
    super(parametrizations);
    if (parametrizations.length === 0) throw new ArgumentError('ParametrizationList requires one or more modules.');
    this.unsafe = unsafe('ParametrizationList', options);
    const given = withoutGrad(() => {
      let value: Tensor | readonly Tensor[] = original;
      for (const each of parametrizations.toReversed()) {
        try {
          value = each.rightInverse?.(value as Tensor) ?? value;
        } catch (error) {
          if (!isNotInvertible(error)) throw error;
        }
      }
      return value;
    });
    const { dtype, shape } = original;
    if (isTensor(given)) {
      this.originals = ['original'];
      if (given.dtype !== dtype) {
        throw new DTypeError(
          `When \`rightInverse\` outputs one tensor, it may not change the dtype.\noriginal.dtype: ${dtype}\nrightInverse(original).dtype: ${given.dtype}`,
        );
      }
      place(this, 'original', original);
      assign(this, 'original', given);
    } else {
      const several: unknown = given;
      if (!Array.isArray(several)) {
        throw new ArgumentError(
          `'rightInverse' must return a Tensor or an array of tensors. Got ${describe(several)}.`,
        );
      }
      this.originals = several.map((_, i) => `original${i}`);
      for (const [i, each] of several.entries()) {
        if (!isTensor(each)) {
          throw new ArgumentError(
            `'rightInverse' must return a Tensor or an array of tensors. Got element ${i} of the array: ${describe(each)}.`,
          );
        }
        const { requiresGrad } = original;
        const own = each.detach().clone();
        place(this, `original${i}`, original instanceof Parameter ? new Parameter(own, { requiresGrad }) : own);
      }
    }
    if (!this.unsafe)
      checkKept(
        '',
        withoutGrad(() => this.forward()),
        { dtype, shape },
      );
  }

  /** The parameter, computed. */
  override forward(): Tensor {
    const [first, ...rest] = this;
    let value = first.forward(...this.originals.map((name) => Reflect.get(this, name) as Tensor));
    for (const each of rest) value = each.forward(value);
    return value;
  }

  /** Changes the originals so that the parameter becomes `value`, if the parametrisations can give it. */
  rightInverse(value: Tensor): void {
    withoutGrad(() => {
      let given: Tensor | readonly Tensor[] = value;
      for (const each of [...this].reverse()) {
        if (!each.rightInverse)
          throw notInvertible(`parametrization ${each.constructor.name} does not implement rightInverse.`);
        given = each.rightInverse(given as Tensor);
      }
      const one = this.originals[0] === 'original';
      const list: readonly unknown[] = one ? [given] : Array.isArray(given) ? given : [];
      if (list.length !== this.originals.length) {
        throw new ArgumentError(
          `'rightInverse' must return an array of tensors of length ${this.originals.length}. Got ${describe(given)}.`,
        );
      }
      for (const [i, name] of this.originals.entries()) {
        const [each, { dtype }] = [list[i], Reflect.get(this, name) as Tensor];
        if (!isTensor(each)) throw new ArgumentError(`\`rightInverse\` should return a tensor. Got ${describe(each)}`);
        if (each.dtype !== dtype) {
          throw new DTypeError(
            `The tensor returned by \`rightInverse\` has dtype ${each.dtype} while \`${name}\` has dtype ${dtype}`,
          );
        }
      }
      for (const [i, name] of this.originals.entries()) assign(this, name, list[i] as Tensor);
    });
  }
}

function unsafe(where: string, options: ParametrizationOptions | undefined): boolean {
  checkOptions(where, options, ['unsafe']);
  return options?.unsafe ?? false;
}

/** Makes a tensor a parameter or a buffer of a module, whichever it is. */
function place(module: Module, name: string, value: Tensor): void {
  if (value instanceof Parameter) module.registerParameter(name, value);
  else module.registerBuffer(name, value);
}

/** Gives an original other values, and another shape if need be; a parameter stays the same object. */
function assign(module: Module, name: string, value: Tensor): void {
  const known = Reflect.get(module, name) as Tensor;
  if (value === known) return;
  const copy = value.detach().clone();
  if (known instanceof Parameter) known.data = copy;
  else Reflect.set(module, name, copy);
}

function checkKept(name: string, made: unknown, kept: Pick<Tensor, 'dtype' | 'shape'>): void {
  const target = name ? `module.${name}` : 'unparametrized';
  if (!isTensor(made)) throw new ArgumentError(`A parametrization must return a tensor. Got ${describe(made)}.`);
  const what = (kind: string): string =>
    `Registering a parametrization may not change the ${kind} of the tensor, unless \`unsafe\` flag is enabled.\n`;
  if (made.dtype !== kept.dtype)
    throw new DTypeError(`${what('dtype')}${target} dtype: ${kept.dtype}\nparametrized dtype: ${made.dtype}`);
  if (made.shape.join() !== kept.shape.join()) {
    throw new ShapeError(
      `${what('shape')}${target} shape: ${formatShape(kept.shape)}\nparametrized shape: ${formatShape(made.shape)}`,
    );
  }
}

const parametrizationsOf = (module: Module): ModuleDict<ParametrizationList> | null => {
  const found: unknown = Reflect.get(module, 'parametrizations');
  return found instanceof ModuleDict ? found : null;
};

/** Whether a module has parametrised parameters, or whether `name` is one. */
export function isParametrized(module: Module, name?: string): module is Module & Parametrized {
  const known = parametrizationsOf(module);
  return known !== null && (name === undefined ? known.size > 0 : known.has(name));
}

/**
 * Lets a parameter or buffer of a module be computed by `parametrization` from then on, each time it is used
 * (https://pytorch.org/docs/stable/generated/torch.nn.utils.parametrize.register_parametrization.html). Another one on top takes what the first gives. What
 * is trained and saved is the original, as `parametrizations.weight.original`. Make the optimiser afterwards: there may be new parameters.
 *
 * @throws ArgumentError if there is no such tensor; DTypeError, ShapeError if the parametrisation changes it otherwise, unless it is `unsafe`.
 * @example
 * class Symmetric extends Module {
 *   forward(x: Tensor): Tensor { return x.triu().add(x.triu(1).t()); }
 *   rightInverse(x: Tensor): Tensor { return x.triu(); }
 * }
 * const layer = utils.registerParametrization(new Linear(5, 5), 'weight', new Symmetric());
 */
export function registerParametrization<M extends Module>(
  module: M,
  name: string,
  parametrization: Parametrization,
  options?: ParametrizationOptions,
): M & Parametrized {
  if (!(module instanceof Module))
    throw new ArgumentError(`registerParametrization: expected a module, got ${describe(module)}`);
  const given: unknown = parametrization;
  if (!(given instanceof Module))
    throw new ArgumentError(`registerParametrization: a parametrization must be a module, got ${describe(given)}`);
  const isUnsafe = unsafe('registerParametrization', options);
  parametrization.train(module.training);
  const list = parametrizationsOf(module);
  if (list?.has(name)) {
    const known = list.get(name);
    if (!isUnsafe) checkOnTop(name, known.forward(), parametrization);
    known.append(parametrization);
    known.unsafe ||= isUnsafe;
    return module as M & Parametrized;
  }
  const value: unknown = [...module.ownParameters(), ...module.ownBuffers()].find(([each]) => each === name)?.[1];
  if (!isTensor(value)) {
    throw new ArgumentError(
      `Module '${module}' does not have a parameter, a buffer, or a parametrized element with name '${name}'`,
    );
  }
  const made = new ParametrizationList([parametrization], value, options);
  made.train(module.training);
  module.unregister(name);
  if (!list) {
    rename(module);
    module.registerModule('parametrizations', new ModuleDict());
  }
  parametrizationsOf(module)?.set(name, made);
  // of the object itself: a copy of the module gets it too
  Object.defineProperty(module, name, {
    get(this: Module & Parametrized) {
      const own = this.parametrizations.get(name);
      if (!cache) return own.forward();
      const known = cache.get(own) ?? own.forward();
      cache.set(own, known);
      return known;
    },
    set(this: Module & Parametrized, next: Tensor) {
      this.parametrizations.get(name).rightInverse(next);
    },
    configurable: true,
    enumerable: true,
  });
  return module as M & Parametrized;
}

/** Checks that one more parametrisation, and its inverse, keep dtype and shape of what there is. */
function checkOnTop(name: string, before: Tensor, parametrization: Parametrization): void {
  withoutGrad(() => {
    const made: unknown = parametrization.forward(before);
    checkKept(name, made, before);
    let back: unknown;
    try {
      back = parametrization.rightInverse?.(made as Tensor) ?? before;
    } catch (error) {
      if (!isNotInvertible(error)) throw error;
      return;
    }
    if (!isTensor(back))
      throw new ArgumentError(`parametrization.rightInverse must return a tensor. Got: ${describe(back)}`);
    const kept = (kind: string): string =>
      `The tensor returned by parametrization.rightInverse must have the same ${kind} as module.${name}, unless the \`unsafe\` flag is enabled.\n`;
    if (back.dtype !== before.dtype)
      throw new DTypeError(`${kept('dtype')}module.${name}.dtype: ${before.dtype}\nreturned dtype: ${back.dtype}`);
    if (back.shape.join() !== before.shape.join()) {
      throw new ShapeError(
        `${kept('shape')}module.${name}.shape: ${formatShape(before.shape)}\nreturned shape: ${formatShape(back.shape)}`,
      );
    }
  });
}

/** Puts a class of the name that PyTorch prints between a module and its class. */
function rename(module: Module): void {
  const Base = module.constructor as new (...args: never[]) => object;
  const Made = class extends Base {};
  Object.defineProperty(Made, 'name', { value: `Parametrized${Base.name}` });
  Object.setPrototypeOf(module, Made.prototype);
}

/** The class of a module before its parameters were parametrised. */
export function typeBeforeParametrizations(module: Module): new (...args: never[]) => Module {
  const own = isParametrized(module) ? Object.getPrototypeOf(Object.getPrototypeOf(module)) : module;
  return own.constructor;
}

/**
 * Makes a parametrised parameter an ordinary one again
 * (https://pytorch.org/docs/stable/generated/torch.nn.utils.parametrize.remove_parametrizations.html), with the computed values, or with the original ones.
 *
 * @throws ArgumentError if it is not parametrised, or if it has several originals and their values should stay.
 */
export function removeParametrizations<M extends Module>(module: M, name: string, options?: RemoveOptions): M {
  checkOptions('removeParametrizations', options, ['leaveParametrized']);
  const list = parametrizationsOf(module);
  if (!list?.has(name)) throw new ArgumentError(`Module ${module} does not have a parametrization on ${name}`);
  const known = list.get(name);
  const one = known.originals[0] === 'original';
  const leave = options?.leaveParametrized ?? true;
  if (!leave && !one) {
    throw new ArgumentError(
      'Cannot leave unparametrized (`leaveParametrized: false`) a tensor that is parametrized in terms of a sequence of tensors.',
    );
  }
  const first = Reflect.get(known, known.originals[0]) as Tensor;
  if (leave) {
    const value = withoutGrad(() => known.forward().detach().clone());
    if (one) assign(known, 'original', value);
    else if (first instanceof Parameter)
      place(known, 'original', new Parameter(value, { requiresGrad: first.requiresGrad }));
    else place(known, 'original', value);
  }
  const original = Reflect.get(known, 'original') as Tensor;
  list.delete(name);
  Reflect.deleteProperty(module, name);
  place(module, name, original);
  if (list.size === 0) {
    module.unregister('parametrizations');
    Object.setPrototypeOf(module, Object.getPrototypeOf(Object.getPrototypeOf(module)));
  }
  return module;
}
