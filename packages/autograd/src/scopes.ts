/** A setting of the program that holds for a function, until its promise settles, or for a scope (`using`). */
import { AutogradError } from '@tenfold/tensor-core';

/** A stretch of the program with its own setting, ended by `[Symbol.dispose]()`: `using scope = noGrad()`. */
export interface Scope {
  [Symbol.dispose](): void;
}

interface Entry<T> {
  /** The value to go back to. */
  before: T;
}

/** The stretches of one setting that have begun and not ended. */
export class Scopes<T> {
  readonly #entries: Entry<T>[] = [];
  readonly #read: () => T;
  readonly #write: (value: T) => void;

  constructor(read: () => T, write: (value: T) => void) {
    this.#read = read;
    this.#write = write;
  }

  /** A scope that begins now. Scopes end in the reverse order. */
  open(name: string, value: T): Scope {
    const entry = this.#enter(value);
    return {
      [Symbol.dispose]: () => {
        if (this.#entries.includes(entry) && this.#entries.at(-1) !== entry) {
          throw new AutogradError(
            `${name}: scopes must end in the reverse order of their beginning; an inner scope is still open`,
          );
        }
        this.#leave(entry);
      },
    };
  }

  /** Runs `fn` with the value; a promise that it gives keeps the value until it settles. */
  within<R>(value: T, fn: () => R): R {
    const entry = this.#enter(value);
    let pending = false;
    try {
      const result = fn();
      if (!(result instanceof Promise)) return result;
      pending = true;
      return result.finally(() => this.#leave(entry)) as R;
    } finally {
      if (!pending) this.#leave(entry);
    }
  }

  #enter(value: T): Entry<T> {
    const entry = { before: this.#read() };
    this.#entries.push(entry);
    this.#write(value);
    return entry;
  }

  /** Ends an entry, wherever it is in the stack: a promise may settle inside of a later scope, which then goes back to what was before this one. */
  #leave(entry: Entry<T>): void {
    const i = this.#entries.indexOf(entry);
    if (i < 0) return;
    this.#entries.splice(i, 1);
    if (i === this.#entries.length) this.#write(entry.before);
    else this.#entries[i].before = entry.before;
  }
}
