import { describe, expect, it } from 'vitest';
import { bfloat16ToNumber, halfToNumber, numberToBfloat16, numberToHalf, roundHalfEven } from './half.ts';

const formats = [
  { name: 'float16', toNumber: halfToNumber, toBits: numberToHalf, infinity: 0x7c00 },
  { name: 'bfloat16', toNumber: bfloat16ToNumber, toBits: numberToBfloat16, infinity: 0x7f80 },
];

describe.each(formats)('$name', ({ toNumber, toBits, infinity }) => {
  it('gives every finite pattern back', () => {
    for (let bits = 0; bits < infinity; bits++) {
      expect(toBits(toNumber(bits))).toBe(bits);
      expect(toBits(toNumber(bits | 0x8000))).toBe(bits | 0x8000);
    }
  });

  it('rounds to the nearest value, ties to the even pattern', () => {
    for (let bits = 0; bits + 1 < infinity; bits++) {
      const low = toNumber(bits);
      const gap = toNumber(bits + 1) - low;
      expect(toBits(low + gap / 2)).toBe(bits % 2 === 0 ? bits : bits + 1);
      expect(toBits(low + gap * 0.49)).toBe(bits);
      expect(toBits(low + gap * 0.51)).toBe(bits + 1);
    }
  });

  it('keeps infinities and NaN, and overflows to infinity', () => {
    expect(toBits(Number.POSITIVE_INFINITY)).toBe(infinity);
    expect(toBits(Number.NEGATIVE_INFINITY)).toBe(infinity | 0x8000);
    expect(toNumber(toBits(Number.NaN))).toBeNaN();
    expect(toBits(Number.MAX_VALUE)).toBe(infinity);
  });
});

it('float16 overflows from 65520 on, half way to the next power', () => {
  expect(numberToHalf(65519.99)).toBe(0x7bff);
  expect(numberToHalf(65520)).toBe(0x7c00);
});

it('roundHalfEven rounds ties to even and keeps the sign of zero', () => {
  expect([0.5, 1.5, 2.5, -0.5, -1.5, 2.4, -2.6].map(roundHalfEven)).toEqual([0, 2, 2, -0, -2, 2, -3]);
});
