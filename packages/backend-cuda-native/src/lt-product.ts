/** Products that cuBLASLt computes: those of matrices, or of one batch of them, of a float type. */
import { isFloat } from '@tenfold/tensor-core';
import { attempt, type Cuda } from './cuda.ts';
import { itemsize, kernelTypes, type View } from './elements.ts';
import type { Axis } from './geometry.ts';
import type { LtMatrix, LtProduct } from './native.ts';
import { axesOfOperand, type Group, lastStride, type Product } from './product.ts';

/** Most calls that a product is split into, where its batch has two dims. */
const mostCalls = 16;

/** Sizes and leading dims are 32-bit there. */
const most = 2 ** 31 - 1;

/**
 * Queues the product, unless it has another form or cuBLASLt has no algorithm for it. With `'added'` the addend is in, too; with `'plain'` it is still
 * missing.
 */
export function ltProduct(cuda: Cuda, p: Product, tf32: boolean): 'added' | 'plain' | 'refused' {
  if (!isFloat(p.out.dtype) || p.k.size === 0 || sharesBuffer(p)) return 'refused';
  const q = withBatch(p);
  const [outer, ...inner] = q.batch.axes;
  if (q.batch.axes.length <= 1) return run(cuda, q, q.batch.axes, [0, 0, 0, 0], tf32);
  if (q.batch.axes.length > 2 || outer.size > mostCalls) return 'refused';
  let done: ReturnType<typeof run> = 'refused';
  for (let i = 0; i < outer.size; i++) {
    done = run(
      cuda,
      q,
      inner,
      outer.strides.map((stride) => i * stride),
      tf32,
    );
    // the parts differ in their alignment only; should one be refused, all are computed anew
    if (done === 'refused') return done;
  }
  return done;
}

/** The addon refuses a result that may overlap a factor, of which it sees the ends only. */
const sharesBuffer = ({ out, a, b }: Product): boolean =>
  [a, b].some(({ storage }) => storage.buffer.handle === out.storage.buffer.handle);

/** Where rows or columns are no single dim, the outer one can be a batch in which the other factor repeats: so it is with images and a 1 × 1 kernel. */
function withBatch(p: Product): Product {
  if (p.batch.axes.length > 0) return p;
  for (const name of ['n', 'm'] as const) {
    if (p[name].axes.length !== 2) continue;
    const [{ size, strides }, rest] = p[name].axes;
    const [out, addend, factor] = strides;
    const batch: Axis = { size, strides: name === 'n' ? [out, addend, 0, factor] : [out, addend, factor, 0] };
    return { ...p, batch: { axes: [batch], size }, [name]: { axes: [rest], size: rest.size } };
  }
  return p;
}

/** A matrix whose `rows` are neighbours and whose columns are `leading` apart; `null` if they overlap. */
function matrix(
  rows: number,
  columns: number,
  row: number,
  column: number,
): Omit<LtMatrix, 'handle' | 'offset' | 'batchStride' | 'transposed'> | null {
  const leading = columns === 1 ? Math.max(1, rows) : column;
  if ((rows > 1 && row !== 1) || leading < Math.max(1, rows) || Math.max(rows, columns, leading) > most) return null;
  return { rows, columns, leading };
}

/** A batch of products, whose operands (out, addend, a, b) begin `moved` elements further. */
function run(
  cuda: Cuda,
  p: Product,
  batch: readonly Axis[],
  moved: readonly number[],
  tf32: boolean,
): 'added' | 'plain' | 'refused' {
  const single = (['m', 'n', 'k'] as const).every((name) => p[name].axes.length <= 1);
  if (!single) return 'refused';
  const [m, n, k] = [p.m.size, p.n.size, p.k.size];
  const placed = (view: View, operand: number) => ({
    handle: view.storage.buffer.handle,
    offset: (view.offset + moved[operand]) * itemsize(view.dtype),
    batchStride: batch.length === 0 ? 0 : batch[0].strides[operand],
  });
  // a row-major matrix is its transpose, column-major: outᵀ = bᵀ · aᵀ
  const d = matrix(n, m, lastStride(p, 'n', 'out'), lastStride(p, 'm', 'out'));
  const [bn, bk] = [lastStride(p, 'n', 'b'), lastStride(p, 'k', 'b')];
  const [am, ak] = [lastStride(p, 'm', 'a'), lastStride(p, 'k', 'a')];
  const left = matrix(n, k, bn, bk) ?? matrix(k, n, bk, bn);
  const right = matrix(k, m, ak, am) ?? matrix(m, k, am, ak);
  if (!d || !left || !right || (batch[0]?.size ?? 1) > most) return 'refused';
  // the addon takes results of a batch that lie behind each other, not those between each other
  if (batch.length > 0 && batch[0].strides[0] < d.leading * (d.columns - 1) + d.rows) return 'refused';
  const bias = biasOf(p, batch);
  const product: LtProduct = {
    type: kernelTypes[p.out.dtype] as LtProduct['type'],
    tf32,
    batch: batch[0]?.size ?? 1,
    a: { ...placed(p.b, 3), ...left, transposed: matrix(n, k, bn, bk) === null },
    b: { ...placed(p.a, 2), ...right, transposed: matrix(k, m, ak, am) === null },
    d: { ...placed(p.out, 0), ...d, transposed: false },
    epilogue: bias ? 'bias' : 'none',
    bias: bias
      ? { handle: bias.storage.buffer.handle, offset: (bias.offset + moved[1]) * itemsize(bias.dtype) }
      : undefined,
  };
  const done = attempt(() => cuda.native.multiply(product));
  return done !== true ? 'refused' : bias || !p.addend ? 'added' : 'plain';
}

/**
 * The addend where it is one element per column of the result. Of float32 only: there the sum is rounded before the addition as by two ops, while halves
 * would be added before they are rounded.
 */
function biasOf(p: Product, batch: readonly Axis[]): View | null {
  if (!p.addend || p.out.dtype !== 'float32') return null;
  const columns = axesOfOperand(p, 'n', 'addend');
  const repeats = ({ axes }: Group | { readonly axes: readonly Axis[] }) =>
    axes.every(({ strides }) => strides[1] === 0);
  return repeats(p.m) && repeats({ axes: batch }) && columns.every(({ strides }) => strides[0] === 1) ? p.addend : null;
}
