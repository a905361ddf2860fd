/** Copies of modules, as Python's `copy.deepcopy` makes them. */
import { ArgumentError, AutogradError, isTensor, type Tensor, withoutGrad } from '@tenfold/tensor-core';
import { Parameter } from './parameter.ts';

/** What knows how to copy itself: a module, or an object that has a method of this name. */
interface SelfCopying {
  deepcopy(copier: Copier): unknown;
}

/** One copy in the making. It remembers what was copied already, so that what is shared stays shared. */
export class Copier {
  readonly #known = new Map<object, unknown>();

  /** Notes what the copy of `original` is, before what it holds is copied: it may lead back to it. */
  remember(original: object, copy: object): void {
    this.#known.set(original, copy);
  }

  /** The copy of a value; functions are shared. */
  copy<T>(value: T): T {
    if (typeof value !== 'object' || value === null) return value;
    const known = this.#known.get(value);
    if (known !== undefined) return known as T;
    const made = this.#made(value);
    this.#known.set(value, made);
    return made as T;
  }

  #made(value: object): object {
    if (isTensor(value)) return this.#tensor(value);
    if ('deepcopy' in value && typeof value.deepcopy === 'function')
      return (value as SelfCopying).deepcopy(this) as object;
    if (value instanceof Date) return new Date(value);
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return structuredClone(value);
    if (value instanceof Map) {
      const made = new Map<unknown, unknown>();
      this.remember(value, made);
      for (const [key, each] of value) made.set(this.copy(key), this.copy(each));
      return made;
    }
    if (value instanceof Set) {
      const made = new Set<unknown>();
      this.remember(value, made);
      for (const each of value) made.add(this.copy(each));
      return made;
    }
    checkCopyable(value);
    const made = Array.isArray(value) ? [] : Object.create(Object.getPrototypeOf(value));
    this.remember(value, made);
    this.copyProperties(value, made);
    return made;
  }

  /** Copies the own properties of `from`, apart from those named in `except`. Getters and setters are shared. */
  copyProperties(from: object, to: object, except: readonly string[] = []): void {
    for (const key of Reflect.ownKeys(from)) {
      const descriptor = Object.getOwnPropertyDescriptor(from, key);
      if (!descriptor || (typeof key === 'string' && except.includes(key))) continue;
      if ('value' in descriptor) {
        if (holdsThis(descriptor.value)) {
          throw new ArgumentError(
            `deepcopy: ${from.constructor.name}.${String(key)} is an arrow function that holds the original's \`this\`; make it a method`,
          );
        }
        descriptor.value = this.copy(descriptor.value);
      }
      Object.defineProperty(to, key, descriptor);
    }
  }

  #tensor(x: Tensor): Tensor {
    if (!x.isLeaf) {
      throw new AutogradError(
        'Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment; detach() what is kept for later',
      );
    }
    return withoutGrad(() => {
      const data = x.detach().clone();
      if (x instanceof Parameter) return new Parameter(data, { requiresGrad: x.requiresGrad });
      if (x.requiresGrad) data.requiresGrad_();
      if (x.grad) data.grad = this.copy(x.grad);
      return data;
    });
  }
}

/** Whether a value is an arrow function that says `this`: of a copied object, it would go on with the original. */
function holdsThis(value: unknown): boolean {
  if (typeof value !== 'function') return false;
  const source = Function.prototype.toString.call(value);
  return /^(?:async\s*)?(?:\(|[\w$]+\s*=>)/.test(source) && /\bthis\b/.test(source);
}

/** How `#private` members look in the source of a class, also when a compiler has rewritten them. */
const privateMember =
  /\.\s*#[\p{ID_Start}$_]|#[\p{ID_Start}$_][\p{ID_Continue}$]*\s+in\s|\b__(?:private(?:Get|Set|Add|Method)|classPrivateField(?:Get|Set))\b/u;

/**
 * Refuses an object whose class has `#private` members: nobody but its constructor can make them, so that a copy by properties would fail at their first use.
 *
 * @param base the class whose own members are seen to otherwise.
 */
export function checkCopyable(value: object, base: object = Object.prototype): void {
  for (let at: object | null = Object.getPrototypeOf(value); at && at !== base; at = Object.getPrototypeOf(at)) {
    const { constructor: made } = at;
    if (typeof made !== 'function' || made === Object || made === Array) continue;
    const source = Function.prototype.toString.call(made);
    const why = source.includes('[native code]')
      ? 'has state of its own that properties do not show'
      : privateMember.test(source)
        ? 'has #private fields or methods, which only its constructor can make'
        : null;
    if (why) {
      throw new ArgumentError(
        `deepcopy: class ${made.name} ${why}. Use fields without # (TypeScript's private is fine), or give the class a method deepcopy() that returns the copy`,
      );
    }
  }
}

/**
 * A copy that shares no memory with `value`: a module with its parameters, buffers, children and other properties, or an array or plain object of such
 * (PyTorch: `copy.deepcopy(module)`). What is shared within, such as a tied weight, is shared within the copy. Parameters are copied without their
 * gradients; functions, hooks among them, are shared.
 *
 * @throws ArgumentError for an object of a class with `#private` members, which has to have a method `deepcopy()` of its own; AutogradError for a tensor that
 * is no leaf.
 * @example
 * const layers = new ModuleList(Array.from({ length: 6 }, () => deepcopy(layer)));
 */
export function deepcopy<T>(value: T): T {
  return new Copier().copy(value);
}
