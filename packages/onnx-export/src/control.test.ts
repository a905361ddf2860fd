/** Control flow by values: here, traced and replayed, and in onnxruntime. */
import '@tenfold/backend-cpu/register';
import { Function, type FunctionContext, gradcheck, grad as gradOf, vmap } from '@tenfold/autograd';
import { cpu } from '@tenfold/backend-cpu';
import { GRUCell, Linear, Module } from '@tenfold/nn';
import { allNodes, ModelProto } from '@tenfold/onnx-model';
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
