/** Nested arguments and results of transformed functions: a tensor, or arrays and plain objects of them (what PyTorch calls pytrees). */
import { isTensor, type Tensor } from '@tenfold/tensor-core';

/** `T` if it is a tensor, or an array or plain object of such. */
export type Tree<T> = T extends Tensor
  ? T
  : T extends readonly unknown[] | { readonly [key in keyof T]: unknown }
    ? T extends ((...args: never[]) => unknown) | string | number | bigint | boolean | symbol
      ? never
      : { readonly [K in keyof T]: Tree<T[K]> }
    : never;

type Branch = readonly unknown[] | { readonly [key: string]: unknown };

/** Whether `x` is an array or a plain object, whose entries are looked at; anything else is a leaf. */
export function isBranch(x: unknown): x is Branch {
  if (Array.isArray(x)) return true;
  if (typeof x !== 'object' || x === null || isTensor(x)) return false;
  const prototype = Object.getPrototypeOf(x);
  return prototype === Object.prototype || prototype === null;
}

/** The same structure with every leaf replaced, in order. */
export function mapTree(tree: unknown, fn: (leaf: unknown) => unknown): unknown {
  if (Array.isArray(tree)) return tree.map((entry) => mapTree(entry, fn));
  if (!isBranch(tree)) return fn(tree);
  return Object.fromEntries(Object.entries(tree).map(([key, entry]) => [key, mapTree(entry, fn)]));
}

/** The leaves in order. */
export function leavesOf(tree: unknown): unknown[] {
  const leaves: unknown[] = [];
  mapTree(tree, (leaf) => leaves.push(leaf));
  return leaves;
}

/** The tensors among the leaves, in order. */
export const tensorsOf = (tree: unknown): Tensor[] => leavesOf(tree).filter(isTensor);

/** The same structure with its tensors replaced by those of `tensors`, in order. */
export function withTensors<T>(tree: T, tensors: readonly unknown[]): T {
  let next = 0;
  return mapTree(tree, (leaf) => (isTensor(leaf) ? tensors[next++] : leaf)) as T;
}

/**
 * One setting per leaf: `settings` is one for all, or has the structure of `tree` down to some depth, as `inDims` of `vmap`.
 * Gives `null` where the structures differ.
 */
export function spreadOver<T>(settings: unknown, tree: unknown): T[] | null {
  if (!isBranch(settings)) return leavesOf(tree).map(() => settings as T);
  if (!isBranch(tree) || Array.isArray(settings) !== Array.isArray(tree)) return null;
  const [given, wanted] = [Object.keys(settings), Object.keys(tree)];
  if (given.length !== wanted.length || wanted.some((key) => !given.includes(key))) return null;
  const spread: T[] = [];
  for (const [key, entry] of Object.entries(tree)) {
    const part = spreadOver<T>((settings as { readonly [key: string]: unknown })[key], entry);
    if (part === null) return null;
    spread.push(...part);
  }
  return spread;
}
