/** RNN, GRU and LSTM, with everything that ONNX lets a file say about them. */
import { softsign } from '@tenfold/nn/functional';
import { elu, leakyRelu, stack, type Tensor, threshold, where } from '@tenfold/tensor-core';
import type { NodeContext, Row, RowResult, Rows } from '../context.ts';
import { HostTensor } from '../values.ts';
import { softPlus } from './activation.ts';

type Activation = (x: Tensor) => Tensor;

/** The activations, made of α and β; those that have them, with their defaults. */
const activations: Readonly<
  Record<string, { make(alpha: number, beta: number): Activation; alpha?: number; beta?: number }>
> = {
  tanh: { make: () => (x) => x.tanh() },
  sigmoid: { make: () => (x) => x.sigmoid() },
  relu: { make: () => (x) => x.relu() },
  softsign: { make: () => softsign },
  softplus: { make: () => softPlus },
  affine: { make: (alpha, beta) => (x) => x.mul(alpha).add(beta), alpha: 1, beta: 0 },
  scaledtanh: { make: (alpha, beta) => (x) => x.mul(beta).tanh().mul(alpha), alpha: 1, beta: 1 },
  hardsigmoid: { make: (alpha, beta) => (x) => x.mul(alpha).add(beta).clamp(0, 1), alpha: 0.2, beta: 0.5 },
  leakyrelu: { make: (alpha) => (x) => leakyRelu(x, { negativeSlope: alpha }), alpha: 0.01 },
  thresholdedrelu: { make: (alpha) => (x) => threshold(x, alpha, 0), alpha: 1 },
  elu: { make: (alpha) => (x) => elu(x, { alpha }), alpha: 1 },
};

/** The activations of all directions in order. Numbers are listed for those alone that have them. */
function activationsOf(c: NodeContext, names: readonly string[], directions: number): Activation[][] {
  const said = c.strings('activations', null) ?? Array.from({ length: directions }, () => names).flat();
  if (said.length !== names.length * directions)
    throw c.error(`needs ${names.length * directions} activations, got [${said.join(', ')}]`);
  const [alphas, betas] = ['activation_alpha', 'activation_beta'].map((name) => [...(c.floats(name, null) ?? [])]);
  const made = said.map((name) => {
    const kind = activations[name.toLowerCase()];
    if (!kind) throw c.error(`activation '${name}' is none of ONNX's`);
    const alpha = kind.alpha === undefined ? 0 : (alphas.shift() ?? kind.alpha);
    const beta = kind.beta === undefined ? 0 : (betas.shift() ?? kind.beta);
    return kind.make(alpha, beta);
  });
  return Array.from({ length: directions }, (_, d) => made.slice(d * names.length, (d + 1) * names.length));
}

/** What a step of one direction needs. */
interface Cell {
  /** `[H, G·H]`. */
  readonly hidden: Tensor;
  /** `[G·H]` each. */
  readonly inputBias: Tensor | null;
  readonly hiddenBias: Tensor | null;
  /** Input, output and forget gate, `[H]` each. */
  readonly peepholes: readonly Tensor[] | null;
  readonly activations: readonly Activation[];
  readonly clip: Activation;
  /** `linear_before_reset` of a GRU, `input_forget` of an LSTM. */
  readonly variant: boolean;
}

/** The next state `[h]` or `[h, c]`, each `[N, H]`, from the input's product `[N, G·H]`. */
type Step = (fromInput: Tensor, state: readonly Tensor[], cell: Cell) => readonly Tensor[];

const plus = (x: Tensor, y: Tensor | null | undefined): Tensor => (y ? x.add(y) : x);

const simple: Step = (fromInput, [h], { hidden, inputBias, hiddenBias, activations: [f], clip }) => [
  f(clip(plus(plus(fromInput.addmm(h, hidden), inputBias), hiddenBias))),
];

const gru: Step = (fromInput, [h], { hidden, inputBias, hiddenBias, activations: [f, g], clip, variant }) => {
  const size = h.size(1);
  const [update, reset, fresh] = plus(fromInput, inputBias).split(size, 1);
  const parts = hidden.split(size, 1);
  const biases = hiddenBias?.split(size, 0);
  const fromHidden = (x: Tensor, i: number): Tensor => plus(x.matmul(parts[i]), biases?.[i]);
  const z = f(clip(update.add(fromHidden(h, 0))));
  const r = f(clip(reset.add(fromHidden(h, 1))));
  const n = g(clip(fresh.add(variant ? r.mul(fromHidden(h, 2)) : fromHidden(r.mul(h), 2))));
  return [n.add(z.mul(h.sub(n)))];
};

const lstm: Step = (
  fromInput,
  [h, c],
  { hidden, inputBias, hiddenBias, peepholes, activations: [f, g, last], clip, variant },
) => {
  const gates = plus(plus(fromInput.addmm(h, hidden), inputBias), hiddenBias);
  const [input, output, forget, fresh] = gates.split(h.size(1), 1);
  const seen = (gate: Tensor, k: number, cell: Tensor): Tensor => plus(gate, peepholes && peepholes[k].mul(cell));
  const i = f(clip(seen(input, 0, c)));
  const kept = variant ? i.rsub(1) : f(clip(seen(forget, 2, c)));
  const next = kept.mul(c).add(i.mul(g(clip(fresh))));
  const o = f(clip(seen(output, 1, next)));
  return [o.mul(last(clip(next))), next];
};

/** A kind of layer. */
interface Kind {
  readonly gates: number;
  /** How many tensors a state is. */
  readonly states: number;
  readonly step: Step;
  readonly activations: readonly string[];
  /** The attribute of the variant. */
  readonly variant?: string;
}

/** Which sequences go on at each step, `[N, 1]`; `null` where all do. */
function goingOn(c: NodeContext, length: number): ((t: number) => Tensor) | null {
  if (!c.has(4)) return null;
  const value = c.value(4);
  if (value instanceof HostTensor && value.numbers?.every((n) => n === length)) return null;
  const lengths = c.x(4).unsqueeze(1);
  return (t) => lengths.gt(t);
}

/** One direction over the products `[T, N, G·H]`: the states after each step, in the order of time, and the last one. */
function direct(
  step: Step,
  products: Tensor,
  initial: readonly Tensor[],
  cell: Cell,
  reverse: boolean,
  mask: ((t: number) => Tensor) | null,
) {
  const length = products.size(0);
  const outputs = new Array<Tensor>(length);
  let state = initial;
  for (let k = 0; k < length; k++) {
    const t = reverse ? length - 1 - k : k;
    const next = step(products.select(0, t), state, cell);
    const on = mask?.(t);
    // a sequence that has ended, or not begun from behind, keeps its state, and has zeros for its output
    outputs[t] = on ? where(on, next[0], 0) : next[0];
    state = on ? next.map((x, i) => where(on, x, state[i])) : next;
  }
  return { outputs, state };
}

const layer =
  (kind: Kind): Row =>
  (c): RowResult => {
    const batchFirst = c.int('layout', 0) !== 0;
    const swapped = (x: Tensor): Tensor => (batchFirst ? x.transpose(0, 1) : x);
    const [x, w, r] = [swapped(c.x(0)), c.x(1), c.x(2)];
    const direction = c.string('direction', 'forward');
    if (!['forward', 'reverse', 'bidirectional'].includes(direction))
      throw c.error(`direction must be forward, reverse or bidirectional, got '${direction}'`);
    const directions = direction === 'bidirectional' ? 2 : 1;
    const [size, batch, length] = [r.size(-1), x.size(1), x.size(0)];
    if (w.size(0) !== directions || w.size(1) !== kind.gates * size)
      throw c.error(
        `the weights of the input must be [${directions}, ${kind.gates * size}, features], got [${w.shape.join(', ')}]`,
      );
    const functions = activationsOf(c, kind.activations, directions);
    const limit = c.float('clip', 0);
    const clip: Activation = limit > 0 ? (gate) => gate.clamp(-limit, limit) : (gate) => gate;
    const initial = Array.from({ length: kind.states }, (_, i) => {
      const given = c.optional(5 + i);
      return given ? swapped(given) : x.newZeros([directions, batch, size]);
    });
    const mask = goingOn(c, length);
    const runs = Array.from({ length: directions }, (_, d) => {
      const biases = c
        .optional(3)
        ?.select(0, d)
        .split(kind.gates * size, 0);
      const cell: Cell = {
        hidden: r.select(0, d).t(),
        inputBias: biases?.[0] ?? null,
        hiddenBias: biases?.[1] ?? null,
        peepholes: kind.states > 1 ? (c.optional(7)?.select(0, d).split(size, 0) ?? null) : null,
        activations: functions[d],
        clip,
        variant: kind.variant !== undefined && c.int(kind.variant, 0) !== 0,
      };
      const reverse = direction === 'reverse' || d === 1;
      return direct(
        kind.step,
        x.matmul(w.select(0, d).t()),
        initial.map((s) => s.select(0, d)),
        cell,
        reverse,
        mask,
      );
    });
    const y = stack(
      runs.map(({ outputs }) => stack(outputs)),
      1,
    );
    const states = Array.from({ length: kind.states }, (_, i) => stack(runs.map(({ state }) => state[i])));
    return [batchFirst ? y.permute([2, 0, 1, 3]) : y, ...states.map(swapped)];
  };

/** Rows by op type. */
export const recurrent: Rows = {
  RNN: layer({ gates: 1, states: 1, step: simple, activations: ['Tanh'] }),
  GRU: layer({ gates: 3, states: 1, step: gru, activations: ['Sigmoid', 'Tanh'], variant: 'linear_before_reset' }),
  LSTM: layer({ gates: 4, states: 2, step: lstm, activations: ['Sigmoid', 'Tanh', 'Tanh'], variant: 'input_forget' }),
};
