/** What recurrent layers compute: the step of each kind of cell, and the run of one layer over a sequence. */
import { cat, type Tensor } from '@tenfold/tensor-core';
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

const simple = (activation: (x: Tensor) => Tensor): CellKind => ({
  gates: 1,
  step: (fromInput, [h], { hh }) => [activation(fromInput.addmm(h, hh))],
});

/** The cells by the names of PyTorch's modes. */
export const cells = {
  RNN_TANH: simple((x) => x.tanh()),
  RNN_RELU: simple((x) => x.relu()),
  LSTM: {
    gates: 4,
    step(fromInput, [h, c], { hh, hr }) {
      const [i, f, g, o] = fromInput.addmm(h, hh).chunk(4, 1);
      const next = f.sigmoid().mul(c).add(i.sigmoid().mul(g.tanh()));
      const output = o.sigmoid().mul(next.tanh());
      return [hr ? output.matmul(hr) : output, next];
    },
  },
  GRU: {
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
} satisfies { readonly [mode: string]: CellKind };

/** The part of all steps that comes from their input: one product. */
const productOfInput = (kind: CellKind, input: Tensor, { ih, bih, bhh }: RecurrentWeights): Tensor =>
  linear(input, ih, bih && bhh && !kind.apart ? bih.add(bhh) : bih);

const prepared = ({ hh, bhh, hr }: RecurrentWeights): StepWeights => ({ hh: hh.t(), bhh, hr: hr ? hr.t() : null });

/** One step from `input` `[N, I]`. */
export const runCell = (kind: CellKind, input: Tensor, state: State, weights: RecurrentWeights): State =>
  kind.step(productOfInput(kind, input, weights), state, prepared(weights));

/**
 * One direction of one layer over `input` `[Σ batchSizes, I]`, the rows of one step after those of another. Batch sizes never grow: sequences end.
 *
 * @returns the output of all steps `[Σ batchSizes, H]`, and the state in which each sequence ended.
 */
export function runLayer(
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
