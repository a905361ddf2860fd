/** Random numbers are those of the streams that core defines, however the result lies. */
import './register.ts';
import {
  fillBits,
  fillNormal32,
  fillUniform32,
  Generator,
  randint,
  randn,
  resolveDevice,
  zeros,
} from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';

const seed = 0xfedc_ba98_7654_3210n;
const device = 'webgpu';

/** A generator at block `offset`. */
const at = (offset: number): Generator => new Generator().setState({ seed, offset });

/** Steps between two floats of one sign. */
function ulps(a: number, b: number): number {
  const [x, y] = new Int32Array(new Float32Array([Math.abs(a), Math.abs(b)]).buffer);
  return Math.sign(a) === Math.sign(b) ? Math.abs(x - y) : x + y;
}

describe('random', () => {
  // the low word of the counter overflows in the last ones
  it.each([0, 2 ** 32 - 3, 2 ** 45 - 1])('writes the streams row-major from block %d', async (offset) => {
    for (const shape of [[1], [7], [33, 67]]) {
      const n = shape.reduce((a, b) => a * b);
      const wide = zeros([...shape.slice(0, -1), 2 * shape[shape.length - 1] + 1], { device });
      const view = wide.slice(-1, 1, undefined, 2);
      view.uniform_(0, 1, { generator: at(offset) });
      const uniforms = new Float32Array(n);
      fillUniform32(uniforms, seed, offset);
      expect(await view.contiguous().toTypedArray()).toEqual(uniforms);
      expect(await wide.slice(-1, 0, undefined, 2).ne(0).any().item()).toBe(0);
    }
  });

  it('draws normals within 2 units in the last place', async () => {
    const n = 2 ** 18;
    const expected = new Float32Array(n);
    fillNormal32(expected, seed, 3);
    const actual = (await randn([n], { device, generator: at(3) }).toTypedArray()) as Float32Array;
    let most = 0;
    for (let i = 0; i < n; i++) most = Math.max(most, ulps(actual[i], expected[i]));
    expect(most).toBeLessThanOrEqual(2);
  });

  it.each(['int64', 'int32', 'uint8', 'bool', 'float32'] as const)('draws integers as %s', async (dtype) => {
    const words = new Uint32Array(1001);
    fillBits(words, seed, 5);
    const [low, high] = dtype === 'bool' ? [0, 2] : dtype === 'uint8' ? [3, 250] : [-1000, 3001];
    const x = randint(low, high, [7, 143], { dtype, device, generator: at(5) });
    const values = Array.from(await x.flatten().toTypedArray(), Number);
    expect(values).toEqual(Array.from(words, (w) => low + (w % (high - low))));
  });

  it('says that integers have 32 bits', () => {
    const { runtime } = resolveDevice(device);
    expect(runtime.capabilities.int64Bits).toBe(32);
    expect(() => randint(0, 2 ** 32, [3], { device })).toThrow(/32 bits.*0 up to 4294967295/);
    expect(() => randint(0, 2 ** 40, [3], { device })).toThrow(/'webgpu' keeps integers in 32 bits/);
    expect(() => zeros([3], { dtype: 'int64', device }).random_()).toThrow(/32 bits/);
  });
});
