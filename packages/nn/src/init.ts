/**
 * Starting values of parameters, with the names of `torch.nn.init` (https://pytorch.org/docs/stable/nn.init.html). Each function fills the tensor it gets and
 * returns it; gradients don't see that. Random numbers come from the generator that `manualSeed` seeds, unless a `generator` is given.
 *
 * @packageDocumentation
 */
import {
  ArgumentError,
  checkOptions,
  describe,
  eye,
  formatShape,
  fromTypedArray,
  full,
  type Generator,
  isTensor,
  linalg,
  rand,
  randn,
  ShapeError,
  type Tensor,
  withoutGrad,
} from '@tenfold/tensor-core';

/** Options of what is drawn. */
export interface DrawOptions {
  /** Default: the generator that `manualSeed` seeds. */
  generator?: Generator;
}

/** Options of {@link xavierUniform_}, {@link xavierNormal_} and {@link orthogonal_}. */
export interface GainOptions extends DrawOptions {
  /** A factor, such as {@link calculateGain} gives. Default 1. */
  gain?: number;
}

/** The functions that {@link calculateGain} knows, with PyTorch's names. */
export type Nonlinearity =
  | 'linear'
  | 'conv1d'
  | 'conv2d'
  | 'conv3d'
  | 'conv_transpose1d'
  | 'conv_transpose2d'
  | 'conv_transpose3d'
  | 'sigmoid'
  | 'tanh'
  | 'relu'
  | 'leaky_relu'
  | 'selu';

/** Options of {@link kaimingUniform_} and {@link kaimingNormal_}. */
export interface KaimingOptions extends DrawOptions {
  /** The negative slope of the `'leaky_relu'` that follows. Default 0. */
  a?: number;
  /** Whether magnitudes are kept in the forward pass (`'fan_in'`) or in the backward pass. Default `'fan_in'`. */
  mode?: 'fan_in' | 'fan_out';
  /** What follows the layer. Default `'leaky_relu'`. */
  nonlinearity?: Nonlinearity;
}

/** Options of {@link truncNormal_}. */
export interface TruncNormalOptions extends DrawOptions {
  /** Default 0. */
  mean?: number;
  /** The deviation before anything is cut off. Default 1. */
  std?: number;
  /** The least value. Default -2. */
  a?: number;
  /** The greatest value. Default 2. */
  b?: number;
}

/** Options of {@link sparse_}. */
export interface SparseOptions extends DrawOptions {
  /** The deviation of what is not zero. Default 0.01. */
  std?: number;
}

/** Options of {@link dirac_}. */
export interface DiracOptions {
  /** The groups of the convolution. Default 1. */
  groups?: number;
}

function checkTensor(where: string, x: Tensor): void {
  if (!isTensor(x)) throw new ArgumentError(`${where}: expected a tensor, got ${describe(x)}`);
}

function checkNumber(where: string, name: string, value: unknown): number {
  if (typeof value === 'number' && !Number.isNaN(value)) return value;
  throw new ArgumentError(`${where}: ${name} must be a number, got ${describe(value)}`);
}

/** Fills with numbers of [a, b), all alike in chance. */
export function uniform_(x: Tensor, a = 0, b = 1, options?: DrawOptions): Tensor {
  checkTensor('uniform_', x);
  return withoutGrad(() => x.uniform_(a, b, options));
}

/** Fills with normal numbers. */
export function normal_(x: Tensor, mean = 0, std = 1, options?: DrawOptions): Tensor {
  checkTensor('normal_', x);
  return withoutGrad(() => x.normal_(mean, std, options));
}

/**
 * Fills with normal numbers, of which those beyond `a` and `b` are drawn anew. It is exact as long as the mean is no more than two deviations outside of them.
 *
 * @throws ArgumentError for a deviation that is not above 0, and for bounds in the wrong order.
 */
export function truncNormal_(x: Tensor, options?: TruncNormalOptions): Tensor {
  checkTensor('truncNormal_', x);
  checkOptions('truncNormal_', options, ['mean', 'std', 'a', 'b', 'generator']);
  const { mean = 0, std = 1, a = -2, b = 2, generator } = options ?? {};
  for (const [name, value] of Object.entries({ mean, std, a, b })) checkNumber('truncNormal_', name, value);
  if (!(std > 0)) throw new ArgumentError(`truncNormal_: std must be above 0, got ${std}`);
  if (!(a < b)) throw new ArgumentError(`truncNormal_: a must be below b, got a=${a} and b=${b}`);
  return withoutGrad(() => {
    // the inverse of the distribution at uniform numbers; erf of a bound is 2 Φ - 1
    const like = { dtype: x.dtype, device: x.device };
    const bound = (value: number): Tensor => full([], (value - mean) / (std * Math.SQRT2), like).erf();
    const [low, high] = [bound(a), bound(b)];
    x.uniform_(0, 1, { generator }).mul_(high.sub(low)).add_(low).erfinv_();
    return x
      .mul_(std * Math.SQRT2)
      .add_(mean)
      .clamp_(a, b);
  });
}

/** Fills with one value. */
export function constant_(x: Tensor, value: number): Tensor {
  checkTensor('constant_', x);
  return withoutGrad(() => x.fill_(value));
}

/** Fills with 1. */
export function ones_(x: Tensor): Tensor {
  checkTensor('ones_', x);
  return withoutGrad(() => x.fill_(1));
}

/** Fills with 0. */
export function zeros_(x: Tensor): Tensor {
  checkTensor('zeros_', x);
  return withoutGrad(() => x.zero_());
}

/** Makes a matrix the identity, so that a linear layer gives back as much of its input as it can. @throws ShapeError unless it has two dims. */
export function eye_(x: Tensor): Tensor {
  checkMatrix('eye_', x);
  const [rows, columns] = x.shape;
  return withoutGrad(() => x.copy_(eye(rows, columns, { dtype: x.dtype, device: x.device })));
}

function checkMatrix(where: string, x: Tensor): void {
  checkTensor(where, x);
  if (x.ndim !== 2)
    throw new ShapeError(`Only tensors with 2 dimensions are supported, got shape ${formatShape(x.shape)}`);
}

/**
 * Makes the weight `[out, in / groups, …]` of a convolution give back as many of its input channels as it can.
 *
 * @throws ShapeError unless it has 3, 4 or 5 dims, of which the first can be divided by `groups`.
 */
export function dirac_(x: Tensor, options?: DiracOptions): Tensor {
  checkTensor('dirac_', x);
  checkOptions('dirac_', options, ['groups']);
  const { groups = 1 } = options ?? {};
  if (x.ndim < 3 || x.ndim > 5)
    throw new ShapeError(`Only tensors with 3, 4, or 5 dimensions are supported, got shape ${formatShape(x.shape)}`);
  if (!Number.isInteger(groups) || groups < 1)
    throw new ArgumentError(`dirac_: groups must be an integer of at least 1, got ${describe(groups)}`);
  const [out, channels, ...kernel] = x.shape;
  if (out % groups !== 0) throw new ShapeError(`dim 0 must be divisible by groups, got ${out} and ${groups}`);
  const perGroup = out / groups;
  const size = kernel.reduce((n, k) => n * k, 1);
  const middle = kernel.reduce((at, k) => at * k + Math.floor(k / 2), 0);
  const values = new Float32Array(x.numel());
  if (size > 0) {
    for (let group = 0; group < groups; group++)
      for (let d = 0; d < Math.min(perGroup, channels); d++)
        values[((group * perGroup + d) * channels + d) * size + middle] = 1;
  }
  return withoutGrad(() => x.copy_(fromTypedArray(values, [...x.shape], { device: x.device })));
}

/**
 * How many inputs an output of a weight `[out, in, …kernel]` has, and how many outputs an input.
 *
 * @throws ShapeError for fewer than two dims.
 */
export function calculateFanInAndFanOut(x: Tensor): [fanIn: number, fanOut: number] {
  checkTensor('calculateFanInAndFanOut', x);
  if (x.ndim < 2)
    throw new ShapeError(
      `Fan in and fan out can not be computed for tensor with fewer than 2 dimensions, got shape ${formatShape(x.shape)}`,
    );
  const [out, channels, ...kernel] = x.shape;
  const size = kernel.reduce((n, k) => n * k, 1);
  return [channels * size, out * size];
}

const gains: { readonly [K in Nonlinearity]: number } = {
  linear: 1,
  conv1d: 1,
  conv2d: 1,
  conv3d: 1,
  conv_transpose1d: 1,
  conv_transpose2d: 1,
  conv_transpose3d: 1,
  sigmoid: 1,
  tanh: 5 / 3,
  relu: Math.SQRT2,
  leaky_relu: Math.SQRT2,
  selu: 3 / 4,
};

/**
 * By how much weights should be larger for what follows them.
 *
 * @param param the negative slope of `'leaky_relu'`. Default 0.01.
 * @throws ArgumentError for an unknown function, and for a slope that is no number.
 */
export function calculateGain(nonlinearity: Nonlinearity, param: number | null = null): number {
  if (!Object.hasOwn(gains, nonlinearity)) {
    throw new ArgumentError(
      `Unsupported nonlinearity ${String(nonlinearity)}; expected one of ${Object.keys(gains).join(', ')}`,
    );
  }
  if (nonlinearity !== 'leaky_relu') return gains[nonlinearity];
  const slope: unknown = param ?? 0.01;
  if (typeof slope !== 'number' || Number.isNaN(slope))
    throw new ArgumentError(`negative_slope ${String(slope)} not a valid number`);
  return Math.sqrt(2 / (1 + slope ** 2));
}

/** The deviation of Glorot's starting values: those of inputs and gradients stay what they are, on average of both. */
function xavierDeviation(where: string, x: Tensor, options: GainOptions | undefined): number {
  checkTensor(where, x);
  checkOptions(where, options, ['gain', 'generator']);
  const gain = checkNumber(where, 'gain', options?.gain ?? 1);
  const [fanIn, fanOut] = calculateFanInAndFanOut(x);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
}

/**
 * Fills with uniform numbers of ±gain · √(6 / (fanIn + fanOut)) (Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
 * networks", 2010).
 *
 * @throws ShapeError for fewer than two dims.
 */
export function xavierUniform_(x: Tensor, options?: GainOptions): Tensor {
  const bound = Math.sqrt(3) * xavierDeviation('xavierUniform_', x, options);
  return x.numel() === 0 ? x : drawUniform(x, bound, options);
}

/** Fills with normal numbers of the deviation gain · √(2 / (fanIn + fanOut)); see {@link xavierUniform_}. */
export function xavierNormal_(x: Tensor, options?: GainOptions): Tensor {
  const deviation = xavierDeviation('xavierNormal_', x, options);
  return x.numel() === 0 ? x : drawNormal(x, deviation, options);
}

const drawUniform = (x: Tensor, bound: number, options: DrawOptions | undefined): Tensor =>
  withoutGrad(() => x.uniform_(-bound, bound, { generator: options?.generator }));

const drawNormal = (x: Tensor, deviation: number, options: DrawOptions | undefined): Tensor =>
  withoutGrad(() => x.normal_(0, deviation, { generator: options?.generator }));

const modes = ['fan_in', 'fan_out'] as const;

function kaimingDeviation(where: string, x: Tensor, options: KaimingOptions | undefined): number {
  checkTensor(where, x);
  checkOptions(where, options, ['a', 'mode', 'nonlinearity', 'generator']);
  const { a = 0, mode = 'fan_in', nonlinearity = 'leaky_relu' } = options ?? {};
  if (!modes.includes(mode))
    throw new ArgumentError(`Mode ${String(mode)} not supported, please use one of ${modes.join(', ')}`);
  const gain = calculateGain(nonlinearity, a);
  return gain / Math.sqrt(calculateFanInAndFanOut(x)[modes.indexOf(mode)]);
}

/**
 * Fills with uniform numbers of ±gain · √(3 / fan) (He et al., "Delving deep into rectifiers", 2015).
 *
 * @throws ShapeError for fewer than two dims, ArgumentError for an unknown mode or function.
 */
export function kaimingUniform_(x: Tensor, options?: KaimingOptions): Tensor {
  const bound = Math.sqrt(3) * kaimingDeviation('kaimingUniform_', x, options);
  return x.numel() === 0 ? x : drawUniform(x, bound, options);
}

/** Fills with normal numbers of the deviation gain / √fan; see {@link kaimingUniform_}. */
export function kaimingNormal_(x: Tensor, options?: KaimingOptions): Tensor {
  const deviation = kaimingDeviation('kaimingNormal_', x, options);
  return x.numel() === 0 ? x : drawNormal(x, deviation, options);
}

/**
 * Fills with an orthogonal matrix, all of which have the same chance; its rows or columns, whichever are fewer, are orthonormal. Dims after the first are seen as
 * one (Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks", 2013). It is factored on the cpu, wherever the
 * tensor is.
 *
 * @throws ShapeError for fewer than two dims.
 */
export function orthogonal_(x: Tensor, options?: GainOptions): Tensor {
  checkTensor('orthogonal_', x);
  checkOptions('orthogonal_', options, ['gain', 'generator']);
  const gain = checkNumber('orthogonal_', 'gain', options?.gain ?? 1);
  if (x.ndim < 2)
    throw new ShapeError(`Only tensors with 2 or more dimensions are supported, got shape ${formatShape(x.shape)}`);
  if (x.numel() === 0) return x;
  return withoutGrad(() => {
    const rows = x.shape[0];
    const columns = x.numel() / rows;
    const wide = rows < columns;
    const dtype = x.dtype === 'float64' ? 'float64' : 'float32';
    const drawn = randn([rows, columns], { dtype, device: 'cpu', generator: options?.generator });
    const { Q, R } = linalg.qr(wide ? drawn.t() : drawn);
    // signs that make the distribution uniform (Mezzadri, "How to generate random matrices from the classical compact groups", 2007)
    const fair = Q.mul(R.diagonal().sign());
    return x.copy_(
      (wide ? fair.t() : fair)
        .mul(gain)
        .reshape([...x.shape])
        .to(x),
    );
  });
}

/**
 * Fills a matrix with normal numbers, but in each column makes a share of the elements 0 (Martens, "Deep learning via Hessian-free optimization", 2010).
 *
 * @param sparsity the share, from 0 to 1; the number of zeros is rounded up.
 * @throws ShapeError unless it has two dims.
 */
export function sparse_(x: Tensor, sparsity: number, options?: SparseOptions): Tensor {
  checkMatrix('sparse_', x);
  checkOptions('sparse_', options, ['std', 'generator']);
  const { std = 0.01, generator } = options ?? {};
  if (!(checkNumber('sparse_', 'sparsity', sparsity) >= 0 && sparsity <= 1))
    throw new ArgumentError(`sparse_: sparsity must be from 0 to 1, got ${sparsity}`);
  const [rows] = x.shape;
  const count = Math.ceil(sparsity * rows);
  return withoutGrad(() => {
    x.normal_(0, std, { generator });
    const order = rand([...x.shape], { device: x.device, generator }).argsort(0);
    return x.scatter_(0, order.slice(0, 0, count), 0);
  });
}
