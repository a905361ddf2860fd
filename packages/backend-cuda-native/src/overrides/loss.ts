/** The negative log-likelihood of classes and its gradient. A target that is no class is found on the device, and the next read says so. */
import type { NllLossAttrs, Override } from '@tenfold/tensor-core';
import type { Call, Cuda } from '../cuda.ts';
import { type Buffer, itemsize, kernelTypes, type View } from '../elements.ts';
import { indexFault } from '../faults.ts';
import { axesOf, merged, sizeOf } from '../geometry.ts';
import { type Dim, dimOf, fewDims, type Operands, repeated, valueType, viewed } from './rows.ts';

/** Threads of a block, and samples that each of them should have. */
const threads = 256;
const samplesEach = 4;

/** Numbers of `Reduction` in loss.cu. */
const reductions = { none: 0, sum: 1, mean: 2, weights: 3 } as const;

/** The dims of the samples, `[N, d…]`, of values `[N, C, d…]`. */
const withoutClasses = (view: View): View =>
  viewed(view, view.shape.length === 1 ? [] : view.shape.flatMap((_, d) => (d === 1 ? [] : [dimOf(view, d)])));

const classesOf = (view: View): Dim => dimOf(view, view.shape.length === 1 ? 0 : 1);

/** What both kernels are told of targets. */
interface Classes {
  readonly target: View;
  readonly weight: View | null;
  readonly count: number;
  /** From a class to the next one. */
  readonly stride: number;
  readonly ignoreIndex: number;
}

/** Writes `weight` where the kernel has it. */
const writeWeight = (call: Call, { weight }: Classes): Call => (weight ? call.view(weight) : call.none());

/** Writes `Targets` of loss.cu and the strides of classes. */
function writeTargets(cuda: Cuda, call: Call, { target, weight, count, stride, ignoreIndex }: Classes): Call {
  return call
    .view(target)
    .int(target.dtype === 'int64' ? 1 : 0)
    .int(cuda.faultCode(indexFault(count, 1)))
    .faults()
    .long(count)
    .long(ignoreIndex)
    .long(stride)
    .long(weight ? weight.strides[0] : 0);
}

/** Sums over samples to `write`, or a loss for each to `each`. Without an `x` only weights are summed. */
function run(
  cuda: Cuda,
  type: View['dtype'],
  reduction: keyof typeof reductions,
  classes: Classes,
  x: View | null,
  each: View | null,
  write: (call: Call) => Call,
): void {
  const { target } = classes;
  const absent = viewed(target, repeated(target.shape));
  const axes = merged(axesOf([each ?? absent, x ?? absent, target]));
  const samples = sizeOf(target.shape);
  const blocks = Math.max(1, Math.min(Math.ceil(samples / (threads * samplesEach)), cuda.blocksAtOnce));
  const name = kernelTypes[type];
  cuda.temporary(valueType(type), 2 * blocks, (parts) => {
    const call = write(cuda.call(`nll_${name}`));
    if (x) call.view(x);
    else call.none();
    writeTargets(cuda, writeWeight(call, classes), classes).pointer(parts).long(reductions[reduction]);
    call.long(blocks).int(threads).int(0).walk(axes, 3).launch(blocks, threads);
    if (blocks === 1 || reduction === 'none') return;
    const join = write(cuda.call(`nll_join_${name}`))
      .pointer(parts)
      .long(blocks)
      .long(reductions[reduction]);
    join.long(1).int(threads).int(0).launch(1, threads);
  });
}

function nllLoss(cuda: Cuda, out: View, inputs: Operands, { reduction, ignoreIndex }: NllLossAttrs): void {
  const [x, target, weight] = inputs as readonly [View, View, View | null];
  const [count, stride] = classesOf(x);
  const classes = { target, weight, count, stride, ignoreIndex };
  const each = reduction === 'none' ? out : null;
  run(cuda, x.dtype, reduction, classes, withoutClasses(x), each, (call) => call.view(out));
}

function nllLossBackward(cuda: Cuda, out: View, inputs: Operands, { reduction, ignoreIndex }: NllLossAttrs): void {
  const [grad, target, weight] = inputs as readonly [View, View, View | null];
  const { dtype } = out;
  const [count, stride] = classesOf(out);
  const classes = { target, weight, count, stride, ignoreIndex };
  // results are dense when they are handed out
  const size = itemsize(dtype);
  cuda.fill(out.storage.buffer, out.offset * size, sizeOf(out.shape) * size, 0);
  if (sizeOf(target.shape) === 0) return;
  const share = reduction === 'none' ? grad : viewed(grad, repeated(target.shape));
  const axes = merged(axesOf([withoutClasses(out), share, target]));
  const spread = (total: Buffer | null): void => {
    const call = cuda.call(`nll_backward_${kernelTypes[dtype]}`).view(out).view(grad);
    writeWeight(call, classes);
    if (total) call.pointer(total);
    else call.none();
    writeTargets(cuda, call, classes).walk(axes, 3).launchOver(sizeOf(target.shape));
  };
  if (reduction !== 'mean') spread(null);
  else
    cuda.temporary(valueType(dtype), 1, (total) => {
      run(cuda, dtype, 'weights', classes, null, null, (call) => call.pointer(total));
      spread(total);
    });
}

/** By op name. */
export function lossOverrides(cuda: Cuda): { readonly [op: string]: Override<Buffer> } {
  const supports = (inputs: Operands): true | string => {
    const [x, , weight] = inputs as readonly (View | null)[];
    return weight && weight.dtype !== x?.dtype ? 'weights of another dtype' : fewDims(inputs);
  };
  return {
    nllLoss: { supports, run: ([out], inputs, attrs) => nllLoss(cuda, out, inputs, attrs as NllLossAttrs) },
    nllLossBackward: {
      supports,
      run: ([out], inputs, attrs) => nllLossBackward(cuda, out, inputs, attrs as NllLossAttrs),
    },
  };
}
