/** PyTorch's names of nodes, as `derivatives.yaml` numbers its overloads: what a printed tensor shows. */
import {
  allDims,
  type InterpolateAttrs,
  isTensor,
  type Operand,
  type OpSpec,
  type PadAttrs,
} from '@tenfold/tensor-core';

/** The overload of a call, or the whole name where it is not that of our op: `NllLoss2DBackward0`. */
type Overload = (inputs: readonly Operand[], attrs: object | null) => number | string;

/** Reductions that name no dims are overload 0, the others overload 1. */
const byDims: Overload = (inputs, attrs) => {
  const { dims } = attrs as { dims: readonly number[] };
  return isTensor(inputs[0]) && dims === allDims(inputs[0].ndim) ? 0 : 1;
};

/** 1 if operand `i` is a tensor, else 0. */
const tensorAt: (i: number) => Overload = (i) => (inputs) => (isTensor(inputs[i]) ? 1 : 0);
/** 1 if operand `i` is a number, else 0. */
const numberAt: (i: number) => Overload = (i) => (inputs) => (isTensor(inputs[i]) ? 0 : 1);

const named =
  (name: string, overload = 0): Overload =>
  () =>
    `${name}Backward${overload}`;

/** Above a batch of classes, there is one per position. */
const nll: Overload = (inputs) => {
  const x = inputs[0];
  return isTensor(x) && x.ndim > 2 ? 'NllLoss2DBackward0' : 'NllLossBackward0';
};

/** PyTorch has a function per mode and number of padded dims; what goes around is copied into slices. */
const padding: Overload = (_, attrs) => {
  const { mode, padding: list } = attrs as PadAttrs;
  if (mode === 'constant') return 'ConstantPadNdBackward0';
  if (mode === 'circular') return 'CopySlices';
  return `${mode === 'reflect' ? 'Reflection' : 'Replication'}Pad${list.length / 2}DBackward0`;
};

/** PyTorch has a function per mode and number of spatial dims. */
const resizing: Overload = (_, attrs) => {
  const { mode, size } = attrs as InterpolateAttrs;
  if (mode === 'area') {
    if (size.length === 1) return 'SqueezeBackward1';
    return size.every((n) => n === 1) ? 'MeanBackward1' : `AdaptiveAvgPool${size.length}DBackward0`;
  }
  const kind = {
    nearest: 'Nearest',
    'nearest-exact': 'NearestExact',
    linear: ['Linear', 'Bilinear', 'Trilinear'][size.length - 1],
    cubic: 'Bicubic',
  }[mode];
  return `Upsample${kind}${size.length}DBackward1`;
};

/** Matrix decompositions, whose nodes bear the names of `torch.linalg`. */
const decompositions: { readonly [op: string]: Overload } = {
  cholesky: named('LinalgCholeskyEx'),
  det: named('LinalgDet'),
  eigh: named('LinalgEigh'),
  inverse: named('LinalgInvEx'),
  luFactor: named('LinalgLuFactorEx'),
  matrixExp: named('LinalgMatrixExp'),
  pinv: named('LinalgPinv'),
  qr: named('LinalgQr'),
  slogdet: named('LinalgSlogdet'),
  solve: named('LinalgSolveEx'),
  svd: named('LinalgSvd'),
  triangularSolve: named('LinalgSolveTriangular'),
};

/** PyTorch has a function per number of spatial dims. */
const pooling =
  (name: string, suffix = ''): Overload =>
  ([x]) =>
    `${name}${isTensor(x) ? x.ndim - 2 : 2}D${suffix}Backward0`;

/** The ops of which PyTorch has several derivative rows, or that are another op there. */
const overloads: ReadonlyMap<string, Overload> = new Map(
  Object.entries<Overload>({
    ...decompositions,
    sum: byDims,
    mean: byDims,
    prod: byDims,
    max: () => 1,
    min: () => 1,
    maxDim: named('Max'),
    minDim: named('Min'),
    medianDim: named('Median', 1),
    nanmedianDim: named('Nanmedian', 1),
    roundDecimals: named('Round', 1),
    norm: named('LinalgVectorNorm'),
    squeeze: (_, attrs) => ((attrs as { dims: unknown }).dims === null ? 0 : 1),
    unflatten: named('View'),
    square: named('Pow'),
    pow: (inputs) => (isTensor(inputs[0]) ? (isTensor(inputs[1]) ? 1 : 0) : 2),
    div: (_, attrs) => ((attrs as { roundingMode: unknown }).roundingMode ? 2 : 0),
    xlogy: (inputs) => (isTensor(inputs[0]) ? (isTensor(inputs[1]) ? 0 : 2) : 1),
    copysign: numberAt(1),
    remainder: tensorAt(1),
    fmod: tensorAt(1),
    lerp: tensorAt(2),
    rsub: numberAt(1),
    maskedFill: tensorAt(2),
    scatter: numberAt(2),
    indexFill: tensorAt(2),
    // the in-place forms have numbers of their own, and there is no other here
    fill: (inputs) => (isTensor(inputs[1]) ? 3 : 2),
    viewScatter: (_, attrs) => `${pascalCase((attrs as { view: OpSpec }).view.name)}ScatterBackward0`,
    clamp: (inputs) => (isTensor(inputs[1]) || isTensor(inputs[2]) ? 0 : 1),
    nllLoss: nll,
    crossEntropy: nll,
    copy: () => 'CopyBackwards',
    pad: padding,
    interpolate: resizing,
    gridSample: (inputs) => `GridSampler${isTensor(inputs[0]) ? inputs[0].ndim - 2 : 2}DBackward0`,
    affineGrid: named('AffineGridGenerator'),
    convolutionTranspose: named('Convolution'),
    layerNorm: named('NativeLayerNorm'),
    groupNorm: named('NativeGroupNorm'),
    batchNorm: named('NativeBatchNorm'),
    batchNormInference: named('NativeBatchNorm'),
    softmaxBackward: named('SoftmaxBackwardData'),
    logSoftmaxBackward: named('LogSoftmaxBackwardData'),
    nllLossBackward: ([, target]) =>
      isTensor(target) && target.ndim > 1 ? 'NllLoss2DBackwardBackward0' : 'NllLossBackwardBackward0',
    embeddingBackward: named('EmbeddingDenseBackward'),
    maxPool: pooling('MaxPool', 'WithIndices'),
    adaptiveMaxPool: pooling('AdaptiveMaxPool'),
    avgPool: pooling('AvgPool'),
  }),
);

/** Ops that are one node in PyTorch and record their bodies here: the last node of the body bears the op's name. */
const namedAsWhole = new Set([
  'activationBackward',
  'affineGrid',
  'diag',
  'diagEmbed',
  'embeddingBackward',
  'gridSample',
  'index',
  'indexPut',
  'logSoftmaxBackward',
  'maskedScatter',
  'nllLossBackward',
  'pixelShuffle',
  'pixelUnshuffle',
  'repeat',
  'roll',
  'softmaxBackward',
  'take',
]);

/** The name of an op whose body was recorded, or `null` if PyTorch shows the body's nodes as well. */
export function compositeName(spec: OpSpec, inputs: readonly Operand[], attrs: object | null): string | null {
  return namedAsWhole.has(spec.name) ? nodeName(spec, inputs, attrs) : null;
}

/** Names by op and overload. */
const names = new Map<string, string[]>();

/** `AddBackward0` for add, `SumBackward1` for a sum over some dims. */
export function nodeName(spec: OpSpec, inputs: readonly Operand[], attrs: object | null): string {
  const op = (spec.inplaceOf ?? spec).name;
  const overload = overloads.get(op)?.(inputs, attrs) ?? 0;
  if (typeof overload === 'string') return overload;
  let known = names.get(op);
  if (!known) names.set(op, (known = []));
  known[overload] ??= `${pascalCase(op)}Backward${overload}`;
  return known[overload];
}

/** `log1p` → `Log1P`: each letter after something that is none is a capital. */
const pascalCase = (name: string): string =>
  name
    .replace(/(?:^|[^A-Za-z0-9]+)([A-Za-z0-9])/g, (_, first: string) => first.toUpperCase())
    .replace(/[0-9][a-z]/g, (text) => text.toUpperCase());
