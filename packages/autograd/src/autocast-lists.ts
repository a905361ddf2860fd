/**
 * What autocast does with an op, by device (https://pytorch.org/docs/stable/amp.html#autocast-op-reference). Ops that stand nowhere take their inputs as
 * they are. Some names are those of functions made of several ops, which core announces with `asOne`.
 */
import type { OpSpec } from '@tenfold/tensor-core';

/** Inputs are cast to the lower dtype, to float32, or to the widest among them; or the op is refused. */
export type Policy = 'lower' | 'float32' | 'promote' | 'refused';

type Lists = { readonly [policy in Policy]: readonly string[] };

const products = [
  ...['matmul', 'mm', 'bmm', 'addmm', 'baddbmm', 'addbmm', 'linear', 'einsum', 'contract', 'linalg.vecdot'],
  ...['linalg.multiDot', 'convolution', 'convolutionTranspose', 'scaledDotProductAttention', 'prelu'],
];

const losses = [
  ...['mseLoss', 'l1Loss', 'smoothL1Loss', 'huberLoss', 'nllLoss', 'crossEntropy', 'binaryCrossEntropyWithLogits'],
  ...['cosineEmbeddingLoss', 'hingeEmbeddingLoss', 'klDiv', 'poissonNllLoss', 'marginRankingLoss', 'softMarginLoss'],
  ...['multiMarginLoss', 'multilabelMarginLoss', 'tripletMarginLoss'],
];

/** Of every device that is no cpu: PyTorch's list for CUDA. */
const accelerator = (): Lists => ({
  lower: [...products, 'mv', 'addmv', 'addr', 'lstmCell', 'gruCell', 'rnnCell'],
  float32: [
    ...losses,
    ...[
      'acos',
      'asin',
      'cosh',
      'erfinv',
      'exp',
      'expm1',
      'log',
      'log10',
      'log2',
      'log1p',
      'reciprocal',
      'rsqrt',
      'sinh',
    ],
    // PyTorch's square calls its pow
    ...['tan', 'pow', 'square', 'softplus', 'softmax', 'logSoftmax', 'softmin', 'layerNorm', 'groupNorm', 'norm'],
    ...['logsumexp', 'sum', 'prod', 'cumsum', 'cumprod', 'cdist', 'pdist', 'dist', 'renorm', 'cosineSimilarity'],
  ],
  promote: [
    ...['addcdiv', 'addcmul', 'atan2', 'bilinear', 'cross', 'dot', 'gridSample', 'indexPut', 'scatterAdd'],
    ...['tensordot', 'cat', 'stack'],
  ],
  refused: ['binaryCrossEntropy'],
});

const cpu = (): Lists => ({
  lower: [...products, 'tensordot'],
  float32: [
    ...losses,
    ...[
      'binaryCrossEntropy',
      'gridSample',
      'prod',
      'quantile',
      'nanquantile',
      'trace',
      'cdist',
      'avgPool3d',
      'maxPool3d',
    ],
    ...['adaptiveMaxPool3d', 'adaptiveAvgPool3d', 'maxUnpool2d', 'maxUnpool3d', 'reflectionPad', 'replicationPad'],
    ...['ctcLoss', 'cholesky', 'inverse', 'pinv', 'qr', 'svd', 'eigh', 'solve', 'triangularSolve', 'luFactor'],
    ...['linalg.matrixNorm', 'linalg.svdvals', 'linalg.eigvalsh'],
  ],
  promote: ['stack', 'cat', 'indexCopy'],
  refused: [],
});

const byName = ({ lower, float32, promote, refused }: Lists): ReadonlyMap<string, Policy> =>
  new Map(
    Object.entries({ lower, float32, promote, refused }).flatMap(([policy, names]) =>
      // the keys are those of Lists
      names.map((name) => [name, policy as Policy] as const),
    ),
  );

const tables = new Map<boolean, ReadonlyMap<string, Policy>>();

/** The policies of a device type. */
export function policiesOf(deviceType: string): ReadonlyMap<string, Policy> {
  const isCpu = deviceType === 'cpu';
  const known = tables.get(isCpu) ?? byName(isCpu ? cpu() : accelerator());
  tables.set(isCpu, known);
  return known;
}

const padNames: { readonly [mode: string]: string } = { reflect: 'reflectionPad', replicate: 'replicationPad' };
const pooling = new Set(['maxPool', 'avgPool', 'adaptiveMaxPool']);

/** PyTorch's name of a call, where it has several for what is one op here. */
export function listedName(spec: OpSpec, attrs: object | null): string {
  const { name } = spec;
  if (name === 'pad' && attrs && 'mode' in attrs) return padNames[String(attrs.mode)] ?? name;
  if (!pooling.has(name) || !attrs) return name;
  const sizes: unknown = 'kernel' in attrs ? attrs.kernel : 'size' in attrs ? attrs.size : null;
  return Array.isArray(sizes) ? `${name}${sizes.length}d` : name;
}
