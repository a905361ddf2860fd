/** Nested values: a tensor, or arrays and records of such. */
import { ArgumentError, describe, isTensor, type Tensor } from '@tenfold/tensor-core';

/** A tensor, or arrays and records of tensors, to any depth. */
export type Tree = Tensor | readonly Tree[] | { readonly [key: string]: Tree };

/** The tensors of a tree, in order; keys of records as they stand. */
export function leavesOf(tree: unknown, what: string): Tensor[] {
  const leaves: Tensor[] = [];
  const walk = (x: unknown): void => {
    if (isTensor(x)) leaves.push(x);
    else if (Array.isArray(x)) x.forEach(walk);
    else if (isRecord(x)) Object.values(x).forEach(walk);
    else throw new ArgumentError(`${what} must be a tensor, or an array or record of tensors, got ${describe(x)}`);
  };
  walk(tree);
  return leaves;
}

/** The tree of other tensors. */
export function rebuild<T extends Tree>(tree: T, leaves: readonly Tensor[]): T {
  let next = 0;
  const walk = (x: Tree): Tree => {
    if (isTensor(x)) return leaves[next++];
    if (Array.isArray(x)) return x.map(walk);
    return Object.fromEntries(Object.entries(x).map(([key, y]) => [key, walk(y)]));
  };
  return walk(tree) as T;
}

/** How a tree is built, to compare and to show: `[tensor, {h: tensor}]`. */
export function structureOf(tree: Tree): string {
  if (isTensor(tree)) return 'tensor';
  if (Array.isArray(tree)) return `[${tree.map(structureOf).join(', ')}]`;
  return `{${Object.entries(tree)
    .map(([key, x]) => `${key}: ${structureOf(x)}`)
    .join(', ')}}`;
}

/** Takes the trees that one function, or both branches, return; all must be built in one way. */
export class Shaper<T extends Tree> {
  readonly #what: string;
  #tree: T | null = null;

  constructor(what: string, tree: T | null = null) {
    this.#what = what;
    this.#tree = tree;
  }

  flatten(tree: T): Tensor[] {
    const leaves = leavesOf(tree, this.#what);
    const known = this.#tree;
    if (known === null) this.#tree = tree;
    else if (structureOf(known) !== structureOf(tree)) {
      throw new ArgumentError(
        `${this.#what} must be built in one way, got ${structureOf(known)} and ${structureOf(tree)}`,
      );
    }
    return leaves;
  }

  /** A tree of these tensors. */
  build(leaves: readonly Tensor[]): T {
    if (this.#tree === null) throw new ArgumentError(`${this.#what}: nothing has run`);
    return rebuild(this.#tree, leaves);
  }
}

const isRecord = (x: unknown): x is Readonly<Record<string, unknown>> =>
  typeof x === 'object' && x !== null && [Object.prototype, null].includes(Object.getPrototypeOf(x));
