import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  canCast,
  checkDType,
  type DType,
  dtypeNames,
  getDefaultDType,
  isFloat,
  type PromotionOperand,
  promoteTypes,
  resultType,
  setDefaultDType,
} from './dtype.ts';
import { ArgumentError, DTypeError } from './errors.ts';

interface PromotionTable {
  readonly op: string;
  readonly a: string;
  readonly b: string;
  readonly result: readonly (readonly (DType | null)[])[];
}

/** PyTorch's result dtypes, written by tools/torch-oracle. */
const { dtypes, tables } = JSON.parse(
  readFileSync(new URL('../../backend-testkit/fixtures/promotion.json', import.meta.url), 'utf8'),
) as { dtypes: DType[]; tables: PromotionTable[] };

/** The operand of row or column `i`; JavaScript has no bool scalar among operands. */
const operands: { readonly [kind: string]: (i: number) => PromotionOperand } = {
  tensor: (i) => ({ dtype: dtypes[i], shape: [2] }),
  zeroDim: (i) => ({ dtype: dtypes[i], shape: [] }),
  intScalar: () => 2,
  floatScalar: () => 1.5,
};

const tried = tables.filter(({ op, a, b }) => op === 'add' && a in operands && b in operands);

describe('resultType', () => {
  it.each(tried)('$a with $b, as PyTorch adds them', ({ a, b, result }) => {
    result.forEach((row, i) => {
      row.forEach((expected, j) => {
        expect(resultType([operands[a](i), operands[b](j)]), `${dtypes[i]} and ${dtypes[j]}`).toBe(expected);
      });
    });
  });

  it('has every kind of pair among the tables', () => {
    expect(tried.length).toBeGreaterThanOrEqual(8);
  });

  it('needs an operand', () => {
    expect(() => resultType([])).toThrow(ArgumentError);
    expect(() => resultType([null])).toThrow(ArgumentError);
  });
});

describe('promoteTypes', () => {
  it('does not depend on the order, and gives a dtype both can be cast to', () => {
    for (const a of dtypeNames) {
      for (const b of dtypeNames) {
        expect(promoteTypes(a, b)).toBe(promoteTypes(b, a));
        expect(canCast(a, promoteTypes(a, b))).toBe(true);
      }
    }
  });
});

it('the default dtype is a float dtype', () => {
  expect(() => setDefaultDType('int64')).toThrow(DTypeError);
  setDefaultDType('float64');
  expect(resultType([{ dtype: 'int64', shape: [2] }, 1.5])).toBe('float64');
  setDefaultDType('float32');
  expect(getDefaultDType()).toBe('float32');
  expect(isFloat(getDefaultDType())).toBe(true);
});

it('a name that is no dtype is an error that lists the names', () => {
  for (const bad of ['float', 'toString', 32, null, undefined, {}]) {
    expect(() => checkDType(bad, 'zeros')).toThrow(/^zeros: .* is not a dtype; choose one of bool, uint8/);
  }
});
