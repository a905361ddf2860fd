/** Checkpointing: activations are not kept for backward but computed again when it asks for them. */
import {
  ArgumentError,
  AutogradError,
  checkOptions,
  describe,
  drawWatchers,
  formatShape,
  type Generator,
  type GeneratorState,
  gradMode,
  isTensor,
  sameShape,
  type Tensor,
} from '@tenfold/tensor-core';
import { autocastState, withAutocast } from './autocast-state.ts';
import { type BackwardRun, currentRun } from './engine.ts';
import { enableGrad } from './grad-mode.ts';
import { type GradMeta, gradMetaOf, Node } from './node.ts';
import { aliasOf, type SavedHooks, underHooks } from './saved-hooks.ts';
import { SavedTensor } from './saved-tensor.ts';
import { gradientEdge } from './views.ts';

/** Options of {@link checkpoint}. */
export interface CheckpointOptions {
  /** Repeat the random numbers of the forward (dropout) when it is computed again. Default true. */
  preserveRngState?: boolean;
  /** PyTorch's reentrant variant does not exist here: only `false`. */
  useReentrant?: false;
}

/** A tensor that was computed again, and its version at the moment when the first forward saved it. */
interface Recomputed {
  readonly tensor: Tensor;
  readonly version: number;
}

/** Stands for a tensor that was not kept: which one of its region. */
interface Holder {
  readonly region: Region;
  readonly index: number;
}

/** The arguments of a region, saved as any op saves its inputs. */
class RegionInputs extends Node {
  readonly #saved: readonly (SavedTensor | unknown)[];

  constructor(inputs: readonly unknown[]) {
    const edges = inputs.map((x) => (isTensor(x) ? gradientEdge(x) : ([null, 0] as const)));
    super('CheckpointInputs', edges);
    this.#saved = inputs.map((x, i) => (isTensor(x) ? new SavedTensor(x, edges[i]) : x));
  }

  get tensors(): unknown[] {
    return this.#saved.map((x) => (x instanceof SavedTensor ? x.unpack(this) : x));
  }

  override apply(): readonly (Tensor | null)[] {
    return [];
  }

  override release(): void {
    for (const x of this.#saved) if (x instanceof SavedTensor) x.release(true);
  }
}

/** One call of {@link checkpoint}: what is needed to run it again. */
class Region {
  readonly #fn: (...inputs: unknown[]) => unknown;
  readonly #inputs: RegionInputs;
  /** States of the generators before the forward drew from them. */
  readonly #generators = new Map<Generator, GeneratorState>();
  /** In what dtypes ops ran. */
  readonly #autocast = autocastState.settings;
  /** What the forward saved. */
  readonly #metas: GradMeta[] = [];
  /** By run of backward, what was computed again. */
  readonly #recomputed = new Map<BackwardRun | null, (Recomputed | null)[]>();
  #left = 0;

  constructor(fn: (...inputs: unknown[]) => unknown, inputs: readonly unknown[]) {
    this.#fn = fn;
    this.#inputs = new RegionInputs(inputs);
  }

  forward(inputs: readonly unknown[], preserve: boolean): unknown {
    const watch = (generator: Generator): void => {
      if (!this.#generators.has(generator)) this.#generators.set(generator, generator.getState());
    };
    if (preserve) drawWatchers.add(watch);
    try {
      const result = underHooks(this.#hooks, () => this.#fn(...inputs));
      if (this.#left === 0) this.#inputs.release();
      return result;
    } finally {
      drawWatchers.delete(watch);
    }
  }

  readonly #hooks: SavedHooks = {
    owned: true,
    pack: (tensor): Holder => {
      this.#metas.push(gradMetaOf(tensor));
      tensor.dispose();
      this.#left++;
      return { region: this, index: this.#metas.length - 1 };
    },
    unpack: (packed) => {
      const { tensor, version } = this.#get((packed as Holder).index);
      if (tensor.version === version) return aliasOf(tensor);
      throw new AutogradError(
        'checkpoint: one of the variables needed for gradient computation has been modified by an inplace operation: ' +
          `[${tensor.dtype} ${formatShape(tensor.shape)}] is at version ${tensor.version} after the function ran again; expected version ${version} instead. ` +
          'Write into a clone() of it inside of the function',
      );
    },
    release: (packed) => {
      const { index } = packed as Holder;
      for (const list of this.#recomputed.values()) {
        list[index]?.tensor.dispose();
        list[index] = null;
      }
      if (--this.#left === 0) this.#inputs.release();
    },
  };

  #get(index: number): Recomputed {
    const run = currentRun();
    let list = this.#recomputed.get(run);
    if (!list?.[index]) {
      list = this.#recompute();
      // outside of a run (who reads ctx.savedTensors) nothing is kept
      if (run) {
        this.#recomputed.set(run, list);
        run.atEnd(() => {
          for (const entry of this.#recomputed.get(run) ?? []) entry?.tensor.dispose();
          this.#recomputed.delete(run);
        });
      }
    }
    return list[index] as Recomputed;
  }

  #recompute(): Recomputed[] {
    const list: Recomputed[] = [];
    const hooks: SavedHooks = {
      pack(tensor) {
        list.push({ tensor, version: tensor.version });
        return tensor;
      },
      unpack: (packed) => packed as Tensor,
    };
    const after = [...this.#generators.keys()].map((generator) => [generator, generator.getState()] as const);
    for (const [generator, state] of this.#generators) generator.setState(state);
    const inputs = this.#inputs.tensors;
    try {
      withAutocast(this.#autocast, () => underHooks(hooks, () => enableGrad(() => this.#fn(...inputs))));
    } finally {
      for (const [generator, state] of after) generator.setState(state);
    }
    this.#compare(list);
    return list;
  }

  #compare(list: readonly Recomputed[]): void {
    if (list.length !== this.#metas.length) {
      throw new AutogradError(
        'checkpoint: A different number of tensors was saved during the original forward and recomputation. ' +
          `Number of tensors saved during forward: ${this.#metas.length}. Number of tensors saved during recomputation: ${list.length}. ` +
          'The function must do the same each time it is called',
      );
    }
    list.forEach(({ tensor }, i) => {
      const { shape, dtype, device } = this.#metas[i];
      if (sameShape(tensor.shape, shape) && tensor.dtype === dtype && tensor.storage.device === device) return;
      throw new AutogradError(
        'checkpoint: Recomputed values for the following tensors have different metadata than during the forward pass. ' +
          `Tensor at position ${i}: saved ${dtype} ${formatShape(shape)} on ${device.name}, recomputed ${tensor.dtype} ` +
          `${formatShape(tensor.shape)} on ${tensor.device}. The function must do the same each time it is called`,
      );
    });
  }
}

/**
 * Runs `fn(...inputs)` without keeping what it saves for backward; backward calls `fn` again to get that back, once
 * (https://pytorch.org/docs/stable/checkpoint.html, `use_reentrant=False`). Memory for time. The gradients are those of a plain call, also of parameters
 * that `fn` closes over and with `createGraph`; several results, and checkpoints inside of checkpoints, are fine.
 *
 * `fn` must do the same each time. Random numbers repeat: every generator that it drew from starts again where it was, and goes on afterwards where it
 * had been. Intermediate results are freed with `tidy`, or by the garbage collector.
 *
 * @throws AutogradError in backward, if the second run saves other tensors than the first (in number, shape, dtype or device), or if an input
 * was written in place meanwhile.
 * @example
 * const h = checkpoint((x, w) => x.mm(w).relu().mm(w), [x, w]);
 * h.sum().backward();
 */
export function checkpoint<const I extends readonly unknown[], R>(
  fn: (...inputs: I) => R,
  inputs: I,
  options: CheckpointOptions = {},
): R {
  checkOptions('checkpoint', options, ['preserveRngState', 'useReentrant']);
  if (typeof fn !== 'function') throw new ArgumentError(`checkpoint: expected a function, got ${describe(fn)}`);
  const given: unknown = inputs;
  if (!Array.isArray(given))
    throw new ArgumentError(`checkpoint: inputs must be an array of fn's arguments, got ${describe(given)}`);
  if (options.useReentrant)
    throw new ArgumentError('checkpoint: the reentrant variant does not exist here; leave useReentrant out');
  if (!gradMode.enabled) return refuseAsync(fn(...inputs));
  const region = new Region(fn as unknown as (...inputs: unknown[]) => unknown, inputs);
  return refuseAsync(region.forward(inputs, options.preserveRngState ?? true) as R);
}

function refuseAsync<R>(result: R): R {
  if (!(result instanceof Promise)) return result;
  throw new ArgumentError('checkpoint: the function must not be async: backward runs it again and cannot wait');
}

/**
 * Runs `functions` one after the other, in `segments` checkpoints of equal length; the last one, with the remainder, is kept as usual
 * (https://pytorch.org/docs/stable/checkpoint.html#torch.utils.checkpoint.checkpoint_sequential).
 *
 * @example
 * const y = checkpointSequential([layer1, layer2, layer3, layer4], 2, x);
 */
export function checkpointSequential(
  functions: readonly ((x: Tensor) => Tensor)[],
  segments: number,
  input: Tensor,
  options: CheckpointOptions = {},
): Tensor {
  if (!Array.isArray(functions) || functions.length === 0 || functions.some((fn) => typeof fn !== 'function'))
    throw new ArgumentError('checkpointSequential: expected an array of functions');
  if (!Number.isInteger(segments) || segments < 1 || segments > functions.length) {
    throw new ArgumentError(
      `checkpointSequential: segments must be an integer from 1 to the number of functions (${functions.length}), got ${describe(segments)}`,
    );
  }
  const size = Math.floor(functions.length / segments);
  const run =
    (from: number, to: number) =>
    (x: Tensor): Tensor =>
      functions.slice(from, to).reduce((y, fn) => fn(y), x);
  let x = input;
  let at = 0;
  for (; at < size * (segments - 1); at += size) x = checkpoint(run(at, at + size), [x], options);
  return run(at, functions.length)(x);
}
