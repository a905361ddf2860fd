import { cpu } from '@tenfold/backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  arange,
  type DType,
  fillNormal32,
  fillUniform32,
  fillUniform64,
  forkRng,
  Generator,
  getRngState,
  initialSeed,
  manualSeed,
  multinomial,
  normal,
  rand,
  randint,
  randintLike,
  randn,
  randnLike,
  randperm,
  registerBackend,
  seed,
  setRngState,
  type Tensor,
  tensor,
  zeros,
} from '../index.ts';
import { chiSquare, chiSquareLimit, KS_LIMIT, kolmogorovSmirnov, normalCdf } from '../test-statistics.ts';

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

describe('distributions pass tests that fail for one seed in a thousand', () => {
  const n = 100_000;
  const generator = () => new Generator(2024);
  const numbers = (x: Tensor): Float64Array => Float64Array.from(x.toTypedArraySync() as Float64Array, Number);
  const empty = (dtype: DType = 'float64') => zeros([n], { dtype });
  const unit = (x: number) => Math.min(Math.max(x, 0), 1);

  it.each<[name: string, draw: () => Tensor, cdf: (x: number) => number]>([
    ['rand float32', () => rand([n], { generator: generator() }), unit],
    ['rand float64', () => rand([n], { dtype: 'float64', generator: generator() }), unit],
    ['uniform_', () => empty().uniform_(-2, 3, { generator: generator() }), (x) => unit((x + 2) / 5)],
    ['randn float32', () => randn([n], { generator: generator() }), normalCdf],
    ['randn float64', () => randn([n], { dtype: 'float64', generator: generator() }), normalCdf],
    ['normal_', () => empty().normal_(4, 2, { generator: generator() }), (x) => normalCdf((x - 4) / 2)],
    [
      'normal of tensors',
      () => {
        const mean = rand([n, 1], { dtype: 'float64', generator: new Generator(1) }).mul(10);
        return normal(mean, tensor([0.5], { dtype: 'float64' }), { generator: generator() })
          .sub(mean)
          .flatten();
      },
      (x) => normalCdf(2 * x),
    ],
    ['exponential_', () => empty('float32').exponential_(2, { generator: generator() }), (x) => 1 - Math.exp(-2 * x)],
    [
      'logNormal_',
      () => empty().logNormal_(1, 0.5, { generator: generator() }),
      (x) => normalCdf((Math.log(x) - 1) / 0.5),
    ],
    ['cauchy_', () => empty().cauchy_(1, 2, { generator: generator() }), (x) => 0.5 + Math.atan((x - 1) / 2) / Math.PI],
  ])('%s (Kolmogorov and Smirnov)', (_, draw, cdf) => {
    expect(kolmogorovSmirnov(numbers(draw()), cdf)).toBeLessThan(KS_LIMIT);
  });

  /** How often each whole number from 0 on occurs. */
  const tally = (values: Iterable<number>, categories: number): number[] => {
    const counts = new Array<number>(categories).fill(0);
    for (const value of values) counts[value]++;
    return counts;
  };
  const check = (counts: readonly number[], probabilities: readonly number[]) => {
    const total = counts.reduce((a, b) => a + b);
    const expected = probabilities.map((p) => p * total);
    expect(chiSquare(counts, expected)).toBeLessThan(chiSquareLimit(counts.length));
  };
  const even = (categories: number): number[] => new Array<number>(categories).fill(1 / categories);

  it.each<[name: string, draw: () => Tensor, probabilities: number[]]>([
    ['randint', () => randint(7, [n], { generator: generator() }), even(7)],
    [
      'randint of a large range',
      () => randint(2 ** 40, [n], { generator: generator() }).div(2 ** 36, { roundingMode: 'floor' }),
      even(16),
    ],
    ['randintLike', () => randintLike(empty('int32'), -3, 9, { generator: generator() }).add(3), even(12)],
    ['random_', () => empty('int8').random_(undefined, undefined, { generator: generator() }), even(128)],
    ['bernoulli_', () => empty().bernoulli_(0.3, { generator: generator() }), [0.7, 0.3]],
    ['bernoulli', () => tensor([0.85]).expand([n]).bernoulli({ generator: generator() }), [0.15, 0.85]],
    [
      'geometric_',
      () => empty('int64').geometric_(0.4, { generator: generator() }).sub(1).clamp(0, 9),
      Array.from({ length: 10 }, (_, k) => (k < 9 ? 0.4 * 0.6 ** k : 0.6 ** 9)),
    ],
    [
      'multinomial with replacement',
      () => multinomial(tensor([1, 0.5, 2.5, 4]), n, { replacement: true, generator: generator() }),
      [0.125, 0.0625, 0.3125, 0.5],
    ],
  ])('%s (chi-square)', (_, draw, probabilities) => {
    check(tally(numbers(draw()), probabilities.length), probabilities);
  });

  it('multinomial without replacement takes pairs with p·q / (1 - p) (chi-square)', () => {
    const p = [0.1, 0.2, 0.3, 0.4];
    const drawn = numbers(multinomial(tensor(p).expand([n, 4]), 2, { generator: generator() }));
    const pairs = p.flatMap((_, i) => p.map((__, j) => [i, j] as const)).filter(([i, j]) => i !== j);
    const counts = tally(
      Array.from({ length: n }, (_, row) =>
        pairs.findIndex(([i, j]) => i === drawn[2 * row] && j === drawn[2 * row + 1]),
      ),
      pairs.length,
    );
    check(
      counts,
      pairs.map(([i, j]) => (p[i] * p[j]) / (1 - p[i])),
    );
  });

  it('randperm gives every order of four equally often (chi-square)', () => {
    const source = generator();
    const code = (order: Float64Array): number => {
      let rank = 0;
      for (let i = 0; i < 4; i++) rank = rank * (4 - i) + order.slice(i + 1).filter((x) => x < order[i]).length;
      return rank;
    };
    const draws = 12_000;
    check(
      tally(
        Array.from({ length: draws }, () => code(numbers(randperm(4, { generator: source })))),
        24,
      ),
      even(24),
    );
  });

  it('randperm puts no element before its place in a long row (chi-square)', () => {
    const source = generator();
    const first = Array.from({ length: 5000 }, () => numbers(randperm(50, { generator: source }))[7]);
    check(tally(first, 50), even(50));
  });
});

describe('random state', () => {
  it('forks: what is drawn inside leaves no trace', async () => {
    manualSeed(5);
    const state = getRngState();
    const inside = forkRng(() => {
      manualSeed(9);
      return randn([3]).toArraySync();
    });
    expect(inside).toEqual(randn([3], { generator: new Generator(9) }).toArraySync());
    expect(getRngState()).toEqual(state);
    const later = forkRng(async () => {
      rand([2]);
      await Promise.resolve();
      return rand([2]).shape;
    });
    expect(getRngState()).not.toEqual(state);
    expect(await later).toEqual([2]);
    expect(getRngState()).toEqual(state);
    expect(() =>
      forkRng(() => {
        rand([1]);
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect(getRngState()).toEqual(state);
    expect(() => forkRng(() => 1, { generator: 3 as never })).toThrow('generator must be a Generator');
  });

  it('is copied, restored and named', () => {
    const generator = new Generator(11);
    rand([5], { generator });
    const copy = generator.clone();
    expect(copy.getState()).toEqual(generator.getState());
    rand([5], { generator });
    expect(copy.getState()).not.toEqual(generator.getState());
    expect([generator.initialSeed(), copy.initialSeed()]).toEqual([11, 11]);
    manualSeed(3);
    const state = getRngState();
    const numbers = rand([4]).toArraySync();
    setRngState(state);
    expect(rand([4]).toArraySync()).toEqual(numbers);
    const chosen = seed();
    expect(initialSeed()).toBe(chosen);
    expect(Number.isSafeInteger(chosen)).toBe(true);
    expect(() => setRngState({ seed: 1, offset: -1 })).toThrow('expected what getState() gave');
  });

  it('refuses bad parameters of distributions', () => {
    expect(() => zeros([1]).logNormal_(0, 0)).toThrow('log_normal_ expects std > 0.0');
    expect(() => zeros([1]).cauchy_(0, -1)).toThrow('cauchy_ expects sigma > 0.0');
    expect(() => zeros([1]).geometric_(1)).toThrow('geometric_ expects p to be in (0, 1)');
    expect(() => zeros([1]).geometric_(Number.NaN)).toThrow('geometric_ expects p to be in (0, 1)');
    expect(() => zeros([1], { dtype: 'int64' }).cauchy_()).toThrow("not implemented for 'int64'");
    expect(() => normal(zeros([2]), tensor([1, -1]))).toThrow('normal expects all elements of std >= 0.0');
    expect(() => normal(zeros([2], { dtype: 'int64' }), 1)).toThrow("not implemented for 'int64'");
    expect(() => normal(zeros([2]), zeros([3]))).toThrow(/must match the size/);
    expect(() => normal(0, Number.NaN, { shape: [1] })).toThrow('normal expects std >= 0.0');
    expect(() => randintLike(zeros([1]), 3, 3)).toThrow("expects 'from' to be less than 'to'");
  });
});
