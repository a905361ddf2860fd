/** Control flow by values: here, traced and replayed, and in onnxruntime. */
import '@tenfold/backend-cpu/register';
import { Function, type FunctionContext, gradcheck, gradOf, vmap } from '@tenfold/autograd';
import { cpu } from '@tenfold/backend-cpu';
import { GRUCell, Linear, Module } from '@tenfold/nn';
import { everyNode, ModelProto } from '@tenfold/onnx-model';
import {
  arange,
  cat,
  manualSeed,
  ones,
  randn,
  registerBackend,
  replay,
  stack,
  type Tensor,
  type TraceOptions,
  tensor,
  trace,
  withoutGrad,
  zeros,
} from '@tenfold/tensor-core';
import { beforeEach, describe, expect, test } from 'vitest';
import * as onnx from './control.ts';
import { type SymbolicGraph, type SymbolicValue, toOnnx } from './index.ts';
import { type Comparison, compareAll } from './testing.ts';

const f = (...shape: number[]): Tensor => randn(shape, { dtype: 'float64' });
const float64 = { dtype: 'float64' } as const;
const batch = { dynamicAxes: { x: { 0: 'batch' } } } as const;

beforeEach(() => {
  manualSeed(0);
});

/** Functions of `x`, with inputs that take every way through them. */
interface Program {
  readonly fn: (x: Tensor) => Tensor | readonly Tensor[];
  readonly runs: readonly Tensor[];
  readonly dynamicAxes?: Readonly<Record<string, Readonly<Record<number, string>>>>;
}

class Doubled extends Function {
  static forward(_ctx: FunctionContext, x: Tensor): Tensor {
    return onnx.cond(
      x.sum().gt(0),
      () => x.mul(2),
      () => x.sub(tensor(1, float64)),
    );
  }

  static backward(_ctx: FunctionContext, g: Tensor): Tensor {
    return g;
  }

  static symbolic(g: SymbolicGraph, x: SymbolicValue): SymbolicValue {
    return g.op('DOUBLED', x);
  }
}

class Greedy extends Module {
  readonly embed = new Linear(5, 4, float64);
  readonly cell = new GRUCell(4, 4, float64);
  readonly head = new Linear(4, 5, float64);

  /** The best token after each, until it is the first or eight are there. */
  forward(x: Tensor): Tensor[] {
    const tokens = arange(0, 5);
    const first = [x.slice(1, 0, 1).to('int64'), x.slice(1, 1)] as const;
    const {
      carried: [seen],
    } = onnx.loop(7, null, first, (_i, _cond, seen, h) => {
      const last = seen.select(1, -1).unsqueeze(1).eq(tokens).to('float64');
      const next = this.cell.forward(this.embed.forward(last), h);
      const token = this.head.forward(next).argmax(1, { keepdim: true });
      return { cond: token.ne(0).any(), carried: [cat([seen, token], 1), next] };
    });
    return [seen, seen.to('float64').div(seen.shape[1])];
  }
}

function programs(): Record<string, Program> {
  const [w, u] = [f(3, 3), f(3, 3)];
  const either = [f(2, 3).abs(), f(2, 3).abs().neg(), f(17, 3).abs(), f(1, 3).abs().neg()];
  const rows = [1, 4, 17].map((n) => f(n, 3));
  const greedy = new Greedy().eval();
  const started = (n: number): Tensor => cat([ones([n, 1], float64).mul(3), f(n, 4)], 1);
  const sequences: [number, number][] = [
    [2, 4],
    [1, 1],
    [3, 17],
  ];
  return {
    'if and else': {
      fn: (x) =>
        onnx.cond(
          x.sum().gt(0),
          (x) => x.mul(2).add(w.select(0, 0)),
          (x) => x.neg(),
          [x],
        ),
      runs: either,
    },
    'branches that hand values through': {
      fn: (x) => {
        const { a, b } = onnx.cond(
          x.sum().gt(0),
          () => ({ a: x, b: [w, x.exp()] }),
          () => {
            const y = x.exp();
            return { a: y, b: [u.t(), y] };
          },
        );
        return [a, ...b];
      },
      runs: either,
    },
    'branches of different sizes': {
      fn: (x) => {
        const y = onnx.cond(
          x.sum().gt(0),
          () => cat([x, x]),
          () => x.slice(0, 0, 1),
        );
        return [y, y.sum(0).div(y.shape[0]), y.reshape([-1]), y.softmax(0)];
      },
      runs: either,
    },
    'a branch inside a branch, and a loop': {
      fn: (x) =>
        onnx.cond(
          x.sum().gt(0),
          () => {
            const y = onnx.cond(
              x.mean().gt(1),
              () => x.view([x.shape[0], 3, 1]).squeeze(2),
              () => x.exp(),
            );
            return y.add(x.shape[0]);
          },
          () => onnx.loop(x.shape[0], null, [x], (i, _, y) => ({ carried: [y.mul(0.5).sub(i)] })).carried[0],
        ),
      runs: [...either, f(2, 3).abs().add(2)],
    },
    'in place on what a body made': {
      fn: (x) =>
        onnx.cond(
          x.sum().gt(0),
          () => {
            const y = x.exp();
            y.select(1, 0).fill_(1);
            return y.relu_();
          },
          () => x.clone().mul_(3),
        ),
      runs: either,
    },
    'a loop by count': {
      fn: (x) => {
        const { carried, scanned } = onnx.loop(4, null, [x, x.sum()], (i, _, y, n) => {
          const next = y.mm(w).tanh();
          return { carried: [next, n.add(i)], scanned: [next.sum(1), i] };
        });
        return [...carried, ...scanned, scanned[0].view([-1])];
      },
      runs: rows,
    },
    'a loop that runs as often as an axis is long': {
      fn: (x) => {
        const step = (i: Tensor, _: Tensor, y: Tensor) => ({ carried: [y.add(i)] as const, scanned: [y] });
        const { carried, scanned } = onnx.loop(x.shape[0], null, [x.sum(0)], step);
        return [...carried, ...scanned, x.add(scanned[0])];
      },
      runs: rows,
    },
    'a loop by condition, with what it met': {
      fn: (x) => {
        const { carried, scanned } = onnx.loop(20, x.sum().gt(0), [x], (i, _, y) => {
          const next = y.mul(1.5).add(i.to('float64'));
          return { cond: next.abs().sum().lt(200), carried: [next], scanned: [next.sum(1)] };
        });
        return [...carried, ...scanned, scanned[0].reshape([-1]).mul(scanned[0].shape[0])];
      },
      runs: [...either, f(3, 3).abs().mul(100)],
    },
    'a loop whose count is a value': {
      fn: (x) => {
        const count = x.abs().sum().to('int64');
        const { carried, scanned } = onnx.loop(count, null, [x], (_i, _c, y) => ({
          carried: [y.add(1)],
          scanned: [y],
        }));
        return [...carried, ...scanned];
      },
      runs: [...rows, zeros([2, 3], float64)],
    },
    'a loop whose carried tensor grows': {
      fn: (x) => {
        const { carried } = onnx.loop(null, null, [x], (_i, _c, y) => {
          const longer = cat([y, y.slice(0, 0, 1).abs().add(1)]);
          return { cond: longer.sum().lt(40).logicalAnd(longer.sum().gt(-10)), carried: [longer] };
        });
        return [carried[0].div(carried[0].shape[0]), carried[0].view([-1])];
      },
      runs: either,
    },
    while: {
      fn: (x) =>
        onnx.whileLoop(
          (y) => y.abs().sum().gt(1),
          (y, n) => [y.mul(0.5), n.add(1)],
          [x, zeros([])],
        ),
      runs: [...rows, zeros([2, 3], float64)],
    },
    'loops in a loop': {
      fn: (x) => {
        const { carried, scanned } = onnx.loop(3, null, [x], (i, _, y) => {
          const inner = onnx.loop(i, null, [y], (j, _, z) => ({ carried: [z.add(j.mul(i))], scanned: [z.sum()] }));
          const total = inner.scanned[0].sum().add(inner.scanned[0].shape[0]);
          return { carried: inner.carried, scanned: [total] };
        });
        return [...carried, ...scanned];
      },
      runs: rows,
    },
    'scan as a recurrent layer': {
      fn: (x) => {
        const [h, hs] = onnx.scan(
          (h: Tensor, step: Tensor) => {
            const next = step.mm(w).add(h.mm(u)).tanh();
            return [next, next];
          },
          x.sum(1).mul(0),
          x,
          { dim: 1 },
        );
        return [h, hs.transpose(0, 1)];
      },
      runs: sequences.map(([n, t]) => f(n, t, 3)),
      dynamicAxes: { x: { 0: 'batch', 1: 'time' } },
    },
    'scan backwards, over several': {
      fn: (x) => {
        const [{ h, c }, [ys, last]] = onnx.scan(
          ({ h, c }, [a, b]) => [{ h: h.add(a), c: c.mul(b.sigmoid()) }, [a.mul(b).add(h), c]] as const,
          { h: zeros([3], float64), c: ones([3], float64) },
          [x, x.exp()] as const,
          { reverse: true },
        );
        return [h, c, ys, last];
      },
      runs: rows,
    },
    'scan that carries nothing': {
      fn: (x) => onnx.scan((_, row) => [[], row.softmax(0)] as const, [], x)[1],
      runs: rows,
    },
    'a Function in a loop, and control flow in a Function': {
      fn: (x) =>
        onnx.whileLoop(
          (y) => y.sum().abs().lt(50),
          (y) => [Doubled.apply(y)],
          [Doubled.apply(x)],
        )[0],
      runs: either,
    },
    'greedy decoding': {
      fn: (x) => greedy.forward(x),
      runs: [1, 2, 5].map(started),
    },
  };
}

const opsets = [11, 13, 18, 21, 23];

test('every program gives in onnxruntime what it gives here, at each opset and size', async () => {
  const all = Object.entries(programs());
  const comparisons = opsets.flatMap((opsetVersion) =>
    all.map(([name, { fn, runs, dynamicAxes = batch.dynamicAxes }]): Comparison => {
      const options = { opsetVersion, dynamicAxes };
      return { name: `${name} at ${opsetVersion}`, fn, example: [runs[0]], runs: runs.map((x) => [x]), options };
    }),
  );
  const results = await compareAll(comparisons);
  const wrong = results.flatMap((result, i) =>
    'difference' in result && result.difference <= 1e-12 ? [] : [[comparisons[i].name, result]],
  );
  expect(wrong).toEqual([]);
});

/** Sizes come out as they are, and nothing else is allowed. */
const fixed: TraceOptions = {
  controlFlow: {
    at: (place, kind, differs) => {
      if (differs) throw new Error(`${kind} at ${place}`);
      return null;
    },
  },
};

describe('here', () => {
  test('the branch runs that the value says, and no other', () => {
    const ran: string[] = [];
    const pick = (x: Tensor): Tensor =>
      onnx.cond(
        x.gt(0),
        (x) => {
          ran.push('then');
          return x.mul(2);
        },
        (x) => {
          ran.push('else');
          return x.neg();
        },
        [x],
      );
    expect([pick(tensor([3])).toArraySync(), pick(tensor([-3])).toArraySync()]).toEqual([[6], [3]]);
    expect(ran).toEqual(['then', 'else']);
  });

  test('loops end by count or by condition, whichever comes first', () => {
    const counted = (max: Tensor | number | null, limit: number): unknown[] => {
      const { carried, scanned } = onnx.loop(max, null, [tensor(0)], (i, _, n) => {
        const next = n.add(1);
        return { cond: next.lt(limit), carried: [next], scanned: [i, next.mul(10)] };
      });
      return [...carried, ...scanned].map((x) => x.toArraySync());
    };
    expect(counted(3, 100)).toEqual([3, [0, 1, 2], [10, 20, 30]]);
    expect(counted(tensor(2, { dtype: 'int64' }), 100)).toEqual([2, [0, 1], [10, 20]]);
    expect(counted(null, 4)).toEqual([4, [0, 1, 2, 3], [10, 20, 30, 40]]);
    expect(counted(0, 4)).toEqual([0, [], []]);
    const [n] = onnx.whileLoop(
      (n) => n.lt(5),
      (n) => [n.mul(2)],
      [tensor(1)],
    );
    expect(n.toArraySync()).toBe(8);
  });

  test('a scan is the loop written out', () => {
    const [xs, h0] = [f(5, 2), f(2)];
    const step = (h: Tensor, x: Tensor): Tensor => h.mul(0.5).add(x).tanh();
    let h = h0;
    const all = Array.from({ length: 5 }, (_, t) => {
      h = step(h, xs.select(0, t));
      return h;
    });
    const run = (x: Tensor, options?: onnx.ScanOptions): Tensor[] =>
      onnx.scan((h: Tensor, x: Tensor) => [step(h, x), step(h, x)] as const, h0, x, options);
    const [last, states] = run(xs);
    expect(last.toArraySync()).toEqual(h.toArraySync());
    expect(states.toArraySync()).toEqual(stack(all).toArraySync());
    expect(run(xs.t(), { dim: -1 })[1].toArraySync()).toEqual(states.toArraySync());
    const backwards = run(xs.flip([0]), { reverse: true })[1];
    expect(backwards.flip([0]).toArraySync()).toEqual(states.toArraySync());
  });

  test('no slices and no trips give empty results of the right shape', () => {
    const [h, ys] = onnx.scan((h: Tensor, x: Tensor) => [h.add(x), x.mul(2)] as const, ones([3]), zeros([0, 3]));
    expect([h.toArraySync(), ys.shape]).toEqual([
      [1, 1, 1],
      [0, 3],
    ]);
    const { carried, scanned } = onnx.loop(0, null, [ones([2])], (_i, _c, x) => ({
      carried: [x.add(1)],
      scanned: [x],
    }));
    expect([carried[0].toArraySync(), scanned[0].shape]).toEqual([
      [1, 1],
      [0, 2],
    ]);
    // what a while loop does is not needed to know what it gives
    const never = (): [Tensor] => {
      throw new Error('ran');
    };
    expect(onnx.whileLoop((x) => x.gt(1), never, [tensor(1)])[0].itemSync()).toBe(1);
  });

  test('results are no inputs: writing them leaves those as they were', () => {
    const x = tensor([1]);
    onnx.loop(0, null, [x], (_i, _c, y) => ({ carried: [y] })).carried[0].add_(1);
    onnx.scan((h: Tensor) => [h, []] as const, x, ones([2]))[0].add_(1);
    expect(x.toArraySync()).toEqual([1]);
  });

  test('gradients flow through what ran', () => {
    const w = f(3, 3);
    const x = f(2, 3).requiresGrad_();
    const branch = (sign: number) => (x: Tensor) =>
      onnx.cond(
        x.sum().mul(sign).gt(x.sum().mul(sign).sub(1)),
        (x) => x.mm(w).tanh(),
        (x) => x.exp(),
        [x],
      );
    expect(gradcheck(branch(1), [x])).toBe(true);
    const looped = (x: Tensor): Tensor[] => {
      const { carried, scanned } = onnx.loop(3, null, [x], (_i, _c, y) => ({
        carried: [y.mm(w).tanh()],
        scanned: [y.sum(1)],
      }));
      return [...carried, ...scanned];
    };
    expect(gradcheck(looped, [x])).toBe(true);
    const grown = (x: Tensor): Tensor[] =>
      onnx
        .whileLoop(
          (_, n) => n.lt(4),
          (y, n) => [cat([y, y.slice(0, 0, 1).sin()]), n.add(1)],
          [x, tensor(0)],
        )
        .slice(0, 1);
    expect(gradcheck(grown, [x])).toBe(true);
    const scanned = (x: Tensor): Tensor[] =>
      onnx.scan((h: Tensor, s: Tensor) => [h.mul(s), h.add(s).sin()] as const, ones([3], float64), x, {
        reverse: true,
      });
    expect(gradcheck(scanned, [x])).toBe(true);
  });

  test('devices that must be awaited', async () => {
    const backend = cpu();
    registerBackend({
      ...backend,
      deviceType: 'awaited',
      open(index) {
        const runtime = backend.open(index);
        return { ...runtime, capabilities: { ...runtime.capabilities, syncRead: false }, downloadSync: undefined };
      },
    });
    const x = tensor([2, 3], { device: 'awaited' });
    const big = (x: Tensor): Tensor => x.sum().gt(4);
    const [double, same] = [(x: Tensor) => x.mul(2), (x: Tensor) => x];
    expect(() => onnx.cond(big(x), double, same, [x])).toThrow(
      "onnx.cond: what runs depends on a value, and device 'awaited' can't be read synchronously; use: await onnx.condAsync(…)",
    );
    expect(await (await onnx.condAsync(big(x), double, same, [x])).toArray()).toEqual([4, 6]);
    expect(() =>
      onnx.whileLoop(
        (y) => y.sum().lt(50),
        (y) => [y.mul(2)],
        [x],
      ),
    ).toThrow(/await onnx\.whileLoopAsync/);
    const [doubled] = await onnx.whileLoopAsync(
      (y) => y.sum().lt(50),
      (y) => [y.mul(2)],
      [x],
    );
    expect(await doubled.toArray()).toEqual([32, 48]);
    const until = (_i: Tensor, _c: Tensor, y: Tensor) => ({ cond: y.sum().lt(9), carried: [y.add(1)] as [Tensor] });
    expect(() => onnx.loop(5, null, [x], until)).toThrow(/await onnx\.loopAsync/);
    expect(await (await onnx.loopAsync(5, null, [x], until)).carried[0].toArray()).toEqual([5, 6]);
    // these read nothing
    const { carried } = onnx.loop(2, null, [x], (i, _c, y) => ({ carried: [y.add(i)] }));
    const [sum] = onnx.scan((s: Tensor, y: Tensor) => [s.add(y), []] as const, zeros([], { device: 'awaited' }), x);
    expect([await carried[0].toArray(), await sum.item()]).toEqual([[3, 4], 5]);
  });

  test('vmap says that a sample has a value of its own; jvp follows what ran', () => {
    const pick = (x: Tensor): Tensor =>
      onnx.cond(
        x.sum().gt(0),
        () => x.mul(2),
        () => x,
      );
    expect(() => vmap(pick)(f(3, 2))).toThrow(/vmap: It looks like you're calling \.item\(\)/);
    const steps = (x: Tensor): Tensor =>
      onnx.scan((h: Tensor, s: Tensor) => [h.mul(s), []] as const, tensor(1, float64), x)[0];
    const x = f(3, 2);
    const each = vmap(steps)(x) as Tensor;
    expect(each.sub(x.prod(1)).abs().max().itemSync()).toBeLessThan(1e-15);
    const slope = gradOf((y: Tensor) => pick(y).sum())(ones([2], float64));
    expect(slope.toArraySync()).toEqual([2, 2]);
  });
});

describe('traced', () => {
  test('a graph prints with its bodies, and replays by the values it is given', () => {
    const w = f(2);
    const program = (x: Tensor): Tensor[] => {
      const y = onnx.cond(
        x.sum().gt(0),
        () => x.mul(w),
        () => x.sub(1),
      );
      const [z] = onnx.whileLoop(
        (z) => z.abs().sum().gt(1),
        (z) => [z.mul(0.5)],
        [y],
      );
      return [z, onnx.scan((h: Tensor, s: Tensor) => [h.add(s), h] as const, tensor(0, float64), x)[1]];
    };
    const { graph } = withoutGrad(() => trace(program, [ones([2], float64)], fixed));
    const text = String(graph);
    expect(text).toMatch(
      /onnx\.cond\(%\d+\)\n {4}thenBranch\(\) \{\n {6}%\d+: float64\[2\] = mul\(%0, %\d+\)\n {6}return %\d+\n {4}\}/,
    );
    expect(text).toMatch(
      /onnx\.loop\(null, %\d+, %\d+.*\n {4}body\(%\d+: int64\[\], %\d+: bool\[\], %\d+: float64\[2\]\) \{/,
    );
    for (const x of [f(2).abs().mul(9), f(2).abs().neg().mul(9)]) {
      const expected = program(x).map((y) => y.toArraySync());
      expect(replay(graph, [x]).map((y) => y.toArraySync())).toEqual(expected);
    }
  });

  test('without being asked for, a trace refuses to choose', () => {
    const pick = (x: Tensor): Tensor =>
      onnx.cond(
        x.gt(0),
        () => x,
        () => x.neg(),
      );
    expect(() => trace(pick, [tensor(1)])).toThrow(/was read while tracing at .*control\.test\.ts/);
  });

  test('gradients through it are refused, not lost', () => {
    const w = f(2).requiresGrad_();
    const pick = (x: Tensor): Tensor =>
      onnx.cond(
        x.sum().gt(0),
        () => x.mul(w),
        () => x,
      );
    expect(() => trace(pick, [f(2)], fixed)).toThrow(/onnx\.cond: gradients can't be recorded through control flow/);
  });
});

describe('in the file', () => {
  test('one node each, whose subgraphs read values from outside', async () => {
    const { fn, runs } = programs()['a branch inside a branch, and a loop'];
    const proto = ModelProto.decode(await toOnnx(fn, [runs[0]], batch));
    const ops = (proto.graph?.node ?? []).map(({ opType }) => opType).filter((op) => op !== 'Constant');
    expect(ops).toEqual(['ReduceSum', 'Greater', 'If']);
    const all = [...everyNode(proto.graph?.node)];
    expect(all.filter(({ opType }) => opType === 'If').length).toBe(2);
    expect(all.filter(({ opType }) => opType === 'Loop').length).toBe(1);
    const names = all.flatMap(({ name, output = [] }) => [name, ...output]);
    expect(new Set(names).size).toBe(names.length);
  });

  test('a predicate that is constant stays a choice of the file', async () => {
    const always = tensor(true);
    const bytes = await toOnnx(
      (x: Tensor) =>
        onnx.cond(
          always,
          () => x.exp(),
          () => x.sin(),
        ),
      [f(2)],
    );
    expect((ModelProto.decode(bytes).graph?.node ?? []).map(({ opType }) => opType)).toEqual(['If']);
  });

  test('custom Functions in subgraphs bring their operator sets along', async () => {
    const loop = (x: Tensor): Tensor =>
      onnx.whileLoop(
        (y) => y.sum().lt(9),
        (y) => [Doubled.apply(y)],
        [x],
      )[0];
    const proto = ModelProto.decode(await toOnnx(loop, [f(2)], batch.dynamicAxes ? {} : {}));
    expect(proto.opsetImport?.map(({ domain }) => domain)).toEqual(['', 'custom']);
    expect(proto.functions?.map(({ name }) => name)).toEqual(['DOUBLED']);
    expect([...everyNode(proto.functions?.[0].node)].map(({ opType }) => opType)).toContain('If');
  });

  test('the text shows the bodies', async () => {
    let text = '';
    const verbose = (listing: string): void => {
      text = listing;
    };
    await toOnnx(
      (x: Tensor) =>
        onnx.cond(
          x.sum().gt(0),
          () => x.exp(),
          () => x,
        ),
      [f(2)],
      { verbose },
    );
    expect(text).toContain(`onnx::If[then_branch=graph, else_branch=graph](%/Greater_output_0)
    then_branch() {
      %/Exp_output_0 : float64[2] = onnx::Exp(%x)
      return %/Exp_output_0
    }
    else_branch() {
      %/Identity_output_0 : float64[2] = onnx::Identity(%x)
      return %/Identity_output_0
    }`);
  });
});

describe('refused', () => {
  const x = tensor([1, 2], float64);
  const positive = (): Tensor => x.sum().gt(0);
  const same = (y: Tensor): Tensor => y;
  const next = (y: Tensor) => ({ carried: [y] as [Tensor] });

  test.each<[string, () => unknown, RegExp]>([
    [
      'a boolean',
      () =>
        onnx.cond(
          true as never,
          () => x,
          () => x,
        ),
      /must be a tensor of one bool, got boolean true: .* if$/,
    ],
    [
      'a number',
      () =>
        onnx.cond(
          x.sum(),
          () => x,
          () => x,
        ),
      /must be of dtype bool, got float64; write x\.ne\(0\)/,
    ],
    [
      'several',
      () =>
        onnx.cond(
          x.gt(0),
          () => x,
          () => x,
        ),
      /one element, got shape \[2\]; reduce it by any or all/,
    ],
    ['no function', () => onnx.cond(positive(), x as never, () => x), /thenFn must be a function/],
    ['other operands', () => onnx.cond(positive(), same, same, x as never), /operands must be an array of tensors/],
    [
      'no result',
      () =>
        onnx.cond(
          positive(),
          () => [],
          () => [],
        ),
      /must return a tensor at least/,
    ],
    [
      'a result that is no tensor',
      () =>
        onnx.cond(
          positive(),
          () => 3 as unknown as Tensor,
          () => x,
        ),
      /got number 3/,
    ],
    ['a fraction of a trip', () => onnx.loop(1.5, null, [x], (_i, _c, y) => next(y)), /maxTrips must be an integer/],
    ['trips of floats', () => onnx.loop(x.sum(), null, [x], (_i, _c, y) => next(y)), /must be of dtype int64/],
    ['no end', () => onnx.loop(null, null, [x], (_i, _c, y) => next(y)), /it would run for ever; give maxTrips/],
    ['too few', () => onnx.loop(2, null, [x, x], () => ({ carried: [x] as never })), /as it is given, 2, got 1/],
    ['no step', () => onnx.loop(2, null, [x], () => x as never), /body must return \{ cond, carried, scanned \}/],
    ['another dtype', () => onnx.loop(2, null, [x], (_i, _c, y) => next(y.gt(0))), /one dtype, got float64 and bool/],
    [
      'another rank',
      () => onnx.loop(2, null, [x], (_i, _c, y) => next(y.sum())),
      /one number of dims, got shapes \[2\] and \[\]/,
    ],
    [
      'another size',
      () => onnx.scan((h: Tensor) => [cat([h, h]), []] as const, x, x),
      /keep its shape, got \[2\] and \[4\]; onnx\.loop/,
    ],
    ['no pair', () => onnx.scan(same as never, x, x), /body must return \[carry, y\]/],
    ['no slices', () => onnx.scan((h: Tensor) => [h, []] as const, x, []), /xs holds no tensor/],
    ['slices that differ', () => onnx.scan((h: Tensor) => [h, []] as const, x, [x, zeros([3])]), /got 2 and 3/],
    [
      'no such dim',
      () => onnx.scan((h: Tensor) => [h, []] as const, x, x, { dim: 1 }),
      /no dim number 1 in xs of shape \[2\]/,
    ],
    ['another option', () => onnx.scan((h: Tensor) => [h, []] as const, x, x, { axis: 0 } as never), /axis/],
    [
      'another tree',
      () => onnx.scan((h) => [[h] as never, []] as const, x, x),
      /built in one way, got tensor and \[tensor\]/,
    ],
  ])('%s', (_, run, message) => {
    expect(run).toThrow(message);
    const exported = (): Promise<Uint8Array> => toOnnx(() => run() as Tensor, [x]);
    return expect(exported()).rejects.toThrow(message);
  });

  const captured = tensor([1, 2], float64);
  let leaked: Tensor | null = null;
  test.each<[string, (x: Tensor) => unknown, RegExp]>([
    [
      'branches of two dtypes',
      (x) =>
        onnx.cond(
          x.sum().gt(0),
          () => x,
          () => x.gt(0),
        ),
      /result 0 of both branches must be of one dtype, got float64 and bool/,
    ],
    [
      'branches of two ranks',
      (x) =>
        onnx.cond(
          x.sum().gt(0),
          () => x,
          () => x.sum(),
        ),
      /got shapes \[2\] and \[\]/,
    ],
    [
      'branches of two structures',
      (x) =>
        onnx.cond<[], onnx.Tree>(
          x.sum().gt(0),
          () => [x],
          () => x,
        ) as Tensor,
      /built in one way, got \[tensor\] and tensor/,
    ],
    [
      'a write to a tensor from outside',
      (x) =>
        onnx.cond(
          x.sum().gt(0),
          () => captured.mul_(2),
          () => x,
        ),
      /changed in place at .*control\.test\.ts:\d+:\d+, but it was made outside of this body/,
    ],
    [
      'a write to an operand',
      (x) =>
        onnx.cond(
          x.sum().gt(0),
          (y) => y.mul_(2),
          (y) => y,
          [x.exp()],
        ),
      /changed in place .* but it was made outside of this body/,
    ],
    [
      'a write to what is carried',
      (x) => onnx.loop(2, null, [x], (_i, _c, y) => ({ carried: [y.add_(1)] })).carried[0],
      /changed in place .* but 'onnx\.loop' gives it to its body/,
    ],
    [
      'a write to a result that may be an operand',
      (x) =>
        onnx
          .cond(
            x.sum().gt(0),
            () => x,
            () => x.neg(),
          )
          .add_(1),
      /changed in place .* but a result of 'onnx\.cond' may share its memory: .* clone\(\)/,
    ],
    [
      'a write to an operand that may be a result',
      (x) => {
        const y = x.exp();
        const z = onnx.cond(
          x.sum().gt(0),
          () => y,
          () => y.neg(),
        );
        y.add_(1);
        return z;
      },
      /changed in place .* may share its memory/,
    ],
    [
      'a tensor that has left its branch',
      (x) => {
        const y = onnx.cond(
          x.sum().gt(0),
          () => {
            leaked = x.mul(2);
            return leaked;
          },
          () => x,
        );
        return y.add(leaked as Tensor);
      },
      /is used at .*control\.test\.ts:\d+:\d+ outside of the body of control flow that made it/,
    ],
    [
      'a value that is read in a body',
      (x) =>
        onnx.cond(
          x.sum().gt(0),
          () => x.mul(x.sum().itemSync()),
          () => x,
        ),
      /read while the model is traced at .*control\.test\.ts/,
    ],
    [
      'JavaScript that asks for a size which values decide',
      (x) => {
        const [y] = onnx.loop(null, null, [x], (_i, _c, y) => ({
          cond: y.sum().lt(9),
          carried: [cat([y, y])],
        })).carried;
        return y.shape[0] > 8 ? y.exp() : y.sin();
      },
      /something else at .*loop_size.* = \d+.*'exp' runs instead of 'sin'/,
    ],
    [
      'sizes that values may make differ',
      (x) => {
        const run = (k: number): Tensor =>
          onnx.loop(9, null, [x], (_i, _c, y) => ({ cond: y.sum().lt(k), carried: [y.add(1)], scanned: [y.sum()] }))
            .scanned[0];
        return run(9).add(run(5));
      },
      /not at loop_trips = 3, loop_trips_1 = 4, which .* values in control flow, allow|match the size/,
    ],
    [
      'an awaited choice',
      async (x) =>
        onnx.condAsync(
          x.sum().gt(0),
          () => x,
          () => x,
        ),
      /forward is asynchronous/,
    ],
  ])('in an export: %s', async (_, fn, message) => {
    await expect(toOnnx(fn, [tensor([1, 2], float64)])).rejects.toThrow(message);
  });
});
