/** Uniform random numbers as WebAssembly: the blocks of Philox4x32-10 that core's `philox.ts` defines, where a product of two words is one multiplication. */
import { fillUniform32, fillUniform64, type Runtime } from '@tenfold/tensor-core';
import type { Buffer } from '../elements.ts';
import { count, isDense } from '../iterate.ts';
import { type FunctionBuilder, f32, f64, i32, i64, type Value } from './assembler.ts';
import { isOnHeap } from './heap.ts';
import type { Kernel } from './job.ts';
import type { Machine } from './machine.ts';
import { descriptorStart, type Staging } from './staging.ts';

type Random = Runtime<Buffer>['random'];

/** Multipliers, and what is added to the key from round to round (Salmon et al., SC'11). */
const multipliers = [0xd251_1f53n, 0xcd9e_8d57n] as const;
const keySteps = [0x9e37_79b9, 0xbb67_ae85] as const;
const rounds = 10;

/** Words of the descriptor: address, blocks, the key's low and high word, and the number of the first block in two words. */
const words = { address: 0, blocks: 1, key: 2, block: 4 } as const;

const blockBytes = 16;
const lowHalf = i64.const(0xffff_ffffn);
const half = i64.const(32n);

/** The four words of a block as 64-bit integers. */
function blockOf(
  fn: FunctionBuilder,
  number: Value<'i64'>,
  keys: readonly (readonly Value<'i64'>[])[],
): readonly Value<'i64'>[] {
  const zero = i64.const(0n);
  let [c0, c1, c2, c3] = [fn.let(i64.and(number, lowHalf)), fn.let(i64.shrU(number, half)), zero, zero];
  for (const [key0, key1] of keys) {
    const p0 = fn.let(i64.mul(c0, i64.const(multipliers[0])));
    const p1 = fn.let(i64.mul(c2, i64.const(multipliers[1])));
    const next0 = fn.let(i64.xor(i64.xor(i64.shrU(p1, half), c1), key0));
    const next2 = fn.let(i64.xor(i64.xor(i64.shrU(p0, half), c3), key1));
    [c0, c1, c2, c3] = [next0, fn.let(i64.and(p1, lowHalf)), next2, fn.let(i64.and(p0, lowHalf))];
  }
  return [c0, c1, c2, c3];
}

/** Writes four singles of a block, or two doubles. */
const writers = {
  float32: (fn: FunctionBuilder, at: Value<'i32'>, block: readonly Value<'i64'>[]): void =>
    block.forEach((word, i) => {
      const u = f32.mul(f32.fromI64(i64.shrU(word, i64.const(8n))), f32.const(2 ** -24));
      fn.emit(f32.store(at, u, 4 * i));
    }),
  float64: (fn: FunctionBuilder, at: Value<'i32'>, block: readonly Value<'i64'>[]): void =>
    [0, 1].forEach((i) => {
      const high = i64.shl(i64.shrU(block[2 * i], i64.const(5n)), i64.const(26n));
      const u = f64.mul(f64.fromI64(i64.or(high, i64.shrU(block[2 * i + 1], i64.const(6n)))), f64.const(2 ** -53));
      fn.emit(f64.store(at, u, 8 * i));
    }),
};

function compile(machine: Machine): { readonly [T in keyof typeof writers]: Kernel } {
  const module = machine.module();
  for (const name of ['float32', 'float64'] as const) {
    module.define({ parameters: ['i32'], result: 'none', name }, (fn) => {
      const descriptor = fn.parameter(0, 'i32').get;
      const word = (i: number): Value<'i32'> => fn.let(i32.load(descriptor, 4 * i));
      const at = fn.variable(word(words.address));
      const left = fn.variable(word(words.blocks));
      const number = fn.variable(i64.load(descriptor, 4 * words.block));
      const given = [word(words.key), word(words.key + 1)];
      const keys = Array.from({ length: rounds }, (_, r) =>
        given.map((key, k) => fn.let(i64.extendU(i32.add(key, i32.const(Math.imul(r, keySteps[k])))))),
      );
      fn.while(left.get, () => {
        writers[name](fn, at.get, blockOf(fn, number.get, keys));
        fn.emit(
          at.set(i32.add(at.get, i32.const(blockBytes))),
          number.set(i64.add(number.get, i64.const(1n))),
          left.set(i32.sub(left.get, i32.const(1))),
        );
      });
    });
  }
  return machine.compile(module);
}

/** The family: uniform numbers in large dense buffers here, everything else by `plain`. */
export function createRandom(machine: Machine, staging: Staging, plain: Random): Random {
  let kernels: ReturnType<typeof compile> | null = null;
  return (kind, out, key, offset) => {
    const { buffer } = out.storage;
    const { dtype } = out;
    const n = count(out.shape);
    const perBlock = dtype === 'float64' ? 2 : 4;
    const blocks = Math.floor(n / perBlock);
    const isTaken =
      kind === 'uniform' &&
      (dtype === 'float32' || dtype === 'float64') &&
      isOnHeap(buffer) &&
      isDense(out.shape, out.strides) &&
      Number.isSafeInteger(offset) &&
      offset >= 0 &&
      Number.isSafeInteger(offset + blocks + 1);
    if (!isTaken) {
      plain(kind, out, key, offset);
      return;
    }
    kernels ??= compile(machine);
    const at = descriptorStart / 4;
    const to = staging.words;
    to[at + words.address] = buffer.byteOffset + out.offset * buffer.BYTES_PER_ELEMENT;
    to[at + words.blocks] = blocks;
    to[at + words.key] = key.lo;
    to[at + words.key + 1] = key.hi;
    to[at + words.block] = offset;
    to[at + words.block + 1] = Math.floor(offset / 2 ** 32);
    kernels[dtype](descriptorStart);
    // what is left of the last block
    const rest = buffer.subarray(out.offset + blocks * perBlock, out.offset + n);
    const seed = (BigInt(key.hi) << 32n) | BigInt(key.lo);
    if (rest instanceof Float32Array) fillUniform32(rest, seed, offset + blocks);
    else if (rest instanceof Float64Array) fillUniform64(rest, seed, offset + blocks);
  };
}
