/** Views, writes in place and hooks: what small programs leave behind is what PyTorch's do, which are in the fixture under the same names. */
import '@tenfold/backend-cpu/register';
import { readFileSync } from 'node:fs';
import { arange, ones, type Tensor, tensor, zeros } from '@tenfold/tensor-core';
import { expect, test } from 'vitest';
import { defineFunction, type FunctionContext, type Node, noGrad, savedTensorsHooks } from './index.ts';

const fixture = JSON.parse(
  readFileSync(new URL('../../backend-testkit/fixtures/histories.json', import.meta.url), 'utf8'),
) as { readonly programs: readonly { readonly name: string; readonly result: unknown }[] };

const leaf = (...data: number[]): Tensor => tensor(data.length ? data : [1, 2, 3, 4], { requiresGrad: true });
const list = (x: Tensor | null | undefined): unknown => x?.toArraySync();
const head = (x: Tensor): Tensor => x.slice(0, 0, 2);

const dirtyTwice = defineFunction({
  name: 'Dirty',
  forward(ctx: FunctionContext, x: Tensor) {
    ctx.markDirty(x);
    return x.mul_(2);
  },
  backward: (_ctx: FunctionContext, g: Tensor) => g.mul(2),
});

const programs: { readonly [name: string]: () => unknown } = {
  versions() {
    const x = arange(4, { dtype: 'float32' });
    const [v, d, t] = [x.slice(0, 1), x.detach(), x.data];
    const out = [() => v.add_(1), () => d.mul_(2), () => t.add_(1)].map((write) => {
      write();
      return [x.version, v.version, d.version, t.version];
    });
    return [out, list(x), x.clone().version];
  },
  base_takes_over() {
    const [x, w] = [zeros([4]), leaf(2, 3)];
    const v = head(x);
    v.mul_(w);
    return [x.requiresGrad, v.requiresGrad, x.isLeaf, v.isLeaf, x.version];
  },
  overlapping_views() {
    const x = leaf();
    const y = x.mul(1);
    const [a, b] = [head(y), y.slice(0, 1, 3)];
    a.mul_(3);
    b.mul_(4);
    y.mul(y).sum().backward();
    return list(x.grad);
  },
  view_before_and_after() {
    const x = leaf();
    const y = x.mul(1);
    const a = y.view([2, 2]);
    const z = a.mul(2).sum();
    y.mul_(5);
    a.sum().add(z).backward();
    return list(x.grad);
  },
  view_of_leaf_without_grad() {
    const x = leaf();
    const v = head(x);
    noGrad(() => v.fill_(9));
    x.mul(x).sum().backward();
    return [list(x.grad), x.version, v.requiresGrad];
  },
  data_write() {
    const x = leaf();
    const y = x.mul(x);
    x.data.mul_(2);
    y.sum().backward();
    return [list(x.grad), x.version];
  },
  detached_view_write() {
    const y = leaf().mul(1);
    const v = y.view([2, 2]).detach();
    v.mul_(ones([2, 2], { requiresGrad: true }));
    return [v.requiresGrad, v.isLeaf, y.version];
  },
  rows() {
    const [x, b] = [leaf(), zeros([2, 4])];
    b.select(0, 0).copy_(x);
    b.select(0, 1).copy_(x.mul(3));
    b.mul(b).sum().backward();
    return list(x.grad);
  },
  dirty() {
    const x = leaf();
    const y = x.mul(1);
    const r = dirtyTwice(y);
    y.sum().backward();
    return [list(x.grad), r === y, y.version];
  },
  dirty_view() {
    const x = leaf();
    const y = x.mul(1);
    const v = head(y);
    const r = dirtyTwice(v);
    y.sum().backward();
    return [list(x.grad), r === v];
  },
  diagonal() {
    const [x, w] = [zeros([2, 2]), leaf(1, 2)];
    x.diagonal().add_(w);
    x.mul(x).sum().backward();
    return list(w.grad);
  },
  hook_before_write() {
    const [x, log] = [leaf(1, 2), [] as unknown[]];
    const y = x.mul(2);
    y.registerHook((g) => void log.push(list(g)));
    y.mul_(3);
    y.sum().backward();
    return [log, list(x.grad)];
  },
  view_as_leaf() {
    const x = zeros([4]);
    const v = head(x);
    v.requiresGrad_();
    v.mul(2).sum().backward();
    return [list(v.grad), x.requiresGrad, v.isLeaf];
  },
  split_without_grad() {
    const y = leaf().mul(1);
    noGrad(() => y.split(2)[0].mul_(3));
    y.sum().backward();
    return list(y);
  },
  node_hook() {
    const [x, log] = [leaf(1, 2), [] as unknown[]];
    const y = x.mul(2);
    y.registerHook((g) => {
      log.push(['tensor', list(g)]);
      return g.mul(10);
    });
    (y.gradFn as Node).registerHook(([i], [o]) => void log.push(['node', list(i), list(o)]));
    x.registerHook((g) => void log.push(['leaf', list(g)]));
    y.sum().backward();
    return log;
  },
  saved_once() {
    const [x, w, log] = [leaf(1, 2), leaf(3, 4), [] as unknown[]];
    const note =
      (what: string) =>
      (t: Tensor): Tensor => {
        log.push([what, list(t)]);
        return t;
      };
    const y = savedTensorsHooks(note('pack'), note('unpack'), () => x.mul(w).relu());
    y.sum().backward();
    // PyTorch unpacks in the order of the operands, we in that of the formulas
    const sorted = (entries: unknown[]): unknown[] => entries.toSorted((a, b) => (String(a) < String(b) ? -1 : 1));
    return [...log.slice(0, 4), ...sorted(log.slice(4))];
  },
};

test.each(fixture.programs.map(({ name, result }) => [name, result] as const))('%s', (name, result) => {
  expect(programs[name]?.()).toEqual(result);
});
