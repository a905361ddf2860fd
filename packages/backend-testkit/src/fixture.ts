/** The fixtures: samples of every op with the values and gradients that PyTorch gives. `fixtures/README.md` describes the files. */
import type { DType } from '@tenfold/tensor-core';

/** One element: a number, a bool, or text for what JSON has no number for: `'nan'`, `'inf'`, `'-inf'`, integers beyond 2^53. */
export type Encoded = number | boolean | string;

/** A tensor as data, row-major. */
export interface TensorData {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: readonly Encoded[];
}

/** How an input lies in memory: the values are the same, the strides are not. */
export type Layout = 'transpose' | 'slice' | 'expand';

/** A tensor input. */
export interface InputData extends TensorData {
  readonly requiresGrad?: true;
  readonly view?: Layout;
}

type Grads = readonly (TensorData | null)[];

/** One call of an op. */
export interface Sample {
  readonly name: string;
  readonly inputs: readonly (InputData | Encoded | null)[];
  /** Further arguments by their names in our API. */
  readonly args?: { readonly [name: string]: unknown };
  /** The in-place form on a copy of the first input gives `outputs[0]` too. */
  readonly inplace?: true;
  readonly outputs: readonly TensorData[];
  /** PyTorch's names of the nodes of the outputs (`'AddBackward0'`), `null` for outputs that don't require grad. */
  readonly gradFn?: readonly (string | null)[];
  /** The gradients given to `backward`, `null` for outputs that don't require grad. */
  readonly gradOut?: Grads;
  /** The gradients of the inputs, `null` where there is none (which means zero). */
  readonly grads?: Grads;
  /** Instead of gradients: backward raises this. */
  readonly gradError?: string;
  /** Second gradients, of `Σᵢ sum(vᵢ · gradsᵢ)`, with respect to the inputs and to the given gradients. */
  readonly gradgrads?: { readonly v: Grads; readonly inputs: Grads; readonly gradOut: Grads };
}

/** One op with its samples. */
export interface OpFixture {
  readonly op: string;
  readonly samples: readonly Sample[];
}

/** The families that have fixtures. */
export const families = [
  'elementwise',
  'activation',
  'reduce',
  'movement',
  'index',
  'create',
  'linalg',
  'softmax',
  'loss',
  'conv',
  'pool',
  'spatial',
  'decomposition',
  'norm',
  'attention',
] as const;
export type Family = (typeof families)[number];

/** Reads the samples of one family. */
export async function loadFixture(family: Family): Promise<readonly OpFixture[]> {
  return (await readFixture<{ ops: OpFixture[] }>(family)).ops;
}

const read = new Map<string, Promise<unknown>>();

/** What a file of `fixtures/` holds. It is read once. */
export function readFixture<T>(name: string): Promise<T> {
  const known = read.get(name) ?? fetchFixture(name);
  read.set(name, known);
  return known as Promise<T>;
}

/** Reads a file from disk, or from where a page has its modules. */
async function fetchFixture(name: string): Promise<unknown> {
  const file = new URL(`../fixtures/${name}.json`, import.meta.url);
  if (file.protocol === 'file:') {
    const { readFile } = await import('node:fs/promises');
    return JSON.parse(await readFile(file, 'utf8'));
  }
  const response = await fetch(file);
  if (!response.ok) throw new Error(`${file} could not be fetched: ${response.status} ${response.statusText}`);
  return response.json();
}
