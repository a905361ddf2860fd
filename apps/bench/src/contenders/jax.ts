/** The rows in jax-js on its WebAssembly backend. Training steps are the jitted gradient and update. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { serve, type Work, type Works } from '../contender.ts';

// jax-js looks for a GPU there; Node 20 has no such global
(globalThis as { navigator?: unknown }).navigator ??= {};
const { defaultDevice, init, jit, nn, numpy: np, random, valueAndGrad } = await import('@jax-js/jax');
await init('wasm');
defaultDevice('wasm');

type Array = ReturnType<typeof np.zeros>;

let seed = 0;
const randn = (shape: number[]): Array => random.normal(random.key(seed++), shape);
const done = (x: Array): Promise<void> => x.blockUntilReady().then((ready) => ready.dispose());

function square(n: number): Work {
  const [a, b] = [randn([n, n]), randn([n, n])];
  return () => done(np.matmul(a.ref, b.ref));
}

const works: Works = {
  ...Object.fromEntries([64, 128, 256, 512, 1024, 2048].map((n) => [`matmul ${n}`, () => square(n)])),
  'matmul transposed': () => {
    const [a, b] = [randn([512, 512]), randn([512, 512])];
    return () => done(np.matmul(a.ref, b.ref.transpose()));
  },
  'matmul batched': () => {
    const [a, b] = [randn([64, 32, 32]), randn([64, 32, 32])];
    return () => done(np.matmul(a.ref, b.ref));
  },
  add: () => {
    const [a, b] = [randn([2 ** 20]), randn([2 ** 20])];
    return () => done(a.ref.add(b.ref));
  },
  exp: () => {
    const x = randn([2 ** 20]);
    return () => done(np.exp(x.ref));
  },
  sum: () => {
    const x = randn([2 ** 20]);
    return () => done(np.sum(x.ref));
  },
  softmax: () => {
    const x = randn([512, 1024]);
    return () => done(nn.softmax(x.ref, -1));
  },
  attention: () => {
    const [q, k, v] = [0, 1, 2].map(() => randn([8, 8, 128, 64]));
    return () => done(np.matmul(nn.softmax(np.matmul(q.ref, k.ref.transpose([0, 1, 3, 2])).mul(1 / 8), -1), v.ref));
  },
  'add 4': () => {
    const [a, b] = [randn([4]), randn([4])];
    return () => done(a.ref.add(b.ref));
  },
  'net step': () => {
    const [x, y] = [randn([64, 1000]), randn([64, 10])];
    const loss = (w: Array[]): Array => np.sum(np.square(np.matmul(nn.relu(np.matmul(x.ref, w[0])), w[1]).sub(y.ref)));
    const step = jit((w: Array[]) => {
      const [value, [first, second]] = valueAndGrad(loss)(w.map((each) => each.ref));
      value.dispose();
      return [w[0].sub(first.mul(1e-6)), w[1].sub(second.mul(1e-6))];
    });
    let weights: Array[] = [randn([1000, 100]), randn([100, 10])];
    return async () => {
      weights = step(weights) as Array[];
      await weights[0].ref.blockUntilReady().then((ready) => ready.dispose());
    };
  },
};

const root = dirname(dirname(createRequire(import.meta.url).resolve('@jax-js/jax')));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
await serve(`jax-js wasm ${version}`, works);
