/** Pooling and its gradients, a launch each, by the kernels of `native/kernels/pool.cu`. */
import { type AvgPoolAttrs, isFloat, type Override, type PoolAttrs } from '@tenfold/tensor-core';
import type { Call, Cuda } from '../cuda.ts';
import { type Buffer, kernelTypes, type View } from '../elements.ts';
import { sizeOf } from '../geometry.ts';
import type { Operands } from './rows.ts';

/** Spatial dims that kernels have. */
const dims = 3;
/** Windows among which an element looks for itself, if nothing says where they are. */
const fewWindows = 64;
/** Elements that one thread adds up; more are better shared by many. */
const fewTerms = 1024;

type Geometry = Pick<PoolAttrs, 'kernel' | 'stride' | 'padding' | 'dilation'>;

const spatial = ({ shape }: View): readonly number[] => shape.slice(2);

const tripled = (sizes: readonly number[], missing: number): readonly number[] => [
  ...new Array<number>(dims - sizes.length).fill(missing),
  ...sizes,
];

/** Writes `Windows` of pool.cu: `counts` windows over planes of `sizes`. Without a geometry they have unlike sizes, or lie anywhere. */
function writeWindows(
  call: Call,
  sizes: readonly number[],
  counts: readonly number[],
  geometry: Geometry | null,
): void {
  const { kernel, stride, padding, dilation } = geometry ?? { kernel: [], stride: [], padding: [], dilation: [] };
  const lists = [
    tripled(sizes, 1),
    tripled(counts, 1),
    tripled(kernel, 1),
    tripled(stride, 1),
    tripled(padding, 0),
    tripled(dilation, 1),
  ];
  for (const value of lists.flat()) call.int(value);
  call.int(geometry ? 0 : 1).int(0);
}

function writeSteps(call: Call, view: View | null): void {
  const [sample, channel, ...places] = view?.strides ?? [0, 0];
  for (const step of [sample, channel, ...tripled(places, 0)]) call.long(step);
}

interface Pool {
  readonly name: string;
  readonly result: View;
  /** Where maxima lie. */
  readonly positions: View | null;
  readonly from: View;
  readonly sizes: readonly number[];
  readonly counts: readonly number[];
  readonly geometry: Geometry | null;
  readonly divisor?: number | null;
  readonly withPadding?: boolean;
}

/** A thread to an element of the result. */
function run(cuda: Cuda, { name, result, positions, from, sizes, counts, geometry, divisor = null, ...p }: Pool): void {
  const total = sizeOf(result.shape);
  if (total === 0) return;
  const call = cuda.call(`${name}_${kernelTypes[result.dtype]}`).view(result);
  if (positions) call.view(positions);
  else call.none();
  call.view(from).long(total).long(result.shape[1]);
  writeWindows(call, sizes, counts, geometry);
  for (const view of [result, positions, from]) writeSteps(call, view);
  call
    .double(divisor ?? 0)
    .int(divisor === null ? 0 : 1)
    .int(p.withPadding ? 1 : 0);
  call.launchOver(total);
}

/** Positions are computed in 32 bits. */
function supports(inputs: Operands): true | string {
  const [x] = inputs as readonly View[];
  if (!isFloat(x.dtype)) return 'floats only';
  if (x.shape.length - 2 > dims) return `more than ${dims} spatial dims`;
  return sizeOf(spatial(x)) < 2 ** 31 || 'planes of 2^31 elements or more';
}

function supportsMeans(inputs: Operands, attrs: unknown): true | string {
  const { kernel, dilation } = attrs as AvgPoolAttrs;
  if (dilation.some((d) => d !== 1)) return 'means of elements side by side only';
  return sizeOf(kernel) <= fewTerms ? supports(inputs) : `windows of more than ${fewTerms} elements`;
}

interface BackwardAttrs {
  readonly size: readonly number[];
  readonly windows?: PoolAttrs;
}

/** Windows that hold an element are few, or it may lie in any of few. */
function supportsMaxBackward(inputs: Operands, attrs: unknown): true | string {
  const { windows, size } = attrs as BackwardAttrs;
  if (sizeOf(size) >= 2 ** 31) return 'planes of 2^31 elements or more';
  const holders = windows
    ? sizeOf(windows.kernel.map((taps, d) => Math.ceil(((taps - 1) * windows.dilation[d] + 1) / windows.stride[d])))
    : sizeOf(spatial(inputs[0] as View));
  if (holders > (windows ? fewTerms : fewWindows)) return 'too many windows in which an element may lie';
  return supports(inputs);
}

/** By op name. */
export function poolOverrides(cuda: Cuda): { readonly [op: string]: Override<Buffer> } {
  const largest = (geometryOf: (attrs: unknown) => Geometry | null): Override<Buffer> => ({
    supports,
    run([result, positions], [x], attrs) {
      const from = x as View;
      const geometry = geometryOf(attrs);
      const [sizes, counts] = [spatial(from), spatial(result)];
      run(cuda, { name: 'max_pool', result, positions, from, sizes, counts, geometry });
    },
  });
  return {
    maxPool: largest((attrs) => attrs as PoolAttrs),
    adaptiveMaxPool: largest(() => null),
    maxPoolBackward: {
      supports: supportsMaxBackward,
      run([result], inputs, attrs) {
        const [from, positions] = inputs as readonly View[];
        const geometry = (attrs as BackwardAttrs).windows ?? null;
        const [sizes, counts] = [spatial(result), spatial(from)];
        run(cuda, { name: 'max_pool_backward', result, positions, from, sizes, counts, geometry });
      },
    },
    avgPool: {
      supports: supportsMeans,
      run([result], [x], attrs) {
        const from = x as View;
        const { countIncludePad: withPadding, divisorOverride: divisor, ...geometry } = attrs as AvgPoolAttrs;
        const [sizes, counts] = [spatial(from), spatial(result)];
        run(cuda, { name: 'avg_pool', result, positions: null, from, sizes, counts, geometry, divisor, withPadding });
      },
    },
    avgPoolBackward: {
      supports: supportsMeans,
      run([result], [grad], attrs) {
        const from = grad as View;
        const { countIncludePad: withPadding, divisorOverride: divisor, ...geometry } = attrs as AvgPoolAttrs;
        const [sizes, counts] = [spatial(result), spatial(from)];
        const name = 'avg_pool_backward';
        run(cuda, { name, result, positions: null, from, sizes, counts, geometry, divisor, withPadding });
      },
    },
  };
}
