/** Tables of vectors. */
import {
  ArgumentError,
  checkOptions,
  type DType,
  describe,
  empty,
  formatShape,
  isTensor,
  type Shape,
  ShapeError,
  sameShape,
  type Tensor,
  withoutGrad,
} from '@tenfold/tensor-core';
import { checkBagMode, checkFlag, checkNumber, checkSize, paddingRow } from '../checks.ts';
import { embedding, embeddingBag } from '../functional/embedding.ts';
import { Module } from '../module.ts';
import { Parameter } from '../parameter.ts';
import { pythonFloat } from '../print.ts';

/** Options of {@link Embedding.fromPretrained}. */
export interface PretrainedEmbeddingOptions {
  /** Whether the table is left as it is, without gradients. Default true. */
  freeze?: boolean;
  /** The row that gets no gradient; a negative one counts from the end. Default: none. */
  paddingIdx?: number | null;
  /** Rows that are looked up and whose norm is larger are scaled to it, in place. Default: none. */
  maxNorm?: number | null;
  /** The order of that norm. Default 2. */
  normType?: number;
  /** Whether the gradient of each row is divided by how often the row was looked up. Default false. */
  scaleGradByFreq?: boolean;
  /** Gradients as lists of rows, which Tenfold has not: only false. */
  sparse?: false;
}

/** Options of {@link Embedding}. */
export interface EmbeddingLayerOptions extends Omit<PretrainedEmbeddingOptions, 'freeze'> {
  /** The table to start with, whose memory is shared, instead of a drawn one: `[numEmbeddings, embeddingDim]`. */
  _weight?: Tensor | null;
  /** Default: the default float dtype. */
  dtype?: DType;
  /** Default: the default device. */
  device?: string;
}

const tableOptions = ['paddingIdx', 'maxNorm', 'normType', 'scaleGradByFreq', 'sparse'];

/** A table that is given rather than drawn. */
function checkTable(where: string, table: unknown, shape?: Shape): asserts table is Tensor {
  if (!isTensor(table)) throw new ArgumentError(`${where}: expected a tensor, got ${describe(table)}`);
  if (table.ndim !== 2)
    throw new ShapeError(
      `${where}: Embeddings parameter is expected to be 2-dimensional, got shape ${formatShape(table.shape)}`,
    );
  if (shape && !sameShape(table.shape, shape))
    throw new ShapeError(
      `${where}: Shape of weight does not match num_embeddings and embedding_dim: ${formatShape(table.shape)} for ${formatShape(shape)}`,
    );
}

/** What tables share. */
abstract class Table extends Module {
  readonly numEmbeddings: number;
  readonly embeddingDim: number;
  readonly paddingIdx: number | null;
  readonly maxNorm: number | null;
  readonly normType: number;
  readonly scaleGradByFreq: boolean;
  /** `[numEmbeddings, embeddingDim]`. */
  readonly weight: Parameter;

  constructor(
    numEmbeddings: number,
    embeddingDim: number,
    options: EmbeddingLayerOptions | undefined,
    more: readonly string[] = [],
  ) {
    super();
    const { name } = new.target;
    checkOptions(name, options, [...tableOptions, ...more, '_weight', 'dtype', 'device']);
    const { paddingIdx = null, maxNorm = null, normType = 2, scaleGradByFreq = false, sparse = false } = options ?? {};
    this.numEmbeddings = checkSize(`${name}: numEmbeddings`, numEmbeddings);
    this.embeddingDim = checkSize(`${name}: embeddingDim`, embeddingDim);
    this.paddingIdx = paddingRow(paddingIdx, numEmbeddings);
    this.maxNorm = maxNorm === null ? null : checkNumber(`${name}: maxNorm`, maxNorm);
    this.normType = checkNumber(`${name}: normType`, normType);
    this.scaleGradByFreq = checkFlag(`${name}: scaleGradByFreq`, scaleGradByFreq);
    if (checkFlag(`${name}: sparse`, sparse))
      throw new ArgumentError(`${name}: Tenfold has no sparse gradients; leave sparse out`);
    const { _weight = null, dtype, device } = options ?? {};
    if (_weight !== null) checkTable(name, _weight, [numEmbeddings, embeddingDim]);
    this.weight = new Parameter(_weight ?? empty([numEmbeddings, embeddingDim], { dtype, device }));
    if (_weight === null) this.resetParameters();
  }

  /** Draws new starting values. */
  resetParameters(): void {
    withoutGrad(() => {
      this.weight.normal_();
      if (this.paddingIdx !== null) this.weight.select(0, this.paddingIdx).zero_();
    });
  }

  protected sizesText(): string {
    return `${this.numEmbeddings}, ${this.embeddingDim}`;
  }

  protected paddingText(): string[] {
    return this.paddingIdx === null ? [] : [`padding_idx=${this.paddingIdx}`];
  }

  protected normText(): string[] {
    const { maxNorm, normType, scaleGradByFreq } = this;
    return [
      ...(maxNorm === null ? [] : [`max_norm=${pythonFloat(maxNorm)}`]),
      ...(normType === 2 ? [] : [`norm_type=${pythonFloat(normType)}`]),
      ...(scaleGradByFreq ? ['scale_grad_by_freq=True'] : []),
    ];
  }
}

/** A layer of `embeddings`, whose memory it shares. */
function pretrained<T extends Table, O extends PretrainedEmbeddingOptions>(
  make: new (rows: number, columns: number, options: Omit<O, 'freeze'> & { _weight: Tensor }) => T,
  embeddings: Tensor,
  options: O | undefined,
): T {
  const where = `${make.name}.fromPretrained`;
  checkTable(where, embeddings);
  const { freeze = true, ...rest } = options ?? ({} as O);
  const [rows, columns] = embeddings.shape;
  const layer = new make(rows, columns, { ...rest, _weight: embeddings });
  layer.weight.requiresGrad_(!checkFlag(`${where}: freeze`, freeze));
  return layer;
}

/**
 * A table of vectors, which are looked up by number (https://pytorch.org/docs/stable/generated/torch.nn.Embedding.html), from int64 of any shape to
 * `[…, embeddingDim]`. It starts normal, N(0, 1), with zeros in the row of padding.
 *
 * @throws ArgumentError for sizes that are not whole numbers from 0, for a `paddingIdx` that is no row, and for `sparse: true`.
 * @example
 * new Embedding(1000, 32).forward(tensor([[1, 2], [4, 5]], { dtype: 'int64' })).shape; // [2, 2, 32]
 */
export class Embedding extends Table {
  constructor(numEmbeddings: number, embeddingDim: number, options?: EmbeddingLayerOptions) {
    super(numEmbeddings, embeddingDim, options);
  }

  /**
   * A layer that looks up in `embeddings`, whose memory it shares.
   *
   * @param embeddings `[numEmbeddings, embeddingDim]`.
   * @throws ShapeError unless it has two dims.
   * @example
   * const layer = Embedding.fromPretrained(tensor([[1, 2.3, 3], [4, 5.1, 6.3]]));
   */
  static fromPretrained(embeddings: Tensor, options?: PretrainedEmbeddingOptions): Embedding {
    return pretrained(Embedding, embeddings, options);
  }

  forward(input: Tensor): Tensor {
    const { paddingIdx, maxNorm, normType, scaleGradByFreq } = this;
    return embedding(input, this.weight, { paddingIdx, maxNorm, normType, scaleGradByFreq });
  }

  override extraRepr(): string {
    return [this.sizesText(), ...this.paddingText(), ...this.normText()].join(', ');
  }
}

/** What {@link EmbeddingBag} takes beside what tables do. */
interface BagOptions {
  /** How the rows of a bag become one. Default `'mean'`. */
  mode?: 'sum' | 'mean' | 'max';
  /** Whether the last offset is the end of the last bag. Default false. */
  includeLastOffset?: boolean;
}

/** Options of {@link EmbeddingBag}. */
export interface EmbeddingBagLayerOptions extends EmbeddingLayerOptions, BagOptions {}

/** Options of {@link EmbeddingBag.fromPretrained}. */
export interface PretrainedEmbeddingBagOptions extends PretrainedEmbeddingOptions, BagOptions {}

/**
 * Sums, means or maxima of bags of rows of a table (https://pytorch.org/docs/stable/generated/torch.nn.EmbeddingBag.html), from `[bags, size]`, or `[n]` with
 * offsets, to `[bags, embeddingDim]`. It starts as {@link Embedding}.
 *
 * @throws ArgumentError as {@link Embedding}, and for another mode.
 * @example
 * const bag = new EmbeddingBag(10, 3, { mode: 'sum' });
 * bag.forward(tensor([1, 2, 4, 5, 4, 3, 2, 9], { dtype: 'int64' }), tensor([0, 4], { dtype: 'int64' })).shape; // [2, 3]
 */
export class EmbeddingBag extends Table {
  readonly mode: 'sum' | 'mean' | 'max';
  readonly includeLastOffset: boolean;

  constructor(numEmbeddings: number, embeddingDim: number, options?: EmbeddingBagLayerOptions) {
    super(numEmbeddings, embeddingDim, options, ['mode', 'includeLastOffset']);
    this.mode = checkBagMode('EmbeddingBag', options?.mode ?? 'mean', this.scaleGradByFreq);
    this.includeLastOffset = checkFlag('EmbeddingBag: includeLastOffset', options?.includeLastOffset ?? false);
  }

  /** A layer that looks up in `embeddings` (`[numEmbeddings, embeddingDim]`), whose memory it shares. @throws ShapeError unless it has two dims. */
  static fromPretrained(embeddings: Tensor, options?: PretrainedEmbeddingBagOptions): EmbeddingBag {
    return pretrained(EmbeddingBag, embeddings, options);
  }

  forward(input: Tensor, offsets: Tensor | null = null, perSampleWeights: Tensor | null = null): Tensor {
    const { paddingIdx, maxNorm, normType, scaleGradByFreq, mode, includeLastOffset } = this;
    return embeddingBag(input, this.weight, offsets, {
      ...{ paddingIdx, maxNorm, normType, scaleGradByFreq, mode, includeLastOffset },
      perSampleWeights,
    });
  }

  override extraRepr(): string {
    return [this.sizesText(), ...this.normText(), `mode=${this.mode}`, ...this.paddingText()].join(', ');
  }
}
