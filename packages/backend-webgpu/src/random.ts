/**
 * The random family: one invocation computes one block of a Philox stream, four elements, as `philox.ts` of tensor-core states them.
 *
 * Normals are computed in pairs of floats (a value and what its rounding lost), so that they differ from the double precision of the definition by one
 * unit in the last place at most. Halves of a factor are split off by its bits and products of halves are exact: nothing rests on a fused or an unfused
 * operation.
 */
import { type DType, DTypeError, expr, Program, type RandomKey, type Runtime } from '@tenfold/tensor-core';
import type { Buffer, Gpu } from './gpu.ts';
import { render, toStored } from './render.ts';
import { type Bindings, bind, grid, shader, type View, word, workgroup } from './shader.ts';
import { type Walk, walkOver } from './walk.ts';

/** WGSL has no 64-bit product: its high word comes from four 16-bit ones. */
const philox = `
fn high(a: u32, b: u32) -> u32 {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let mid = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let more = (a & 0xffffu) * (b >> 16u) + (mid & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (mid >> 16u) + (more >> 16u);
}
fn philox(counter: vec4<u32>, seed: vec2<u32>) -> vec4<u32> {
  var c = counter;
  var key = seed;
  for (var round = 0; round < 10; round++) {
    c = vec4<u32>(high(0xcd9e8d57u, c.z) ^ c.y ^ key.x, 0xcd9e8d57u * c.z, high(0xd2511f53u, c.x) ^ c.w ^ key.y, 0xd2511f53u * c.x);
    key += vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}`;

/**
 * A pair of normals from two words. Pairs `(x, y)` of floats stand for `x + y`.
 *
 * -ln(m·2^-24) is k·ln 2 - ln f with f in [0.75, 1.5): ln f = 2·atanh(s), s = (f - 1) / (f + 1). The angle is a whole number of 2^-24 turns, so it is
 * reduced exactly to an eighth of a turn; there sine and cosine are the first terms of their series in pairs, the rest in floats.
 */
const normals = `
fn upper(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u); }
// |a| >= |b|
fn two_sum(a: f32, b: f32) -> vec2<f32> {
  let sum = a + b;
  return vec2<f32>(sum, b - (sum - a));
}
fn product(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> {
  let p = a.x * b.x;
  let ah = upper(a.x);
  let bh = upper(b.x);
  let lost = ((ah * bh - p) + ah * (b.x - bh) + (a.x - ah) * bh) + (a.x - ah) * (b.x - bh);
  return two_sum(p, lost + (a.x * b.y + a.y * b.x));
}
fn sum(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> {
  let s = two_sum(a.x, b.x);
  return two_sum(s.x, s.y + (a.y + b.y));
}
fn quotient(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> {
  let q = a.x / b.x;
  let back = product(vec2<f32>(q, 0.0), b);
  return two_sum(q, ((a.x - back.x) - back.y + a.y) / b.x);
}
// -2 ln(m / 2^24) for m in 1 … 2^24
fn twice_log(m: u32) -> vec2<f32> {
  var e = 31u - countLeadingZeros(m);
  var f = f32(m) * bitcast<f32>((127u - e) << 23u);
  if (f >= 1.5) {
    f *= 0.5;
    e += 1u;
  }
  let t = f - 1.0;
  let s = quotient(vec2<f32>(t, 0.0), two_sum(2.0, t));
  let z = s.x * s.x;
  // -4·atanh(s), less its first term: s³/3 + s⁵/5 + …
  let rest = s.x * z * (0.33333334 + z * (0.2 + z * (0.14285715 + z * (0.11111111 + z * (0.09090909 + z * 0.07692308)))));
  let k = f32(24 - i32(e));
  // 2 ln 2 in a part of few bits, whose product with k is exact, and the rest
  let scale = two_sum(k * 1.38623046875, k * 0.000063892369890618);
  let tail = two_sum(-4.0 * s.x, -4.0 * (s.y + rest));
  if (k == 0.0) { return tail; }
  // |k·2 ln 2| > |4·atanh(s)|
  return sum(scale, tail);
}
fn root(x: vec2<f32>) -> vec2<f32> {
  if (x.x == 0.0) { return vec2<f32>(0.0); }
  let r = sqrt(x.x);
  let square = product(vec2<f32>(r, 0.0), vec2<f32>(r, 0.0));
  return two_sum(r, ((x.x - square.x) - square.y + x.y) / (2.0 * r));
}
// (cos, sin) of an angle of |turn|·2^-24 turns, at most an eighth
fn eighth(turn: i32) -> array<vec2<f32>, 2> {
  let x = product(vec2<f32>(f32(turn) * 0.000000059604644775390625, 0.0), vec2<f32>(6.2831854820251465, -0.00000017484555314695172));
  let z = product(x, x);
  let sine = z.x * (0.008333334 + z.x * (-0.0001984127 + z.x * (0.0000027557319 - z.x * 0.000000025052108)));
  let cosine = z.x * z.x * (-0.0013888889 + z.x * (0.000024801588 + z.x * (-0.00000027557319 + z.x * 0.0000000020876757)));
  // x - x³/6 + …, 1 - x²/2 + x⁴/24 - …
  let third = product(product(x, z), vec2<f32>(-0.16666667163372040, 0.0000000049670538));
  let s = sum(x, vec2<f32>(third.x, third.y + x.x * z.x * sine));
  let fourth = product(product(z, z), vec2<f32>(0.0416666679084301, -0.0000000012417634));
  let c = sum(vec2<f32>(1.0, 0.0), sum(-0.5 * z, vec2<f32>(fourth.x, fourth.y + z.x * cosine)));
  return array(c, s);
}
fn normal_pair(a: u32, b: u32) -> vec2<f32> {
  let radius = root(twice_log((a >> 8u) + 1u));
  let turn = b >> 8u;
  // the nearest quarter turn, and what is left
  let quarter = (turn + 0x200000u) >> 22u;
  let cs = eighth(i32(turn) - i32(quarter << 22u));
  var c = cs[0];
  var s = cs[1];
  if ((quarter & 1u) == 1u) {
    c = -cs[1];
    s = cs[0];
  }
  if ((quarter & 2u) == 2u) {
    c = -c;
    s = -s;
  }
  return vec2<f32>(product(radius, c).x, product(radius, s).x);
}`;

/** How four words become four elements, `e`. */
const elements: { readonly [kind: string]: string } = {
  uniform: 'let e = vec4<f32>(w >> vec4<u32>(8u)) * 0.000000059604644775390625;',
  normal: 'let e = vec4<f32>(normal_pair(w.x, w.y), normal_pair(w.z, w.w));',
  // a range of 2^32 is the word 0
  integers: `let range = ${word(6)};
  let e = bitcast<vec4<i32>>(${word(5)} + select(w % max(range, 1u), w, range == 0u));`,
};

/** The dtype that the elements have before they become those of `out`. */
type Made = 'float32' | 'int32';

/** `random` and `randomIntegers`. */
export function createRandom(gpu: Gpu): Pick<Runtime<Buffer>, 'random' | 'randomIntegers'> {
  function fill(
    name: string,
    made: Made,
    out: View,
    key: RandomKey,
    offset: number,
    params: readonly [number, number] = [0, 0],
  ): void {
    const walk = walkOver([out]);
    if (walk.n === 0) return;
    const bindings = bind([out], []);
    const kernel = gpu.kernel(`random ${name} ${out.dtype}|${walk.key}`, bindings.access, () =>
      randomShader(name, made, out.dtype, bindings, walk),
    );
    const { words } = gpu;
    words.set([walk.n, offset % 2 ** 32, Math.floor(offset / 2 ** 32), key.lo, key.hi, ...params]);
    const at = walk.write(gpu, firstPlace);
    gpu.dispatch(kernel, bindings.buffers, at, ...grid(Math.ceil(walk.n / (4 * workgroup))));
  }
  return {
    random: (kind, out, key, offset) => fill(kind, 'float32', out, key, offset),
    randomIntegers(out, key, offset, low, range) {
      if (low < -(2 ** 31) || low + range > 2 ** 31) {
        throw new DTypeError(
          `webgpu computes integers in 32 bits: random ones from ${low} up to ${low + range - 1} are not all within -2147483648 … 2147483647; ask for fewer, or draw them on cpu`,
        );
      }
      fill('integers', 'int32', out, key, offset, [low, range]);
    },
  };
}

/** Words of uniforms before those of the walk: the count, the counter, the key and two parameters. */
const firstPlace = 7;

function randomShader(name: string, made: Made, dtype: DType, bindings: Bindings, walk: Walk): string {
  const { statements, indices } = walk.code(firstPlace);
  const cast = render(new Program([expr.cast(expr.input(0, made), dtype)], [made]), {
    input: () => 'e[lane]',
    param: () => '',
    index: () => '',
    load: () => '',
  });
  return shader({
    bindings,
    functions: cast.functions,
    declarations: `${philox}${name === 'normal' ? normals : ''}`,
    body: `  let block = gid * ${workgroup}u + lid;
  let first = block * 4u;
  if (first >= ${word(0)}) { return; }
  // with the carry
  let low = ${word(1)} + block;
  let w = philox(vec4<u32>(low, ${word(2)} + u32(low < block), 0u, 0u), vec2<u32>(${word(3)}, ${word(4)}));
  ${elements[name]}
  for (var lane = 0u; lane < 4u; lane++) {
    let i = first + lane;
    if (i >= ${word(0)}) { return; }
    ${[...statements, ...cast.statements].join('\n    ')}
    b0[${indices[0]}] = ${toStored(dtype, cast.outputs[0])};
  }`,
  });
}
