/** Loading saved values into a module, with PyTorch's report of what does not fit. */
import {
  ArgumentError,
  checkOptions,
  describe,
  formatShape,
  isTensor,
  type Tensor,
  withoutGrad,
} from '@tenfold/tensor-core';
import type { Module } from './module.ts';

/** Tensors by dotted name, as `stateDict()` gives them. */
export interface StateDict {
  [name: string]: Tensor;
}

/** Options of `loadStateDict`. */
export interface LoadOptions {
  /** Whether names must match exactly. Default true. */
  strict?: boolean;
}

/** Names that `loadStateDict` left alone. */
export interface LoadResult {
  /** In the module, but not in the state. */
  readonly missingKeys: string[];
  /** In the state, but not in the module. */
  readonly unexpectedKeys: string[];
}

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');

export function loadState(module: Module, state: StateDict, options?: LoadOptions): LoadResult {
  checkOptions('loadStateDict', options, ['strict']);
  if (state === null || typeof state !== 'object' || Array.isArray(state) || isTensor(state)) {
    throw new ArgumentError(`Expected state_dict to be dict-like, got ${describe(state)}`);
  }
  const wanted = module.stateDict();
  const names = Object.keys(wanted);
  const missingKeys = names.filter((name) => !Object.hasOwn(state, name));
  const unexpectedKeys = Object.keys(state).filter((name) => !Object.hasOwn(wanted, name));
  const known = names.filter((name) => Object.hasOwn(state, name));

  const errors: string[] = [];
  if ((options?.strict ?? true) && missingKeys.length > 0)
    errors.push(`Missing key(s) in state_dict: ${quoted(missingKeys)}. `);
  if ((options?.strict ?? true) && unexpectedKeys.length > 0)
    errors.push(`Unexpected key(s) in state_dict: ${quoted(unexpectedKeys)}. `);
  for (const name of known) {
    const problem = mismatch(name, wanted[name], state[name]);
    if (problem) errors.push(problem);
  }
  if (errors.length > 0) {
    throw new ArgumentError(`Error(s) in loading state_dict for ${module.constructor.name}:\n\t${errors.join('\n\t')}`);
  }

  withoutGrad(() => {
    for (const name of known) wanted[name].copy_(state[name]);
  });
  return { missingKeys, unexpectedKeys };
}

/** Why `value` can't be copied into `target`, or `null`. */
function mismatch(name: string, target: Tensor, value: unknown): string | null {
  if (!isTensor(value)) {
    return `While copying the parameter named "${name}", expected a tensor from checkpoint but received ${describe(value)}`;
  }
  if (formatShape(value.shape) === formatShape(target.shape)) return null;
  return (
    `size mismatch for ${name}: copying a param with shape torch.Size(${formatShape(value.shape)}) from checkpoint, ` +
    `the shape in current model is torch.Size(${formatShape(target.shape)}).`
  );
}
