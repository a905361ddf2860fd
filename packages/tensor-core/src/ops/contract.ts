/** `contract`, the general product of two tensors, and products of tensors whose dims have labels. */
import type { MatmulDims } from '../backend.ts';
import { dispatch } from '../dispatch.ts';
import { DTypeError, ShapeError } from '../errors.ts';
import { formatShape } from '../shape.ts';
import { OpSpec, type Sig } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { notImplementedFor, requireTensor } from './build.ts';

/**
 * How many dims of each role the operands of `contract` have, in this order: `a [batch…, m…, k…]`, `b [batch…, k…, n…]`, result `[batch…, m…, n…]`.
 */
export type ContractAttrs = MatmulDims;

function contractShape(a: Tensor, b: Tensor, { batch, m, n, k }: ContractAttrs): number[] {
  if (a.ndim !== batch + m + k || b.ndim !== batch + k + n) {
    throw new ShapeError(
      `contract: shapes ${formatShape(a.shape)} and ${formatShape(b.shape)} do not have batch ${batch}, m ${m}, n ${n} and k ${k} dims`,
    );
  }
  for (let d = 0; d < batch + k; d++) {
    const [left, right] = d < batch ? [a.shape[d], b.shape[d]] : [a.shape[m + d], b.shape[d]];
    if (left === right) continue;
    throw new ShapeError(
      `contracted dimensions need to match, but first has size ${left} in dim ${d < batch ? d : m + d} and second has size ${right} in dim ${d}`,
    );
  }
  return [...a.shape.slice(0, batch + m), ...b.shape.slice(batch + k)];
}

/** The sum over the k dims of the products of `a [batch…, m…, k…]` and `b [batch…, k…, n…]`. */
export const contract: OpSpec<Sig<[Tensor, Tensor], ContractAttrs>> = new OpSpec<Sig<[Tensor, Tensor], ContractAttrs>>({
  name: 'contract',
  infer([a, b], attrs) {
    requireTensor('contract', a, 0);
    requireTensor('contract', b, 1);
    const shape = contractShape(a, b, attrs);
    if (a.dtype !== b.dtype)
      throw new DTypeError(`contract: expected both tensors to have the same dtype, but got: ${a.dtype} != ${b.dtype}`);
    if (a.dtype === 'bool') throw notImplementedFor('contract', a.dtype);
    return { shape, dtype: a.dtype };
  },
  kernel: (runtime, [out], [a, b], attrs) => runtime.matmul(out, a, b, attrs),
});

/** A tensor and what its dims are called. */
export interface Labelled {
  readonly x: Tensor;
  readonly labels: readonly string[];
}

/** Sums the dims whose labels nobody wants. */
export function onlyWanted({ x, labels }: Labelled, wanted: ReadonlySet<string>): Labelled {
  const dims = labels.flatMap((label, d) => (wanted.has(label) ? [] : [d]));
  if (dims.length === 0) return { x, labels };
  return { x: x.sum(dims, { dtype: x.dtype }), labels: labels.filter((label) => wanted.has(label)) };
}

/** `x` with its dims in the order of `labels`, which it must have all. */
export function inOrder({ x, labels: has }: Labelled, labels: readonly string[]): Tensor {
  if (labels.every((label, d) => label === has[d])) return x;
  return x.permute(labels.map((label) => has.indexOf(label)));
}

/** `x` with dims of size 1 repeated to the size the other operand has under the same label. */
function matched({ x, labels }: Labelled, other: Labelled): Labelled {
  const sizes = labels.map((label, d) => {
    const at = other.labels.indexOf(label);
    return x.shape[d] === 1 && at >= 0 ? other.x.shape[at] : x.shape[d];
  });
  return sizes.every((size, d) => size === x.shape[d]) ? { x, labels } : { x: x.expand(sizes), labels };
}

/** The product of two labelled tensors, summed over the labels that are not in `wanted`. */
export function contractPair(first: Labelled, second: Labelled, wanted: ReadonlySet<string>): Labelled {
  const a = matched(onlyWanted(first, new Set([...second.labels, ...wanted])), second);
  const b = matched(onlyWanted(second, new Set([...first.labels, ...wanted])), first);
  const shared = a.labels.filter((label) => b.labels.includes(label));
  const batch = shared.filter((label) => wanted.has(label));
  const k = shared.filter((label) => !wanted.has(label));
  const m = a.labels.filter((label) => !shared.includes(label));
  const n = b.labels.filter((label) => !shared.includes(label));
  const left = inOrder(a, [...batch, ...m, ...k]);
  const right = inOrder(b, [...batch, ...k, ...n]);
  const labels = [...batch, ...m, ...n];
  if (k.length > 0) {
    const dims = { batch: batch.length, m: m.length, n: n.length, k: k.length };
    return { x: dispatch(contract, [left, right], dims), labels };
  }
  // nothing to sum: a pointwise product of [batch…, m…, 1…] and [batch…, 1…, n…]
  let [wide, tall] = [left, right];
  for (let i = 0; i < n.length; i++) wide = wide.unsqueeze(-1);
  for (let i = 0; i < m.length; i++) tall = tall.unsqueeze(batch.length);
  return { x: wide.mul(tall), labels };
}
