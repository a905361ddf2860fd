/** Merges transposes with each other and into Gemm. Those of an initialiser are folded into it by constant folding. */
import { AttributeProto_AttributeType as AttributeType, type NodeProto } from '../generated/onnx.ts';
import { attributeOf, type Block, intOf, intsOf } from './block.ts';

export function cleanTransposes(block: Block): void {
  for (const node of block.nodes()) {
    if (block.isStandard(node, 'Transpose')) mergeTransposes(block, node);
    else if (block.isStandard(node, 'Gemm'))
      for (const [i, name] of ['transA', 'transB'].entries()) intoGemm(block, node, i, name);
  }
}

/** The order of dims that a Transpose gives; `null` if neither it nor the model says. */
function permOf(block: Block, node: NodeProto): readonly number[] | null {
  const perm = intsOf(node, 'perm');
  if (perm) return perm;
  const dims = block.dims(node.input?.[0]);
  return dims && dims.map((_, d) => dims.length - 1 - d);
}

function mergeTransposes(block: Block, node: NodeProto): void {
  const first = block.producer(node.input?.[0]);
  const source = first?.input?.[0];
  if (!first || !source || !block.isStandard(first, 'Transpose')) return;
  const [inner, outer] = [permOf(block, first), permOf(block, node)];
  if (!inner || !outer || inner.length !== outer.length) return;
  const perm = outer.map((d) => inner[d]);
  if (perm.every((d, i) => d === i) && block.bypass(node, source)) return;
  node.attribute = [{ name: 'perm', type: AttributeType.INTS, ints: perm }];
  block.setInputs(node, [source]);
}

/** Gemm transposes by itself. */
function intoGemm(block: Block, node: NodeProto, i: number, name: string): void {
  const input = [...(node.input ?? [])];
  const first = block.producer(input[i]);
  const source = first?.input?.[0];
  if (!first || !source || !block.isStandard(first, 'Transpose') || permOf(block, first)?.join() !== '1,0') return;
  const flipped = 1 - intOf(node, name, 0);
  const found = attributeOf(node, name);
  if (found) found.i = flipped;
  else (node.attribute ??= []).push({ name, type: AttributeType.INT, i: flipped });
  input[i] = source;
  block.setInputs(node, input);
}
