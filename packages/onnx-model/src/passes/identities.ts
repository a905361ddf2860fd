/** Takes out nodes that give what they were given, and the first of two changes of shape. */

import type { NodeProto } from '../generated/onnx.ts';
import { dtypeOf } from '../tensor.ts';
import { type Block, intOf, intsOf, type Size } from './block.ts';
import { intsIn, numbersOf } from './constants.ts';

/** The end of an axis, as the files of most exporters write it. */
const TO_THE_END = 2 ** 31 - 1;

export function cleanIdentities(block: Block): void {
  for (const node of block.nodes()) {
    if (!block.isStandard(node)) continue;
    if ((node.output ?? []).filter((name) => name && block.readers(name) > 0).length > 1) continue;
    const same = sameAs(block, node);
    if (same) block.bypass(node, same);
    else if (block.isStandard(node, 'Where')) askOnce(block, node);
    else if (changesShape(block, node)) mergeShapes(block, node);
    else if (block.isStandard(node, 'Expand')) skipExpand(block, node);
  }
}

/** The value that a node gives back, or nothing. */
function sameAs(block: Block, node: NodeProto): string | null {
  const { opType = '', input = [] } = node;
  const rule = rules.get(opType);
  return input[0] && rule?.(block, node) ? input[0] : null;
}

type Rule = (block: Block, node: NodeProto) => boolean;

const alone: Rule = (_, { input = [] }) => input.length === 1;

const rules: ReadonlyMap<string, Rule> = /* @__PURE__ */ new Map<string, Rule>(
  Object.entries({
    Identity: () => true,
    Concat: alone,
    Sum: alone,
    Max: alone,
    Min: alone,
    Cast: (block, node) =>
      block.dtype(node.input?.[0]) === dtypeOf(intOf(node, 'to', 0)) && block.dtype(node.input?.[0]) !== null,
    // in evaluation it does nothing; before version 7 an attribute said which, and the mask is another output
    Dropout: (block, { input = [], output = [] }) => {
      const training = input[2] ? block.constant(input[2]) : null;
      const evaluates =
        block.opset < 12 || !input[2] || (training !== null && numbersOf(training).every((x) => x === 0));
      return block.opset >= 7 && evaluates && !(output[1] && block.readers(output[1]) > 0);
    },
    Transpose: (block, node) => {
      const rank = block.dims(node.input?.[0])?.length;
      const perm = intsOf(node, 'perm');
      return perm ? perm.every((d, i) => d === i) : rank !== undefined && rank <= 1;
    },
    Reshape: (block, node) => {
      const dims = block.dims(node.input?.[0]);
      const asked = intsIn(block.constant(node.input?.[1]));
      return dims !== null && asked !== null && asks(dims, asked, intOf(node, 'allowzero', 0) === 1);
    },
    Expand: (block, node) => {
      const dims = block.dims(node.input?.[0]);
      const asked = intsIn(block.constant(node.input?.[1]));
      if (!dims || !asked || asked.length > dims.length) return false;
      return asked.every((size, i) => size === 1 || size === dims[dims.length - asked.length + i]);
    },
    Slice: (block, node) => {
      const [x, ...bounds] = node.input ?? [];
      const [starts, ends, axes, steps] = bounds.map((name) => (name ? intsIn(block.constant(name)) : undefined));
      const dims = block.dims(x);
      if (block.opset < 10 || !starts || !ends || axes === null || steps === null) return false;
      const whole = (end: number, i: number): boolean => {
        const axis = axes?.[i] ?? i;
        const size = dims?.[axis < 0 ? axis + dims.length : axis];
        return end >= TO_THE_END || (typeof size === 'number' && end >= size);
      };
      return starts.every((x) => x === 0) && ends.every(whole) && (steps ?? []).every((x) => x === 1);
    },
  } satisfies Record<string, Rule>),
);

/** Whether a Reshape to `asked` leaves sizes as they are. */
function asks(dims: readonly Size[], asked: readonly number[], allowZero: boolean): boolean {
  if (asked.length !== dims.length) return false;
  const open = asked.filter((size) => size === -1).length;
  return open <= 1 && asked.every((size, d) => size === -1 || (size === 0 && !allowZero) || size === dims[d]);
}

/** What a Where takes where its condition fails: if another Where of the same condition gives it, what that one takes there. */
function askOnce(block: Block, node: NodeProto): void {
  const [condition, chosen, other] = node.input ?? [];
  const inner = block.producer(other);
  const [same, unused, actual] = inner?.input ?? [];
  if (!inner || !block.isStandard(inner, 'Where') || same !== condition) return;
  // one without dims, which adds none to the result
  if (block.dims(unused)?.length === 0) block.setInputs(node, [condition, chosen, actual]);
}

const shapeOps: readonly string[] = ['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze'];

const changesShape = (block: Block, node: NodeProto): boolean =>
  block.isStandard(node, 'Reshape', 'Squeeze', 'Unsqueeze');

/** A Reshape of a Reshape reads what that one read; a Squeeze of the Unsqueeze of the same axes gives what that one was given. */
function mergeShapes(block: Block, node: NodeProto): void {
  const [x, to] = node.input ?? [];
  const first = block.producer(x);
  const source = first?.input?.[0];
  if (!first || !source || !block.isStandard(first, ...shapeOps)) return;
  if (node.opType !== 'Reshape') {
    const axes = axesOf(block, node);
    const undone = first.opType === (node.opType === 'Squeeze' ? 'Unsqueeze' : 'Squeeze');
    if (undone && axes !== null && axes.every((axis) => axis >= 0) && axes.join() === axesOf(block, first)?.join())
      block.bypass(node, source);
    return;
  }
  const asked = intsIn(block.constant(to));
  if (!asked) return;
  const copied = (d: number): boolean => asked[d] === 0 && intOf(node, 'allowzero', 0) === 0;
  if (!asked.some((_, d) => copied(d))) {
    block.setInputs(node, [source, to]);
    return;
  }
  // a zero copies the size at its place, which must be the same before the first change
  const [before, between] = [block.dims(source), block.dims(x)];
  const same = asked.every(
    (_, d) => !copied(d) || (before?.[d] !== undefined && before[d] !== null && before[d] === between?.[d]),
  );
  if (same) block.setInputs(node, [source, to]);
}

/** Operators whose inputs are broadcast to each other. */
const broadcasting: readonly string[] = [
  ...['Add', 'Sub', 'Mul', 'Div', 'Mod', 'Pow', 'Min', 'Max', 'Sum', 'Mean', 'Where'],
  ...['And', 'Or', 'Xor', 'Equal', 'Less', 'Greater', 'LessOrEqual', 'GreaterOrEqual'],
];

/** An operator that broadcasts needs no Expand before it, if another of its inputs has the same sizes. */
function skipExpand(block: Block, node: NodeProto): void {
  const [x = ''] = node.input ?? [];
  const [expanded = ''] = node.output ?? [];
  const dims = block.dims(expanded);
  if (!dims || dims.includes(null) || block.opset < 7) return;
  for (const reader of block.readersOf(expanded)) {
    const input = reader.input ?? [];
    const beside = input.some((name) => name !== expanded && sameSizes(block.dims(name), dims));
    if (beside && block.isStandard(reader, ...broadcasting))
      block.setInputs(
        reader,
        input.map((name) => (name === expanded ? x : name)),
      );
  }
}

const sameSizes = (a: readonly Size[] | null, b: readonly Size[]): boolean =>
  a?.length === b.length && a.every((size, d) => size === b[d]);

/** The axes of a Squeeze or Unsqueeze. */
function axesOf(block: Block, node: NodeProto): readonly number[] | null {
  return block.opset < 13 ? intsOf(node, 'axes') : intsIn(block.constant(node.input?.[1]));
}
