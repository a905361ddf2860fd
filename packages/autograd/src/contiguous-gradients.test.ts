/** The gradient of a matrix that met a product transposed lies in rows again, and becomes `grad` without a copy. */
import '@tenfold/backend-cpu/register';
import {
  cat,
  manualSeed,
  ones,
  randn,
  replay,
  stack,
  type Tensor,
  trace,
  transforms,
  withLayer,
} from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import { grad, gradcheck, gradgradcheck, gradOf, vmap } from './index.ts';

manualSeed(0);
const leaf = (...shape: number[]): Tensor => randn(shape, { dtype: 'float64', requiresGrad: true });
const fixed = (...shape: number[]): Tensor => randn(shape, { dtype: 'float64' });

type Matrix = readonly (readonly number[])[];
const rowsOf = (x: Tensor | null): Matrix => x?.toArraySync() as Matrix;
const product = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0].map((_, j) => row.reduce((sum, x, k) => sum + x * b[k][j], 0)));
const transposed = (a: Matrix): Matrix => a[0].map((_, j) => a.map((row) => row[j]));
const times = (factor: number, a: Matrix): Matrix => a.map((row) => row.map((x) => factor * x));

function expectNear(x: Tensor | null, expected: Matrix): void {
  const found = rowsOf(x);
  expect([found.length, found[0].length]).toEqual([expected.length, expected[0].length]);
  found.forEach((row, i) => row.forEach((value, j) => expect(value).toBeCloseTo(expected[i][j], 10)));
}

/** Names of the ops that `fn` runs. */
function opsOf(fn: () => void): string[] {
  const names: string[] = [];
  const spy = {
    process(spec: { readonly name: string }, _inputs: unknown, _attrs: unknown, next: () => never) {
      names.push(spec.name);
      return next();
    },
  };
  withLayer(transforms, spy, fn);
  return names;
}

// [name, a product of two leaves, transposed where it does not broadcast them, the leaves]
const programs: readonly (readonly [string, (a: Tensor, b: Tensor) => Tensor, Tensor, Tensor])[] = [
  ['mm', (a, b) => a.t().mm(b.t()), leaf(3, 2), leaf(4, 3)],
  ['mm with a vector as matrix', (a, b) => a.t().mm(b.t()), leaf(3, 1), leaf(1, 3)],
  ['addmm', (a, b) => ones([2, 4], { dtype: 'float64' }).addmm(a.t(), b.t(), { alpha: 3 }), leaf(3, 2), leaf(4, 3)],
  ['bmm', (a, b) => a.transpose(1, 2).bmm(b.transpose(1, 2)), leaf(5, 3, 2), leaf(5, 4, 3)],
  [
    'baddbmm',
    (a, b) => ones([4], { dtype: 'float64' }).baddbmm(a.transpose(1, 2), b.transpose(1, 2), { alpha: 3 }),
    leaf(5, 3, 2),
    leaf(5, 4, 3),
  ],
  ['matmul of batches', (a, b) => a.transpose(-1, -2).matmul(b.transpose(-1, -2)), leaf(2, 5, 3, 2), leaf(2, 5, 4, 3)],
  ['matmul of rows and a matrix', (a, b) => a.mul(1).matmul(b.t()), leaf(2, 5, 3), leaf(4, 3)],
  ['matmul of a matrix and a batch', (a, b) => a.mul(1).matmul(b.transpose(-1, -2)), leaf(2, 3), leaf(5, 4, 3)],
];

/** Those, and products that broadcast what is transposed: its gradient is a sum, which is in rows before it is transposed. */
const allPrograms: typeof programs = [
  ...programs,
  ['matmul of a transposed matrix and a batch', (a, b) => a.t().matmul(b), leaf(3, 2), leaf(5, 3, 4)],
  ['matmul of a batch and fewer', (a, b) => a.matmul(b.transpose(-1, -2)), leaf(2, 5, 2, 3), leaf(1, 4, 3)],
];

describe('the gradients of transposed factors', () => {
  test.each(programs)('of %s lie in rows', (_, fn, a, b) => {
    for (const g of grad(fn(a, b).sum(), [a, b])) expect((g as Tensor).isContiguous()).toBe(true);
  });

  test.each(allPrograms)('of %s have the right values, and second derivatives', (_, fn, a, b) => {
    expect(gradcheck(fn, [a, b])).toBe(true);
    expect(gradgradcheck(fn, [a, b])).toBe(true);
  });

  test.each(allPrograms)('of %s are the same for every sample of a vmap', (_, fn, a, b) => {
    const loss = (x: Tensor): Tensor => fn(x, b).sin().sum();
    const samples = stack([a, a.mul(2)]).detach();
    const found = vmap(gradOf(loss))(samples) as Tensor;
    for (const i of [0, 1]) {
      const x = samples.select(0, i).clone().requiresGrad_();
      const [expected] = grad(loss(x), [x]) as [Tensor];
      expect(found.select(0, i).sub(expected).abs().max().itemSync()).toBeLessThan(1e-12);
    }
  });

  test('are those of the formulas', () => {
    const [x, w, v] = [fixed(5, 3), leaf(4, 3), fixed(4, 3)];
    // L = Σ (X Wᵀ)²: dL/dW = 2 (X Wᵀ)ᵀ X, and the derivative of its product with V is 2 V Xᵀ X
    const [first] = grad(x.mm(w.t()).square().sum(), [w], { createGraph: true }) as [Tensor];
    const [X, W, V] = [x, w, v].map(rowsOf);
    expectNear(first, times(2, product(transposed(product(X, transposed(W))), X)));
    const [second] = grad(first.mul(v).sum(), [w]) as [Tensor];
    expectNear(second, times(2, product(V, product(transposed(X), X))));
  });

  test('hold in a traced graph for factors that lie otherwise', () => {
    const [a, b] = [fixed(3, 3), fixed(3, 3)];
    const slope = gradOf((p: Tensor, q: Tensor) => p.mm(q).sin().sum(), { argnums: 1 });
    const { graph } = trace((p, q) => slope(p, q) as Tensor, [a.clone(), b.t().clone().t()]);
    const [found] = replay(graph, [a, b]);
    const expected = product(transposed(rowsOf(a)), rowsOf(a.mm(b).cos()));
    expectNear(found, expected);
  });
});

describe('a gradient that is the one view of its memory', () => {
  test.each(programs)('of %s becomes grad without a copy', (_, fn, a, b) => {
    for (const x of [a, b]) x.grad = null;
    const loss = fn(a, b).sum();
    expect(opsOf(() => loss.backward())).not.toContain('clone');
    for (const x of [a, b]) {
      expect(x.grad?.isContiguous()).toBe(true);
      // a tensor of its own, as a copy would be
      expect(x.grad?.viewInfo).toBeNull();
    }
    expect(a.grad?.storage).not.toBe(b.grad?.storage);
  });

  test('is added to by a second backward', () => {
    const [x, w] = [fixed(5, 3), leaf(4, 3)];
    const loss = x.mm(w.t()).sum();
    loss.backward(undefined, { retainGraph: true });
    const held = w.grad;
    const once = rowsOf(held);
    loss.backward();
    expect(w.grad).toBe(held);
    expectNear(w.grad, times(2, once));
    expectNear(w.grad, times(2, product(transposed(rowsOf(ones([5, 4]))), rowsOf(x))));
  });

  test('is copied if somebody else holds it', () => {
    const [x, w, v, u] = [fixed(3, 3), leaf(3, 3), leaf(3, 3), leaf(3, 3)];
    // the one who calls backward
    const given = fixed(3, 3).t();
    w.t().backward(given);
    expect(w.grad?.storage).not.toBe(given.storage);
    given.mul_(0);
    expect(w.grad?.abs().max().itemSync()).toBeGreaterThan(0);

    // a hook
    const turned = v.t();
    const seen: Tensor[] = [];
    turned.registerHook((g) => {
      seen.push(g);
    });
    x.mm(turned).sum().backward();
    expect(seen).toHaveLength(1);
    expect(v.grad?.storage).not.toBe(seen[0].storage);

    // the grad of a tensor on the way
    const between = u.t();
    between.retainGrad();
    x.mm(between).sum().backward();
    expect(u.grad?.storage).not.toBe(between.grad?.storage);
    expectNear(u.grad, transposed(rowsOf(between.grad)));

    // another leaf, by views of one tensor
    const [a, b] = [leaf(2, 3), leaf(2, 3)];
    cat([a, b]).mul(2).sum().backward();
    expect(a.grad?.storage).not.toBe(b.grad?.storage);
    const [c, d] = [leaf(2, 2), leaf(2, 2)];
    c.t().add(d.t()).mul(fixed(2, 2)).sum().backward();
    expect(c.grad?.storage).not.toBe(d.grad?.storage);
    c.grad?.zero_();
    expect(d.grad?.abs().max().itemSync()).toBeGreaterThan(0);

    // one leaf by two ways
    const e = leaf(2, 2);
    e.t().add(e.t()).sum().backward();
    expectNear(e.grad, times(2, rowsOf(ones([2, 2]))));
  });

  test('is copied if it shows a part of its memory', () => {
    const a = leaf(2, 3);
    cat([a, fixed(4, 3)])
      .mul(2)
      .sum()
      .backward();
    expect(a.grad?.storage.length).toBe(6);
    expectNear(a.grad, times(2, rowsOf(ones([2, 3]))));
  });
});
