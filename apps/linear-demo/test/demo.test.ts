import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folder, run } from './run.ts';

interface Row {
  readonly name: string;
  readonly fitted: number;
  readonly exact: number | null;
}

async function results(...flags: readonly string[]) {
  const { code, stdout, stderr } = await run('--json', ...flags);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout).results;
}

/** The solution of a·x = b by Gaussian elimination with pivoting: independent of the QR in the app. */
function solve(a: number[][], b: number[]): number[] {
  const rows = a.map((row, i) => [...row, b[i]]);
  const n = b.length;
  for (let k = 0; k < n; k++) {
    const pivot = rows
      .slice(k)
      .reduce((best, row, i) => (Math.abs(row[k]) > Math.abs(rows[best][k]) ? k + i : best), k);
    [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = rows[i][k] / rows[k][k];
      rows[i] = rows[i].map((value, j) => value - factor * rows[k][j]);
    }
  }
  return rows.map((row, i) => row[n] / row[i]);
}

/** Penguins without gaps, straight from the data set: bill length, flipper length, body mass. */
function penguinRows(): number[][] {
  const entry = createRequire(import.meta.url).resolve('vega-datasets');
  const all = JSON.parse(readFileSync(join(dirname(entry), '../data/penguins.json'), 'utf8')) as Record<
    string,
    number | null
  >[];
  const columns = ['Beak Length (mm)', 'Flipper Length (mm)', 'Body Mass (g)'];
  return all.map((row) => columns.map((name) => row[name])).filter((row): row is number[] => !row.includes(null));
}

describe('penguins', () => {
  it('reach the closed-form least squares within 1e-3 of a standard deviation, and the file agrees', async () => {
    const [penguins] = await results('--example', 'penguins', '--out', join(folder, 'penguins'));
    const rows = penguinRows();
    const n = rows.length;
    expect(penguins.rows).toBe(n);
    expect(penguins.dropped).toBe(344 - n);

    // the normal equations of standardised columns: correlations
    const mean = [0, 1, 2].map((j) => rows.reduce((sum, row) => sum + row[j], 0) / n);
    const std = [0, 1, 2].map((j) => Math.sqrt(rows.reduce((sum, row) => sum + (row[j] - mean[j]) ** 2, 0) / n));
    const r = (i: number, j: number) =>
      rows.reduce((sum, row) => sum + (row[i] - mean[i]) * (row[j] - mean[j]), 0) / (n * std[i] * std[j]);
    const beta = solve(
      [
        [1, r(0, 1)],
        [r(0, 1), 1],
      ],
      [r(0, 2), r(1, 2)],
    );
    const standardized: Row[] = penguins.standardized;
    expect(Math.abs(standardized[0].fitted - beta[0])).toBeLessThan(1e-3);
    expect(Math.abs(standardized[1].fitted - beta[1])).toBeLessThan(1e-3);
    expect(Math.abs(standardized[2].fitted)).toBeLessThan(1e-3);

    // in grams per millimetre, as the report shows them
    const raw: Row[] = penguins.coefficients;
    expect(raw[0].exact).toBeCloseTo((beta[0] * std[2]) / std[0], 6);
    expect(raw[1].exact).toBeCloseTo((beta[1] * std[2]) / std[1], 6);

    expect(penguins.verified.map(({ batch }: { batch: number }) => batch)).toEqual([1, 7, 64]);
    // about 4,000 g: 1e-12 relative
    for (const { difference } of penguins.verified) expect(difference).toBeLessThan(4e-9);
  });
});

describe('the line (ACCEPTANCE D)', () => {
  it('predicts 16 at [3, 2], with weights near 2 and 3 and a bias near 4', async () => {
    const { code, stdout } = await run('--example', 'line', '--out', join(folder, 'line'));
    expect(code).toBe(0);
    const [, predicted] = /at \[3, 2\] the model gives ([\d.]+)/.exec(stdout) ?? [];
    expect(Math.abs(Number(predicted) - 16)).toBeLessThan(0.1);
    expect(stdout).toContain('loss by epoch');
    expect(stdout.match(/onnxruntime at batch/g)).toHaveLength(3);
  });

  it.each([
    ['function', '18'],
    ['function', '21'],
    ['inline', '11'],
    ['inline', '21'],
  ])('agrees with onnxruntime to 1e-12: %s, opset %s', async (form, opset) => {
    const out = join(folder, `${form}-${opset}`);
    const [line] = await results(
      '--example',
      'line',
      '--epochs',
      '300',
      '--custom-ops',
      form,
      '--opset',
      opset,
      '--out',
      out,
    );
    for (const { difference } of line.verified) expect(difference).toBeLessThan(1e-12);
    const coefficients: Row[] = line.coefficients;
    expect(coefficients.map(({ name }) => name)).toEqual(['x₀', 'x₁', 'bias']);
  });

  it('in float32, and as an opaque node that is not run', async () => {
    const [narrow] = await results(
      '--example',
      'line',
      '--epochs',
      '300',
      '--dtype',
      'float32',
      '--out',
      join(folder, 'f32'),
    );
    for (const { difference } of narrow.verified) expect(difference).toBeLessThan(1e-5);
    const [opaque] = await results(
      '--example',
      'line',
      '--epochs',
      '3',
      '--custom-ops',
      'opaque',
      '--out',
      join(folder, 'opaque'),
    );
    expect(opaque.verified).toEqual([]);
  });
});

it('writes identical files for the same seed, and others for another', async () => {
  const files = async (seed: string, name: string) => {
    const out = join(folder, name);
    await results('--example', 'line', '--epochs', '20', '--seed', seed, '--out', out);
    return readdirSync(out)
      .sort()
      .map((file) => [file, readFileSync(join(out, file)).toString('base64')]);
  };
  const [first, second, other] = [await files('7', 'a'), await files('7', 'b'), await files('8', 'c')];
  expect(first.map(([file]) => file)).toEqual(['model.onnx', 'report.html']);
  expect(second).toEqual(first);
  expect(other[0][1]).not.toBe(first[0][1]);
});

it('trains in batches', async () => {
  const [penguins] = await results(
    '--example',
    'penguins',
    '--batch',
    '64',
    '--epochs',
    '60',
    '--out',
    join(folder, 'batches'),
  );
  // R² of this regression is about 0.76: the standardised loss is near 0.24
  expect(penguins.loss).toBeGreaterThan(0.2);
  expect(penguins.loss).toBeLessThan(0.3);
});
