/** Layers of recurrent cells: ONNX's node of that name, or a Scan of the step where there is none. */
import { onnxType, type TypeProto, type ValueInfoProto } from '@tenfold/onnx-model';
import type { Sig, Tensor, TypedArray } from '@tenfold/tensor-core';
import type { Attributes, Ref } from '../builder.ts';
import { OpContext } from '../context.ts';
import type { Dim } from '../dims.ts';

/** As in `@tenfold/nn`: sequences `[L, N, I]`, initial states `[D, N, H]`, then five weights of each direction. */
type RecurrentSig = Sig<
  readonly (Tensor | null)[],
  { readonly mode: 'RNN_TANH' | 'RNN_RELU' | 'LSTM' | 'GRU'; readonly bidirectional: boolean },
  readonly Tensor[]
>;

type Context = OpContext<RecurrentSig>;

interface Kind {
  readonly type: 'RNN' | 'LSTM' | 'GRU';
  /** The gates in ONNX's order. */
  readonly order: readonly number[];
  /** The states after a step, from the products of input and hidden state, `[N, G·H]`. */
  step(g: OpContext, fromInput: Ref, fromHidden: Ref, states: readonly Ref[]): Ref[];
}

const gatesOf = (g: OpContext, x: Ref, count: number): Ref[] =>
  g.ops('Split', [x], { axis_i: 1, num_outputs_i: g.opset >= 18 ? count : undefined }, count);

const simple = (activation: string): Kind => ({
  type: 'RNN',
  order: [0],
  step: (g, fromInput, fromHidden) => [g.op(activation, [g.op('Add', [fromInput, fromHidden])])],
});

const kinds: { readonly [mode in RecurrentSig['attrs']['mode']]: Kind } = {
  RNN_TANH: simple('Tanh'),
  RNN_RELU: simple('Relu'),
  // i, f, g, o there
  LSTM: {
    type: 'LSTM',
    order: [0, 3, 1, 2],
    step(g, fromInput, fromHidden, [, c]) {
      const [i, f, fresh, o] = gatesOf(g, g.op('Add', [fromInput, fromHidden]), 4);
      const kept = g.op('Mul', [g.op('Sigmoid', [f]), c]);
      const next = g.op('Add', [kept, g.op('Mul', [g.op('Sigmoid', [i]), g.op('Tanh', [fresh])])]);
      return [g.op('Mul', [g.op('Sigmoid', [o]), g.op('Tanh', [next])]), next];
    },
  },
  // r, z, n there
  GRU: {
    type: 'GRU',
    order: [1, 0, 2],
    step(g, fromInput, fromHidden, [h]) {
      const [ir, iz, inew] = gatesOf(g, fromInput, 3);
      const [hr, hz, hnew] = gatesOf(g, fromHidden, 3);
      const reset = g.op('Sigmoid', [g.op('Add', [ir, hr])]);
      const fresh = g.op('Tanh', [g.op('Add', [inew, g.op('Mul', [reset, hnew])])]);
      const kept = g.op('Mul', [g.op('Sigmoid', [g.op('Add', [iz, hz])]), g.op('Sub', [h, fresh])]);
      return [g.op('Add', [fresh, kept])];
    },
  },
};

/** Where the inputs of a layer stand. */
interface Layout {
  readonly kind: Kind;
  readonly directions: number;
  /** The numbers of the initial states. */
  readonly states: readonly number[];
  /** For each direction the numbers of its weights. */
  readonly weights: readonly { ih: number; hh: number; bih: number; bhh: number; hr: number }[];
}

function layoutOf(g: Context): Layout {
  const kind = kinds[g.attrs.mode];
  const states = kind.type === 'LSTM' ? [1, 2] : [1];
  const directions = g.attrs.bidirectional ? 2 : 1;
  const weights = Array.from({ length: directions }, (_, d) => {
    const at = 1 + states.length + 5 * d;
    return { ih: at, hh: at + 1, bih: at + 2, bhh: at + 3, hr: at + 4 };
  });
  return { kind, directions, states, weights };
}

/** The weights of each direction with their gates in ONNX's order, `[D, …]`: an initialiser, or computed where they are. */
function arranged(g: OpContext, what: string, inputs: readonly (readonly number[])[], order: readonly number[]): Ref {
  const { weights } = g.frame;
  const data = inputs.map((list) => list.map((i) => weights?.data(g.value(i))));
  const known = data.flat().filter((x) => x !== undefined);
  const each = (i: number): readonly number[] => g.fixedShape(g.dims(i), 'a weight');
  if (weights && known.length === data.flat().length) {
    const names = inputs.flat().map((i) => g.x(i).name);
    return g.frame.body.cached(`${what} of ${names.join()}`, () => {
      const shapes = inputs[0].map(each);
      const rows = shapes.reduce((n, shape) => n + shape[0], 0);
      const name = names[0].replace(/(weight|bias)_[a-z]{2}(?=_l\d+$)/, what);
      return weights.add(name === names[0] ? `${name}_${what}` : name, joined(known, order), g.dtype(), [
        inputs.length,
        rows,
        ...shapes[0].slice(1),
      ]);
    });
  }
  const along0 = (list: readonly Ref[]): Ref => (list.length === 1 ? list[0] : g.op('Concat', list, { axis_i: 0 }));
  const inOrder = (i: number): Ref => {
    const size = each(i)[0] / order.length;
    return along0(
      order.length === 1 ? [g.x(i)] : order.map((gate) => g.slice(g.x(i), 0, gate * size, (gate + 1) * size)),
    );
  };
  return along0(inputs.map((list) => g.unsqueeze(along0(list.map(inOrder)), [0])));
}

/** The blocks of each array in this order, one array after the other. */
function joined(arrays: readonly TypedArray[], order: readonly number[]): TypedArray {
  const make = arrays[0].constructor as new (length: number) => TypedArray;
  const result = new make(arrays.reduce((n, array) => n + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    const size = array.length / order.length;
    for (const gate of order) {
      // of one type: they are parameters of one layer
      result.set(array.subarray(gate * size, (gate + 1) * size) as never, at);
      at += size;
    }
  }
  return result;
}

/** One RNN, LSTM or GRU node. */
function asNode(g: Context, { kind, directions, states, weights }: Layout): Ref[] {
  const c: OpContext = g;
  const { type, order } = kind;
  const hidden = g.fixed(g.outDims(1)[2], 'the hidden size');
  const inputs = [
    g.x(),
    arranged(
      c,
      'W',
      weights.map(({ ih }) => [ih]),
      order,
    ),
    arranged(
      c,
      'R',
      weights.map(({ hh }) => [hh]),
      order,
    ),
    g.isAbsent(weights[0].bih)
      ? null
      : arranged(
          c,
          'B',
          weights.map(({ bih, bhh }) => [bih, bhh]),
          order,
        ),
    null,
    ...states.map((i) => (g.isAbsent(i) ? null : g.x(i))),
  ];
  const attributes: Attributes = {
    direction_s: directions === 2 ? 'bidirectional' : undefined,
    hidden_size_i: hidden,
    linear_before_reset_i: type === 'GRU' ? 1 : undefined,
    activations_s: g.attrs.mode === 'RNN_RELU' ? new Array<string>(directions).fill('Relu') : undefined,
  };
  const [y, ...ends] = g.ops(type, inputs, attributes, 1 + states.length);
  if (directions === 1) return [g.squeeze(y, [1]), ...ends];
  return [g.op('Reshape', [g.transpose(y, [0, 2, 1, 3]), g.ints([0, 0, 2 * hidden])]), ...ends];
}

/** One Scan for each direction. */
function asScan(g: Context, { kind, directions, states, weights }: Layout): Ref[] {
  const c: OpContext = g;
  const runs = weights.map((one, d) => {
    const start = states.map((i) => {
      const [, batch, size] = g.outDims(i);
      if (g.isAbsent(i)) return g.expand(g.scalar(0, g.dtype()), [batch, size]);
      return g.squeeze(directions === 1 ? g.x(i) : g.slice(g.x(i), 0, d, d + 1), [0]);
    });
    const body = g.frame.body.inner();
    body.scope = g.node.scope;
    const inner = new OpContext(g.node, { ...g.frame, body });
    const info = (ref: Ref, dims: readonly Dim[]): ValueInfoProto => ({ name: ref.name, type: typeOf(g, dims) });
    const before = start.map((_, i) => body.declare(`state_${i}`, g.dtype()));
    const x = body.declare('input', g.dtype());
    const linear = (input: Ref, weight: number, bias: number): Ref =>
      inner.op('Gemm', [input, g.x(weight), ...(g.isAbsent(bias) ? [] : [g.x(bias)])], { transB_i: 1 });
    const after = kind.step(inner, linear(x, one.ih, one.bih), linear(before[0], one.hh, one.bhh), before);
    if (!g.isAbsent(one.hr)) after[0] = inner.op('Gemm', [after[0], g.x(one.hr)], { transB_i: 1 });
    const output = inner.op('Identity', [after[0]]);
    const shapes = states.map((i) => g.outDims(i).slice(1));
    const reverse_i = d === 1 ? [1] : undefined;
    return c.ops(
      'Scan',
      [...start, g.x()],
      {
        body_g: {
          name: `${kind.type}_step`,
          node: body.nodes,
          input: [...before.map((ref, i) => info(ref, shapes[i])), info(x, g.dims().slice(1))],
          output: [...after.map((ref, i) => info(ref, shapes[i])), info(output, shapes[0])],
        },
        num_scan_inputs_i: 1,
        scan_input_directions_i: reverse_i,
        scan_output_directions_i: reverse_i,
      },
      states.length + 1,
    );
  });
  const ends = states.map((_, i) => {
    const each = runs.map((run) => g.unsqueeze(run[i], [0]));
    return directions === 1 ? each[0] : g.op('Concat', each, { axis_i: 0 });
  });
  const outputs = runs.map((run) => run[states.length]);
  return [directions === 1 ? outputs[0] : g.op('Concat', outputs, { axis_i: 2 }), ...ends];
}

const typeOf = (g: Context, dims: readonly Dim[]): TypeProto => ({
  tensorType: {
    elemType: onnxType[g.dtype()],
    shape: {
      dim: dims.map((dim) =>
        typeof dim === 'number' ? { dimValue: dim } : dim.kind === 'unknown' ? {} : { dimParam: String(dim) },
      ),
    },
  },
});

/** A layer of recurrent cells. */
export function recurrentLayer(g: Context): Ref[] {
  const layout = layoutOf(g);
  const dtype = g.dtype();
  // onnxruntime has no kernels for float64; bfloat16 came with opset 22, and projections never did
  const hasNode =
    g.isAbsent(layout.weights[0].hr) &&
    (dtype === 'float32' || dtype === 'float16' || (dtype === 'bfloat16' && g.opset >= 22));
  return hasNode ? asNode(g, layout) : asScan(g, layout);
}
