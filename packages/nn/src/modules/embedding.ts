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
import { checkFlag, checkNumber, checkSize } from '../checks.ts';
import { paddingRow } from '../functional/embedding.ts';
import { embedding } from '../functional.ts';
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

/** Refuses gradients of a layout that Tenfold has not. */
export function refuseSparse(where: string, sparse: unknown): void {
  if (checkFlag(`${where}: sparse`, sparse))
    throw new ArgumentError(`${where}: Tenfold has no sparse gradients; leave sparse out`);
}

/**
 * A table of vectors, which are looked up by number (https://pytorch.org/docs/stable/generated/torch.nn.Embedding.html), from int64 of any shape to
 * `[…, embeddingDim]`. It starts normal, N(0, 1), with zeros in the row of padding.
 *
 * @throws ArgumentError for sizes that are not whole numbers from 0, for a `paddingIdx` that is no row, and for `sparse: true`.
 * @example
 * new Embedding(1000, 32).forward(tensor([[1, 2], [4, 5]], { dtype: 'int64' })).shape; // [2, 2, 32]
 */
export class Embedding extends Module {
  readonly numEmbeddings: number;
  readonly embeddingDim: number;
  readonly paddingIdx: number | null;
  readonly maxNorm: number | null;
  readonly normType: number;
  readonly scaleGradByFreq: boolean;
  /** `[numEmbeddings, embeddingDim]`. */
  readonly weight: Parameter;

  constructor(numEmbeddings: number, embeddingDim: number, options?: EmbeddingLayerOptions) {
    super();
    checkOptions('Embedding', options, [...tableOptions, '_weight', 'dtype', 'device']);
    const { paddingIdx = null, maxNorm = null, normType = 2, scaleGradByFreq = false, sparse = false } = options ?? {};
    this.numEmbeddings = checkSize('Embedding: numEmbeddings', numEmbeddings);
    this.embeddingDim = checkSize('Embedding: embeddingDim', embeddingDim);
    this.paddingIdx = paddingRow(paddingIdx, numEmbeddings);
    this.maxNorm = maxNorm === null ? null : checkNumber('Embedding: maxNorm', maxNorm);
    this.normType = checkNumber('Embedding: normType', normType);
    this.scaleGradByFreq = checkFlag('Embedding: scaleGradByFreq', scaleGradByFreq);
    refuseSparse('Embedding', sparse);
    const { _weight = null, dtype, device } = options ?? {};
    if (_weight !== null) checkTable('Embedding', _weight, [numEmbeddings, embeddingDim]);
    this.weight = new Parameter(_weight ?? empty([numEmbeddings, embeddingDim], { dtype, device }));
    if (_weight === null) this.resetParameters();
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
    const where = 'Embedding.fromPretrained';
    checkOptions(where, options, ['freeze', ...tableOptions]);
    checkTable(where, embeddings);
    const { freeze = true, ...rest } = options ?? {};
    const [rows, columns] = embeddings.shape;
    const layer = new Embedding(rows, columns, { ...rest, _weight: embeddings });
    layer.weight.requiresGrad_(!checkFlag(`${where}: freeze`, freeze));
    return layer;
  }

  /** Draws new starting values. */
  resetParameters(): void {
    withoutGrad(() => {
      this.weight.normal_();
      if (this.paddingIdx !== null) this.weight.select(0, this.paddingIdx).zero_();
    });
  }

  forward(input: Tensor): Tensor {
    const { paddingIdx, maxNorm, normType, scaleGradByFreq } = this;
    return embedding(input, this.weight, { paddingIdx, maxNorm, normType, scaleGradByFreq });
  }

  override extraRepr(): string {
    const { paddingIdx, maxNorm, normType, scaleGradByFreq } = this;
    return [
      `${this.numEmbeddings}, ${this.embeddingDim}`,
      ...(paddingIdx === null ? [] : [`padding_idx=${paddingIdx}`]),
      ...(maxNorm === null ? [] : [`max_norm=${pythonFloat(maxNorm)}`]),
      ...(normType === 2 ? [] : [`norm_type=${pythonFloat(normType)}`]),
      ...(scaleGradByFreq ? ['scale_grad_by_freq=True'] : []),
    ].join(', ');
  }
}
