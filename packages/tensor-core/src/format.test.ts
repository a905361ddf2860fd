import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { DType } from './dtype.ts';
import { ArgumentError } from './errors.ts';
import {
  formatExponential,
  formatFixed,
  formatTensor,
  getPrintOptions,
  type PrintedElement,
  type SetPrintOptions,
  setPrintOptions,
} from './format.ts';

/** What PyTorch printed; tools/torch-oracle writes it. */
interface PrintFixture {
  numbers: [value: number | string, precision: number, fixed: string, exponential: string][];
  cases: {
    options: SetPrintOptions;
    shape: number[];
    dtype: DType;
    data: (number | boolean | string)[];
    requiresGrad?: boolean;
    gradFn?: string;
    text: string;
  }[];
}

const fixture = JSON.parse(readFileSync(new URL('../fixtures/print.json', import.meta.url), 'utf8')) as PrintFixture;

/** Undoes the fixture's encoding: text for what JSON has no number for, the shortest digits for float32. */
function decode(value: number | boolean | string, dtype: DType): PrintedElement {
  if (typeof value === 'string') {
    if (dtype === 'int64') return BigInt(value);
    return Number(value.replace('inf', 'Infinity'));
  }
  return typeof value === 'number' && dtype === 'float32' ? Math.fround(value) : value;
}

afterEach(() => setPrintOptions({ profile: 'default' }));

describe('formatTensor', () => {
  it('has a fixture worth the name', () => {
    expect(fixture.cases.length).toBeGreaterThan(120);
  });

  it.each(fixture.cases.map((c, i) => [i, c.dtype, c.shape, c.options, c] as const))(
    'case %i: %s %j with %j as PyTorch',
    (_index, dtype, shape, options, { data, text, requiresGrad, gradFn }) => {
      setPrintOptions(options);
      const elements = data.map((value) => decode(value, dtype));
      expect(formatTensor({ data: elements, shape, dtype }, { requiresGrad, gradFn })).toBe(text);
    },
  );

  it('reads only what it shows when the elements come from a function', () => {
    const read = new Set<number>();
    const text = formatTensor({
      data: (index) => {
        read.add(index);
        return index;
      },
      shape: [100, 1000],
      dtype: 'int64',
    });
    expect(read.size).toBe(36);
    const all = Float64Array.from({ length: 100_000 }, (_, i) => i);
    expect(text).toBe(formatTensor({ data: all, shape: [100, 1000], dtype: 'int64' }));
  });

  it('takes bools as 0 and 1', () => {
    expect(formatTensor({ data: Uint8Array.of(1, 0), shape: [2], dtype: 'bool' })).toBe('tensor([ True, False])');
  });

  // As PyTorch's documentation shows tensors of other devices; the oracle has only a CPU.
  it('names another device first', () => {
    expect(formatTensor({ data: [1, 2], shape: [2], dtype: 'float64' }, { device: 'cuda:0', requiresGrad: true })).toBe(
      "tensor([1., 2.], device='cuda:0', dtype=torch.float64, requires_grad=True)",
    );
  });

  // PyTorch prints a tensor of its meta device so.
  it('prints the size when the elements cannot be read', () => {
    expect(formatTensor({ shape: [2, 3], dtype: 'float32' }, { device: 'meta' })).toBe(
      "tensor(..., device='meta', size=(2, 3))",
    );
    expect(formatTensor({ data: null, shape: [4], dtype: 'int64' }, { device: 'meta' })).toBe(
      "tensor(..., device='meta', size=(4,), dtype=torch.int64)",
    );
    expect(formatTensor({ shape: [], dtype: 'float32' }, { device: 'meta' })).toBe(
      "tensor(..., device='meta', size=())",
    );
  });

  it('leaves the dtype out that the caller calls the default', () => {
    const t = { data: [1], shape: [1], dtype: 'float64' } as const;
    expect(formatTensor(t, { defaultDType: 'float64' })).toBe('tensor([1.])');
    expect(formatTensor({ ...t, dtype: 'float32' }, { defaultDType: 'float64' })).toBe(
      'tensor([1.], dtype=torch.float32)',
    );
  });
});

describe('numbers', () => {
  it('are rounded as Python rounds them, ties to even', () => {
    for (const [encoded, precision, fixed, exponential] of fixture.numbers) {
      const value = decode(encoded, 'float64') as number;
      const about = `${encoded} at precision ${precision}`;
      expect(formatFixed(value, precision), about).toBe(fixed);
      expect(formatExponential(value, precision), about).toBe(exponential);
    }
  });
});

describe('setPrintOptions', () => {
  it('changes what is given, and sciMode always', () => {
    setPrintOptions({ precision: 2, sciMode: true });
    expect(getPrintOptions()).toEqual({ precision: 2, threshold: 1000, edgeitems: 3, linewidth: 80, sciMode: true });
    setPrintOptions({ linewidth: 100 });
    expect(getPrintOptions()).toEqual({ precision: 2, threshold: 1000, edgeitems: 3, linewidth: 100, sciMode: null });
    setPrintOptions({ profile: 'full', precision: 6 });
    expect(getPrintOptions()).toEqual({
      precision: 6,
      threshold: Number.POSITIVE_INFINITY,
      edgeitems: 3,
      linewidth: 80,
      sciMode: null,
    });
  });

  it.each([
    { precision: -1 },
    { precision: 1.5 },
    { precision: 101 },
    { edgeitems: 0 },
    { linewidth: Number.NaN },
    { threshold: -1 },
    { profile: 'loud' },
    { profile: 'toString' },
    { sciMode: 'yes' },
    { sci_mode: true },
  ])('refuses %j and changes nothing', (options) => {
    const before = getPrintOptions();
    expect(() => setPrintOptions({ linewidth: 50, ...options } as SetPrintOptions)).toThrow(ArgumentError);
    expect(getPrintOptions()).toEqual(before);
  });
});
