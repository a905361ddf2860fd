/** Tensors kept for backward: with a hold on their memory, and a check that nobody changed them. */
import {
  AutogradError,
  type Device,
  type DType,
  describe,
  formatShape,
  interpreters,
  isTensor,
  keep,
  makeTensor,
  type Shape,
  type Storage,
  sameShape,
  scalarTypeName,
  type Tensor,
  type VersionCounter,
  type ViewInfo,
  withoutGrad,
} from '@tenfold/tensor-core';
import { AccumulateGrad, AutogradMeta } from './meta.ts';
import type { Edge, GradMeta, Node } from './node.ts';
import { aliasOf, type SavedHooks, savedHooks } from './saved-hooks.ts';

/** What hooks made of a tensor. */
interface Packed {
  readonly hooks: SavedHooks;
  readonly value: unknown;
}

/**
 * One saved tensor. It holds the memory by itself, so that disposing of the user's tensor does no harm, and gives it back when backward has consumed it;
 * under hooks it holds what they packed instead. An output is saved without its history, which `unpack` puts back: the node would otherwise hold itself.
 */
export class SavedTensor {
  readonly #dtype: DType;
  readonly #shape: Shape;
  readonly #strides: readonly number[];
  readonly #offset: number;
  readonly #viewInfo: ViewInfo | null;
  readonly #device: Device;
  readonly #edge: Edge | null;
  readonly #outputNr: number;
  readonly #counter: VersionCounter;
  readonly #version: number;
  /** The memory, until the alias or the hooks hold it. */
  #storage: Storage | null = null;
  #alias: Tensor | null = null;
  #packed: Packed | null = null;

  /** `edge` is where the gradient of the tensor goes; `null` if it is output `outputNr` of the node that saves it. */
  constructor(tensor: Tensor, edge: Edge | null, outputNr = 0) {
    const { storage } = tensor;
    if (storage.inference) {
      throw new AutogradError(
        'Inference tensors cannot be saved for backward. To work around you can make a clone to get a normal tensor and use it in autograd.',
      );
    }
    this.#dtype = tensor.dtype;
    this.#shape = tensor.shape;
    this.#strides = tensor.strides;
    this.#offset = tensor.offset;
    this.#viewInfo = tensor.viewInfo;
    this.#device = storage.device;
    this.#edge = edge;
    this.#outputNr = outputNr;
    this.#counter = tensor.versionCounter;
    this.#version = tensor.version;
    const hooks = savedHooks();
    if (hooks) this.#packed = { hooks, value: withoutGrad(() => packed(hooks, aliasOf(tensor))) };
    // interpreters must know at once what the alias stands for
    else if (interpreters.length > 0) this.#alias = aliasOf(tensor);
    else {
      storage.retain();
      this.#storage = storage;
    }
  }

  get meta(): GradMeta {
    return { shape: this.#shape, dtype: this.#dtype, device: this.#device };
  }

  /** The tensor as it was, with its history; under hooks a new one each time. `owner` is the node that saved it. */
  unpack(owner: Node): Tensor {
    if (this.#storage !== null) this.#alias = this.takeAlias(this.#storage);
    const alias = this.#packed ? this.unpacked(this.#packed) : this.#alias;
    if (!alias) throw secondBackward();
    const node = this.#edge === null ? owner : this.#edge[0];
    const outputNr = this.#edge === null ? this.#outputNr : this.#edge[1];
    if (alias.versionCounter === this.#counter && alias.version !== this.#version)
      throw modified(alias, this.#version, node, outputNr, owner);
    if (node && alias.autogradMeta === null) {
      const meta = new AutogradMeta(alias.version);
      if (node instanceof AccumulateGrad) {
        meta.requiresGrad = true;
        meta.accumulator = node;
      } else {
        meta.gradFn = node;
        meta.outputNr = outputNr;
      }
      alias.autogradMeta = meta;
    }
    return alias;
  }

  private unpacked({ hooks, value }: Packed): Tensor {
    const tensor = withoutGrad(() => hooks.unpack(value));
    if (!isTensor(tensor)) {
      throw new AutogradError(
        `Output of saved tensor unpack_hook expected to be a Tensor but got result of type ${describe(tensor)}`,
      );
    }
    const { shape, dtype, device } = this.meta;
    if (!sameShape(tensor.shape, shape) || tensor.dtype !== dtype || tensor.storage.device !== device) {
      throw new AutogradError(
        `an unpack hook must give a tensor like the one that was packed: expected ${dtype} ${formatShape(shape)} on ${device.name}, ` +
          `got ${tensor.dtype} ${formatShape(tensor.shape)} on ${tensor.device}`,
      );
    }
    // an alias: what the hook gave keeps its own history
    if (!hooks.owned) return aliasOf(tensor);
    return tensor;
  }

  /** The alias, which now holds the memory. It is made here, as many saved tensors are never read. */
  private takeAlias(storage: Storage): Tensor {
    const alias = keep(
      makeTensor(storage, this.#dtype, this.#shape, this.#strides, this.#offset, this.#counter, this.#viewInfo),
    );
    storage.release();
    this.#storage = null;
    return alias;
  }

  /** Whether the alias is the one that {@link unpack} gives each time. */
  get isStable(): boolean {
    return this.#packed === null;
  }

  get storage(): Storage | null {
    return this.#storage ?? this.#alias?.storage ?? null;
  }

  isUnpackedAs(tensor: Tensor): boolean {
    return this.#alias === tensor;
  }

  /** Gives up the tensor. `dispose` returns its memory at once; otherwise whoever still holds the unpacked tensor keeps it. */
  release(dispose: boolean): void {
    if (dispose) this.#alias?.dispose();
    this.#alias = null;
    this.#storage?.release();
    this.#storage = null;
    if (!this.#packed) return;
    this.#packed.hooks.release?.(this.#packed.value);
    this.#packed = null;
  }
}

function packed(hooks: SavedHooks, alias: Tensor): unknown {
  const { version } = alias;
  const value = hooks.pack(alias);
  if (alias.version === version) return value;
  throw new AutogradError(
    'A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack hook can not be modified by in-place operations ' +
      'as this can lead to unexpected side-effects. Write into a clone() of it.',
  );
}

function secondBackward(): AutogradError {
  return new AutogradError(
    'Trying to backward through the graph a second time (or directly access saved tensors after they have already been freed). ' +
      'Saved intermediate values of the graph are freed when you call .backward() or grad(). Specify retainGraph: true if you need to ' +
      'backward through the graph a second time or if you need to access saved tensors after calling backward.',
  );
}

function modified(alias: Tensor, expected: number, node: Node | null, outputNr: number, owner: Node): AutogradError {
  const origin = node && !(node instanceof AccumulateGrad) ? `, which is output ${outputNr} of ${node.name},` : '';
  return new AutogradError(
    'one of the variables needed for gradient computation has been modified by an inplace operation: ' +
      `[torch.${scalarTypeName[alias.dtype]}Tensor ${formatShape(alias.shape)}]${origin} is at version ${alias.version}; ` +
      `expected version ${expected} instead. It was saved by ${owner.name}; write into a clone() of it, or use the op without the trailing ` +
      'underscore. detectAnomaly() shows where the operation that failed to compute its gradient was called.',
  );
}
