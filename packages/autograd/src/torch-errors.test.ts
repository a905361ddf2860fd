/** The engine's errors begin with PyTorch's sentences, which are in the fixture. */
import '@tenfold/backend-cpu/register';
import { readFileSync } from 'node:fs';
import { arange, cat, eye, ones, type Tensor, tensor } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import {
  Function as AutogradFunction,
  defineFunction,
  detectAnomaly,
  type FunctionContext,
  grad,
  inferenceMode,
  noGrad,
  savedTensorsHooks,
} from './index.ts';

interface Recorded {
  readonly name: string;
  readonly message: string;
}

const fixture = JSON.parse(
  readFileSync(new URL('../../backend-testkit/fixtures/errors.json', import.meta.url), 'utf8'),
) as { readonly errors: readonly Recorded[] };
const sentences = new Map(fixture.errors.map(({ name, message }) => [name, message]));

/** Python's words in ours; what PyTorch says about its own interface is left out. */
const ours = (message: string): string =>
  message
    .replace(/ Hint: enable anomaly.*| ?See https.*| Please open an issue.*| If you are using DistributedData.*/s, '')
    .replace(/torch\.Size\((.*?)\)/g, '$1')
    .replace(/hook '<lambda>'/, '')
    .replace('retain_graph=True', 'retainGraph: true')
    .replace('autograd.grad()', 'grad()')
    .replace('allow_unused=True', 'allowUnused: true')
    .replace('var_no_grad = var.detach()', 'y = x.detach()')
    .replace('result of type NoneType', 'result of type null');

const leaf = (...shape: number[]): Tensor => ones(shape, { requiresGrad: true });
const result = (): Tensor => tensor([1, 2, 3, 4], { requiresGrad: true }).mul(1);
const hiddenView = (y: Tensor): Tensor => noGrad(() => y.view([2, 2]));
const inferredView = (y: Tensor): Tensor => inferenceMode(() => y.view([2, 2]));
const frozen = (): Tensor => inferenceMode(() => ones([2]));

const View = defineFunction({
  name: 'View',
  forward: (_ctx: FunctionContext, x: Tensor) => x.view([2, 2]),
  backward: (_ctx: FunctionContext, g: Tensor) => g.view([4]),
});

class Views extends AutogradFunction {
  static forward(_ctx: FunctionContext, x: Tensor): Tensor[] {
    return [x.slice(0, 0, 2), x.slice(0, 2)];
  }
  static backward(_ctx: FunctionContext, a: Tensor, b: Tensor): Tensor {
    return cat([a, b]);
  }
}

class DirtyNotReturned extends AutogradFunction {
  static forward(ctx: FunctionContext, x: Tensor): Tensor {
    ctx.markDirty(x);
    return x.mul_(2).clone();
  }
  static backward(_ctx: FunctionContext, g: Tensor): Tensor {
    return g.mul(2);
  }
}

class Dirty extends DirtyNotReturned {
  static override forward(ctx: FunctionContext, x: Tensor): Tensor {
    ctx.markDirty(x);
    return x.mul_(2);
  }
}

/** A view whose base is written, and which is then asked for its history. */
function indirect(view: (y: Tensor) => Tensor): unknown {
  const y = result();
  const v = view(y);
  y.mul_(2);
  return v.gradFn;
}

const programs: { readonly [name: string]: () => unknown } = {
  backwardNonScalar: () => leaf(2).mul(2).backward(),
  backwardWithoutGrad: () => ones([2]).sum().backward(),
  secondBackward() {
    const x = leaf(2);
    const y = x.mul(x).sum();
    y.backward();
    y.backward();
  },
  cotangentShape: () =>
    leaf(2)
      .mul(2)
      .backward(ones([3])),
  gradOfUnused: () => grad(leaf(2).sum(), leaf(2)),
  inPlaceOnLeaf: () => leaf(2).add_(1),
  inPlaceOnViewOfLeaf: () => leaf(2, 2).select(0, 0).add_(1),
  inPlaceOnMultiView: () => leaf(2, 2).mul(1).unbind()[0].add_(1),
  modifiedSavedOutput() {
    const y = leaf(2).exp();
    y.add_(1);
    y.sum().backward();
  },
  modifiedSavedInput() {
    const w = ones([2]);
    const y = leaf(2).mul(w);
    w.mul_(2);
    y.sum().backward();
  },
  requiresGradFalseOnNonLeaf: () => leaf(2).mul(2).requiresGrad_(false),
  requiresGradOfIntInPlace: () => tensor([1], { dtype: 'int64' }).requiresGrad_(),
  resizeOfGrad() {
    leaf(2).grad = ones([3]);
  },
  multiViewSplit: () => result().split(2)[0].add_(1),
  multiViewSplitSecond: () => result().split(2)[1].add_(1),
  multiViewSplitSizes: () => result().split([1, 3])[1].add_(1),
  multiViewChunk: () => result().chunk(2)[1].add_(1),
  multiViewUnbind: () => result().unbind()[2].add_(1),
  multiViewOfView: () => result().split(2)[1].view([2, 1]).add_(1),
  multiViewOfLeaf: () => leaf(4).split(2)[0].add_(1),
  multiViewIndirect: () => indirect((y) => y.split(2)[0]),
  multiViewTakesGrad: () => ones([4]).split(2)[0].add_(leaf(2)),
  noGradView: () => hiddenView(result()).add_(1),
  noGradViewOfPlain: () => hiddenView(ones([4])).add_(leaf(2, 2)),
  noGradViewIndirect: () => indirect(hiddenView),
  inferenceView: () => inferredView(result()).add_(1),
  inferenceViewIndirect: () => indirect(inferredView),
  functionView: () => View(result()).add_(1),
  functionViews: () => Views.apply(result())[1].add_(1),
  functionViewIndirect: () => indirect(View),
  functionDirtyNotReturned: () => DirtyNotReturned.apply(result()),
  functionDirtyLeaf: () => Dirty.apply(leaf(2)),
  inferenceSaved: () => frozen().mul(leaf(2)),
  inferenceInPlace: () => frozen().add_(1),
  inferenceViewInPlace: () => frozen().view([2, 1]).add_(1),
  inferenceRequiresGrad: () => frozen().requiresGrad_(),
  modifiedWeight() {
    const w = leaf(3);
    const y = result().slice(0, 0, 3).mul(w).sum();
    noGrad(() => w.add_(1));
    y.backward();
  },
  modifiedThroughDetach() {
    const y = result().exp();
    y.detach().zero_();
    y.sum().backward();
  },
  overlapShifted() {
    const b = arange(4);
    b.slice(0, 1).copy_(b.slice(0, 0, -1));
  },
  overlapTransposed() {
    const a = ones([2, 2]);
    a.add_(a.t());
  },
  overlapPart() {
    const a = ones([2, 2]);
    a.add_(a.select(0, 0));
  },
  overlapReshaped() {
    const b = arange(4);
    b.view([1, 4]).mul_(b);
  },
  overlapScatter() {
    const b = arange(2);
    b.scatter_(0, tensor([1, 0], { dtype: 'int64' }), b);
  },
  overlapMask() {
    const m = eye(2).gt(0);
    m.maskedFill_(m.t(), 1);
  },
  overlapExpanded: () => ones([1]).expand([3]).add_(1),
  detachView: () => result().view([2, 2]).detach_(),
  retainGradOfPlain: () => ones([2]).retainGrad(),
  hookOnPlain: () => ones([2]).registerHook(() => {}),
  hookOfAnotherSize() {
    const y = result();
    y.registerHook((g) => g.slice(0, 0, 2));
    y.sum().backward();
  },
  emptyInputs: () => result().sum().backward(undefined, { inputs: [] }),
  gradOfPlain: () => grad(leaf(2).sum(), ones([2])),
  packInPlace: () =>
    savedTensorsHooks(
      (x) => x.mul_(2),
      (x: Tensor) => x,
      () => result().exp(),
    ),
  unpackNothing() {
    const nothing = () => null as unknown as Tensor;
    savedTensorsHooks(
      (x) => x,
      nothing,
      () => result().exp(),
    )
      .sum()
      .backward();
  },
  anomalyNaN: () => detectAnomaly(() => tensor([-1], { requiresGrad: true }).sqrt().sum().backward()),
  anomalyNaNSecond: () => detectAnomaly(() => tensor([Number.NaN]).mul(leaf(1)).sum().backward()),
};

describe("PyTorch's sentences", () => {
  test.each(Object.entries(programs))('%s', (name, program) => {
    const sentence = sentences.get(name);
    expect(sentence).toBeDefined();
    expect(program).toThrow(ours(sentence as string));
  });
});
