/** What fixtures of single layers can't show of recurrent layers: packed sequences, dropout, bad input. */
import '@tenfold/backend-cpu/register';
import { gradcheck, gradgradcheck, jvp, vmap } from '@tenfold/autograd';
import { cat, manualSeed, randn, stack, type Tensor, tensor, trace, zeros } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import { GRU, GRUCell, LSTM, LSTMCell, RNN, RNNCell, utils } from './index.ts';

const float64 = { dtype: 'float64' } as const;
const {
  PackedSequence,
  packPaddedSequence,
  packSequence,
  padPackedSequence,
  padSequence,
  unpackSequence,
  unpadSequence,
} = utils;

function expectClose(actual: Tensor, expected: Tensor): void {
  expect(actual.shape).toEqual(expected.shape);
  expect(actual.sub(expected).abs().max().itemSync()).toBeLessThan(1e-13);
}

describe('packed sequences', () => {
  // the examples of PyTorch's documentation
  const padded = tensor([
    [1, 2, 0],
    [3, 0, 0],
    [4, 5, 6],
  ]);
  const sequences = [tensor([1, 2, 3]), tensor([4, 5]), tensor([6])];

  test('packPaddedSequence and back', () => {
    const packed = packPaddedSequence(padded, [2, 1, 3], { batchFirst: true, enforceSorted: false });
    expect(packed.data.toArraySync()).toEqual([4, 1, 3, 5, 2, 6]);
    expect([packed.batchSizes, packed.sortedIndices, packed.unsortedIndices]).toEqual([
      [3, 2, 1],
      [2, 0, 1],
      [1, 2, 0],
    ]);
    const [batch, lengths] = padPackedSequence(packed, { batchFirst: true });
    expect([batch.toArraySync(), lengths]).toEqual([padded.toArraySync(), [2, 1, 3]]);
    const [longer] = padPackedSequence(packed, { paddingValue: -1, totalLength: 4 });
    expect(longer.t().toArraySync()).toEqual([
      [1, 2, -1, -1],
      [3, -1, -1, -1],
      [4, 5, 6, -1],
    ]);
    const fromTensor = packPaddedSequence(padded.t(), tensor([2, 1, 3], { dtype: 'int64' }), { enforceSorted: false });
    expect(fromTensor.data.toArraySync()).toEqual(packed.data.toArraySync());
  });

  test('packSequence, padSequence, unpadSequence, unpackSequence', () => {
    const packed = packSequence(sequences);
    expect(packed.data.toArraySync()).toEqual([1, 4, 6, 2, 5, 3]);
    expect([packed.batchSizes, packed.sortedIndices]).toEqual([[3, 2, 1], null]);
    const lists = [[1, 2, 3], [4, 5], [6]];
    expect(unpackSequence(packed).map((x) => x.toArraySync())).toEqual(lists);
    const again = unpackSequence(packSequence([...sequences].reverse(), { enforceSorted: false }));
    expect(again.map((x) => x.toArraySync())).toEqual([...lists].reverse());
    const batch = padSequence(sequences, { batchFirst: true, paddingValue: 9 });
    expect(batch.toArraySync()).toEqual([
      [1, 2, 3],
      [4, 5, 9],
      [6, 9, 9],
    ]);
    expect(padSequence(sequences).t().toArraySync()).toEqual([
      [1, 2, 3],
      [4, 5, 0],
      [6, 0, 0],
    ]);
    expect(padSequence(sequences, { batchFirst: true, paddingSide: 'left' }).toArraySync()).toEqual([
      [1, 2, 3],
      [0, 4, 5],
      [0, 0, 6],
    ]);
    expect(unpadSequence(batch, [3, 2, 1], { batchFirst: true }).map((x) => x.toArraySync())).toEqual(lists);
    expect(unpadSequence(batch.t(), [3, 2, 1]).map((x) => x.toArraySync())).toEqual(lists);
    expect(padSequence([randn([25, 3]), randn([22, 3]), randn([15, 3])]).shape).toEqual([25, 3, 3]);
  });

  test('moves its data alone', () => {
    const packed = packSequence(sequences);
    expect(packed.to('cpu')).toBe(packed);
    expect(packed.to('float64').data.dtype).toBe('float64');
  });

  // layers over single sequences are checked against PyTorch in layers.test.ts
  test.each([
    ['RNN', RNN],
    ['GRU', GRU],
    ['LSTM', LSTM],
  ] as const)('%s runs each sequence to its own end', (_, Layer) => {
    manualSeed(1);
    const layer = new Layer(2, 3, { numLayers: 2, bidirectional: true, ...float64 });
    const run = layer.forward as (x: Tensor | utils.PackedSequence, hx: unknown) => [unknown, Tensor | Tensor[]];
    const list = [2, 4, 1, 4].map((length) => randn([length, 2], float64).requiresGrad_());
    const given =
      layer instanceof LSTM ? [randn([4, 4, 3], float64), randn([4, 4, 3], float64)] : [randn([4, 4, 3], float64)];
    const stateOf = (x: Tensor[]): unknown => (layer instanceof LSTM ? x : x[0]);
    const flat = (x: Tensor | Tensor[]): Tensor[] => (Array.isArray(x) ? x : [x]);

    const [output, state] = run.call(layer, packSequence(list, { enforceSorted: false }), stateOf(given));
    const packedOutputs = unpackSequence(output as utils.PackedSequence);
    const sum = (xs: Tensor[]): Tensor => cat(xs.map((x) => x.square().flatten())).sum();
    sum([...packedOutputs, ...flat(state)]).backward();
    const packedGrads = list.map((x) => x.grad?.clone() as Tensor);
    const weightGrads = layer.parameters().map((p) => p.grad?.clone() as Tensor);
    for (const x of [...list, ...layer.parameters()]) x.grad = null;

    const each = list.map((x, i) => run.call(layer, x, stateOf(given.map((s) => s.select(1, i)))));
    each.forEach(([alone], i) => {
      expectClose(packedOutputs[i], alone as Tensor);
    });
    flat(state).forEach((s, k) => {
      expectClose(
        s,
        stack(
          each.map(([, end]) => flat(end)[k]),
          1,
        ),
      );
    });
    sum(each.flatMap(([alone, end]) => [alone as Tensor, ...flat(end)])).backward();
    list.forEach((x, i) => {
      expectClose(packedGrads[i], x.grad as Tensor);
    });
    layer.parameters().forEach((p, i) => {
      expectClose(weightGrads[i], p.grad as Tensor);
    });
  });

  test.each<[() => unknown, string]>([
    [
      () => packPaddedSequence(padded, [1, 2, 3]),
      '`lengths` array must be sorted in decreasing order when `enforce_sorted` is True',
    ],
    [() => packPaddedSequence(padded, [3, 2, 0]), 'Length of all samples has to be greater than 0'],
    [
      () => packPaddedSequence(padded, [3, 2]),
      'Expected `len(lengths)` to be equal to batch_size, but got 2 (batch_size=3)',
    ],
    [() => packPaddedSequence(padded, [4, 2, 1]), 'length 4 is beyond the 3 steps'],
    [
      () => packPaddedSequence(padded, tensor([3, 2, 1])),
      "'lengths' argument should be a 1D CPU int64 tensor, but got 1D cpu float32 tensor",
    ],
    [() => packPaddedSequence(padded, [3, 2.5, 1]), 'lengths must be an array of integers'],
    [() => packPaddedSequence(padded, [3, 2, 1], { sorted: true } as never), "unknown option 'sorted'"],
    [() => packPaddedSequence(tensor([1]), [1]), 'at least 2 dims'],
    [
      () => padPackedSequence(packSequence(sequences), { totalLength: 2 }),
      'Expected total_length to be at least the length of the longest sequence in input, but got total_length=2 and max sequence length being 3',
    ],
    [() => padPackedSequence(padded as never), 'expected a PackedSequence'],
    [() => packSequence([...sequences].reverse()), 'must be sorted in decreasing order'],
    [() => packSequence([]), 'empty list'],
    [() => padSequence(padded as never), 'Expected iterable for input sequences'],
    [() => padSequence([zeros([2, 3]), zeros([2, 4])]), 'The size of tensor 1 must match'],
    [() => padSequence([tensor(1)]), '0-d tensor'],
    [() => padSequence(sequences, { paddingSide: 'top' as never }), 'Expected padding_side to be one of left or right'],
    [() => unpadSequence(padded, [3, 4, 1]), 'expected 3 lengths from 0 to 3, got [3, 4, 1]'],
  ])('refuses %s', (call, message) => {
    expect(call).toThrow(message);
  });
});

test('dropout between layers is of training alone, and by the seed', () => {
  const layer = new LSTM(2, 8, { numLayers: 2, dropout: 0.5 });
  const x = randn([3, 4, 2]);
  const run = (seed: number): unknown => {
    manualSeed(seed);
    return layer.forward(x)[0].toArraySync();
  };
  expect(run(1)).toEqual(run(1));
  expect(run(1)).not.toEqual(run(2));
  layer.eval();
  expect(run(1)).toEqual(run(2));
});

test('second derivatives flow', () => {
  const layer = new LSTM(1, 2, float64);
  const x = randn([2, 1, 1], float64).requiresGrad_();
  expect(gradcheck((y: Tensor) => layer.forward(y)[1][1], [x])).toBe(true);
  expect(gradgradcheck((y: Tensor) => layer.forward(y)[1][1], [x])).toBe(true);
});

const x = zeros([5, 3, 10]);
test.each<[string, () => unknown, string]>([
  [
    'a dropout above 1',
    () => new RNN(1, 1, { dropout: 1.5 }),
    'dropout should be a number in range [0, 1] representing the probability of an element being zeroed',
  ],
  [
    'a dropout that is no number',
    () => new RNN(1, 1, { dropout: true as never }),
    'dropout should be a number in range [0, 1]',
  ],
  ['no hidden units', () => new GRU(1, 0), 'GRU: hiddenSize must be an integer of at least 1'],
  ['no layers', () => new GRU(1, 1, { numLayers: 0 }), 'GRU: numLayers'],
  [
    'a projection below 0',
    () => new LSTM(2, 2, { projSize: -1 }),
    'proj_size should be a positive integer or zero to disable projections',
  ],
  [
    'a projection that is no smaller',
    () => new LSTM(2, 2, { projSize: 2 }),
    'proj_size has to be smaller than hidden_size',
  ],
  [
    'a projection of a GRU',
    () => new GRU(2, 2, { projSize: 1 } as never),
    'proj_size argument is only supported for LSTM, not RNN or GRU',
  ],
  ['a nonlinearity', () => new RNN(2, 2, { nonlinearity: 'sin' as never }), "Unknown nonlinearity 'sin'"],
  ['a nonlinearity of a cell', () => new RNNCell(2, 2, { nonlinearity: 1 as never }), 'Unknown nonlinearity number 1'],
  ['a flag that is none', () => new LSTM(2, 2, { batchFirst: 1 as never }), 'LSTM: batchFirst must be a boolean'],
  [
    '4 dims',
    () => new RNN(10, 2).forward(zeros([1, 5, 3, 10])),
    'RNN: Expected input to be 2-D or 3-D but received 4-D tensor',
  ],
  [
    'another input size',
    () => new LSTM(20, 2).forward(x),
    'input.size(-1) must be equal to input_size. Expected 20, got 10',
  ],
  [
    'a packed input of other dims',
    () => new LSTM(2, 2).forward(packSequence([zeros([3])])),
    'input must have 2 dimensions, got 1',
  ],
  ['no steps', () => new GRU(10, 2).forward(zeros([0, 3, 10])), 'Expected sequence length to be larger than 0 in RNN'],
  [
    'a state of another size',
    () => new GRU(10, 4).forward(x, zeros([1, 2, 4])),
    'Expected hidden size (1, 3, 4), got [1, 2, 4]',
  ],
  [
    'a state of other dims',
    () => new GRU(10, 4).forward(x, zeros([3, 4])),
    'For batched 3-D input, hx should also be 3-D but got 2-D tensor',
  ],
  [
    'a state of other dims without N',
    () => new RNN(10, 4).forward(zeros([3, 10]), zeros([1, 1, 4])),
    'For unbatched 2-D input, hx should also be 2-D but got 3-D tensor',
  ],
  [
    'states of other dims',
    () => new LSTM(10, 4).forward(x, [zeros([1, 3, 4]), zeros([3, 4])]),
    'For batched 3-D input, hx and cx should also be 3-D but got (3-D, 2-D) tensors',
  ],
  [
    'a cell state of another size',
    () => new LSTM(10, 4, { projSize: 2 }).forward(x, [zeros([1, 3, 2]), zeros([1, 3, 2])]),
    'Expected hidden[1] size (1, 3, 4), got [1, 3, 2]',
  ],
  [
    'one state for two',
    () => new LSTM(10, 4).forward(x, zeros([1, 3, 4]) as never),
    'LSTM: hx must be [h, c], two tensors',
  ],
  ['two states for one', () => new GRU(10, 4).forward(x, [zeros([1, 3, 4])] as never), 'GRU: hx must be a tensor'],
  ['no tensor', () => new GRU(10, 4).forward([1] as never), 'GRU: input must be a tensor or a PackedSequence'],
  ['another dtype', () => new GRU(10, 4).forward(x.to('float64')), 'dtype'],
  [
    '3 dims for a cell',
    () => new RNNCell(10, 2).forward(x),
    'RNNCell: Expected input to be 1-D or 2-D but received 3-D tensor',
  ],
  [
    'another input size for a cell',
    () => new LSTMCell(10, 20).forward(zeros([3, 11])),
    'input has inconsistent input_size: got 11 expected 10',
  ],
  [
    'another batch of a state',
    () => new GRUCell(10, 20).forward(zeros([3, 10]), zeros([2, 20])),
    "Input batch size 3 doesn't match hidden0 batch size 2",
  ],
  [
    'another size of a state',
    () => new LSTMCell(10, 20).forward(zeros([3, 10]), [zeros([3, 20]), zeros([3, 21])]),
    'hidden1 has inconsistent hidden_size: got 21, expected 20',
  ],
  [
    'other dims of a state',
    () => new GRUCell(10, 20).forward(zeros([10]), zeros([1, 20])),
    'GRUCell: Expected hidden to be 1-D but received 2-D tensor',
  ],
])('refuses %s', (_, call, message) => {
  expect(call).toThrow(message);
});

test('a packed sequence is what makes a packed output', () => {
  const [output] = new GRU(1, 2).forward(packSequence([zeros([2, 1])]));
  expect(output).toBeInstanceOf(PackedSequence);
});

describe('a layer over sequences is one op', () => {
  const opsOf = (fn: (...inputs: Tensor[]) => Tensor | Tensor[], inputs: Tensor[]): string[] =>
    trace(fn, inputs).graph.nodes.map(({ spec }) => spec.name);

  test.each([
    ['RNN', new RNN(2, 3), ['nn.rnn']],
    ['LSTM', new LSTM(2, 3, { bidirectional: true }), ['nn.lstm']],
    ['GRU', new GRU(2, 3, { numLayers: 2 }), ['nn.gru', 'nn.gru', 'cat']],
  ] as const)('%s', (_, layer, ops) => {
    layer.requiresGrad_(false);
    const forward = (x: Tensor): Tensor[] => {
      const [output, state] = (layer as LSTM).forward(x);
      return [output, ...[state].flat()];
    };
    expect(opsOf(forward, [randn([4, 2, 2])])).toEqual(ops);
  });

  test('with gradients on, the ops of its steps are recorded', () => {
    const layer = new GRU(2, 3);
    const ops = opsOf((x) => layer.forward(x)[0], [randn([4, 2, 2])]);
    expect(ops).not.toContain('nn.gru');
    // the product of all inputs, then one for each step
    expect(ops.filter((name) => name === 'addmm').length).toBe(5);
  });

  test('it takes batches of vmap, and tangents', () => {
    const layer = new LSTM(2, 3, { bidirectional: true, dtype: 'float64' });
    const forward = (x: Tensor): Tensor => layer.forward(x)[0];
    const xs = randn([5, 4, 2, 2], float64);
    expectClose(vmap(forward)(xs) as Tensor, stack(Array.from({ length: 5 }, (_, b) => forward(xs.select(0, b)))));
    const [x, t] = [xs.select(0, 0), xs.select(0, 1)];
    const { tangent } = jvp(forward, [x], [t]);
    const h = 1e-6;
    const difference = forward(x.add(t.mul(h)))
      .sub(forward(x.sub(t.mul(h))))
      .div(2 * h);
    expect(tangent.sub(difference).abs().max().itemSync()).toBeLessThan(1e-8);
  });
});
