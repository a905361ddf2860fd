/** Attributes of ops with windows over `[N, C, …]`: kernel, stride, dilation and padding of each spatial dim. */
import type { NodeContext } from '../context.ts';

/** What stands in the attributes, one entry per spatial dim. */
export interface Windows {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: readonly number[];
  readonly paddingEnd: readonly number[];
  /** How many windows there are. */
  readonly counts: readonly number[];
}

/** How far a kernel reaches. */
export const reach = (kernel: number, dilation: number): number => dilation * (kernel - 1) + 1;

/** An attribute with one entry per spatial dim. */
export function perDim(c: NodeContext, name: string, n: number, fallback: number): readonly number[] {
  const list = c.ints(name, null);
  if (list === null || list.length === 0) return new Array<number>(n).fill(fallback);
  if (list.length !== n) throw c.error(`attribute '${name}' needs ${n} entries, got [${list.join(', ')}]`);
  return list;
}

const padModes = ['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'];

/** How `auto_pad` says that padding is found. */
export function autoPad(c: NodeContext): string {
  const mode = c.string('auto_pad', 'NOTSET') || 'NOTSET';
  if (!padModes.includes(mode)) throw c.error(`auto_pad must be one of ${padModes.join(', ')}, got '${mode}'`);
  return mode;
}

/** All paddings before, and all behind. */
export function pads(c: NodeContext, n: number): [before: readonly number[], behind: readonly number[]] {
  const list = c.ints('pads', null) ?? [];
  if (list.length === 0) return [new Array<number>(n).fill(0), new Array<number>(n).fill(0)];
  if (list.length !== 2 * n) throw c.error(`attribute 'pads' needs ${2 * n} entries, got [${list.join(', ')}]`);
  return [list.slice(0, n), list.slice(n)];
}

/** Half of each total before and the rest behind; the odd one stands behind for SAME_UPPER. */
export function halves(totals: readonly number[], upper: boolean): [before: number[], behind: number[]] {
  const before = totals.map((total) => (upper ? Math.floor(total / 2) : Math.ceil(total / 2)));
  return [before, totals.map((total, d) => total - before[d])];
}

/** The windows of a convolution or pooling over spatial `sizes`. */
export function windowsOf(c: NodeContext, sizes: readonly number[], kernel: readonly number[]): Windows {
  const n = sizes.length;
  if (kernel.length !== n) throw c.error(`the kernel has ${kernel.length} dims, the input ${n} spatial ones`);
  const stride = perDim(c, 'strides', n, 1);
  const dilation = perDim(c, 'dilations', n, 1);
  if ([...stride, ...dilation, ...kernel].some((x) => x < 1))
    throw c.error('kernel, strides and dilations must be at least 1');
  const reached = kernel.map((size, d) => reach(size, dilation[d]));
  const mode = autoPad(c);
  let [padding, paddingEnd] = mode === 'NOTSET' ? pads(c, n) : [kernel.map(() => 0), kernel.map(() => 0)];
  if (mode.startsWith('SAME')) {
    const totals = sizes.map((size, d) =>
      Math.max(0, (Math.ceil(size / stride[d]) - 1) * stride[d] + reached[d] - size),
    );
    [padding, paddingEnd] = halves(totals, mode === 'SAME_UPPER');
  }
  const ceil = c.int('ceil_mode', 0) !== 0;
  const counts = sizes.map((size, d) => {
    const steps = (size + padding[d] + paddingEnd[d] - reached[d]) / stride[d];
    const count = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
    // a last window must start within the input or the padding before it
    return ceil && (count - 1) * stride[d] >= size + padding[d] ? count - 1 : count;
  });
  if (counts.some((count) => count < 1))
    throw c.error(
      `windows of [${reached.join(', ')}] do not fit into [${sizes.join(', ')}] with paddings [${padding.join(', ')}] and [${paddingEnd.join(', ')}]`,
    );
  c.sized(counts);
  return { kernel, stride, dilation, padding, paddingEnd, counts };
}
