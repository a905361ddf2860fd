/**
 * Tensors inside of arguments and results: `[x, { mask, past: [k, v] }]` as a flat list with a name for each, and back. Tensors are met depth-first, lists
 * in order and records in the order of their keys.
 */
import { describe, isTensor, OnnxExportError, type Tensor } from '@tenfold/tensor-core';

/** A constant of the call: the file holds for this value. */
export type ConstantArgument = number | bigint | boolean | string | null | undefined;

/** An argument of forward: a tensor, a constant, or a list or record of arguments (as keyword inputs are). */
export type ExampleArgument =
  | Tensor
  | ConstantArgument
  | readonly ExampleArgument[]
  | { readonly [key: string]: ExampleArgument };

/** The example inputs: one tensor, or the arguments of forward. */
export type ExampleInputs = Tensor | readonly ExampleArgument[];

/** Where a tensor stands: indices of lists, and keys of records. */
export type Path = readonly (number | string)[];

/** The tensors of a structure. */
export interface Structure {
  readonly tensors: readonly Tensor[];
  readonly paths: readonly Path[];
}

/** The example inputs, taken apart. */
export interface Arguments extends Structure {
  /** The arguments of forward, with these tensors in the places of the example's. */
  with(tensors: readonly Tensor[]): unknown[];
}

/** `'1.past.0'`: a path as names are given by it. */
export const pathText = (path: Path): string => path.join('.');

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

const constants: ReadonlySet<string> = new Set(['number', 'bigint', 'boolean', 'string', 'undefined']);

/** Takes the example inputs apart. @throws OnnxExportError for what can be no argument, and where there is no tensor. */
export function readArguments(inputs: unknown): Arguments {
  const list: readonly unknown[] = isTensor(inputs) ? [inputs] : (inputs as readonly unknown[]);
  if (!Array.isArray(list))
    throw new OnnxExportError(
      `the example inputs must be a tensor, or an array of the arguments of forward, got ${describe(inputs)}`,
    );
  const tensors: Tensor[] = [];
  const paths: Path[] = [];
  const within: unknown[] = [];
  const walk = (value: unknown, path: Path): void => {
    if (isTensor(value)) {
      tensors.push(value);
      paths.push(path);
      return;
    }
    if (value === null || constants.has(typeof value)) return;
    if (!Array.isArray(value) && !isRecord(value)) {
      throw new OnnxExportError(
        `example input ${pathText(path)} is ${describe(value)}: an argument is a tensor, a number, a string, a boolean, null, or a list or record of these; ` +
          'for anything else export a function, (x) => model.forward(x, …)',
      );
    }
    if (within.includes(value)) throw new OnnxExportError(`example input ${pathText(path)} contains itself`);
    within.push(value);
    // sparse lists have undefined in their holes
    if (Array.isArray(value)) for (let i = 0; i < value.length; i++) walk(value[i], [...path, i]);
    else for (const [key, entry] of Object.entries(value)) walk(entry, [...path, key]);
    within.pop();
  };
  list.forEach((value, i) => {
    walk(value, [i]);
  });
  const rebuild = (value: unknown, next: () => Tensor): unknown => {
    if (isTensor(value)) return next();
    if (Array.isArray(value)) return Array.from(value, (entry: unknown) => rebuild(entry, next));
    if (!isRecord(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, rebuild(entry, next)]));
  };
  return {
    tensors,
    paths,
    with(given) {
      let at = 0;
      const next = (): Tensor => given[at++];
      return list.map((value) => rebuild(value, next));
    },
  };
}

/** What forward returned, taken apart: tensors, or lists and records of them; what is null or undefined is left out. */
export function readResult(result: unknown): Structure {
  const tensors: Tensor[] = [];
  const paths: Path[] = [];
  const within: unknown[] = [];
  const walk = (value: unknown, path: Path): void => {
    if (isTensor(value)) {
      tensors.push(value);
      paths.push(path);
      return;
    }
    if (value === null || value === undefined) return;
    if (value instanceof Promise) {
      // what it rejects with is of no more interest
      value.catch(() => {});
      throw new OnnxExportError(
        'forward is asynchronous: only what runs at once can be traced. Awaited values (item, toArray) would be baked into the file; compute with tensors instead',
      );
    }
    if (!Array.isArray(value) && !isRecord(value)) {
      throw new OnnxExportError(
        path.length === 0
          ? `forward must return a tensor, or a list or record of tensors, got ${describe(value)}`
          : `output '${pathText(path)}' is ${describe(value)}: what forward returns must be tensors, in lists and records`,
      );
    }
    if (within.includes(value)) throw new OnnxExportError(`output '${pathText(path)}' contains itself`);
    within.push(value);
    for (const [key, entry] of Array.isArray(value) ? value.entries() : Object.entries(value))
      walk(entry, [...path, key]);
    within.pop();
  };
  walk(result, []);
  if (tensors.length === 0)
    throw new OnnxExportError(
      `forward must return a tensor, or a list or record of tensors, got ${describe(result)}${Array.isArray(result) || isRecord(result) ? ' without tensors' : ''}`,
    );
  return { tensors, paths };
}

const word = (part: number | string): string => String(part).replace(/\W/g, '_');

/**
 * Default names: what has a key is called by its path from the first key on (`attnMask`, `past_0`), a lone tensor `stem`, others by their number (`x_0`).
 * Where two would be called the same, and where one is taken, `distinct` has the rest of the path too.
 */
export function namesOf(stem: string, paths: readonly Path[]): string[] {
  const short = paths.map((path, i) => {
    const key = path.findIndex((part) => typeof part === 'string');
    if (key >= 0) return path.slice(key).map(word).join('_');
    return paths.length === 1 ? stem : `${stem}_${i}`;
  });
  return short.map((name, i) =>
    short.indexOf(name) === short.lastIndexOf(name) ? name : [stem, ...paths[i].map(word)].join('_'),
  );
}

/** Names as the user wants them: a list, or a record by path (`{ '0': 'ids', 'past.0': 'key' }`) of those that differ from the default. */
export type Names = readonly string[] | Readonly<Record<string, string>>;

/** Completes names given by path. A path may leave out what comes before its first key. */
export function namesByPath(
  option: string,
  names: Names,
  defaults: readonly string[],
  paths: readonly Path[],
): readonly string[] {
  if (Array.isArray(names)) return names;
  if (!isRecord(names))
    throw new OnnxExportError(
      `${option} must be an array of names, or a record of names by path, got ${describe(names)}`,
    );
  const result = [...defaults];
  for (const [path, name] of Object.entries(names as Readonly<Record<string, string>>)) {
    const at = indexOfPath(path, paths);
    if (at < 0) {
      throw new OnnxExportError(
        `${option}: there is no tensor at '${path}'; paths: ${paths.map((p) => `'${pathText(p)}'`).join(', ')}`,
      );
    }
    result[at] = name;
  }
  return result;
}

function indexOfPath(wanted: string, paths: readonly Path[]): number {
  const full = paths.findIndex((path) => pathText(path) === wanted);
  if (full >= 0) return full;
  const matches = paths.flatMap((path, i) => {
    const key = path.findIndex((part) => typeof part === 'string');
    return key > 0 && pathText(path.slice(key)) === wanted ? [i] : [];
  });
  return matches.length === 1 ? matches[0] : -1;
}
