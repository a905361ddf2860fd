/** Transformers: layers of attention and a small network, stacked. */
import {
  ArgumentError,
  checkOptions,
  type DType,
  describe,
  full,
  isTensor,
  ShapeError,
  type Tensor,
} from '@tenfold/tensor-core';
import { checkFlag, checkSize } from '../checks.ts';
import { deepcopy } from '../deepcopy.ts';
import { gelu, relu } from '../functional.ts';
import { xavierUniform_ } from '../init.ts';
import { Module } from '../module.ts';
import { MultiheadAttention } from './attention.ts';
import { type Layer, ModuleList } from './container.ts';
import { Dropout } from './dropout.ts';
import { Linear } from './linear.ts';
import { LayerNorm } from './norm.ts';

/** What stands between the two linear layers: by name, as a function, or as a module, which becomes a child. */
export type TransformerActivation = 'relu' | 'gelu' | ((x: Tensor) => Tensor) | Layer;

/** Options of {@link TransformerEncoderLayer} and {@link TransformerDecoderLayer}. */
export interface TransformerLayerOptions {
  /** Features between the two linear layers. Default 2048. */
  dimFeedforward?: number;
  /** The chance of what is dropped in training. Default 0.1. */
  dropout?: number;
  /** Default `'relu'`. */
  activation?: TransformerActivation;
  /** What normalisations add to the variance. Default 1e-5. */
  layerNormEps?: number;
  /** `[N, L, E]` in place of `[L, N, E]`. Default false. */
  batchFirst?: boolean;
  /** Whether each block is normalised before it, in place of after its sum with the input. Default false. */
  normFirst?: boolean;
  /** Whether linear layers and normalisations have biases. Default true. */
  bias?: boolean;
  /** Default: the default float dtype. */
  dtype?: DType;
  /** Default: the default device. */
  device?: string;
}

/**
 * Options of a call of {@link TransformerEncoderLayer}. Masks are those of {@link MultiheadAttention}: of bool, true forbids; of floats, they are added.
 */
export interface TransformerEncoderLayerForwardOptions {
  /** `[L, L]` or `[N·nhead, L, L]`. */
  srcMask?: Tensor | null;
  /** `[N, L]`, or `[L]` without N. */
  srcKeyPaddingMask?: Tensor | null;
  /** Says that `srcMask`, which must be given, is the causal one. Default false. */
  isCausal?: boolean;
}

/** Options of a call of {@link TransformerEncoder}. */
export interface TransformerEncoderForwardOptions {
  /** `[L, L]` or `[N·nhead, L, L]`. */
  mask?: Tensor | null;
  /** `[N, L]`, or `[L]` without N. */
  srcKeyPaddingMask?: Tensor | null;
  /** Says that `mask`, which must be given, is the causal one. Default false. */
  isCausal?: boolean;
}

/** Options of a call of {@link TransformerDecoderLayer} and {@link TransformerDecoder}: L steps of the target, S of the memory. */
export interface TransformerDecoderForwardOptions {
  /** `[L, L]` or `[N·nhead, L, L]`. */
  tgtMask?: Tensor | null;
  /** `[L, S]` or `[N·nhead, L, S]`. */
  memoryMask?: Tensor | null;
  /** `[N, L]`, or `[L]` without N. */
  tgtKeyPaddingMask?: Tensor | null;
  /** `[N, S]`, or `[S]` without N. */
  memoryKeyPaddingMask?: Tensor | null;
  /** Says that `tgtMask`, which must be given, is the causal one. Default false. */
  tgtIsCausal?: boolean;
  /** Says that `memoryMask`, which must be given, is the causal one. Default false. */
  memoryIsCausal?: boolean;
}

/** Options of a call of {@link Transformer}: S steps of the source, L of the target. */
export interface TransformerForwardOptions {
  /** `[S, S]` or `[N·nhead, S, S]`. */
  srcMask?: Tensor | null;
  /** `[L, L]` or `[N·nhead, L, L]`. */
  tgtMask?: Tensor | null;
  /** `[L, S]` or `[N·nhead, L, S]`. */
  memoryMask?: Tensor | null;
  /** `[N, S]`, or `[S]` without N. */
  srcKeyPaddingMask?: Tensor | null;
  /** `[N, L]`, or `[L]` without N. */
  tgtKeyPaddingMask?: Tensor | null;
  /** `[N, S]`, or `[S]` without N. */
  memoryKeyPaddingMask?: Tensor | null;
  /** Says that `srcMask`, which must be given, is the causal one. Default false. */
  srcIsCausal?: boolean;
  /** Says that `tgtMask`, which must be given, is the causal one. Default false. */
  tgtIsCausal?: boolean;
  /** Says that `memoryMask`, which must be given, is the causal one. Default false. */
  memoryIsCausal?: boolean;
}

/** Options of {@link TransformerEncoder} and {@link TransformerDecoder}. */
export interface TransformerStackOptions {
  /** What the output of the last layer goes through. Default none. */
  norm?: Layer | null;
}

/** A layer of an encoder. */
export interface EncoderLayer extends Module {
  forward(src: Tensor, options?: TransformerEncoderLayerForwardOptions): Tensor;
}

/** A layer of a decoder. */
export interface DecoderLayer extends Module {
  forward(tgt: Tensor, memory: Tensor, options?: TransformerDecoderForwardOptions): Tensor;
}

/** Options of {@link Transformer}. */
export interface TransformerOptions extends TransformerLayerOptions {
  /** Features of source and target. Default 512. */
  dModel?: number;
  /** Heads of attention. Default 8. */
  nhead?: number;
  /** Default 6. */
  numEncoderLayers?: number;
  /** Default 6. */
  numDecoderLayers?: number;
  /** In place of the encoder. */
  customEncoder?: CustomEncoder | null;
  /** In place of the decoder. */
  customDecoder?: DecoderLayer | null;
}

/** What can stand in the place of a {@link TransformerEncoder}. */
export interface CustomEncoder extends Module {
  forward(src: Tensor, options?: TransformerEncoderForwardOptions): Tensor;
}

const layerOptions = [
  'dimFeedforward',
  'dropout',
  'activation',
  'layerNormEps',
  'batchFirst',
  'normFirst',
  'bias',
  'dtype',
  'device',
];

function activationOf(given: TransformerActivation): ((x: Tensor) => Tensor) | Layer {
  if (given === 'relu') return relu1;
  if (given === 'gelu') return gelu1;
  if (typeof given === 'function' || given instanceof Module) return given;
  throw new ArgumentError(
    `activation should be relu/gelu, not ${typeof given === 'string' ? given : describe(given)}; or a function or a module`,
  );
}

const relu1 = (x: Tensor): Tensor => relu(x);
const gelu1 = (x: Tensor): Tensor => gelu(x);

const activated = (activation: ((x: Tensor) => Tensor) | Layer, x: Tensor): Tensor =>
  activation instanceof Module ? activation.forward(x) : activation(x);

/** The parts of a layer, in the order in which PyTorch makes and prints them. */
function partsOf(where: string, dModel: number, nhead: number, options: TransformerLayerOptions | undefined) {
  checkOptions(where, options, layerOptions);
  const { dimFeedforward = 2048, dropout = 0.1, layerNormEps = 1e-5, bias = true, dtype, device } = options ?? {};
  checkSize(`${where}: dModel`, dModel, 1);
  checkSize(`${where}: dimFeedforward`, dimFeedforward);
  const place = { bias: checkFlag(`${where}: bias`, bias), dtype, device };
  const batchFirst = checkFlag(`${where}: batchFirst`, options?.batchFirst ?? false);
  return {
    normFirst: checkFlag(`${where}: normFirst`, options?.normFirst ?? false),
    activation: activationOf(options?.activation ?? 'relu'),
    attention: () => new MultiheadAttention(dModel, nhead, { dropout, batchFirst, ...place }),
    linear1: () => new Linear(dModel, dimFeedforward, place),
    linear2: () => new Linear(dimFeedforward, dModel, place),
    norm: () => new LayerNorm(dModel, { eps: layerNormEps, ...place }),
    dropped: () => new Dropout(dropout),
  };
}

/**
 * Self-attention and a small network, each with a sum and a normalisation
 * (https://pytorch.org/docs/stable/generated/torch.nn.TransformerEncoderLayer.html). From `[L, N, dModel]` to the same; `[N, L, dModel]` with
 * `batchFirst`, or `[L, dModel]`.
 *
 * @throws ArgumentError for options out of range; `forward` a ShapeError for inputs or masks that don't fit.
 * @example
 * const layer = new TransformerEncoderLayer(16, 4, { dimFeedforward: 32, batchFirst: true, normFirst: true });
 * layer.forward(randn([2, 5, 16])).shape; // [2, 5, 16]
 */
export class TransformerEncoderLayer extends Module {
  readonly self_attn: MultiheadAttention;
  readonly linear1: Linear;
  readonly dropout: Dropout;
  readonly linear2: Linear;
  readonly normFirst: boolean;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;
  readonly dropout1: Dropout;
  readonly dropout2: Dropout;
  readonly activation: ((x: Tensor) => Tensor) | Layer;

  constructor(dModel: number, nhead: number, options?: TransformerLayerOptions) {
    super();
    const parts = partsOf('TransformerEncoderLayer', dModel, nhead, options);
    this.self_attn = parts.attention();
    this.linear1 = parts.linear1();
    this.dropout = parts.dropped();
    this.linear2 = parts.linear2();
    this.normFirst = parts.normFirst;
    this.norm1 = parts.norm();
    this.norm2 = parts.norm();
    this.dropout1 = parts.dropped();
    this.dropout2 = parts.dropped();
    this.activation = parts.activation;
  }

  forward(src: Tensor, options?: TransformerEncoderLayerForwardOptions): Tensor {
    checkOptions('TransformerEncoderLayer.forward', options, ['srcMask', 'srcKeyPaddingMask', 'isCausal']);
    const { norm1, norm2 } = this;
    if (this.normFirst) {
      const x = src.add(this.attend(norm1.forward(src), options));
      return x.add(this.feed(norm2.forward(x)));
    }
    const x = norm1.forward(src.add(this.attend(src, options)));
    return norm2.forward(x.add(this.feed(x)));
  }

  private attend(x: Tensor, options: TransformerEncoderLayerForwardOptions | undefined): Tensor {
    const { srcMask: attnMask, srcKeyPaddingMask: keyPaddingMask, isCausal } = options ?? {};
    const given = { attnMask, keyPaddingMask, isCausal, needWeights: false };
    return this.dropout1.forward(this.self_attn.forward(x, x, x, given)[0]);
  }

  private feed(x: Tensor): Tensor {
    const hidden = this.dropout.forward(activated(this.activation, this.linear1.forward(x)));
    return this.dropout2.forward(this.linear2.forward(hidden));
  }
}

/**
 * Self-attention, attention to a memory and a small network, each with a sum and a normalisation
 * (https://pytorch.org/docs/stable/generated/torch.nn.TransformerDecoderLayer.html). From a target `[L, N, dModel]` and a memory `[S, N, dModel]` to the
 * shape of the target; with N first by `batchFirst`, or without N.
 *
 * @throws ArgumentError for options out of range; `forward` a ShapeError for inputs or masks that don't fit.
 */
export class TransformerDecoderLayer extends Module {
  readonly self_attn: MultiheadAttention;
  readonly multihead_attn: MultiheadAttention;
  readonly linear1: Linear;
  readonly dropout: Dropout;
  readonly linear2: Linear;
  readonly normFirst: boolean;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;
  readonly norm3: LayerNorm;
  readonly dropout1: Dropout;
  readonly dropout2: Dropout;
  readonly dropout3: Dropout;
  readonly activation: ((x: Tensor) => Tensor) | Layer;

  constructor(dModel: number, nhead: number, options?: TransformerLayerOptions) {
    super();
    const parts = partsOf('TransformerDecoderLayer', dModel, nhead, options);
    this.self_attn = parts.attention();
    this.multihead_attn = parts.attention();
    this.linear1 = parts.linear1();
    this.dropout = parts.dropped();
    this.linear2 = parts.linear2();
    this.normFirst = parts.normFirst;
    this.norm1 = parts.norm();
    this.norm2 = parts.norm();
    this.norm3 = parts.norm();
    this.dropout1 = parts.dropped();
    this.dropout2 = parts.dropped();
    this.dropout3 = parts.dropped();
    this.activation = parts.activation;
  }

  forward(tgt: Tensor, memory: Tensor, options?: TransformerDecoderForwardOptions): Tensor {
    checkOptions('TransformerDecoderLayer.forward', options, decoderForwardOptions);
    const { norm1, norm2, norm3 } = this;
    if (this.normFirst) {
      const x = tgt.add(this.attend(norm1.forward(tgt), options));
      const y = x.add(this.remember(norm2.forward(x), memory, options));
      return y.add(this.feed(norm3.forward(y)));
    }
    const x = norm1.forward(tgt.add(this.attend(tgt, options)));
    const y = norm2.forward(x.add(this.remember(x, memory, options)));
    return norm3.forward(y.add(this.feed(y)));
  }

  private attend(x: Tensor, options: TransformerDecoderForwardOptions | undefined): Tensor {
    const { tgtMask: attnMask, tgtKeyPaddingMask: keyPaddingMask, tgtIsCausal: isCausal } = options ?? {};
    const given = { attnMask, keyPaddingMask, isCausal, needWeights: false };
    return this.dropout1.forward(this.self_attn.forward(x, x, x, given)[0]);
  }

  private remember(x: Tensor, memory: Tensor, options: TransformerDecoderForwardOptions | undefined): Tensor {
    const { memoryMask: attnMask, memoryKeyPaddingMask: keyPaddingMask, memoryIsCausal: isCausal } = options ?? {};
    const given = { attnMask, keyPaddingMask, isCausal, needWeights: false };
    return this.dropout2.forward(this.multihead_attn.forward(x, memory, memory, given)[0]);
  }

  private feed(x: Tensor): Tensor {
    const hidden = this.dropout.forward(activated(this.activation, this.linear1.forward(x)));
    return this.dropout3.forward(this.linear2.forward(hidden));
  }
}

const decoderForwardOptions = [
  'tgtMask',
  'memoryMask',
  'tgtKeyPaddingMask',
  'memoryKeyPaddingMask',
  'tgtIsCausal',
  'memoryIsCausal',
];

/** Copies of a layer, as PyTorch makes them, or what a function makes. */
function layersOf<L extends Module>(where: string, layer: L | (() => L), numLayers: number): ModuleList<L> {
  checkSize(`${where}: numLayers`, numLayers);
  const each = typeof layer === 'function' ? layer : () => deepcopy(layer);
  const layers = Array.from({ length: numLayers }, each);
  for (const made of layers)
    if (!(made instanceof Module))
      throw new ArgumentError(`${where}: expected a layer or a function that makes one, got ${describe(made)}`);
  return new ModuleList(layers);
}

/**
 * Layers on each other (https://pytorch.org/docs/stable/generated/torch.nn.TransformerEncoder.html).
 *
 * PyTorch copies the layer it is given, so that all start with the same values; so does this. A function that makes a layer gives each its own:
 * `new TransformerEncoder(() => new TransformerEncoderLayer(16, 4), 6)`. The copied layer itself is not part of the encoder.
 *
 * @throws ArgumentError for anything but a layer, and for numbers that are none.
 * @example
 * const layer = new TransformerEncoderLayer(16, 4, { batchFirst: true });
 * const encoder = new TransformerEncoder(layer, 6, { norm: new LayerNorm(16) });
 * encoder.forward(randn([2, 5, 16])).shape; // [2, 5, 16]
 */
export class TransformerEncoder extends Module {
  readonly layers: ModuleList<EncoderLayer>;
  readonly numLayers: number;
  readonly norm: Layer | null;

  constructor(encoderLayer: EncoderLayer | (() => EncoderLayer), numLayers: number, options?: TransformerStackOptions) {
    super();
    checkOptions('TransformerEncoder', options, ['norm']);
    this.layers = layersOf('TransformerEncoder', encoderLayer, numLayers);
    this.numLayers = numLayers;
    this.norm = options?.norm ?? null;
  }

  forward(src: Tensor, options?: TransformerEncoderForwardOptions): Tensor {
    checkOptions('TransformerEncoder.forward', options, ['mask', 'srcKeyPaddingMask', 'isCausal']);
    const { mask: srcMask, srcKeyPaddingMask, isCausal } = options ?? {};
    let output = src;
    for (const layer of this.layers) output = layer.forward(output, { srcMask, srcKeyPaddingMask, isCausal });
    return this.norm ? this.norm.forward(output) : output;
  }
}

/**
 * Layers on each other (https://pytorch.org/docs/stable/generated/torch.nn.TransformerDecoder.html). The layer is copied, or made by a function, as
 * {@link TransformerEncoder} does it.
 *
 * @throws ArgumentError for anything but a layer, and for numbers that are none.
 */
export class TransformerDecoder extends Module {
  readonly layers: ModuleList<DecoderLayer>;
  readonly numLayers: number;
  readonly norm: Layer | null;

  constructor(decoderLayer: DecoderLayer | (() => DecoderLayer), numLayers: number, options?: TransformerStackOptions) {
    super();
    checkOptions('TransformerDecoder', options, ['norm']);
    this.layers = layersOf('TransformerDecoder', decoderLayer, numLayers);
    this.numLayers = numLayers;
    this.norm = options?.norm ?? null;
  }

  forward(tgt: Tensor, memory: Tensor, options?: TransformerDecoderForwardOptions): Tensor {
    checkOptions('TransformerDecoder.forward', options, decoderForwardOptions);
    let output = tgt;
    for (const layer of this.layers) output = layer.forward(output, memory, options);
    return this.norm ? this.norm.forward(output) : output;
  }
}

/**
 * An encoder and a decoder (Vaswani et al., "Attention is all you need", 2017; https://pytorch.org/docs/stable/generated/torch.nn.Transformer.html). From a
 * source `[S, N, dModel]` and a target `[L, N, dModel]` to the shape of the target; with N first by `batchFirst`, or without N. Weights start as
 * `xavierUniform_`.
 *
 * @throws ArgumentError for options out of range; `forward` a ShapeError for inputs or masks that don't fit.
 * @example
 * const model = new Transformer({ dModel: 16, nhead: 4, numEncoderLayers: 2, numDecoderLayers: 2, batchFirst: true });
 * const tgtMask = Transformer.generateSquareSubsequentMask(7);
 * model.forward(randn([2, 5, 16]), randn([2, 7, 16]), { tgtMask, tgtIsCausal: true }).shape; // [2, 7, 16]
 */
export class Transformer extends Module {
  readonly encoder: CustomEncoder;
  readonly decoder: DecoderLayer;
  readonly dModel: number;
  readonly nhead: number;
  readonly batchFirst: boolean;

  constructor(options?: TransformerOptions) {
    super();
    const own = ['dModel', 'nhead', 'numEncoderLayers', 'numDecoderLayers', 'customEncoder', 'customDecoder'];
    checkOptions('Transformer', options, [...own, ...layerOptions]);
    const {
      dModel = 512,
      nhead = 8,
      numEncoderLayers = 6,
      numDecoderLayers = 6,
      customEncoder = null,
      customDecoder = null,
      ...ofLayers
    } = options ?? {};
    const { layerNormEps: eps = 1e-5, bias = true, dtype, device } = ofLayers;
    const norm = (): LayerNorm => new LayerNorm(dModel, { eps, bias, dtype, device });
    this.encoder =
      customEncoder ??
      new TransformerEncoder(new TransformerEncoderLayer(dModel, nhead, ofLayers), numEncoderLayers, { norm: norm() });
    this.decoder =
      customDecoder ??
      new TransformerDecoder(new TransformerDecoderLayer(dModel, nhead, ofLayers), numDecoderLayers, { norm: norm() });
    this.dModel = dModel;
    this.nhead = nhead;
    this.batchFirst = ofLayers.batchFirst ?? false;
    this.resetParameters();
  }

  /** Draws new starting values for all parameters of more than one dim. */
  resetParameters(): void {
    for (const parameter of this.parameters()) if (parameter.ndim > 1) xavierUniform_(parameter);
  }

  forward(src: Tensor, tgt: Tensor, options?: TransformerForwardOptions): Tensor {
    checkOptions('Transformer.forward', options, [
      ...['srcMask', 'tgtMask', 'memoryMask', 'srcKeyPaddingMask', 'tgtKeyPaddingMask', 'memoryKeyPaddingMask'],
      ...['srcIsCausal', 'tgtIsCausal', 'memoryIsCausal'],
    ]);
    for (const [name, x] of Object.entries({ src, tgt }))
      if (!isTensor(x)) throw new ArgumentError(`Transformer: ${name} must be a tensor, got ${describe(x)}`);
    const batchDim = this.batchFirst ? 0 : 1;
    if (src.ndim === 3 && src.shape[batchDim] !== tgt.shape[batchDim])
      throw new ShapeError('the batch number of src and tgt must be equal');
    if (src.shape[src.ndim - 1] !== this.dModel || tgt.shape[tgt.ndim - 1] !== this.dModel)
      throw new ShapeError('the feature number of src and tgt must be equal to d_model');
    const { srcMask: mask, srcKeyPaddingMask, srcIsCausal: isCausal, ...ofDecoder } = options ?? {};
    const memory = this.encoder.forward(src, { mask, srcKeyPaddingMask, isCausal });
    return this.decoder.forward(tgt, memory, ofDecoder);
  }

  /** The mask by which no step attends to one after it, `[size, size]`: -∞ above the diagonal, 0 elsewhere. */
  static generateSquareSubsequentMask(size: number, options?: { dtype?: DType; device?: string }): Tensor {
    checkOptions('generateSquareSubsequentMask', options, ['dtype', 'device']);
    checkSize('generateSquareSubsequentMask: size', size);
    return full([size, size], Number.NEGATIVE_INFINITY, options).triu(1);
  }
}
