/** Computes what depends on constants and initialisers alone. */

import type { NodeProto } from '../generated/onnx.ts';
import { type Block, intOf } from './block.ts';
import { bytesOf, type Constant, fromNumbers, intsIn, numbersOf, toTensor } from './constants.ts';
import { canEvaluate, evaluate, type Result, shapeBetween, sliced } from './evaluate.ts';

/** Results may have so many bytes; larger ones must be no larger than the constants they stand for. */
export const FOLD_LIMIT = 65536;

/** Replaces nodes by their results where these are known before the model runs. */
export function foldConstants(block: Block, keepInitializers: boolean): void {
  for (const node of block.nodes()) {
    const { opType = '', output = [] } = node;
    if (opType === 'Constant' || output.length !== 1 || !block.isStandard(node)) continue;
    const known = knownSizes(block, node);
    if (known) {
      block.becomeConstant(node, toTensor(known));
      continue;
    }
    if (!canEvaluate(opType) || !(node.input ?? []).every((name) => name === '' || block.isConstant(name))) continue;
    if ((node.input ?? []).length === 0 || keepsSource(block, node, keepInitializers)) continue;
    const inputs = (node.input ?? []).map((name) => (name ? block.constant(name) : null));
    const result = evaluate(node, inputs, block.opset);
    if (!result || !fits(block, node, result)) continue;
    const constant = result.compute();
    if (!constant) continue;
    const weight = (node.input ?? []).map((name) => block.initializer(name)).find((x) => x);
    block.becomeConstant(node, toTensor(constant), weight);
  }
}

/** Whether a node reads an initialiser that stays: others read it too, and a copy would untie weights that are shared, or all of them are to stay. */
function keepsSource(block: Block, node: NodeProto, keepAll: boolean): boolean {
  if (node.opType === 'Shape' || node.opType === 'Size') return false;
  return (node.input ?? []).some((name) => {
    const tensor = block.initializerOf(name);
    return tensor !== null && (keepAll || block.initializer(name) !== tensor || block.readers(name) > 1);
  });
}

function fits(block: Block, node: NodeProto, result: Result): boolean {
  const size = bytesOf(result);
  if (size <= FOLD_LIMIT) return true;
  const replaced = [...new Set(node.input)].filter((name) => name && block.readers(name) === 1);
  return size <= replaced.reduce((n, name) => n + bytesOf(block.constant(name) as Constant), 0);
}

/** The sizes that a node gives, if all of them are stated by the model: of a Shape, or of what is picked from one. */
function knownSizes(block: Block, node: NodeProto): Constant | null {
  if (!['Shape', 'Gather', 'Slice', 'Concat', 'Squeeze', 'Unsqueeze'].includes(node.opType ?? '')) return null;
  const found = sizesOf(block, node, 0);
  if (!found?.sizes.every((size) => typeof size === 'number')) return null;
  return fromNumbers(found.sizes as number[], 'int64', found.scalar ? [] : [found.sizes.length]);
}

interface Sizes {
  /** `null` where a size is not known. */
  readonly sizes: readonly (number | null)[];
  readonly scalar: boolean;
}

/** Sizes that a node gives, from the shapes that the model states. Only what comes from a Shape counts: the rest is folded as it is. */
function sizesOf(block: Block, node: NodeProto | undefined, depth: number): Sizes | null {
  if (!node || depth > 8 || !block.isStandard(node)) return null;
  const { input = [], opType } = node;
  const of = (name: string | undefined): Sizes | null => sizesOf(block, block.producer(name), depth + 1);
  switch (opType) {
    case 'Shape': {
      const dims = block.dims(input[0]);
      const sizes = dims && shapeBetween(node, dims).map((size) => (typeof size === 'number' ? size : null));
      return sizes && { sizes, scalar: false };
    }
    case 'Gather': {
      const source = of(input[0]);
      const indices = block.constant(input[1]);
      const at = intsIn(indices);
      if (!source || source.scalar || !at || intOf(node, 'axis', 0) !== 0) return null;
      const { sizes } = source;
      const picked = at.map((i) => sizes[i < 0 ? i + sizes.length : i]);
      return picked.includes(undefined as never) ? null : { sizes: picked, scalar: indices?.dims.length === 0 };
    }
    case 'Slice': {
      const source = of(input[0]);
      const [starts, ends, axes, steps] = [1, 2, 3, 4].map((i) => intsIn(block.constant(input[i])));
      const plain = (input.length < 4 || axes?.join() === '0') && (input.length < 5 || steps?.join() === '1');
      if (!source || block.opset < 10 || starts?.length !== 1 || ends?.length !== 1 || !plain) return null;
      const { start, count } = sliced(source.sizes.length, starts[0], ends[0], 1);
      return { sizes: source.sizes.slice(start, start + count), scalar: false };
    }
    case 'Concat': {
      const parts = input.map((name) => of(name) ?? constantSizes(block, name));
      if (intOf(node, 'axis', 0) !== 0 || !parts.every((x) => x !== null && !x.scalar)) return null;
      return { sizes: parts.flatMap((x) => x?.sizes ?? []), scalar: false };
    }
    case 'Squeeze':
    case 'Unsqueeze': {
      const source = of(input[0]);
      const wanted = opType === 'Unsqueeze';
      // between a scalar and a list of one
      return source && source.scalar === wanted && source.sizes.length === 1
        ? { sizes: source.sizes, scalar: !wanted }
        : null;
    }
    default:
      return null;
  }
}

function constantSizes(block: Block, name: string): Sizes | null {
  const constant = block.constant(name);
  if (constant?.dtype !== 'int64' || constant.dims.length > 1) return null;
  return { sizes: [...numbersOf(constant)], scalar: constant.dims.length === 0 };
}
