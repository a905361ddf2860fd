/**
 * Random numbers: every device gives the numbers that the Philox streams of `philox.ts` say, here computed by the definition. What is made of a stream
 * (integers, choices, other distributions) follows the formulas in the ops' own documentation. The generator's known-answer vectors and the statistics of
 * the distributions are tests of tensor-core.
 */
import {
  bernoulli,
  builtinOps,
  type DType,
  dispatch,
  dropout,
  fillBits,
  fillNormal32,
  fillNormal64,
  fillUniform32,
  fillUniform64,
  full,
  Generator,
  multinomial,
  normal,
  rand,
  randint,
  randLike,
  randn,
  randnLike,
  randperm,
  resolveDevice,
  type Tensor,
  tensor,
  zeros,
} from '@tenfold/tensor-core';
import { type Check, expectNumbers, expectRefusal, expectThat, type Nearness } from './check.ts';

const SEED = 0x1234_5678_9abc;
/** The numbers before those that are looked at: a request that ends inside a block. */
const SKIPPED = 6;

/** A stream of the definition from block `offset` on. */
function stream(fill: (out: number[], seed: number, offset: number) => void, n: number, offset: number): number[] {
  const out = new Array<number>(n).fill(0);
  fill(out, SEED, offset);
  return out;
}

/** A generator that has been used before, at block `ceil(6 / perBlock)`. */
function used(device: string, dtype: DType = 'float32'): Generator {
  const generator = new Generator(SEED);
  rand([SKIPPED], { dtype, device, generator });
  return generator;
}

const has = (device: string, dtype: DType): boolean =>
  resolveDevice(device).runtime.capabilities.dtypes.includes(dtype);

const uniforms = (n: number, offset = 2): number[] => stream(fillUniform32, n, offset);
const words = (n: number, offset = 2): number[] => stream(fillBits, n, offset);
const exact: Nearness = { rtol: 0, atol: 0 };
/** Functions of a device's own may differ in their last bits, near 0 by more of them. */
const near: Nearness = { rtol: 1e-5, atol: 1e-5 };

/** A check of numbers drawn with a used generator against what they should be. */
const drawn = (
  op: string,
  name: string,
  draw: (device: string, generator: Generator) => Tensor,
  expected: () => ArrayLike<number>,
  tolerance: Nearness = exact,
): Check => ({
  op,
  name,
  async run(device) {
    await expectNumbers('numbers', draw(device, used(device)).flatten(), expected(), tolerance);
  },
});

const float64 = (op: 'rand' | 'randn'): Check => ({
  op,
  name: 'float64 stream',
  async run(device) {
    if (!has(device, 'float64')) return;
    const generator = used(device, 'float64');
    const [draw, fill] = op === 'rand' ? ([rand, fillUniform64] as const) : ([randn, fillNormal64] as const);
    const x = draw([7], { dtype: 'float64', device, generator });
    await expectNumbers(
      'numbers',
      x,
      stream(fill as never, 7, SKIPPED / 2),
      op === 'rand' ? exact : { rtol: 1e-12, atol: 1e-12 },
    );
  },
});

const n = 1001;
const shifted = (values: number[], low: number, range: number): number[] => values.map((x) => low + (x % range));

/** The order in which words sort, equal ones keeping their places. */
const order = (values: number[]): number[] => values.map((_, i) => i).sort((i, j) => values[i] - values[j] || i - j);

/** Checks of ops that draw. */
export const randomChecks: readonly Check[] = [
  drawn(
    'rand',
    'float32 stream',
    (device, generator) => rand([7, 143], { device, generator }),
    () => uniforms(n),
  ),
  float64('rand'),
  drawn(
    'rand',
    'continues a stream at the next block',
    (device, generator) => {
      rand([5], { device, generator });
      return rand([n], { device, generator });
    },
    () => uniforms(n, 4),
  ),
  drawn(
    'randn',
    'float32 stream',
    (device, generator) => randn([n], { device, generator }),
    () => stream(fillNormal32, n, 2),
    near,
  ),
  float64('randn'),
  drawn(
    'randLike',
    'is rand',
    (device, generator) => randLike(zeros([n], { device }), { generator }),
    () => uniforms(n),
  ),
  drawn(
    'randnLike',
    'is randn',
    (device, generator) => randnLike(zeros([n], { device }), { generator }),
    () => stream(fillNormal32, n, 2),
    near,
  ),
  drawn(
    'randint',
    'words modulo the range',
    (device, generator) => randint(-3, 1000, [n], { device, generator }),
    () => shifted(words(n), -3, 1003),
  ),
  {
    op: 'randint',
    name: '53 bits of two requests for a range beyond 2^32; a DTypeError where int64 has 32 bits',
    async run(device) {
      const call = () => randint(2 ** 40, [5], { device, generator: used(device) });
      if (resolveDevice(device).runtime.capabilities.int64Bits === 32) return expectRefusal(call);
      const [high, low] = [words(5, 2), words(5, 4)];
      const expected = high.map((word, i) => Number((BigInt(word % 2 ** 21) * 2n ** 32n + BigInt(low[i])) % 2n ** 40n));
      await expectNumbers('numbers', call(), expected);
    },
  },
  drawn(
    'randomFill',
    'words modulo the range',
    (device, generator) => zeros([n], { dtype: 'int32', device }).random_(10, 20, { generator }),
    () => shifted(words(n), 10, 10),
  ),
  drawn(
    'randperm',
    'the order of words',
    (device, generator) => randperm(n, { device, generator }),
    () => order(words(n)),
  ),
  drawn(
    'uniform',
    'from + u·width',
    (device, generator) => zeros([n], { device }).uniform_(-2, 6, { generator }),
    () => uniforms(n).map((u) => -2 + 8 * u),
    { rtol: 2e-7, atol: 2e-7 },
  ),
  drawn(
    'normal',
    'mean + x·std',
    (device, generator) => zeros([n], { device }).normal_(3, 0.5, { generator }),
    () => stream(fillNormal32, n, 2).map((x) => 3 + 0.5 * x),
    near,
  ),
  drawn(
    'normalOf',
    'mean + x·std of tensors',
    (device, generator) => normal(tensor([1, -1], { device }), tensor([[2], [0]], { device }), { generator }),
    () => stream(fillNormal32, 4, 2).map((x, i) => (i % 2 ? -1 : 1) + (i < 2 ? 2 : 0) * x),
    near,
  ),
  drawn(
    'exponential',
    '-log(1 - u) / λ',
    (device, generator) => zeros([n], { device }).exponential_(2, { generator }),
    () => uniforms(n).map((u) => -Math.log1p(-u) / 2),
    near,
  ),
  drawn(
    'logNormal',
    'exp(mean + x·std)',
    (device, generator) => zeros([n], { device }).logNormal_(0.5, 0.25, { generator }),
    () => stream(fillNormal32, n, 2).map((x) => Math.exp(0.5 + 0.25 * x)),
    near,
  ),
  // near a pole the tangent of a rounded angle is another: what is looked at is the angle
  drawn(
    'cauchy',
    'median + σ·tan(π(u - 1/2))',
    (device, generator) => zeros([n], { device }).cauchy_(1, 2, { generator }).sub(1).div(2).atan(),
    () => uniforms(n).map((u) => Math.PI * (u - 0.5)),
    near,
  ),
  {
    op: 'geometric',
    name: '1 + ⌊log(1 - u) / log(1 - p)⌋',
    async run(device) {
      const generator = used(device);
      const values = Array.from(await zeros([n], { device }).geometric_(0.3, { generator }).toTypedArray(), Number);
      uniforms(n).forEach((u, i) => {
        const trials = 1 + Math.log1p(-u) / Math.log1p(-0.3);
        // a device's logarithm may fall on the other side of a whole number
        const [low, high] = [Math.floor(trials - 1e-4), Math.floor(trials + 1e-4)];
        expectThat(values[i] >= low && values[i] <= high, `element ${i} is ${values[i]}, expected ${low} to ${high}`);
      });
    },
  },
  drawn(
    'bernoulli',
    'u < p of a tensor',
    (device, generator) => bernoulli(tensor([0.25, 0.75], { device }).expand([500, 2]), { generator }),
    () => uniforms(1000).map((u, i) => Number(u < (i % 2 ? 0.75 : 0.25))),
  ),
  drawn(
    'bernoulliFill',
    'u < p of a number',
    (device, generator) => zeros([n], { device }).bernoulli_(0.25, { generator }),
    () => uniforms(n).map((u) => Number(u < 0.25)),
  ),
  drawn(
    'dropout',
    'x · 4 where u < 1 - p, else 0',
    (device, generator) => dropout(tensor([1.5, -2], { device }).expand([500, 2]), 0.75, { generator }).abs(),
    () => uniforms(1000).map((u, i) => (u < 0.25 ? (i % 2 ? 8 : 6) : 0)),
  ),
  {
    op: 'dropout',
    name: 'result and factors in every float dtype, of a strided input',
    async run(device) {
      for (const dtype of ['float32', 'float64', 'float16', 'bfloat16'] as const) {
        if (!has(device, dtype)) continue;
        const x = full([2, 100], 3, { dtype, device });
        const [result, factors] = dispatch(builtinOps.dropout, [x.t()], { p: 0.5, generator: used(device) });
        const expected = uniforms(200).map((u) => (u < 0.5 ? 2 : 0));
        await expectNumbers(`factors of ${dtype}`, factors.to('float32').flatten(), expected, exact);
        const scaled = expected.map((factor) => 3 * factor);
        await expectNumbers(`result of ${dtype}`, result.to('float32').flatten(), scaled, exact);
      }
    },
  },
  drawn(
    'multinomial',
    'with replacement: where u·Σp falls among the running sums',
    (device, generator) => multinomial(tensor([1, 0, 2, 1], { device }), n, { replacement: true, generator }),
    () => uniforms(n).map((u) => (u * 4 < 1 ? 0 : u * 4 < 3 ? 2 : 3)),
  ),
  {
    op: 'multinomial',
    name: 'without replacement: each once, none of probability 0 before the others',
    async run(device) {
      const p = tensor([1, 0, 2, 1], { device }).expand([50, 4]);
      const values = Array.from(await multinomial(p, 3, { generator: used(device) }).toTypedArray(), Number);
      for (let row = 0; row < 50; row++) {
        const drawnNow = values.slice(3 * row, 3 * row + 3).sort();
        expectThat(drawnNow.join() === '0,2,3', `row ${row} drew ${drawnNow}, expected 0, 2 and 3 in some order`);
      }
    },
  },
];
