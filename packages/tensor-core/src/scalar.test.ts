/** The functions of expressions: rounding as typed arrays round, and the conventions of `expr.ts`. */
import { describe, expect, it } from 'vitest';
import { arrayTypes, type DType } from './dtype.ts';
import * as e from './expr.ts';
import { type Computation, computation, conversion, type Element, rounding, toElement } from './scalar.ts';

const x = (dtype: DType) => e.input(0, dtype);
const y = (dtype: DType) => e.input(1, dtype);
const run = (node: e.Expr, ...operands: Element[]): Element => computation(node as Computation)(...operands);

describe('rounding', () => {
  const values = [
    0,
    -0,
    1.5,
    -1.5,
    127,
    128,
    255,
    256,
    -129,
    40000,
    2 ** 31,
    -(2 ** 31) - 1,
    2 ** 40 + 5,
    1 / 3,
    1e-50,
  ];

  it.each(['float64', 'float32', 'int32', 'int16', 'int8', 'uint8'] as const)(
    'to %s is what an array does',
    (dtype) => {
      const array = new arrayTypes[dtype](1) as Float64Array;
      for (const value of values) {
        array[0] = value;
        expect(rounding(dtype)(value), `${value}`).toBe(array[0]);
      }
    },
  );

  it('to int64 wraps, and halves keep their digits', () => {
    expect(rounding('int64')(2n ** 63n)).toBe(-(2n ** 63n));
    // 11 bits and 8 bits, half to even: IEEE 754
    expect([2049, 2051, 65520, -1e-9].map(rounding('float16'))).toEqual([2048, 2052, Number.POSITIVE_INFINITY, -0]);
    expect([257, 259, 3.4e38].map(rounding('bfloat16'))).toEqual([256, 260, Number.POSITIVE_INFINITY]);
  });
});

describe('conversion', () => {
  const convert = (from: DType, to: DType, value: Element) => rounding(to)((conversion(from, to) ?? ((v) => v))(value));

  it('truncates towards zero, and takes NaN for true', () => {
    expect([2.9, -2.9, Number.NaN].map((v) => convert('float32', 'int32', v))).toEqual([2, -2, 0]);
    expect([0.5, 0, -0, Number.NaN].map((v) => convert('float64', 'bool', v))).toEqual([1, 0, 0, 1]);
    expect([2.9, -2.9].map((v) => convert('float64', 'int64', v))).toEqual([2n, -2n]);
    expect(convert('float64', 'int64', 1e30)).toBe(-(2n ** 63n));
    expect(convert('int64', 'int8', 2n ** 40n + 200n)).toBe(-56);
  });

  it('rounds int64 to float32 once', () => {
    // just above the middle of two float32: through float64 it would be the middle, and go down
    const above = 2n ** 60n + 2n ** 36n + 1n;
    expect(convert('int64', 'float32', above)).toBe(2 ** 60 + 2 ** 37);
    expect(Math.fround(Number(above))).toBe(2 ** 60);
  });
});

describe('a node', () => {
  it('rounds to its dtype', () => {
    expect(run(e.add(x('int8'), y('int8')), 100, 100)).toBe(-56);
    expect(run(e.mul(x('int32'), y('int32')), 2 ** 30 + 1, 5)).toBe(((2 ** 30 + 1) * 5) | 0);
    expect(run(e.mul(x('int64'), y('int64')), 2n ** 62n, 4n)).toBe(0n);
    expect(run(e.div(x('float32'), y('float32')), 1, 3)).toBe(Math.fround(1 / 3));
    expect(run(e.not(x('bool')), 1)).toBe(0);
    expect(run(e.bitNot(x('int16')), 1)).toBe(-2);
    expect(run(e.cast(x('float32'), 'uint8'), 300.7)).toBe(44);
  });

  it('keeps the conventions for integers, NaN and signs', () => {
    expect(run(e.div(x('int32'), y('int32')), -7, 2)).toBe(-3);
    expect(run(e.rem(x('int64'), y('int64')), -7n, 2n)).toBe(-1n);
    expect(() => run(e.div(x('int32'), y('int32')), 1, 0)).toThrow('ZeroDivisionError');
    expect(() => run(e.exp(x('int64')), 1n)).toThrow('not defined for int64');
    expect(run(e.min(x('float64'), y('float64')), 1, Number.NaN)).toBeNaN();
    expect(run(e.sign(x('float64')), Number.NaN)).toBe(0);
    expect(run(e.pow(x('float64'), y('float64')), 1, Number.NaN)).toBe(1);
  });

  it('compares and selects', () => {
    expect([e.lt, e.le, e.ne].map((compare) => run(compare(x('int64'), y('int64')), 2n, 2n))).toEqual([0, 1, 0]);
    expect(run(e.ne(x('float32'), y('float32')), Number.NaN, Number.NaN)).toBe(1);
    const node = e.select(x('bool'), y('int64'), e.input(2, 'int64'));
    expect([0, 1].map((condition) => run(node, condition, 7n, 8n))).toEqual([8n, 7n]);
  });
});

it('makes elements of numbers', () => {
  expect([toElement(3.7, 'int64'), toElement(2, 'bool'), toElement(2.5, 'float32')]).toEqual([3n, 1, 2.5]);
});
