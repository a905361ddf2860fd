/** Result dtypes of real calls against PyTorch's tables, for every pair of dtypes and kinds of operands. */
import { readFileSync } from 'node:fs';
import { cpu } from '@tenfold/backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { type DType, ones, registerBackend, TenfoldError, type Tensor, tensor, where } from '../src/index.ts';

beforeAll(() => registerBackend(cpu()));

interface Table {
  readonly op: string;
  readonly a: string;
  readonly b: string;
  readonly result: readonly (readonly (DType | null)[])[];
}

const { dtypes, tables } = JSON.parse(
  readFileSync(new URL('../../backend-testkit/fixtures/promotion.json', import.meta.url), 'utf8'),
) as { dtypes: DType[]; tables: Table[] };

type Operand = Tensor | number;

const calls: { readonly [op: string]: (x: Operand, y: Operand) => Tensor } = {
  where: (x, y) => where(tensor([true, false]), x, y),
  floorDivide: (x, y) => (x as Tensor).div(y, { roundingMode: 'floor' }),
};

const call = (op: string, x: Operand, y: Operand): Tensor =>
  calls[op]?.(x, y) ?? (x as unknown as { [name: string]: (y: Operand) => Tensor })[op](y);

const operand = (kind: string, dtype: DType): Operand => {
  if (kind === 'intScalar') return 2;
  if (kind === 'floatScalar') return 1.5;
  return ones(kind === 'tensor' ? [2] : [], { dtype });
};

/** JavaScript has no bool scalar among operands, and a number has no methods. */
const tried = tables.filter(
  ({ op, a, b }) => a !== 'boolScalar' && b !== 'boolScalar' && (op === 'where' || !a.endsWith('Scalar')),
);

/** No number as the other operand. */
const tensorOnly = new Set(['maximum', 'logicalAnd', 'copy_']);

/** PyTorch names the dtype of these for two bools, and then has no kernel for it. */
const notOfBools = new Set(['pow', 'floorDivide', 'remainder']);

describe.each([...new Set(tried.map(({ op }) => op))])('%s', (op) => {
  const pairs = tried.filter((table) => table.op === op && !(tensorOnly.has(op) && table.b.endsWith('Scalar')));
  it.each(pairs)('$a with $b', ({ a, b, result }) => {
    const wrong: string[] = [];
    result.forEach((row, i) => {
      row.forEach((named, j) => {
        const expected = named === 'bool' && notOfBools.has(op) ? null : named;
        const [x, y] = [operand(a, dtypes[i]), operand(b, dtypes[j])];
        let got: string | null = null;
        try {
          got = call(op, x, y).dtype;
        } catch (error) {
          if (!(error instanceof TenfoldError)) throw error;
        }
        if (got !== expected) wrong.push(`${dtypes[i]} ${op} ${dtypes[j]}: ${got}, PyTorch gives ${expected}`);
      });
    });
    expect(wrong).toEqual([]);
  });
});
