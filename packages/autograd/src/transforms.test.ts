/** Function transforms: their rules, their errors, and how they compose. Ops one by one are in backend-cpu's `transforms.test.ts`. */
import '@tenfold/backend-cpu/register';
import * as core from '@tenfold/tensor-core';
import {
  AutogradError,
  arange,
  builtinOps,
  dispatch,
  Generator,
  manualSeed,
  ones,
  onesLike,
  rand,
  randn,
  randperm,
  replay,
  type Sig,
  stack,
  type Tensor,
  tensor,
  trace,
  zeros,
} from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import {
  Function as AutogradFunction,
  defineFunction,
  type FunctionContext,
  grad,
  gradAndValue,
  gradOf,
  hvp,
  jacfwd,
  jacobian,
  jacrev,
  jvp,
  noGrad,
  vhp,
  vjp,
  vmap,
} from './index.ts';

const f64 = (data: number | readonly unknown[], requiresGrad = false): Tensor =>
  tensor(data as number[], { dtype: 'float64', requiresGrad });
const list = (x: Tensor): unknown => x.toArraySync();
const close = (actual: Tensor, expected: Tensor | number | readonly unknown[], digits = 12): void => {
  const wanted = typeof expected === 'object' && 'shape' in expected ? expected : f64(expected as number[]);
  expect(actual.shape).toEqual(wanted.shape);
  const [a, b] = [actual, wanted].map((x) => Array.from(x.toTypedArraySync(), Number));
  a.forEach((x, i) => {
    expect(x).toBeCloseTo(b[i], digits);
  });
};

const a = (): Tensor =>
  f64([
    [1, 2, 3],
    [4, 5, 6],
  ]);

/** y = x³ with a backward that is 10 times too large, and says so. */
const TenTimesCube = defineFunction({
  name: 'TenTimesCube',
  forward(ctx, x: Tensor) {
    ctx.saveForBackward(x);
    return x.pow(3);
  },
  backward(ctx, g: Tensor) {
    return ctx.savedTensors[0].square().mul(30).mul(g);
  },
});

/** exp by a saved intermediate: exp(x) = exp(x/2)². */
const HalfExp = defineFunction({
  name: 'HalfExp',
  forward(ctx, x: Tensor) {
    const half = x.div(2).exp();
    ctx.saveForBackward(half);
    return half.square();
  },
  backward(ctx, g: Tensor) {
    return ctx.savedTensors[0].square().mul(g);
  },
});

class Doubled extends AutogradFunction {
  static forward(ctx: FunctionContext, x: Tensor): Tensor {
    x.mul_(2);
    ctx.markDirty(x);
    return x;
  }
  static backward(_ctx: FunctionContext, g: Tensor): Tensor {
    return g.mul(2);
  }
}

describe('vmap', () => {
  test('nests to all pairs', () => {
    const x = f64([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const pairs = vmap(
      vmap((u: Tensor, v: Tensor) => u.dot(v), { inDims: [null, 0] }),
      { inDims: [0, null] },
    );
    close(pairs(x, x), x.mm(x.t()));
  });

  test('places the mapped dims of arguments and results', () => {
    const f = (x: Tensor): Tensor => x.cumsum(0);
    close(vmap(f, { inDims: 1 })(a()), a().cumsum(0).t());
    close(vmap(f, { inDims: -1, outDims: -1 })(a()), a().cumsum(0));
    close(vmap((x: Tensor) => x.outer(x), { outDims: 1 })(a()).select(1, 0), a().select(0, 0).outer(a().select(0, 0)));
  });

  test('takes and gives nested structures', () => {
    const f = vmap(
      ({ x, rest }: { x: Tensor; rest: readonly [Tensor, Tensor] }, k: number) => ({
        sum: x.add(rest[0]).mul(k),
        parts: [rest[1], x.sum()] as const,
      }),
      { inDims: [{ x: 0, rest: [null, 1] }, null], outDims: { sum: 1, parts: [0, 0] } },
    );
    const { sum, parts } = f({ x: a(), rest: [f64([1, 1, 1]), f64([[1, 2]])] }, 2);
    close(sum, a().add(1).mul(2).t());
    close(parts[0], [[1], [2]]);
    close(parts[1], [6, 15]);
  });

  test('repeats results that depend on no sample, or hands them on with outDims null', () => {
    const f = (x: Tensor, y: Tensor): [Tensor, Tensor] => [x, y];
    close(vmap(f, { inDims: [0, null] })(a(), f64([7]))[1], [[7], [7]]);
    close(vmap(f, { inDims: [0, null], outDims: [0, null] })(a(), f64([7]))[1], [7]);
    expect(() => vmap(f, { inDims: [0, null], outDims: null })(a(), f64([7]))).toThrow(/when outDim is null/);
  });

  test('in chunks', () => {
    const x = randn([7, 3], { dtype: 'float64' });
    const f = (row: Tensor): [Tensor, Tensor] => [row.mul(2), row.sum()];
    const whole = vmap(f, { outDims: [-1, 0] })(x);
    const chunked = vmap(f, { outDims: [-1, 0], chunkSize: 3 })(x);
    whole.forEach((y, k) => {
      close(chunked[k], y);
    });
  });

  test('of no samples', () => {
    const [y, z] = vmap((x: Tensor): [Tensor, Tensor] => [x.mm(x.t()), x.max()])(zeros([0, 2, 3]));
    expect(y.shape).toEqual([0, 2, 2]);
    expect(z.shape).toEqual([0]);
  });

  test('keeps the dtype of each sample', () => {
    const half = ones([3], { dtype: 'float32' });
    // 0-d float64 with a float32 vector is float32
    const one = vmap((s: Tensor, v: Tensor) => s.mul(v), { inDims: [0, null] })(f64([1, 2]), half);
    expect(one.dtype).toBe('float32');
    // two 0-d tensors are of the higher dtype, though one is no longer 0-d in a batch
    const two = vmap((s: Tensor) => s.mul(f64(2)))(ones([2], { dtype: 'float32' }));
    expect(two.dtype).toBe('float64');
    expect(vmap((s: Tensor) => s.where(s.gt(0), f64(2)))(ones([2], { dtype: 'float32' })).dtype).toBe('float64');
  });

  test('gradients flow to arguments and to captured tensors', () => {
    const x = a().requiresGrad_();
    const w = f64([1, -1, 2], true);
    vmap((row: Tensor) => row.mul(w).sin().sum())(x)
      .sum()
      .backward();
    close(x.grad as Tensor, a().mul(w.detach()).cos().mul(w.detach()));
    close(w.grad as Tensor, a().mul(w.detach()).cos().mul(a()).sum(0));
  });

  test('per-sample gradients', () => {
    const loss = (w: Tensor, x: Tensor, y: Tensor): Tensor => w.dot(x).sub(y).square();
    const [w, x, y] = [f64([1, 2, 3]), a(), f64([1, -1])];
    const gradients = vmap(gradOf(loss), { inDims: [null, 0, 0] })(w, x, y);
    // d (w·x - y)² = 2 (w·x - y) x
    close(gradients, x.mv(w).sub(y).mul(2).unsqueeze(1).mul(x));
    expect(gradients.requiresGrad).toBe(false);
  });

  test('second derivatives through per-sample gradients', () => {
    const x = a().requiresGrad_();
    const g = vmap(gradOf((row: Tensor) => row.pow(3).sum()))(x);
    expect(g.requiresGrad).toBe(true);
    close(grad(g.sum(), x)[0], a().mul(6));
  });

  test('captured tensors that share memory keep their own histories', () => {
    const w = f64([1, 2, 3], true);
    const detached = w.detach();
    const view = w.slice(0, 0, 3);
    const y = vmap((row: Tensor) => row.mul(w).add(detached.mul(5)).add(view))(a());
    close(grad(y.sum(), w)[0], a().sum(0).add(2));
  });

  test('what was saved of a detached tensor stays detached', () => {
    const f = (x: Tensor): Tensor => gradOf((u: Tensor) => u.mul(x.detach()).mul(x).sum())(x);
    // d/du (u x̂ x) = x̂ x, whose derivative by x is x̂
    const x = a().requiresGrad_();
    close(grad(vmap(f)(x).sum(), x)[0], a());
    close(jvp(f, [a()], [onesLike(a())]).tangent, a());
  });

  test('a graph from outside is run once', () => {
    const x = f64([1, 2, 3], true);
    const y = x.exp().square();
    const rows = vmap((v: Tensor) => grad(y, x, { gradOutputs: v })[0])(core.eye(3, { dtype: 'float64' }));
    close(rows.sum(0), x.detach().mul(2).exp().mul(2), 8);
  });

  test('batched cotangents for a graph from outside', () => {
    const x = f64([1, 2, 3], true);
    const y = x.square();
    const rows = vmap((v: Tensor) => grad(y, x, { gradOutputs: v, retainGraph: true })[0])(
      core.eye(3, { dtype: 'float64' }),
    );
    close(
      rows,
      f64([
        [2, 0, 0],
        [0, 4, 0],
        [0, 0, 6],
      ]),
    );
  });

  test('gradients of an argument that requires grad, asked for inside', () => {
    const x = a().requiresGrad_();
    close(vmap((row: Tensor) => grad(row.square().sum(), row)[0])(x), a().mul(2));
  });

  test('noGrad and detach inside keep gradients out', () => {
    const x = a().requiresGrad_();
    const y = vmap((row: Tensor) => row.add(noGrad(() => row.square())).add(row.detach()))(x);
    close(grad(y.sum(), x)[0], ones([2, 3], { dtype: 'float64' }));
  });

  test('writes in place', () => {
    const x = a();
    const y = vmap((row: Tensor) => {
      const sum = row.newZeros([3]);
      sum.add_(row);
      sum.select(0, 1).mul_(10);
      row.slice(0, 1).add_(100);
      return sum;
    })(x);
    close(y, [
      [1, 20, 3],
      [4, 50, 6],
    ]);
    // writes to the arguments are seen outside
    close(x, [
      [1, 102, 103],
      [4, 105, 106],
    ]);
    const z = a();
    vmap((column: Tensor) => column.fill_(column.sum()), { inDims: 1 })(z);
    close(z, [
      [5, 7, 9],
      [5, 7, 9],
    ]);
  });

  test('writes from outside once, and not what differs between samples', () => {
    const outside = zeros([3], { dtype: 'float64' });
    const y = vmap((row: Tensor) => {
      outside.add_(1);
      return row.add(outside);
    })(a());
    close(outside, [1, 1, 1]);
    close(y, a().add(1));
    expect(() => vmap((row: Tensor) => outside.add_(row))(a())).toThrow(
      /vmap: add_\(self, \*extra_args\) is not possible because there exists a Tensor `other` in extra_args that has more elements than `self`/,
    );
    close(outside, [1, 1, 1]);
  });

  test('values of samples cannot be read, others can', () => {
    expect(() => vmap((x: Tensor) => (Number(x.toArraySync()) > 0 ? x : x.neg()))(f64([1, -1]))).toThrow(
      /vmap: It looks like you're calling \.item\(\) on a Tensor/,
    );
    expect(() => vmap((x: Tensor) => x.nonzero())(a())).toThrow(/calling \.item\(\)/);
    const k = f64(3);
    close(vmap((x: Tensor) => x.mul(Number(k.toArraySync())))(f64([1, -1])), [3, -3]);
    // a sample of the outer map, by way of the inner
    expect(() =>
      vmap((x: Tensor) => vmap((y: Tensor) => y.mul(Number(x.mul(2).toArraySync())))(x.expand([2])))(f64([1, -1])),
    ).toThrow(/calling \.item\(\)/);
  });

  test('random ops', () => {
    const x = zeros([3, 4]);
    const noisy = (row: Tensor): Tensor => row.add(rand([4]));
    expect(() => vmap(noisy)(x)).toThrow(
      /vmap: called random operation while in randomness error mode\. Please either use the 'same' or 'different' randomness flags on vmap/,
    );
    manualSeed(1);
    const same = vmap(noisy, { randomness: 'same' })(x);
    manualSeed(1);
    // one draw, and the trace leaves no mark on the generator
    expect(list(same.select(0, 2))).toEqual(list(rand([4])));
    expect(list(same.select(0, 0))).toEqual(list(same.select(0, 2)));
    const different = vmap(noisy, { randomness: 'different' })(x);
    expect(list(different.select(0, 0))).not.toEqual(list(different.select(0, 1)));
    const orders = vmap((row: Tensor) => row.add(randperm(4)), { randomness: 'different' })(x);
    expect(list(orders.sort().values.sum(0))).toEqual([0, 3, 6, 9]);
    const generator = new Generator(5);
    const picked = vmap((p: Tensor) => p.multinomial(2, { generator }), { randomness: 'different' })(ones([5, 3]));
    expect(picked.shape).toEqual([5, 2]);
    const drawn = vmap((row: Tensor) => row.clone().normal_(), { randomness: 'different' })(x);
    expect(list(drawn.select(0, 0))).not.toEqual(list(drawn.select(0, 1)));
    expect(() => vmap((p: Tensor) => p.bernoulli(), { randomness: 'same' })(x)).toThrow(
      /Vmap does not currently support same randomness with a batched tensor input/,
    );
    expect(
      list(
        vmap((row: Tensor) => core.randLike(row), { randomness: 'same' })(x)
          .std(0)
          .sum(),
      ),
    ).toBe(0);
  });

  test('custom Functions keep their backward', () => {
    const x = a().requiresGrad_();
    const y = vmap((row: Tensor) => TenTimesCube(row))(x);
    close(y, a().pow(3));
    close(grad(y.sum(), x)[0], a().square().mul(30));
    close(vmap(gradOf((row: Tensor) => TenTimesCube(row).sum()))(a()), a().square().mul(30));
  });

  test('custom Functions with saved intermediates, and with writes to their arguments', () => {
    close(vmap(gradOf((row: Tensor) => HalfExp(row).sum()))(a()), a().exp(), 8);
    const x = a().requiresGrad_();
    const y = vmap((row: Tensor) => Doubled.apply(row.clone()))(x);
    close(y, a().mul(2));
    close(grad(y.sum(), x)[0], ones([2, 3], { dtype: 'float64' }).mul(2));
    const captured = defineFunction({
      name: 'Capturing',
      forward: (_ctx, v: Tensor, f: () => Tensor) => v.mul(f()),
      backward: (_ctx, g: Tensor) => g,
    });
    expect(() => vmap((row: Tensor) => captured(f64([1, 2, 3]), () => row))(a())).toThrow(/pass it as an argument/);
  });

  test('ops of third parties run sample by sample, or by their bodies', () => {
    const first = core.defineOp<Sig<[Tensor], null>>({
      name: 'test.first',
      infer: ([x]) => ({ shape: [], dtype: x.dtype }),
      body: ([x]) => x.flatten().select(0, 0).clone(),
    });
    close(vmap((row: Tensor) => dispatch(first, [row], null) as Tensor)(a()), [1, 4]);
  });

  test('windows onto memory', () => {
    close(vmap((row: Tensor) => row.asStrided([2, 2], [1, 1]))(a()), [
      [
        [1, 2],
        [2, 3],
      ],
      [
        [4, 5],
        [5, 6],
      ],
    ]);
    const y = vmap((row: Tensor) => {
      const copy = row.clone();
      copy.asStrided([2], [2]).fill_(0);
      return copy;
    })(a());
    close(y, [
      [0, 2, 0],
      [0, 5, 0],
    ]);
  });

  test('a traced program with a vmap in it runs again', () => {
    const f = (x: Tensor): Tensor => vmap((row: Tensor) => row.softmax(0))(x);
    const { graph } = trace(f, [a()]);
    close(replay(graph, [a().mul(2)])[0], a().mul(2).softmax(1));
    expect(graph.nodes.map(({ spec }) => spec.name)).not.toContain('select');
  });

  test('a traced gradient of a custom Function runs again with what forward saved', () => {
    const { graph } = trace((x) => gradOf((row: Tensor) => HalfExp(row).sum())(x), [a()]);
    close(replay(graph, [a().neg()])[0], a().neg().exp());
  });

  test('bad arguments', () => {
    const id = (...x: Tensor[]): Tensor => x[0];
    expect(() => vmap(id)(zeros([2]), zeros([3]))).toThrow(
      'vmap: Expected all tensors to have the same size in the mapped dimension, got sizes [2, 3] for the mapped dimension',
    );
    expect(() => vmap(id)()).toThrow(/got no inputs/);
    expect(() => vmap(id)(f64(1))).toThrow(/Tensor of dimensionality 0 so expected inDim to satisfy -0 <= inDim < 0/);
    expect(() => vmap(id, { inDims: 2 })(a())).toThrow(
      /Got inDim=2 for some input, but that input is a Tensor of dimensionality 2/,
    );
    expect(() => vmap(id, { inDims: [0, 0] })(a())).toThrow(/an entry per argument \(1\)/);
    expect(() => vmap(id, { inDims: [null] })(a())).toThrow(/at least one input must be mapped over/);
    expect(() => vmap(id, { inDims: 0.5 })(a())).toThrow(/must be either an integer dimension or null/);
    expect(() => vmap(id, { inDims: [[0]] })(a())).toThrow(/not compatible with the structure/);
    expect(() => vmap((x: Tensor, k: number) => x.mul(k))(a(), 2)).toThrow(/We cannot vmap over non-Tensor arguments/);
    expect(() => vmap((() => 3) as never as typeof id)(a())).toThrow(/fn must only return Tensors/);
    expect(() => vmap(id, { outDims: 5 })(a())).toThrow(/outDim=5 is not a dim/);
    expect(() => vmap(id, { outDims: [0, 0] })(a())).toThrow(/not compatible with the structure of the outputs/);
    expect(() => vmap(id, { chunkSize: 0 })).toThrow(/chunk_size should be null or greater than 0/);
    expect(() => vmap(id, { randomness: 'some' as never })).toThrow(/Only allowed values for randomness/);
    expect(() => vmap(id, { dims: 0 } as never)).toThrow(/unknown option 'dims'/);
    expect(() => vmap(3 as never)).toThrow(/fn must be a function/);
    const w = f64([1], true);
    const steps = (x: Tensor): Tensor => {
      x.mul(w).sum().backward();
      return x;
    };
    expect(() => vmap(steps)(a())).toThrow(/backward\(\) was called inside/);
  });

  test('errors inside leave the road as it was', () => {
    expect(() =>
      vmap((_row: Tensor): Tensor => {
        throw new Error('mine');
      })(a()),
    ).toThrow('mine');
    expect(core.interpreters.length).toBe(0);
  });
});

describe('jvp', () => {
  const x = (): Tensor => f64([0.5, 1, 2]);
  const t = (): Tensor => f64([1, -1, 3]);

  test('of a few functions', () => {
    const { output, tangent } = jvp((v: Tensor) => v.sin(), [x()], [t()]);
    close(output, x().sin());
    close(tangent, x().cos().mul(t()));
    // d (u·v) = du·v + u·dv
    close(jvp((u: Tensor, v: Tensor) => u.dot(v), [x(), t()], [t(), x()]).tangent, t().dot(t()).add(x().dot(x())));
  });

  test('structures, aux, and results without a tangent', () => {
    const { output, tangent, aux } = jvp(
      ({ u }: { u: Tensor }, [v]: readonly [Tensor]): [{ y: Tensor; top: Tensor }, Tensor] => [
        { y: u.mul(v), top: u.argmax() },
        u.sum(),
      ],
      [{ u: x() }, [t()]],
      [{ u: t() }, [x()]],
      { hasAux: true },
    );
    close(output.y, x().mul(t()));
    close(tangent.y, t().square().add(x().square()));
    expect(list(tangent.top)).toBe(0);
    close(aux, 3.5);
  });

  test('constants: what is captured, detached, or the same tensor by another way', () => {
    const u = x();
    close(jvp((v: Tensor) => v.mul(u), [u], [t()]).tangent, x().mul(t()));
    close(jvp((v: Tensor, w: Tensor) => v.mul(w), [u, u], [t(), u]).tangent, x().mul(t()).add(x().square()));
    close(jvp((v: Tensor) => v.mul(v.detach()), [u], [t()]).tangent, x().mul(t()));
    // as in PyTorch, noGrad is about backward
    close(jvp((v: Tensor) => noGrad(() => v.square()), [u], [t()]).tangent, x().mul(2).mul(t()));
  });

  test('in-place writes and views', () => {
    const f = (v: Tensor): Tensor => {
      const y = v.clone();
      y.slice(0, 0, 2).mul_(v.slice(0, 1));
      return y;
    };
    // y = [v0 v1, v1 v2, v2]
    close(jvp(f, [x()], [t()]).tangent, [1 * 1 + 0.5 * -1, -1 * 2 + 1 * 3, 3]);
    const u = x();
    close(jvp((v: Tensor) => v.mul_(2), [u], [t()]).tangent, t().mul(2));
    close(u, x().mul(2));
  });

  test('of another layout than row-major', () => {
    const m = a().t();
    const result = jvp((v: Tensor) => v.asStrided([2], [3], 1), [m], [onesLike(m)]);
    close(result.output, [2, 5]);
    close(result.tangent, [1, 1]);
  });

  test('values may be read: the program is that of these values', () => {
    const f = (v: Tensor): Tensor => (Number(v.sum().toArraySync()) > 0 ? v.square() : v);
    close(jvp(f, [x()], [t()]).tangent, x().mul(2).mul(t()));
  });

  test('a custom Function has the derivative of its backward', () => {
    close(jvp((v: Tensor) => TenTimesCube(v), [x()], [t()]).tangent, x().square().mul(30).mul(t()));
    close(jvp((v: Tensor) => HalfExp(v), [x()], [t()]).tangent, x().exp().mul(t()));
    close(jvp((v: Tensor) => Doubled.apply(v.clone()), [x()], [t()]).tangent, t().mul(2));
    const opaque = defineFunction({
      name: 'Opaque',
      forward: (_ctx, v: Tensor) => v.clone(),
      backward: (_ctx, g: Tensor) => noGrad(() => g.mul(3)),
    });
    expect(() => jvp((v: Tensor) => opaque(v), [x()], [t()])).toThrow(/the backward of Opaque is not differentiable/);
  });

  test('forward over reverse, of a custom Function too', () => {
    const { output, tangent } = jvp(
      gradOf((v: Tensor) => v.pow(3).sum()),
      [x()],
      [t()],
    );
    close(output, x().square().mul(3));
    close(tangent, x().mul(6).mul(t()));
    // its backward is 30 v² g, whose derivative is 60 v
    close(
      jvp(
        gradOf((v: Tensor) => TenTimesCube(v).sum()),
        [x()],
        [t()],
      ).tangent,
      x().mul(60).mul(t()),
    );
    const both = jvp(
      gradAndValue((v: Tensor) => v.pow(3).sum()),
      [x()],
      [t()],
    );
    close(both.tangent[1], x().square().mul(3).mul(t()).sum());
  });

  test('reverse over forward', () => {
    const u = x().requiresGrad_();
    const d = t().requiresGrad_();
    const { tangent } = jvp((v: Tensor) => v.pow(3).cumprod(0), [u], [d]);
    const again = jvp((v: Tensor) => v.pow(3).cumprod(0), [u.detach()], [d.detach()]);
    expect(again.tangent.requiresGrad).toBe(false);
    const [gu, gd] = grad(tangent.sum(), [u, d]);
    // the derivative by the tangent is the vjp with ones
    close(gd, vjp((v) => v.pow(3).cumprod(0), [u.detach()], ones([3], { dtype: 'float64' })).vjp[0], 9);
    const step = 1e-6;
    const at = (i: number, s: number): number => {
      const moved = x();
      moved.select(0, i).add_(s);
      return Number(
        jvp((v: Tensor) => v.pow(3).cumprod(0), [moved], [t()])
          .tangent.sum()
          .toArraySync(),
      );
    };
    close(
      gu,
      [0, 1, 2].map((i) => (at(i, step) - at(i, -step)) / (2 * step)),
      3,
    );
    // also where the gradient inside needs no graph of its own
    const w = t().requiresGrad_();
    close(
      grad(
        jvp(
          gradOf((v: Tensor) => v.pow(3).sum()),
          [x()],
          [w],
        ).tangent.sum(),
        w,
      )[0],
      x().mul(6),
    );
  });

  test('nests', () => {
    const first = (v: Tensor): Tensor => jvp((u: Tensor) => u.pow(4), [v], [ones([3], { dtype: 'float64' })]).tangent;
    close(jvp(first, [x()], [ones([3], { dtype: 'float64' })]).tangent, x().square().mul(12));
  });

  test('with vmap, both ways', () => {
    const directions = core.eye(3, { dtype: 'float64' });
    const u = x();
    close(vmap((d: Tensor) => jvp((v: Tensor) => v.exp(), [u], [d]).tangent)(directions), directions.mul(u.exp()));
    const f = vmap((row: Tensor) => row.softmax(0).square());
    close(jvp(f, [a()], [a()]).tangent, jvp((m: Tensor) => m.softmax(1).square(), [a()], [a()]).tangent);
  });

  test('random numbers are drawn once', () => {
    manualSeed(3);
    const { output } = jvp((v: Tensor) => v.mul(rand([3], { dtype: 'float64' })), [x()], [t()]);
    manualSeed(3);
    close(output, x().mul(rand([3], { dtype: 'float64' })));
  });

  test('bad arguments', () => {
    const f = (v: Tensor): Tensor => v;
    expect(() => jvp(f, [x()], [] as never)).toThrow(/same structure/);
    expect(() => jvp(f, [x()], [f64([1])])).toThrow(/tangent 0 is float64\[1\], its primal float64\[3\]/);
    expect(() => jvp(f, [x()], [ones([3])])).toThrow(/they must be equal/);
    expect(() => jvp(f, [arange(3)], [arange(3)])).toThrow(AutogradError);
    expect(() => jvp(f, x() as never, t() as never)).toThrow(/to be arrays/);
    expect(() => jvp(f, [] as never, [] as never)).toThrow(/at least one primal/);
    expect(() => jvp((() => 3) as never, [x()], [t()])).toThrow(/only tensors as outputs/);
    expect(() => jvp(f, [x()], [t()], { aux: true } as never)).toThrow(/unknown option 'aux'/);
    const op = core.defineOp<Sig<[Tensor], null>>({
      name: 'test.norule',
      infer: ([v]) => ({ shape: v.shape, dtype: v.dtype }),
      kernel: (runtime, outs, [v], attrs) => builtinOps.clone.kernel?.(runtime, outs, [v], attrs),
    });
    expect(() => jvp((v: Tensor) => dispatch(op, [v], null) as Tensor, [x()], [t()])).toThrow(
      /derivative for 'test\.norule' is not implemented/,
    );
  });
});

describe('derivatives as functions', () => {
  const x = (): Tensor => f64([0.5, 1, 2]);

  test('gradOf nests', () => {
    const f = (v: Tensor): Tensor => v.pow(4);
    close(gradOf(gradOf(gradOf(f)))(f64(2)), 48);
    expect(gradOf(f)(f64(2)).requiresGrad).toBe(false);
    const u = f64(2, true);
    close(grad(gradOf(f)(u), u)[0], 48);
    close(
      noGrad(() => gradOf(gradOf(f))(f64(2))),
      48,
    );
  });

  test('argnums, structures and aux', () => {
    const f = (u: Tensor, { v, w }: { v: Tensor; w: Tensor }): Tensor => u.mul(v).add(w.square()).sum();
    const tree = { v: f64([1, 2, 3]), w: f64([4, 5, 6]) };
    const g = gradOf(f, { argnums: 1 })(x(), tree);
    close(g.v, x());
    close(g.w, [8, 10, 12]);
    const [gu, gt] = gradOf(f, { argnums: [0, 1] })(x(), tree);
    close(gu, [1, 2, 3]);
    close(gt.w, [8, 10, 12]);
    const [value, [loss, aux]] = gradAndValue((v: Tensor): [Tensor, string] => [v.square().sum(), 'hi'], {
      hasAux: true,
    })(x());
    close(value, x().mul(2));
    close(loss, 5.25);
    expect(loss.requiresGrad).toBe(false);
    expect(aux).toBe('hi');
    const w = f64(3, true);
    const captured = gradOf((v: Tensor) => v.mul(w).square().sum())(x());
    close(grad(captured.sum(), w)[0], x().mul(2).mul(6).sum());
  });

  test('bad arguments', () => {
    expect(() => gradOf((v: Tensor) => v)(x())).toThrow(/Expected fn\(\.\.\.args\) to return a scalar tensor/);
    expect(() => gradOf((v: Tensor) => v.sum(), { argnums: 1 })(x())).toThrow(
      /Got argnum=1, but only 1 positional inputs/,
    );
    expect(() => gradOf((v: Tensor) => v.sum(), { argnums: [] as number[] })(x())).toThrow(/argnums must be/);
    expect(() => gradOf((v: Tensor) => v.sum())(arange(3))).toThrow(/floating point/);
    expect(() => gradOf((() => 1) as never)(x() as never)).toThrow(/to return a tensor/);
    expect(() => gradOf((v: Tensor) => v.sum(), { hasAux: true } as never)(x())).toThrow(/must return \[output, aux\]/);
    expect(() => jacrev((v: Tensor) => v, { chunks: 1 } as never)).toThrow(/unknown option 'chunks'/);
  });

  test('Jacobians in both modes', () => {
    const f = (v: Tensor): Tensor => stack([v.prod(), v.square().sum()]).outer(v);
    const [expected] = jacobian((v) => f(v), [x()]);
    close(jacrev(f)(x()), expected);
    close(jacrev(f, { chunkSize: 2 })(x()), expected);
    close(jacfwd(f)(x()), expected);
    const two = (u: Tensor, v: Tensor): Tensor => u.outer(v.sin());
    const [ju, jv] = jacrev(two, { argnums: [0, 1] })(x(), f64([1, 2]));
    const [fu, fv] = jacfwd(two, { argnums: [0, 1] })(x(), f64([1, 2]));
    close(fu, ju);
    close(fv, jv);
    expect(jv.shape).toEqual([3, 2, 2]);
    const [j, aux] = jacfwd((v: Tensor): [Tensor, Tensor] => [v.square(), v.sum()], { hasAux: true })(x());
    close(
      j,
      f64([
        [1, 0, 0],
        [0, 2, 0],
        [0, 0, 4],
      ]),
    );
    close(aux, 3.5);
    close(jacrev((v: Tensor): [Tensor, Tensor] => [v.square(), v.sum()], { hasAux: true })(x())[1], 3.5);
  });

  test('Hessians by every composition', () => {
    const f = (v: Tensor): Tensor => v.prod().add(v.pow(3).sum());
    // ∂² of v0 v1 v2 + Σ v³
    const expected = f64([
      [3, 2, 1],
      [2, 6, 0.5],
      [1, 0.5, 12],
    ]);
    close(jacfwd(jacrev(f))(x()), expected);
    close(jacrev(jacfwd(f))(x()), expected);
    close(jacrev(jacrev(f))(x()), expected);
    close(jacfwd(jacfwd(f))(x()), expected);
    const v = f64([1, -1, 2]);
    const product = hvp(f, [x()], [v]);
    close(product.output, 1 + 0.125 + 1 + 8);
    close(product.hvp[0], expected.mv(v));
    close(vhp(f, [x()], [v]).vhp[0], expected.mv(v));
    close(vmap(jacfwd(jacrev(f)))(stack([x(), x()])).select(0, 1), expected);
  });

  test('Jacobians can be differentiated', () => {
    const u = x().requiresGrad_();
    close(grad(jacrev((v: Tensor) => v.pow(3))(u).sum(), u)[0], x().mul(6));
    close(grad(jacfwd((v: Tensor) => v.pow(3))(u).sum(), u)[0], x().mul(6));
    expect(jacrev((v: Tensor) => v.pow(3))(x()).requiresGrad).toBe(false);
  });

  test('hvp of constants and linear functions is zero', () => {
    close(hvp((v) => v.sum(), [x()], [x()]).hvp[0], [0, 0, 0]);
    close(hvp(() => f64(1), [x()], [x()]).hvp[0], [0, 0, 0]);
    expect(() => hvp((v) => v, [x()], [x()])).toThrow(/single element/);
    expect(() => hvp((v) => v.sum(), [x()], [])).toThrow(/for each of the 1 inputs/);
  });
});
