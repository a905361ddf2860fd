/** Positions and caches: what sampling token by token needs. */
import '@tenfold/backend-cpu/register';
import { noGrad } from '@tenfold/autograd';
import { ones, randn, type Tensor, tensor, tidy, zeros } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import { F, KVCache, RotaryPositionalEmbeddings } from './index.ts';

const float64 = { dtype: 'float64' } as const;
const int64 = { dtype: 'int64' } as const;

function expectClose(actual: Tensor, expected: Tensor): void {
  expect(actual.shape).toEqual(expected.shape);
  expect(actual.sub(expected).abs().max().itemSync()).toBeLessThan(1e-13);
}

describe('RotaryPositionalEmbeddings', () => {
  test('positions as a number, as a vector and as a batch', () => {
    const rope = new RotaryPositionalEmbeddings(4, { maxSeqLen: 8 });
    const x = randn([2, 5, 3, 4], float64);
    const whole = rope.forward(x);
    const end = x.narrow(1, 3, 2);
    const expected = whole.narrow(1, 3, 2);
    expectClose(rope.forward(end, { inputPos: 3 }), expected);
    expectClose(rope.forward(end, { inputPos: tensor([3, 4], int64) }), expected);
    const positions = tensor(
      [
        [3, 4],
        [3, 4],
      ],
      int64,
    );
    expectClose(rope.forward(end, { inputPos: positions }), expected);
  });

  test('products of turned vectors depend on the distance alone, beyond maxSeqLen too', () => {
    const rope = new RotaryPositionalEmbeddings(6, { maxSeqLen: 4 });
    const [q, k] = [randn([1, 1, 1, 6], float64), randn([1, 1, 1, 6], float64)];
    const product = (i: number, j: number): Tensor =>
      rope
        .forward(q, { inputPos: i })
        .mul(rope.forward(k, { inputPos: j }))
        .sum();
    expectClose(product(7, 5), product(2, 0));
  });

  test('half precision, and a table that outlives tidy', () => {
    const rope = new RotaryPositionalEmbeddings(2);
    const x = ones([1, 3, 1, 2], { dtype: 'float16' });
    const first = tidy(() => rope.forward(x));
    expect(first.dtype).toBe('float16');
    expect(rope.forward(x).toArraySync()).toEqual(first.toArraySync());
    expect(rope.stateDict()).toEqual({});
  });

  const rope = new RotaryPositionalEmbeddings(4);
  const x = zeros([2, 3, 1, 4]);
  test.each<[string, () => unknown, string]>([
    ['an odd dim', () => new RotaryPositionalEmbeddings(3), 'dim must be even'],
    ['no positions', () => new RotaryPositionalEmbeddings(2, { maxSeqLen: 0 }), 'maxSeqLen must be an integer'],
    ['a base', () => new RotaryPositionalEmbeddings(2, { base: -1 }), 'base must be a number above 0'],
    ['no tensor', () => rope.forward(3 as never), 'expected a tensor'],
    ['other features', () => rope.forward(zeros([2, 3, 1, 6])), 'expected [b, s, n_h, 4], got [2, 3, 1, 6]'],
    ['integers', () => rope.forward(x.to('int64')), 'expected a float dtype, got int64'],
    ['a position below 0', () => rope.forward(x, { inputPos: -1 }), 'inputPos must be an integer'],
    ['a list of positions', () => rope.forward(x, { inputPos: [1] as never }), 'inputPos must be a tensor or a number'],
    ['positions of floats', () => rope.forward(x, { inputPos: zeros([3]) }), 'inputPos must be int64, got float32'],
    [
      'other numbers of positions',
      () => rope.forward(x, { inputPos: zeros([2, 4], int64) }),
      'must be of shape [2, 3] or [3], got [2, 4]',
    ],
    ['a position beyond the table', () => rope.forward(x, { inputPos: tensor([0, 1, 5000], int64) }), 'out of'],
  ])('refuses %s', (_, call, message) => {
    expect(call).toThrow(message);
  });
});

describe('KVCache', () => {
  test('token by token gives what the whole sequence gives', () => {
    const rope = new RotaryPositionalEmbeddings(4);
    const cache = new KVCache(2, 8, 1, 4, float64);
    const [q, k, v] = [randn([2, 6, 2, 4], float64), randn([2, 6, 1, 4], float64), randn([2, 6, 1, 4], float64)];
    const heads = (x: Tensor): Tensor => x.transpose(1, 2);
    const whole = F.scaledDotProductAttention(heads(rope.forward(q)), heads(rope.forward(k)), heads(v), {
      isCausal: true,
      enableGqa: true,
    });
    // a prompt of three, then one at a time
    let start = 0;
    for (const length of [3, 1, 1, 1]) {
      const part = (x: Tensor): Tensor => x.narrow(1, start, length);
      const turned = (x: Tensor): Tensor => heads(rope.forward(part(x), { inputPos: start }));
      const [keys, values] = cache.update(turned(k), heads(part(v)));
      const y = F.scaledDotProductAttention(turned(q), keys, values, { isCausal: start === 0, enableGqa: true });
      expectClose(y, whole.narrow(2, start, length));
      start += length;
    }
    expect(cache.size).toBe(6);
    cache.reset();
    const [keys] = cache.update(heads(k.narrow(1, 5, 1)), heads(v.narrow(1, 5, 1)));
    expectClose(keys, heads(k.narrow(1, 5, 1)));
    expect(cache.size).toBe(1);
    expect(cache.stateDict()).toEqual({});
    expect(cache.to('float32').k_cache.dtype).toBe('float32');
  });

  test('refuses what does not fit, and gradients', () => {
    const cache = new KVCache(1, 2, 1, 2);
    const x = zeros([1, 1, 1, 2]);
    expect(() => cache.update(zeros([1, 1, 2]), x)).toThrow('expected keys of shape [1, 1, s, 2], got [1, 1, 2]');
    expect(() => cache.update(x, zeros([1, 1, 2, 2]))).toThrow('expected values of shape [1, 1, s, 2]');
    expect(() => cache.update(1 as never, x)).toThrow('keys must be a tensor');
    expect(() => cache.update(zeros([1, 1, 3, 2]), zeros([1, 1, 3, 2]))).toThrow(
      'The current cache has been setup with a sequence length of 2, but 3 positions would be filled',
    );
    const leaf = zeros([1, 1, 1, 2], { requiresGrad: true });
    expect(() => cache.update(leaf, x)).toThrow("gradients don't flow through a cache");
    expect(cache.size).toBe(0);
    noGrad(() => cache.update(leaf, x));
    expect(cache.size).toBe(1);
    expect(() => new KVCache(1, 0, 1, 1)).toThrow('maxSeqLen must be an integer of at least 1');
    expect(() => new KVCache(1, 1, 1, 1, { size: 2 } as never)).toThrow("unknown option 'size'");
  });
});
