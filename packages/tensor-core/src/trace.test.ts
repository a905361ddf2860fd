import { cpu } from '@tenfold/backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  cat,
  defineOp,
  fromTypedArray,
  type Graph,
  manualSeed,
  type Outputs,
  ones,
  rand,
  recordControl,
  registerBackend,
  replay,
  type Sig,
  type Tensor,
  tensor,
  trace,
  where,
  withoutGrad,
  withScope,
  zeros,
} from './index.ts';

beforeAll(() => registerBackend(cpu()));

const x34 = (): Tensor =>
  tensor(
    [
      [1, -2, 3, -4],
      [5, -6, 7, -8],
      [9, 10, -11, 12],
    ],
    { dtype: 'float64' },
  );
const names = (graph: Graph): string[] => graph.nodes.map((node) => node.spec.name);
const asList = (outputs: Outputs): readonly Tensor[] => (Array.isArray(outputs) ? outputs : [outputs as Tensor]);

/** Traces `fn`, and replays its graph on other values of the same shape: both must equal a plain run. */
function sameAsEager(fn: (...args: Tensor[]) => Outputs, make: () => Tensor[]): Graph {
  const traced = trace(fn, make());
  expect(asList(traced.result).map((y) => y.toArraySync())).toEqual(asList(fn(...make())).map((y) => y.toArraySync()));
  const others = () => make().map((x) => x.mul(2).add(1));
  const [plainArgs, replayArgs] = [others(), others()];
  const plain = asList(fn(...plainArgs)).map((y) => y.toArraySync());
  expect(replay(traced.graph, replayArgs).map((y) => y.toArraySync())).toEqual(plain);
  expect(replayArgs.map((x) => x.toArraySync())).toEqual(plainArgs.map((x) => x.toArraySync()));
  return traced.graph;
}

describe('trace', () => {
  it('writes down ops, views and numbers', () => {
    const graph = sameAsEager(
      (x) => x.mul(2).t().reshape([2, 6]).sum(1),
      () => [x34()],
    );
    expect(names(graph)).toEqual(['mul', 't', 'reshape', 'sum']);
    expect(graph.nodes[2].body && names(graph.nodes[2].body)).toEqual(['clone', 'view']);
    expect(String(trace((x) => x.add(1), [ones([2])]).graph)).toBe(
      'graph(%0: float32[2]) {\n  %1: float32[2] = add(%0, 1, alpha=1)\n  return %1\n}',
    );
  });

  it('keeps values as they were given, whatever becomes of the array', () => {
    const data = new Float32Array([1, 2]);
    const bytes = Buffer.from([1, 0]);
    const { graph } = trace(
      (x) => [x.add(tensor(data)), fromTypedArray(data, [2]), x.newTensor(data), tensor(bytes)],
      [zeros([2])],
    );
    data.fill(9);
    bytes.fill(9);
    const kept = [
      [1, 2],
      [1, 2],
      [1, 2],
      [1, 0],
    ];
    expect(replay(graph, [zeros([2])]).map((y) => y.toArraySync())).toEqual(kept);
  });

  it('sees in-place writes through every alias', () => {
    sameAsEager(
      (x) => {
        const y = x.mul(1);
        const row = y.select(0, 1);
        const corner = row.slice(0, 2);
        y.t().add_(1);
        corner.mul_(10);
        y.view([-1]).slice(0, 0, 12, 5).fill_(0);
        row.detach().sub_(3);
        y.data.neg_();
        return [y, row, corner, y.detach(), row.detach()];
      },
      () => [x34()],
    );
  });

  it('keeps what was read before a write', () => {
    sameAsEager(
      (x) => {
        const y = x.add(0);
        const before = y.select(0, 0).mul(1);
        y.zero_();
        return [before, y];
      },
      () => [x34()],
    );
  });

  it('lists writes to arguments, and replays them', () => {
    const graph = sameAsEager(
      (x, y) => {
        const sum = x.add(y);
        x.select(0, 2).copy_(sum.select(0, 0));
        y.indexPut_([y.lt(0)], 0);
        return x.mul(y);
      },
      () => [x34(), x34().flip(0)],
    );
    expect(graph.writes).toHaveLength(2);
  });

  it('casts what an in-place op writes', () => {
    sameAsEager(
      (x) => {
        const y = x.to('float32');
        y.add_(x.div(3));
        return y;
      },
      () => [x34()],
    );
  });

  it('takes tensors met on the way as inputs, by their base', () => {
    const weight = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { dtype: 'float64' },
    );
    const column = weight.t().select(0, 1);
    const { graph } = trace((x) => x.mul(column).add(weight), [ones([2, 2], { dtype: 'float64' })]);
    expect(graph.inputs.map(({ kind }) => kind)).toEqual(['argument', 'captured']);
    expect(graph.inputs[1].tensor).toBe(weight);
    weight.mul_(10);
    expect(replay(graph, [ones([2, 2], { dtype: 'float64' })])[0].toArraySync()).toEqual([
      [30, 60],
      [50, 80],
    ]);
  });

  it('changes captured tensors on replay as the program did', () => {
    const counter = zeros([2], { dtype: 'float64' });
    const { graph } = trace((x) => counter.select(0, 1).add_(x).mul(2), [ones([], { dtype: 'float64' })]);
    expect(counter.toArraySync()).toEqual([0, 1]);
    expect(replay(graph, [tensor(4, { dtype: 'float64' })])[0].itemSync()).toBe(10);
    expect(counter.toArraySync()).toEqual([0, 5]);
  });

  it('follows detached tensors made before the trace', () => {
    const weight = zeros([2], { dtype: 'float64' });
    const alias = weight.detach();
    const { graph } = trace(
      (x) => {
        weight.add_(x);
        alias.mul_(2);
        return weight.add(alias);
      },
      [ones([2], { dtype: 'float64' })],
    );
    expect(weight.toArraySync()).toEqual([2, 2]);
    expect(replay(graph, [ones([2], { dtype: 'float64' })])[0].toArraySync()).toEqual([12, 12]);
    expect(weight.toArraySync()).toEqual([6, 6]);
  });

  it('takes factories, random numbers and composites along', () => {
    const graph = sameAsEager(
      (x) => {
        const y = zeros([3, 4], { dtype: 'float64' });
        y.index([{ start: 1 }]).add_(1);
        return cat([x.flatten(), y.diagonal(), where(x.gt(0), x, y).roll(1).repeat([2, 1]).select(0, 5)]).flip(0);
      },
      () => [x34()],
    );
    expect(names(graph)).toContain('full');
    manualSeed(0);
    const { graph: random } = trace((x) => x.add(rand([2])), [zeros([2])]);
    const [first] = replay(random, [zeros([2])]);
    const [second] = replay(random, [zeros([2])]);
    expect(second.toArraySync()).not.toEqual(first.toArraySync());
  });

  it('keeps the ops of a composite in its body, with what it reads from outside', () => {
    const { graph } = trace((x) => x.indexPut([tensor([0, 2], { dtype: 'int64' })], 0), [x34()]);
    const node = graph.nodes.find(({ spec }) => spec.name === 'indexPut');
    expect(node?.body?.nodes.length).toBeGreaterThan(1);
    expect(node?.body?.captured).toEqual([]);
  });

  it('refuses to read values, and other shapes', () => {
    expect(() => trace((x) => x.mul(x.sum().itemSync()), [ones([2])])).toThrow(
      /was read while tracing at .*trace\.test\.ts:\d+:\d+: it would be baked into the graph/,
    );
    expect(() => trace((x) => x.index([x.gt(0)]), [ones([2])])).toThrow(/was read while tracing/);
    const { graph } = trace((x) => x.add(1), [ones([2])]);
    expect(() => replay(graph, [ones([3])])).toThrow('the graph was traced with float32[2], got float32[3]');
    expect(() => replay(graph, [])).toThrow('the graph takes 1 tensors, got 0');
  });

  it('follows an argument that is a view, and refuses two that overlap when one is written', () => {
    const base = x34();
    sameAsEager(
      (x) => x.select(0, 0).mul_(2),
      () => [x34().t()],
    );
    const overlapping = [base.slice(0, 0, 2), base.slice(0, 1, 3)];
    const program = (a: Tensor, b: Tensor) => {
      a.add_(1);
      return b.mul(2);
    };
    expect(() => trace(program, overlapping)).toThrow(/shares memory with another argument/);
  });

  it('notes whether each op would have been recorded, as its op is for the ops of a body', () => {
    const { graph } = trace(
      (x) => {
        const y = withoutGrad(() => x.mul(2).softmax(0));
        return y.softmax(0).add(x.cumsum_(0));
      },
      [ones([2])],
    );
    expect(graph.nodes.map(({ spec, gradMode }) => [spec.name, gradMode])).toEqual([
      ['mul', false],
      ['softmax', false],
      ['softmax', true],
      ['cumsum', true],
      ['add', true],
    ]);
    const [, , softmax] = graph.nodes;
    expect(softmax.body?.nodes.every(({ gradMode }) => gradMode)).toBe(true);
  });

  it('takes tensors that share memory for one input, unless they are told apart', () => {
    const w = ones([2]);
    const twin = w.detach();
    const captured = (graph: Graph): number => graph.inputs.filter(({ kind }) => kind === 'captured').length;
    const f = (x: Tensor): Tensor => x.add(w).add(twin);
    expect(captured(trace(f, [ones([2])]).graph)).toBe(1);
    expect(captured(trace(f, [ones([2])], { identity: (x) => x === twin }).graph)).toBe(2);
    expect(captured(trace(f, [ones([2])], { identity: () => null }).graph)).toBe(1);
    // inputs outlive the tensors they stand for
    const { graph } = trace(f, [ones([2])], { identity: () => null });
    w.dispose();
    twin.dispose();
    expect(replay(graph, [ones([2])])[0].toArraySync()).toEqual([3, 3]);
  });

  it('notes the scope of each op', () => {
    const { graph } = trace((x) => withScope('layer1', () => x.add(1)).mul(2), [ones([2])]);
    expect(graph.nodes.map(({ scope }) => scope)).toEqual([['layer1'], []]);
  });

  describe('control flow', () => {
    type Branches = Readonly<Record<string, () => readonly Tensor[]>>;
    const choose = defineOp<Sig<[Tensor], { readonly bodies: Branches }, readonly Tensor[]>>({
      name: 'choose',
      body: ([first], { bodies }) => bodies[first.itemSync() === 0 ? 'b' : 'a'](),
    });
    const either = (first: Tensor, a: () => Tensor, b: () => Tensor): Tensor => {
      const recorded = recordControl(choose, [first], null, (recorder) => {
        const [x, y] = [recorder.body('a', [], () => [a()]), recorder.body('b', [], () => [b()])];
        const size = recorder.size('0', 'choice', x[0].shape[0] !== y[0].shape[0]) ?? x[0].shape[0];
        return [{ tensor: recorder.example(() => x[0], [size]), from: [x[0], y[0]] }];
      });
      return (recorded ?? choose.body?.([first], { bodies: { a: () => [a()], b: () => [b()] } }) ?? [])[0];
    };
    const controlFlow = { at: (): null => null };
    /** `view` is one from before the trace, and is met in a branch first. */
    const program = (): ((x: Tensor) => Tensor) => {
      const view = tensor([[1, 2]]).select(0, 0);
      return (x) => {
        const y = either(
          x.sum(),
          () =>
            either(
              x.prod(),
              () => view.mul(2),
              () => x,
            ),
          () => x.sub(1),
        );
        return y.add(view);
      };
    };

    it('is one node with a graph for each body, which reads values from outside', () => {
      const { graph } = trace(program(), [ones([2])], { controlFlow });
      expect(String(graph)).toBe(`graph(%0: float32[2], %3: float32[1, 2] captured) {
  %1: float32[] = sum(%0, dims=[0], keepdim=false)
  %8: float32[2] = choose(%1)
    a() {
      %2: float32[] = prod(%0, dims=[0], keepdim=false)
      %6: float32[2] = choose(%2)
        a() {
          %4: float32[2] = select(%3, dim=0, index=0)
          %5: float32[2] = mul(%4, 2)
          return %5
        }
        b() {
          return %0
        }
      return %6
    }
    b() {
      %7: float32[2] = sub(%0, 1, alpha=1)
      return %7
    }
  %9: float32[2] = select(%3, dim=0, index=0)
  %10: float32[2] = add(%8, %9, alpha=1)
  return %10
}`);
      const [, node] = graph.nodes;
      expect(Object.values(node.bodies ?? {}).map(({ captured }) => captured.map(({ id }) => id))).toEqual([
        [0, 3],
        [0],
      ]);
    });

    it('replays by the values that are given', () => {
      const { graph } = trace(program(), [ones([2])], { controlFlow });
      for (const x of [tensor([1, 2]), tensor([3, 0]), tensor([1, -1])])
        expect(replay(graph, [x])[0].toArraySync()).toEqual(program()(x).toArraySync());
    });

    it('runs as it is where nobody asks for it', () => {
      expect(() => trace(program(), [ones([2])])).toThrow(/a value of shape \[\] was read while tracing/);
      const { graph } = trace(program(), [ones([2])], { onRead: () => {} });
      expect(graph.nodes.map(({ spec }) => spec.name)).not.toContain('choose');
    });

    it('asks for a size that depends on values', () => {
      const grown = (x: Tensor): Tensor =>
        either(
          x.sum(),
          () => cat([x, x]),
          () => x,
        ).mul(2);
      const asked: unknown[] = [];
      const at = (...place: unknown[]): number => asked.push(place) + 4;
      const { graph } = trace(grown, [ones([2])], { controlFlow: { at } });
      expect(asked).toEqual([['0.0', 'choice', true]]);
      expect(graph.outputs[0].shape).toEqual([5]);
    });

    it('refuses what would depend on the branch', () => {
      const kept = ones([2]);
      const written = (x: Tensor): Tensor =>
        either(
          x.sum(),
          () => kept.add_(1),
          () => x,
        );
      expect(() => trace(written, [ones([2])], { controlFlow })).toThrow(
        /tensor of shape \[2\] is changed in place at .*trace\.test\.ts:\d+:\d+, but it was made outside of this body of control flow/,
      );
      const twice = (x: Tensor): Tensor =>
        either(
          x.sum(),
          () => x,
          () => x.neg(),
        ).add_(1);
      expect(() => trace(twice, [ones([2])], { controlFlow })).toThrow(/a result of 'choose' may share its memory/);
      const leaking = (x: Tensor): Tensor => {
        let inside = x;
        const y = either(
          x.sum(),
          () => (inside = x.neg()),
          () => x,
        );
        return y.add(inside);
      };
      expect(() => trace(leaking, [ones([2])], { controlFlow })).toThrow(
        /outside of the body of control flow that made it/,
      );
    });
  });
});
