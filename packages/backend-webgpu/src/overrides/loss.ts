/** The negative log-likelihood of classes and its gradient. A target that is no class is found on the device, and the next read says so. */
import type { Override } from '@tenfold/tensor-core';
import { elementType } from '../elements.ts';
import { sizeOf } from '../geometry.ts';
import { type Buffer, type Gpu, indexFault } from '../gpu.ts';
import type { View } from '../shader.ts';
import { dimOf, type Operands, viewed } from './call.ts';
import { type RowWriter, runRows } from './rows.ts';

interface NllAttrs {
  readonly reduction: 'mean' | 'sum' | 'none';
  readonly ignoreIndex: number;
}

/** Samples that one workgroup adds up; of more, each step is better shared by many. */
const atOnce = 2 ** 17;
/** Samples whose weights every invocation may add up for itself, sooner than wait for another dispatch. */
const fewSamples = 256;

/** The dims of the samples, `[N, d…]`, of values `[N, C, d…]`. */
const withoutClasses = (view: View): View =>
  viewed(view, view.shape.length === 1 ? [] : view.shape.flatMap((_, d) => (d === 1 ? [] : [dimOf(view, d)])));

const classesOf = (view: View): readonly [size: number, stride: number] => dimOf(view, view.shape.length === 1 ? 0 : 1);

/** A weight by class as an operand that all elements share: kernels look into it themselves. */
const repeated = (view: View, { shape }: View): View =>
  viewed(
    view,
    shape.map((size) => [size, 0]),
  );

/** Statements for the class `c` of the target at `index`: whether it counts, and what it weighs. A wrong one is reported and counts for nothing. */
function sample(row: RowWriter, target: number, index: string, weight: number | null, report: boolean): string {
  const [ignored, classes, stride] = [row.integer(0), row.integer(1), row.integer(2)];
  const wrong = `counts && (c < 0 || c >= ${classes})`;
  return `let c = i32(${row.loadAt(target, index)});
    var counts = c != ${ignored};
    if (${wrong}) { ${report ? row.fault('c') : ''} counts = false; }
    ${weight === null ? '' : `let own = ${row.loadAt(weight, `${row.origin(weight)} + u32(select(0, c, counts) * ${stride})`)};`}
    let w = select(0.0, ${weight === null ? '1.0' : 'own'}, counts);`;
}

const refusal = (inputs: Operands, samples: number, attrs: unknown): true | string => {
  if (samples > atOnce) return `more than ${atOnce} samples`;
  const { ignoreIndex } = attrs as NllAttrs;
  if (ignoreIndex < -(2 ** 31) || ignoreIndex >= 2 ** 31) return 'ignoreIndex beyond 32 bits';
  return (
    inputs.every((x) => x === null || typeof x === 'number' || sizeOf(x.shape) < 2 ** 31) || 'at most 2^31 elements'
  );
};

function nllLoss(gpu: Gpu, out: View, inputs: Operands, { reduction, ignoreIndex }: NllAttrs): void {
  const [x, target, weight] = inputs as readonly [View, View, View | null];
  const [classes, stride] = classesOf(x);
  const values = withoutClasses(x);
  const each = reduction === 'none';
  // operands: the result, log-probabilities, targets, weights
  runRows(gpu, {
    name: `nllLoss ${reduction} ${weight ? 'w' : ''}`,
    outs: [each ? out : repeated(out, target)],
    ins: [values, target, ...(weight ? [repeated(weight, target)] : [])],
    outer: each ? target.shape.length : 0,
    integers: [ignoreIndex, classes, weight ? weight.strides[0] : 0, stride],
    fault: indexFault(classes, 1),
    numbered: true,
    body(row) {
      const place = (o: number): string => (each ? row.origin(o) : row.index(o));
      const known = sample(row, 2, place(2), weight ? 3 : null, true);
      const value = row.loadAt(1, `${place(1)} + u32(select(0, c, counts) * ${row.integer(3)})`);
      // an ignored sample counts for nothing, whatever its values are
      const own = `let loss = select(0.0, -${value} * w, counts);`;
      if (each) return [`if (live) { ${known} ${own} ${row.storeOne(0, 'loss')} }`];
      const result = reduction === 'mean' ? `select(sum / total, ${row.call('nan_of')}, total == 0.0)` : 'sum';
      return [row.sums({ sum: () => 'loss', total: () => 'w' }, `${known} ${own}`), row.storeOne(0, result)];
    },
  });
}

function nllLossBackward(gpu: Gpu, out: View, inputs: Operands, { reduction, ignoreIndex }: NllAttrs): void {
  const [grad, target, weight] = inputs as readonly [View, View, View | null];
  const [classes, stride] = classesOf(out);
  const samples = sizeOf(target.shape);
  const mean = reduction === 'mean';
  const inline = mean && samples <= fewSamples;
  const integers = [ignoreIndex, classes, weight ? weight.strides[0] : 0, stride, samples];
  const type = elementType('float32');
  const total = mean && !inline ? gpu.pool.allocate(type.bytes, type) : null;
  const totalView: View | null = total && {
    dtype: 'float32',
    storage: { buffer: total },
    offset: 0,
    shape: target.shape,
    strides: target.shape.map(() => 0),
  };
  const beside = weight ? [repeated(weight, target)] : [];
  if (totalView) {
    runRows(gpu, {
      name: `nllLossBackward total ${weight ? 'w' : ''}`,
      outs: [totalView],
      ins: [target, ...beside],
      outer: 0,
      integers,
      numbered: true,
      body: (row) => [
        row.sums({ total: () => 'w' }, sample(row, 1, row.index(1), weight ? 2 : null, false)),
        row.storeOne(0, 'total'),
      ],
    });
  }
  // operands: the result, targets, the gradient, weights, their sum; a row are the classes of a sample
  const full = (view: View): View => viewed(view, [...view.shape.map((_, d) => dimOf(view, d)), [classes, 0]]);
  const share = reduction === 'none' ? grad : repeated(grad, target);
  const result = withoutClasses(out);
  runRows(gpu, {
    name: `nllLossBackward ${reduction} ${weight ? 'w' : ''}${inline}`,
    outs: [viewed(result, [...result.shape.map((_, d) => dimOf(result, d)), [classes, stride]])],
    ins: [target, share, ...beside, ...(totalView ? [totalView] : [])].map(full),
    outer: target.shape.length,
    integers,
    fault: indexFault(classes, 1),
    numbered: true,
    body(row) {
      const weights = weight ? 3 : null;
      const sum = inline
        ? `var total = 0.0;
  for (var s = 0u; s < u32(${row.integer(4)}); s++) { ${sample(row, 1, row.origin(1, 's'), weights, false)} total += w; }`
        : `let total = ${totalView ? row.one(weight ? 4 : 3) : '1.0'};`;
      return [
        sum,
        sample(row, 1, row.origin(1), weights, true),
        `let down = -(${row.one(2)} / total) * w;`,
        row.each(() => row.store(0, 'select(0.0, down, counts && i32(i) == c)')),
      ];
    },
  });
  if (total) gpu.pool.release(total);
}

/** By op name. */
export function lossOverrides(gpu: Gpu): { readonly [op: string]: Override<Buffer> } {
  const samplesOf = (x: View): number => sizeOf(withoutClasses(x).shape);
  return {
    nllLoss: {
      supports: (inputs, attrs) => refusal(inputs, samplesOf(inputs[0] as View), attrs),
      run: ([out], inputs, attrs) => nllLoss(gpu, out, inputs, attrs as NllAttrs),
    },
    nllLossBackward: {
      supports: (inputs, attrs) => refusal(inputs, sizeOf((inputs[1] as View).shape), attrs),
      run: ([out], inputs, attrs) => nllLossBackward(gpu, out, inputs, attrs as NllAttrs),
    },
  };
}
