/** Tensors kept for backward: with a hold on their memory, and a check that nobody changed them. */
import {
  AutogradError,
  formatShape,
  keep,
  makeTensor,
  noteAlias,
  type Storage,
  type Tensor,
} from '@tenfold/tensor-core';
import { AccumulateGrad, AutogradMeta } from './meta.ts';
import type { Edge, Node } from './node.ts';

/**
 * One saved tensor. It holds an alias of its own, so that disposing of the user's tensor does no harm, and gives its memory back when backward
 * has consumed it. An output is saved without its history, which `unpack` puts back: the node would otherwise hold itself.
 */
export class SavedTensor {
  readonly #edge: Edge | null;
  readonly #outputNr: number;
  readonly #version: number;
  #alias: Tensor | null;

  /** `edge` is where the gradient of the tensor goes; `null` if it is output `outputNr` of the node that saves it. */
  constructor(tensor: Tensor, edge: Edge | null, outputNr = 0) {
    const { storage, dtype, shape, strides, offset, versionCounter, viewInfo } = tensor;
    this.#alias = keep(makeTensor(storage, dtype, shape, strides, offset, versionCounter, viewInfo));
    noteAlias(this.#alias, tensor);
    this.#version = versionCounter.value;
    this.#edge = edge;
    this.#outputNr = outputNr;
  }

  /** The tensor as it was, with its history. `owner` is the node that saved it. */
  unpack(owner: Node): Tensor {
    const alias = this.#alias;
    if (!alias) throw secondBackward();
    const [node, outputNr] = this.#edge ?? [owner, this.#outputNr];
    if (alias.version !== this.#version) throw modified(alias, this.#version, node, outputNr, owner);
    if (node && alias.autogradMeta === null) {
      const meta = new AutogradMeta(this.#version);
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

  get storage(): Storage | null {
    return this.#alias?.storage ?? null;
  }

  isUnpackedAs(tensor: Tensor): boolean {
    return this.#alias === tensor;
  }

  /** Gives up the tensor. `dispose` returns its memory at once; otherwise whoever still holds the unpacked tensor keeps it. */
  release(dispose: boolean): void {
    if (dispose) this.#alias?.dispose();
    this.#alias = null;
  }
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
      `[${alias.dtype} ${formatShape(alias.shape)}]${origin} is at version ${alias.version}; expected version ${expected} instead. ` +
      `It was saved by ${owner.name}; write into a clone() of it, or use the op without the trailing underscore.`,
  );
}
