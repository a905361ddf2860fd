/** Recurrent layers and cells. */
import {
  ArgumentError,
  cat,
  checkOptions,
  type DType,
  describe,
  empty,
  formatShape,
  isTensor,
  ShapeError,
  type Tensor,
} from '@tenfold/tensor-core';
import { checkFlag, checkSize } from '../checks.ts';
import { dropout } from '../functional.ts';
import { Module } from '../module.ts';
import { Parameter } from '../parameter.ts';
import { pythonFloat, pythonTuple } from '../print.ts';
import {
  type CellKind,
  cells,
  type LayerRun,
  type RecurrentWeights,
  runCell,
  runLayer,
  runRows,
  type State,
} from '../recurrent.ts';
import { uniformByFanIn_ } from '../start.ts';
import { PackedSequence, reordered } from '../utils/rnn.ts';

/** Options that recurrent layers and cells share. */
export interface RecurrentCellOptions {
  /** Whether biases are learned. Default true. */
  bias?: boolean;
  /** Default: the default float dtype. */
  dtype?: DType;
  /** Default: the default device. */
  device?: string;
}

/** Options of {@link GRU}. */
export interface RecurrentOptions extends RecurrentCellOptions {
  /** How many layers stand on each other. Default 1. */
  numLayers?: number;
  /** `[N, L, …]` for input and output in place of `[L, N, …]`; states stay as they are. Default false. */
  batchFirst?: boolean;
  /** The chance of each output of a layer but the last to be dropped in training. Default 0. */
  dropout?: number;
  /** Whether a second run of each layer goes from the end to the start. Default false. */
  bidirectional?: boolean;
}

/** The activation of a simple recurrent layer. */
export type RecurrentNonlinearity = 'tanh' | 'relu';

/** Options of {@link RNN}. */
export interface RNNOptions extends RecurrentOptions {
  /** Default `'tanh'`. */
  nonlinearity?: RecurrentNonlinearity;
}

/** Options of {@link LSTM}. */
export interface LSTMOptions extends RecurrentOptions {
  /** The size to which hidden states are projected; 0 for none. Default 0. */
  projSize?: number;
}

/** Options of {@link RNNCell}. */
export interface RNNCellOptions extends RecurrentCellOptions {
  /** Default `'tanh'`. */
  nonlinearity?: RecurrentNonlinearity;
}

const cellOptions = ['bias', 'dtype', 'device'] as const;
const layerOptions = [...cellOptions, 'numLayers', 'batchFirst', 'dropout', 'bidirectional'] as const;

function checkNonlinearity(value: unknown): RecurrentNonlinearity {
  if (value === undefined) return 'tanh';
  if (value === 'tanh' || value === 'relu') return value;
  throw new ArgumentError(
    `Unknown nonlinearity ${typeof value === 'string' ? `'${value}'` : describe(value)}; it is 'tanh' or 'relu'`,
  );
}

/** A state of LSTMs as it was given: `[h, c]`. */
function checkPair(where: string, hx: unknown): readonly [Tensor, Tensor] | null {
  if (hx === undefined || hx === null) return null;
  if (Array.isArray(hx) && hx.length === 2 && hx.every(isTensor)) return hx as [Tensor, Tensor];
  throw new ArgumentError(`${where}: hx must be [h, c], two tensors, got ${describe(hx)}`);
}

function checkOne(where: string, hx: unknown): readonly [Tensor] | null {
  if (hx === undefined || hx === null) return null;
  if (isTensor(hx)) return [hx];
  throw new ArgumentError(`${where}: hx must be a tensor, got ${describe(hx)}`);
}

/**
 * What recurrent layers share: {@link RNN}, {@link LSTM}, {@link GRU}. Parameters have PyTorch's names: `weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`,
 * `bias_hh_l0`, `weight_hr_l0` with projections; the reversed direction's end with `_reverse`. All start uniform in ±1/√hiddenSize.
 */
export abstract class RecurrentLayer extends Module {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly bias: boolean;
  readonly batchFirst: boolean;
  readonly dropout: number;
  readonly bidirectional: boolean;
  readonly projSize: number;
  [weight: `weight_${string}`]: Parameter;
  [bias: `bias_${string}`]: Parameter;

  /** @internal */
  constructor(
    gates: number,
    inputSize: number,
    hiddenSize: number,
    options: LSTMOptions | undefined,
    more: readonly string[] = [],
  ) {
    super();
    const where = new.target.name;
    if (options && 'projSize' in options && !more.includes('projSize'))
      throw new ArgumentError('proj_size argument is only supported for LSTM, not RNN or GRU');
    checkOptions(where, options, [...layerOptions, ...more]);
    const { numLayers = 1, bias = true, batchFirst = false, bidirectional = false, projSize = 0 } = options ?? {};
    const chance: unknown = options?.dropout ?? 0;
    this.inputSize = checkSize(`${where}: inputSize`, inputSize);
    this.hiddenSize = checkSize(`${where}: hiddenSize`, hiddenSize, 1);
    this.numLayers = checkSize(`${where}: numLayers`, numLayers, 1);
    this.bias = checkFlag(`${where}: bias`, bias);
    this.batchFirst = checkFlag(`${where}: batchFirst`, batchFirst);
    if (typeof chance !== 'number' || !(chance >= 0 && chance <= 1))
      throw new ArgumentError(
        'dropout should be a number in range [0, 1] representing the probability of an element being zeroed, got ' +
          (typeof chance === 'number' ? chance : describe(chance)),
      );
    this.dropout = chance;
    this.bidirectional = checkFlag(`${where}: bidirectional`, bidirectional);
    if (!Number.isSafeInteger(projSize) || projSize < 0)
      throw new ArgumentError('proj_size should be a positive integer or zero to disable projections');
    if (projSize >= hiddenSize) throw new ArgumentError('proj_size has to be smaller than hidden_size');
    this.projSize = projSize;
    const rows = gates * hiddenSize;
    const out = projSize || hiddenSize;
    const { dtype, device } = options ?? {};
    const runs = bidirectional ? 2 : 1;
    for (const [at, names] of this.weightNames().entries()) {
      const shapes: { readonly [name: string]: number[] } = {
        weight_ih: [rows, at < runs ? inputSize : out * runs],
        weight_hh: [rows, out],
        bias_ih: [rows],
        bias_hh: [rows],
        weight_hr: [projSize, hiddenSize],
      };
      for (const name of names) {
        const shape = shapes[name.slice(0, name.indexOf('_l'))];
        this.registerParameter(name, new Parameter(empty(shape, { dtype, device })));
      }
    }
    this.resetParameters();
  }

  /** Draws new starting values. */
  resetParameters(): void {
    for (const [, parameter] of this.ownParameters()) uniformByFanIn_(parameter, this.hiddenSize);
  }

  /** What a step computes. */
  protected abstract get kind(): CellKind;

  /** The names of the parameters of each layer and direction. */
  private weightNames(): string[][] {
    const kinds = [
      'weight_ih',
      'weight_hh',
      ...(this.bias ? ['bias_ih', 'bias_hh'] : []),
      ...(this.projSize > 0 ? ['weight_hr'] : []),
    ];
    const names: string[][] = [];
    for (let layer = 0; layer < this.numLayers; layer++) {
      for (const direction of this.bidirectional ? ['', '_reverse'] : [''])
        names.push(kinds.map((name) => `${name}_l${layer}${direction}`));
    }
    return names;
  }

  /** The parameters of each layer and direction, in PyTorch's order: input, hidden, their biases, projection. */
  get allWeights(): Parameter[][] {
    return this.weightNames().map((names) => names.map((name) => Reflect.get(this, name) as Parameter));
  }

  private weightsOf(list: readonly Parameter[]): RecurrentWeights {
    const [ih, hh] = list;
    const [bih, bhh] = this.bias ? list.slice(2) : [null, null];
    return { ih, hh, bih, bhh, hr: this.projSize > 0 ? list[list.length - 1] : null };
  }

  /** All layers over any kind of input. `given` are the initial states, zeros if `null`. */
  protected run(
    input: Tensor | PackedSequence,
    given: State | null,
  ): { output: Tensor | PackedSequence; states: State } {
    if (input instanceof PackedSequence) {
      const { data, batchSizes, sortedIndices, unsortedIndices } = input;
      this.checkInput(data, 2);
      const initial = given?.map((x) => reordered(x, sortedIndices, 1)) ?? null;
      const { output, states } = this.layers(data, batchSizes[0], initial, (x, ...args) =>
        runRows(this.kind, x, batchSizes, ...args),
      );
      return {
        output: new PackedSequence(output, batchSizes, sortedIndices),
        states: states.map((x) => reordered(x, unsortedIndices, 1)),
      };
    }
    const { name } = this.constructor;
    if (!isTensor(input))
      throw new ArgumentError(`${name}: input must be a tensor or a PackedSequence, got ${describe(input)}`);
    if (input.ndim !== 2 && input.ndim !== 3)
      throw new ShapeError(`${name}: Expected input to be 2-D or 3-D but received ${input.ndim}-D tensor`);
    if (input.ndim === 2) {
      this.checkDims(given, 2, 'unbatched');
      const initial = given?.map((x) => x.unsqueeze(1)) ?? null;
      const { output, states } = this.steps(input.unsqueeze(1), initial);
      return { output: output.squeeze(1), states: states.map((x) => x.squeeze(1)) };
    }
    this.checkDims(given, 3, 'batched');
    if (!this.batchFirst) return this.steps(input, given);
    const { output, states } = this.steps(input.transpose(0, 1), given);
    return { output: output.transpose(0, 1), states };
  }

  /** PyTorch's checks of the number of dims. */
  private checkDims(given: State | null, dims: number, batched: string): void {
    if (given?.every((x) => x.ndim === dims) ?? true) return;
    const [names, found] =
      given?.length === 2
        ? ['hx and cx', `(${given.map((x) => `${x.ndim}-D`).join(', ')}) tensors`]
        : ['hx', `${given?.[0].ndim}-D tensor`];
    throw new ShapeError(`For ${batched} ${dims}-D input, ${names} should also be ${dims}-D but got ${found}`);
  }

  private checkInput(input: Tensor, dims: number): void {
    if (input.ndim !== dims) throw new ShapeError(`input must have ${dims} dimensions, got ${input.ndim}`);
    const size = input.shape[dims - 1];
    if (size !== this.inputSize)
      throw new ShapeError(`input.size(-1) must be equal to input_size. Expected ${this.inputSize}, got ${size}`);
  }

  /** Over `[L, N, I]`. */
  private steps(input: Tensor, given: State | null): LayerRun {
    this.checkInput(input, 3);
    const [length, batch] = input.shape;
    if (length === 0) throw new ShapeError('Expected sequence length to be larger than 0 in RNN');
    return this.layers(input, batch, given, (...args) => runLayer(this.kind, ...args));
  }

  private checkInitial(given: State, batch: number): void {
    const { kind } = this;
    const directions = this.bidirectional ? 2 : 1;
    const sizes = [(kind.states === 2 && this.projSize) || this.hiddenSize, this.hiddenSize].slice(0, kind.states);
    given.forEach((x, i) => {
      const shape = [this.numLayers * directions, batch, sizes[i]];
      if (formatShape(x.shape) === formatShape(shape)) return;
      const what = sizes.length === 1 ? 'hidden' : `hidden[${i}]`;
      throw new ShapeError(`Expected ${what} size ${pythonTuple(shape)}, got ${formatShape(x.shape)}`);
    });
  }

  /** One layer after the other. `given` are the initial states of all, zeros if `null`. */
  private layers(
    input: Tensor,
    batch: number,
    given: State | null,
    run: (input: Tensor, initial: State | null, weights: readonly RecurrentWeights[]) => LayerRun,
  ): LayerRun {
    if (given) this.checkInitial(given, batch);
    const directions = this.bidirectional ? 2 : 1;
    const ends: State[] = [];
    const weights = this.allWeights.map((list) => this.weightsOf(list));
    let output = input;
    for (let at = 0; at < weights.length; at += directions) {
      if (at > 0 && this.dropout > 0) output = dropout(output, this.dropout, { training: this.training });
      const initial = given && this.numLayers > 1 ? given.map((x) => x.narrow(0, at, directions)) : given;
      const layer = run(output, initial, weights.slice(at, at + directions));
      ({ output } = layer);
      ends.push(layer.states);
    }
    return {
      output,
      states: ends.length === 1 ? ends[0] : ends[0].map((_, i) => cat(ends.map((states) => states[i]))),
    };
  }

  override extraRepr(): string {
    const { inputSize, hiddenSize, projSize, numLayers } = this;
    const parts = [`${inputSize}, ${hiddenSize}`];
    if (projSize !== 0) parts.push(`proj_size=${projSize}`);
    if (numLayers !== 1) parts.push(`num_layers=${numLayers}`);
    if (!this.bias) parts.push('bias=False');
    if (this.batchFirst) parts.push('batch_first=True');
    if (this.dropout !== 0) parts.push(`dropout=${pythonFloat(this.dropout)}`);
    if (this.bidirectional) parts.push('bidirectional=True');
    return parts.join(', ');
  }
}

/**
 * h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or ReLU, over sequences (https://pytorch.org/docs/stable/generated/torch.nn.RNN.html).
 *
 * With D = 2 directions or 1: from `[L, N, inputSize]` and h0 `[D·numLayers, N, hiddenSize]` (zeros if not given) to the output of the last layer
 * `[L, N, D·hiddenSize]` and the final states `[D·numLayers, N, hiddenSize]`. `[N, L, …]` with `batchFirst`, no N at all for a single sequence, or a
 * {@link PackedSequence} for sequences of different lengths.
 *
 * @throws ArgumentError for options out of range; ShapeError for inputs or states that don't fit.
 * @example
 * const [output, h] = new RNN(10, 20, { numLayers: 2 }).forward(randn([5, 3, 10])); // [5, 3, 20], [2, 3, 20]
 */
export class RNN extends RecurrentLayer {
  readonly nonlinearity: RecurrentNonlinearity;

  constructor(inputSize: number, hiddenSize: number, options?: RNNOptions) {
    const nonlinearity = checkNonlinearity(options?.nonlinearity);
    super(1, inputSize, hiddenSize, options, ['nonlinearity']);
    this.nonlinearity = nonlinearity;
  }

  protected override get kind(): CellKind {
    return cells[this.nonlinearity === 'tanh' ? 'RNN_TANH' : 'RNN_RELU'];
  }

  forward(input: Tensor, hx?: Tensor | null): [output: Tensor, h: Tensor];
  forward(input: PackedSequence, hx?: Tensor | null): [output: PackedSequence, h: Tensor];
  forward(input: Tensor | PackedSequence, hx?: Tensor | null): [output: Tensor | PackedSequence, h: Tensor] {
    const { output, states } = this.run(input, checkOne('RNN', hx));
    return [output, states[0]];
  }
}

/**
 * Long short-term memory over sequences (https://pytorch.org/docs/stable/generated/torch.nn.LSTM.html), with the gates i, f, g, o:
 * c' = σ(f) c + σ(i) tanh(g), h' = σ(o) tanh(c').
 *
 * Shapes as for {@link RNN}; the state is `[h, c]`, and with `projSize` each h is projected to that size by `weight_hr_l0`, as is the output.
 *
 * @throws ArgumentError for options out of range; ShapeError for inputs or states that don't fit.
 * @example
 * const lstm = new LSTM(10, 20, { numLayers: 2, bidirectional: true, batchFirst: true });
 * const [output, [h, c]] = lstm.forward(randn([3, 5, 10])); // [3, 5, 40], [4, 3, 20], [4, 3, 20]
 */
export class LSTM extends RecurrentLayer {
  constructor(inputSize: number, hiddenSize: number, options?: LSTMOptions) {
    super(cells.LSTM.gates, inputSize, hiddenSize, options, ['projSize']);
  }

  protected override get kind(): CellKind {
    return cells.LSTM;
  }

  forward(input: Tensor, hx?: readonly [Tensor, Tensor] | null): [output: Tensor, state: [h: Tensor, c: Tensor]];
  forward(
    input: PackedSequence,
    hx?: readonly [Tensor, Tensor] | null,
  ): [output: PackedSequence, state: [h: Tensor, c: Tensor]];
  forward(
    input: Tensor | PackedSequence,
    hx?: readonly [Tensor, Tensor] | null,
  ): [output: Tensor | PackedSequence, state: [h: Tensor, c: Tensor]] {
    const { output, states } = this.run(input, checkPair('LSTM', hx));
    return [output, [states[0], states[1]]];
  }
}

/**
 * Gated recurrent units over sequences (https://pytorch.org/docs/stable/generated/torch.nn.GRU.html), with the gates r, z, n:
 * n = tanh(W_in x + b_in + σ(r) (W_hn h + b_hn)), h' = (1 - σ(z)) n + σ(z) h. Shapes as for {@link RNN}.
 *
 * @throws ArgumentError for options out of range; ShapeError for inputs or states that don't fit.
 * @example
 * const [output, h] = new GRU(10, 20).forward(randn([5, 3, 10])); // [5, 3, 20], [1, 3, 20]
 */
export class GRU extends RecurrentLayer {
  constructor(inputSize: number, hiddenSize: number, options?: RecurrentOptions) {
    super(cells.GRU.gates, inputSize, hiddenSize, options);
  }

  protected override get kind(): CellKind {
    return cells.GRU;
  }

  forward(input: Tensor, hx?: Tensor | null): [output: Tensor, h: Tensor];
  forward(input: PackedSequence, hx?: Tensor | null): [output: PackedSequence, h: Tensor];
  forward(input: Tensor | PackedSequence, hx?: Tensor | null): [output: Tensor | PackedSequence, h: Tensor] {
    const { output, states } = this.run(input, checkOne('GRU', hx));
    return [output, states[0]];
  }
}

/** What cells share: one step of a recurrent layer, for loops of your own. All parameters start uniform in ±1/√hiddenSize. */
export abstract class RecurrentCell extends Module {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly bias: boolean;
  /** `[G·hiddenSize, inputSize]`: G is 4 for LSTMs, 3 for GRUs, else 1. */
  readonly weight_ih: Parameter;
  /** `[G·hiddenSize, hiddenSize]`. */
  readonly weight_hh: Parameter;
  /** `[G·hiddenSize]`, or `null`. */
  readonly bias_ih: Parameter | null = null;
  /** `[G·hiddenSize]`, or `null`. */
  readonly bias_hh: Parameter | null = null;

  /** @internal */
  constructor(
    gates: number,
    inputSize: number,
    hiddenSize: number,
    options: RecurrentCellOptions | undefined,
    more: readonly string[] = [],
  ) {
    super();
    const where = new.target.name;
    checkOptions(where, options, [...cellOptions, ...more]);
    const { bias = true, dtype, device } = options ?? {};
    this.inputSize = checkSize(`${where}: inputSize`, inputSize);
    this.hiddenSize = checkSize(`${where}: hiddenSize`, hiddenSize);
    this.bias = checkFlag(`${where}: bias`, bias);
    const rows = gates * hiddenSize;
    const parameter = (shape: number[]): Parameter => new Parameter(empty(shape, { dtype, device }));
    this.weight_ih = parameter([rows, inputSize]);
    this.weight_hh = parameter([rows, hiddenSize]);
    if (bias) {
      this.bias_ih = parameter([rows]);
      this.bias_hh = parameter([rows]);
    }
    this.resetParameters();
  }

  /** What a step computes. */
  protected abstract get kind(): CellKind;

  /** Draws new starting values. */
  resetParameters(): void {
    for (const [, parameter] of this.ownParameters()) uniformByFanIn_(parameter, this.hiddenSize);
  }

  /** One step; `states` is how many tensors a state has. */
  protected run(input: Tensor, given: State | null, states: number): State {
    const { name } = this.constructor;
    if (!isTensor(input)) throw new ArgumentError(`${name}: input must be a tensor, got ${describe(input)}`);
    if (input.ndim !== 1 && input.ndim !== 2)
      throw new ShapeError(`${name}: Expected input to be 1-D or 2-D but received ${input.ndim}-D tensor`);
    const single = input.ndim === 1;
    const rows = single ? input.unsqueeze(0) : input;
    const [batch, size] = rows.shape;
    if (size !== this.inputSize)
      throw new ShapeError(`input has inconsistent input_size: got ${size} expected ${this.inputSize}`);
    given?.forEach((x, i) => {
      if (x.ndim !== input.ndim)
        throw new ShapeError(`${name}: Expected hidden to be ${input.ndim}-D but received ${x.ndim}-D tensor`);
      const [hidden, n] = [x.shape[x.ndim - 1], single ? 1 : x.shape[0]];
      if (n !== batch) throw new ShapeError(`Input batch size ${batch} doesn't match hidden${i} batch size ${n}`);
      if (hidden !== this.hiddenSize)
        throw new ShapeError(`hidden${i} has inconsistent hidden_size: got ${hidden}, expected ${this.hiddenSize}`);
    });
    const zeros = (): State => Array.from({ length: states }, () => rows.newZeros([batch, this.hiddenSize]));
    const state = given?.map((x) => (single ? x.unsqueeze(0) : x)) ?? zeros();
    const { weight_ih: ih, weight_hh: hh, bias_ih: bih, bias_hh: bhh } = this;
    const next = runCell(this.kind, rows, state, { ih, hh, bih, bhh });
    return single ? next.map((x) => x.squeeze(0)) : next;
  }

  override extraRepr(): string {
    return `${this.inputSize}, ${this.hiddenSize}${this.bias ? '' : ', bias=False'}`;
  }
}

/**
 * One step of an {@link RNN} (https://pytorch.org/docs/stable/generated/torch.nn.RNNCell.html): from `[N, inputSize]` and h `[N, hiddenSize]` (zeros if not
 * given) to the next h; or all without N.
 *
 * @throws ShapeError for an input or a state that doesn't fit.
 */
export class RNNCell extends RecurrentCell {
  readonly nonlinearity: RecurrentNonlinearity;

  constructor(inputSize: number, hiddenSize: number, options?: RNNCellOptions) {
    const nonlinearity = checkNonlinearity(options?.nonlinearity);
    super(1, inputSize, hiddenSize, options, ['nonlinearity']);
    this.nonlinearity = nonlinearity;
  }

  protected override get kind(): CellKind {
    return cells[this.nonlinearity === 'tanh' ? 'RNN_TANH' : 'RNN_RELU'];
  }

  forward(input: Tensor, hx?: Tensor | null): Tensor {
    return this.run(input, checkOne('RNNCell', hx), 1)[0];
  }

  override extraRepr(): string {
    return super.extraRepr() + (this.nonlinearity === 'tanh' ? '' : `, nonlinearity=${this.nonlinearity}`);
  }
}

/**
 * One step of an {@link LSTM} (https://pytorch.org/docs/stable/generated/torch.nn.LSTMCell.html): from `[N, inputSize]` and `[h, c]`, each
 * `[N, hiddenSize]` (zeros if not given), to the next `[h, c]`; or all without N.
 *
 * @throws ShapeError for an input or a state that doesn't fit.
 */
export class LSTMCell extends RecurrentCell {
  constructor(inputSize: number, hiddenSize: number, options?: RecurrentCellOptions) {
    super(cells.LSTM.gates, inputSize, hiddenSize, options);
  }

  protected override get kind(): CellKind {
    return cells.LSTM;
  }

  forward(input: Tensor, hx?: readonly [Tensor, Tensor] | null): [h: Tensor, c: Tensor] {
    const [h, c] = this.run(input, checkPair('LSTMCell', hx), 2);
    return [h, c];
  }
}

/**
 * One step of a {@link GRU} (https://pytorch.org/docs/stable/generated/torch.nn.GRUCell.html): from `[N, inputSize]` and h `[N, hiddenSize]` (zeros if not
 * given) to the next h; or all without N.
 *
 * @throws ShapeError for an input or a state that doesn't fit.
 */
export class GRUCell extends RecurrentCell {
  constructor(inputSize: number, hiddenSize: number, options?: RecurrentCellOptions) {
    super(cells.GRU.gates, inputSize, hiddenSize, options);
  }

  protected override get kind(): CellKind {
    return cells.GRU;
  }

  forward(input: Tensor, hx?: Tensor | null): Tensor {
    return this.run(input, checkOne('GRUCell', hx), 1)[0];
  }
}
