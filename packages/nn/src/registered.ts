/** Names of a module's members in the order in which they were registered. */

/** What JavaScript takes for the index of an array: such properties of an object come first, in ascending order, whenever they were set. */
const isIndex = (name: string): boolean => /^(?:0|[1-9]\d*)$/.test(name);

/** A set of names that knows whether the engine keeps their order. */
export class Registered {
  readonly #names = new Set<string>();
  #last: string | null = null;
  /** Whether an object with properties of these names lists them otherwise. */
  #moved = false;

  has(name: string): boolean {
    return this.#names.has(name);
  }

  add(name: string): void {
    if (this.#names.has(name)) return;
    const count = this.#names.size;
    if (isIndex(name) && !(name === String(count) && (count === 0 || this.#last === String(count - 1))))
      this.#moved = true;
    this.#names.add(name);
    this.#last = name;
  }

  delete(name: string): void {
    this.#names.delete(name);
    if (this.#names.size === 0) this.#moved = false;
    this.#last = [...this.#names].at(-1) ?? null;
  }

  addAll(others: Registered): void {
    for (const name of others.#names) this.add(name);
  }

  /** Members in the order of registration, if all are registered; else as they are. */
  inOrder<T extends readonly [name: string, ...unknown[]]>(members: T[]): T[] {
    if (!this.#moved || !members.every(([name]) => this.#names.has(name))) return members;
    const positions = new Map([...this.#names].map((name, i) => [name, i]));
    return members.sort(([a], [b]) => (positions.get(a) ?? 0) - (positions.get(b) ?? 0));
  }
}
