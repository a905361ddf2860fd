/** What recurrent layers compute: the step of each kind of cell, and the run of one layer over a sequence. */
import { cat, dispatch, type OpSpec, type Sig, stack, type Tensor } from '@tenfold/tensor-core';
import { compositeOp } from './composite.ts';
import { linear } from './functional.ts';

/** The parameters of one direction of a layer. */
export interface RecurrentWeights {
  /** `[G·H, I]`. */
  readonly ih: Tensor;
  /** `[G·H, H]`. */
  readonly hh: Tensor;
  /** `[G·H]`, both or none. */
  readonly bih: Tensor | null;
  readonly bhh: Tensor | null;
  /** `[P, H]`, of an LSTM with projections. */
  readonly hr?: Tensor | null;
}

/** State between two steps: `[h]`, or `[h, c]` of an LSTM; each `[N, H]`. */
export type State = readonly Tensor[];

/** A kind of cell. */
export interface CellKind {
  /** Its layers over sequences, as one op. */
  readonly layer: OpSpec<RecurrentSig>;
  readonly mode: RecurrentMode;
  /** How many tensors a state has. */
  readonly states: number;
  /** How many times the hidden size the products of the weights are. */
  readonly gates: number;
  /** `bih` alone goes with the input, if `bhh` must stay with the hidden state. */
  readonly apart?: true;
  /** The next state, from the input's product `[N, G·H]` and the state. */
  step(fromInput: Tensor, state: State, weights: StepWeights): State;
}

/** What a step needs of the weights, prepared once for all of them. */
interface StepWeights {
  /** `[H, G·H]`. */
  readonly hh: Tensor;
  readonly bhh: Tensor | null;
  /** `[H, P]`. */
  readonly hr: Tensor | null;
}

/** PyTorch's names of what a layer computes. */
export type RecurrentMode = 'RNN_TANH' | 'RNN_RELU' | 'LSTM' | 'GRU';

/** Attributes of the ops `nn.rnn`, `nn.lstm` and `nn.gru`. */
export interface RecurrentAttrs {
  readonly mode: RecurrentMode;
  readonly bidirectional: boolean;
}

/**
 * One layer with its D = 2 directions or 1: sequences `[L, N, I]`, initial states `[D, N, H]` (`null`: zeros), then `ih`, `hh`, `bih`, `bhh` and `hr` of
 * each direction. To the output `[L, N, D·H]` and the final states `[D, N, H]`.
 */
export type RecurrentSig = Sig<readonly (Tensor | null)[], RecurrentAttrs, readonly Tensor[]>;

const rnn = /* @__PURE__ */ compositeOp<RecurrentSig>('rnn', runSequences);
const lstm = /* @__PURE__ */ compositeOp<RecurrentSig>('lstm', runSequences);
const gru = /* @__PURE__ */ compositeOp<RecurrentSig>('gru', runSequences);

const simple = (mode: RecurrentMode, activation: (x: Tensor) => Tensor): CellKind => ({
  layer: rnn,
  mode,
  states: 1,
  gates: 1,
  step: (fromInput, [h], { hh }) => [activation(fromInput.addmm(h, hh))],
});

/** The cells by the names of PyTorch's modes. */
export const cells = {
  RNN_TANH: simple('RNN_TANH', (x) => x.tanh()),
  RNN_RELU: simple('RNN_RELU', (x) => x.relu()),
  LSTM: {
    layer: lstm,
    mode: 'LSTM',
    states: 2,
    gates: 4,
    step(fromInput, [h, c], { hh, hr }) {
      const [i, f, g, o] = fromInput.addmm(h, hh).chunk(4, 1);
      const next = f.sigmoid().mul(c).add(i.sigmoid().mul(g.tanh()));
      const output = o.sigmoid().mul(next.tanh());
      return [hr ? output.matmul(hr) : output, next];
    },
  },
  GRU: {
    layer: gru,
    mode: 'GRU',
    states: 1,
    gates: 3,
    apart: true,
    step(fromInput, [h], { hh, bhh }) {
      const fromHidden = bhh ? bhh.addmm(h, hh) : h.matmul(hh);
      const [ir, iz, inew] = fromInput.chunk(3, 1);
      const [hr, hz, hnew] = fromHidden.chunk(3, 1);
      const fresh = inew.add(ir.add(hr).sigmoid().mul(hnew)).tanh();
      return [fresh.add(iz.add(hz).sigmoid().mul(h.sub(fresh)))];
    },
  },
} satisfies { readonly [mode in RecurrentMode]: CellKind };

/** The part of all steps that comes from their input: one product. */
const productOfInput = (kind: CellKind, input: Tensor, { ih, bih, bhh }: RecurrentWeights): Tensor =>
  linear(input, ih, bih && bhh && !kind.apart ? bih.add(bhh) : bih);

const prepared = ({ hh, bhh, hr }: RecurrentWeights): StepWeights => ({ hh: hh.t(), bhh, hr: hr ? hr.t() : null });

/** One step from `input` `[N, I]`. */
export const runCell = (kind: CellKind, input: Tensor, state: State, weights: RecurrentWeights): State =>
  kind.step(productOfInput(kind, input, weights), state, prepared(weights));

/** A layer's output, and its final states `[D, N, H]`. */
export interface LayerRun {
  readonly output: Tensor;
  readonly states: State;
}

/** One layer over sequences of one length, `[L, N, I]`: one op. `weights` are those of each direction. */
export function runLayer(
  { layer, mode, states }: CellKind,
  input: Tensor,
  initial: State | null,
  weights: readonly RecurrentWeights[],
): LayerRun {
  const start = initial ?? new Array<null>(states).fill(null);
  const inputs = [input, ...start, ...weights.flatMap(({ ih, hh, bih, bhh, hr = null }) => [ih, hh, bih, bhh, hr])];
  const [output, ...ends] = dispatch(layer, inputs, { mode, bidirectional: weights.length === 2 });
  return { output, states: ends };
}

/** The body of the ops. */
function runSequences(inputs: RecurrentSig['inputs'], { mode, bidirectional }: RecurrentAttrs): Tensor[] {
  const kind: CellKind = cells[mode];
  // the inputs that the signature calls optional are checked by the layers
  const [input, ...rest] = inputs as Tensor[];
  const initial = rest.slice(0, kind.states);
  const weights = Array.from({ length: bidirectional ? 2 : 1 }, (_, d) => {
    const [ih, hh, bih, bhh, hr] = rest.slice(kind.states + 5 * d);
    return { ih, hh, bih, bhh, hr };
  });
  const [length, batch, size] = input.shape;
  const rows = input.reshape([length * batch, size]);
  const sizes = new Array<number>(length).fill(batch);
  const { output, states } = runRows(kind, rows, sizes, initial[0] ? initial : null, weights);
  return [output.view([length, batch, output.shape[1]]), ...states];
}

/** One layer over rows of steps, `[Σ batchSizes, I]`. */
export function runRows(
  kind: CellKind,
  input: Tensor,
  batchSizes: readonly number[],
  initial: State | null,
  weights: readonly RecurrentWeights[],
): LayerRun {
  const runs = weights.map((one, d) => {
    const start = initial?.map((x) => x.select(0, d)) ?? zeroState(kind, one, batchSizes[0]);
    return runDirection(kind, input, batchSizes, start, one, d === 1);
  });
  return {
    output:
      runs.length === 1
        ? runs[0].output
        : cat(
            runs.map(({ output }) => output),
            1,
          ),
    states: runs[0].state.map((_, i) => stack(runs.map(({ state }) => state[i]))),
  };
}

/** Zeros of the weights' dtype: under autocast the input of a layer may have another. */
function zeroState({ states, gates }: CellKind, { hh, hr }: RecurrentWeights, batch: number): State {
  const size = hh.shape[0] / gates;
  return [hr ? hr.shape[0] : size, size].slice(0, states).map((n) => hh.newZeros([batch, n]));
}

/**
 * One direction over `input` `[Σ batchSizes, I]`, the rows of one step after those of another. Batch sizes never grow: sequences end.
 *
 * @returns the output of all steps `[Σ batchSizes, H]`, and the state in which each sequence ended.
 */
function runDirection(
  kind: CellKind,
  input: Tensor,
  batchSizes: readonly number[],
  initial: State,
  weights: RecurrentWeights,
  reverse: boolean,
): { output: Tensor; state: State } {
  const steps = productOfInput(kind, input, weights).split(batchSizes);
  const forStep = prepared(weights);
  const outputs = new Array<Tensor>(steps.length);
  const first = (state: State, rows: number): State => state.map((x) => x.narrow(0, 0, rows));
  const join = (above: State, below: State): State => above.map((x, i) => cat([x, below[i]]));
  let rows = reverse ? batchSizes[batchSizes.length - 1] : batchSizes[0];
  let state = rows === initial[0].shape[0] ? initial : first(initial, rows);
  /** Final states of sequences that ended. */
  let ended: State | null = null;
  for (let k = 0; k < steps.length; k++) {
    const t = reverse ? steps.length - 1 - k : k;
    const size = batchSizes[t];
    if (size > rows) {
      // reversed: those that begin here begin with their initial state
      state = join(
        state,
        initial.map((x) => x.narrow(0, rows, size - rows)),
      );
    } else if (size < rows) {
      const over: State = state.map((x) => x.narrow(0, size, rows - size));
      ended = ended ? join(over, ended) : over;
      state = first(state, size);
    }
    rows = size;
    state = kind.step(steps[t], state, forStep);
    outputs[t] = state[0];
  }
  return { output: cat(outputs), state: ended ? join(state, ended) : state };
}
