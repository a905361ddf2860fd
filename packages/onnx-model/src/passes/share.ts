/** Keeps one of what is there twice: nodes that compute the same, and equal constants. */

import { NodeProto, type TensorProto } from '../generated/onnx.ts';
import { graphsOf } from '../subgraphs.ts';
import { littleEndian } from '../tensor.ts';
import type { Block } from './block.ts';
import { type Constant, constantOf, readConstant } from './constants.ts';

/** Operators that give something else each time. */
const random = [
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Multinomial',
  'Bernoulli',
  'Dropout',
];

/** Of nodes with one operator, the same inputs and the same attributes, the first stays. */
export function shareSubexpressions(block: Block): void {
  const known = new Map<string, NodeProto>();
  for (const node of block.nodes()) {
    const { opType = '', input = [], output = [] } = node;
    if (opType === 'Constant' || random.includes(opType) || graphsOf(node).length > 0 || !block.isStandard(node))
      continue;
    const attribute = [...(node.attribute ?? [])].sort((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1));
    const key = keyOf(NodeProto.encode({ opType, input, attribute }).finish());
    const first = known.get(key);
    // an output keeps its name, and so its node
    if (!first || output.some((name) => block.isOutput(name)) || output.length !== first.output?.length) {
      if (!first) known.set(key, node);
      continue;
    }
    const pairs = output.map((name, k) => [name, first.output?.[k] ?? ''] as const);
    if (pairs.some(([name, kept]) => name && !kept && block.readers(name) > 0)) continue;
    block.remove(node);
    for (const [name, kept] of pairs) if (name && kept) block.redirect(name, kept);
  }
}

/** Of equal Constant nodes, the first stays. */
export function shareConstants(block: Block): void {
  const known = new Map<string, string>();
  for (const node of block.nodes()) {
    if (node.opType !== 'Constant' || !block.isStandard(node)) continue;
    const [name = ''] = node.output ?? [];
    const constant = constantOf(node);
    const key = constant && constantKey(constant);
    if (!key) continue;
    const first = known.get(key);
    if (first === undefined) known.set(key, name);
    else block.bypass(node, first);
  }
}

/** Of equal initialisers, the first stays. */
export function shareInitializers(block: Block, keepInitializers: boolean): void {
  if (keepInitializers) return;
  const known = new Map<string, TensorProto>();
  for (const tensor of block.initializers()) {
    const { name = '' } = tensor;
    const constant = block.isOutput(name) ? null : readConstant(tensor);
    if (!constant) continue;
    const key = constantKey(constant);
    const first = known.get(key);
    if (!first) known.set(key, tensor);
    else if (block.readers(name) > 0) block.redirect(name, first.name ?? '');
  }
}

const constantKey = ({ dtype, dims, data }: Constant): string => `${dtype}[${dims.join()}]${keyOf(littleEndian(data))}`;

/** Bytes as text, one character each. */
function keyOf(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return text;
}
