/** Sequences of tensors, and optional values. */
import { cat, isTensor, normalizeDim, stack, type Tensor } from '@tenfold/tensor-core';
import type { NodeContext, RowResult, Rows } from '../context.ts';
import { HostTensor, Sequence, type Value } from '../values.ts';

/** The items of input 0. */
const itemsOf = (c: NodeContext): readonly Value[] => c.sequence(0);

/** A position in a sequence, which may be counted from its end; `extra` positions stand behind it. */
function placeOf(c: NodeContext, i: number, count: number, extra = 0): number {
  const at = c.hostNumber(i);
  const place = at < 0 ? at + count : at;
  if (!Number.isInteger(place) || place < 0 || place >= count + extra)
    throw c.error(`position ${at} is out of range in a sequence of ${count}`);
  return place;
}

/** The items as tensors. */
const tensorsOf = (c: NodeContext): Tensor[] =>
  itemsOf(c).map((item) => {
    if (isTensor(item)) return item;
    if (item instanceof HostTensor) return c.tensorOf(item);
    throw c.error('the sequence must hold tensors');
  });

function erased(c: NodeContext): Sequence {
  const items = itemsOf(c);
  const at = c.has(1) ? placeOf(c, 1, items.length) : items.length - 1;
  return new Sequence(items.filter((_, i) => i !== at));
}

function inserted(c: NodeContext): Sequence {
  const items = itemsOf(c);
  const at = c.has(2) ? placeOf(c, 2, items.length, 1) : items.length;
  return new Sequence([...items.slice(0, at), c.value(1), ...items.slice(at)]);
}

/** Side by side along an axis, or along a new one. */
function concatenated(c: NodeContext): Tensor {
  const tensors = tensorsOf(c);
  const axis = c.int('axis');
  return c.int('new_axis', 0) !== 0 ? stack(tensors, axis) : cat(tensors, axis);
}

/** In pieces of one size, of the given sizes, or slice by slice. */
function pieces(c: NodeContext): Sequence {
  const x = c.x();
  const axis = normalizeDim(c.int('axis', 0), x.ndim, c.node.opType);
  if (!c.has(1)) {
    const slices = x.split(1, axis);
    return new Sequence(c.int('keepdims', 1) !== 0 ? slices : slices.map((slice) => slice.squeeze(axis)));
  }
  const sizes = c.hostInts(1);
  return new Sequence(x.split(c.rank(1) === 0 ? sizes[0] : sizes, axis));
}

/** The body for each item; other sequences go along item by item. */
function mapped(c: NodeContext): RowResult {
  const body = c.graph('body');
  const others = Array.from({ length: c.inputCount - 1 }, (_, i) => c.value(i + 1));
  const results = itemsOf(c).map((item, k) =>
    body.run([item, ...others.map((x) => (x instanceof Sequence ? x.items[k] : x))]),
  );
  return Array.from({ length: c.outputCount }, (_, i) => new Sequence(results.map((outputs) => outputs[i])));
}

/** The value of an optional one. */
function element(c: NodeContext): Value {
  const value = c.value(0);
  if (value === null) throw c.error('the optional value is empty');
  return value;
}

/** Rows by op type. */
export const sequence: Rows = {
  ConcatFromSequence: concatenated,
  Optional: (c) => c.value(0),
  OptionalGetElement: element,
  OptionalHasElement: (c) => new HostTensor('bool', [], [c.has(0) ? 1 : 0]),
  SequenceAt: (c) => itemsOf(c)[placeOf(c, 1, itemsOf(c).length)],
  SequenceConstruct: (c) => new Sequence(c.inputs()),
  SequenceEmpty: () => new Sequence([]),
  SequenceErase: erased,
  SequenceInsert: inserted,
  SequenceLength: (c) => c.ofInts([itemsOf(c).length], []),
  SequenceMap: mapped,
  SplitToSequence: pieces,
};
