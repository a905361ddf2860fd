import { cpu } from '@tenfold/backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  arange,
  fillNormal32,
  fillUniform32,
  fillUniform64,
  Generator,
  manualSeed,
  multinomial,
  normal,
  rand,
  randint,
  randn,
  randnLike,
  randperm,
  registerBackend,
  tensor,
  zeros,
} from '../index.ts';

beforeAll(() => registerBackend(cpu()));

describe('generators', () => {
  it('draw the Philox streams, one request after the other', () => {
    manualSeed(7);
    const expected32 = new Float32Array(8);
    fillUniform32(expected32, 7, 0);
    expect(rand([5]).toTypedArraySync()).toEqual(expected32.slice(0, 5));
    const normals = new Float32Array(3);
    fillNormal32(normals, 7, 2);
    expect(randn([3]).toTypedArraySync()).toEqual(normals);
    const expected64 = new Float64Array(2);
    fillUniform64(expected64, 7, 3);
    expect(rand([2], { dtype: 'float64' }).toTypedArraySync()).toEqual(expected64);
  });

  it('repeat from a seed or a state', () => {
    const generator = new Generator(3);
    const first = randn([4], { generator }).toArraySync();
    const state = generator.getState();
    const second = randn([4], { generator }).toArraySync();
    expect(second).not.toEqual(first);
    expect(randn([4], { generator: generator.setState(state) }).toArraySync()).toEqual(second);
    expect(randn([4], { generator: generator.manualSeed(3) }).toArraySync()).toEqual(first);
    expect(() => new Generator(-1)).toThrow(/seed/);
    expect(() => rand([1], { generator: 5 as never })).toThrow('generator must be a Generator');
  });

  it('fill views in place with the numbers a contiguous tensor gets', () => {
    const x = zeros([3, 2]);
    x.t().uniform_(0, 1, { generator: new Generator(1) });
    expect(x.t().contiguous().toArraySync()).toEqual(rand([2, 3], { generator: new Generator(1) }).toArraySync());
  });
});

describe('distributions', () => {
  const count = 4096;
  it('stay in range and near their means', () => {
    manualSeed(0);
    const values = (x: { toTypedArraySync(): ArrayLike<number | bigint> }) => Array.from(x.toTypedArraySync(), Number);
    const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
    // five standard errors around the mean
    const near = (list: number[], expected: number, std: number) =>
      expect(Math.abs(mean(list) - expected)).toBeLessThan((5 * std) / Math.sqrt(list.length));
    const u = values(zeros([count]).uniform_(-2, 3));
    expect(u.every((x) => x >= -2 && x < 3)).toBe(true);
    near(u, 0.5, 5 / Math.sqrt(12));
    near(values(zeros([count]).normal_(4, 2)), 4, 2);
    near(values(zeros([count], { dtype: 'float64' }).exponential_(2)), 0.5, 0.5);
    near(values(zeros([count]).bernoulli_(0.3)), 0.3, Math.sqrt(0.21));
    near(values(zeros([count], { dtype: 'float16' }).uniform_()), 0.5, 1 / Math.sqrt(12));
    expect(values(zeros([count], { dtype: 'bfloat16' }).uniform_()).every((x) => x < 1)).toBe(true);
    const dice = values(randint(1, 7, [count]));
    expect([Math.min(...dice), Math.max(...dice)]).toEqual([1, 6]);
    near(dice, 3.5, Math.sqrt(35 / 12));
    const large = values(randint(-(2 ** 40), 2 ** 40, [count]));
    expect(large.every((x) => x >= -(2 ** 40) && x < 2 ** 40)).toBe(true);
    near(large, 0, 2 ** 41 / Math.sqrt(12));
    near(values(normal(tensor([1]).expand([count]), 3)), 1, 3);
    near(values(normal(-1, 0.5, { shape: [count] })), -1, 0.5);
    near(values(randnLike(zeros([count]))), 0, 1);
    near(values(zeros([count], { dtype: 'int64' }).random_(10)), 4.5, Math.sqrt(99 / 12));
  });

  it('permute', () => {
    const order = randperm(100, { generator: new Generator(5) });
    expect(order.toArraySync()).not.toEqual(arange(100).toArraySync());
    expect(order.sort().values.toArraySync()).toEqual(arange(100).toArraySync());
    expect(randperm(0).shape).toEqual([0]);
  });

  it('draw categories by their weights', () => {
    const weights = tensor([0, 1, 3, 0]);
    const drawn = Array.from(
      multinomial(weights, count, { replacement: true, generator: new Generator(2) }).toTypedArraySync(),
      Number,
    );
    expect(new Set(drawn)).toEqual(new Set([1, 2]));
    expect(Math.abs(drawn.filter((x) => x === 2).length / count - 0.75)).toBeLessThan(
      (5 * Math.sqrt(0.1875)) / Math.sqrt(count),
    );
    expect(multinomial(weights, 2).sort().values.toArraySync()).toEqual([1, 2]);
    expect(multinomial(weights.expand([5, 4]), 3, { replacement: true }).shape).toEqual([5, 3]);
    expect(() => multinomial(weights, 5)).toThrow(
      'cannot sample n_sample > prob_dist.size(-1) samples without replacement',
    );
    expect(() => multinomial(tensor([-1, 1]), 1)).toThrow(
      'probability tensor contains either `inf`, `nan` or element < 0',
    );
    expect(() => multinomial(zeros([2]), 1)).toThrow('invalid multinomial distribution (sum of probabilities <= 0)');
  });

  it('refuse bad arguments', () => {
    expect(() => zeros([1], { dtype: 'int64' }).uniform_()).toThrow(/not implemented for 'int64'/);
    expect(() => zeros([1]).uniform_(1, 0)).toThrow('uniform_ expects to return a [from, to) range');
    expect(() => zeros([1]).normal_(0, -1)).toThrow('normal expects std >= 0.0');
    expect(() => randint(3, 3, [1])).toThrow("expects 'from' to be less than 'to'");
    expect(() => zeros([1]).bernoulli_(2)).toThrow('p to be in [0, 1]');
  });
});
