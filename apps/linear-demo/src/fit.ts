/** One run of the demo from data to verified file. */

import { join } from 'node:path';
import { noGrad } from '@tenfold/autograd';
import { exportOnnx } from '@tenfold/onnx-export';
import { manualSeed, rand, type Tensor, tensor } from '@tenfold/tensor-core';
import { UsageError } from 'app-common/command-line';
import type { CustomOps } from './cli.ts';
import { type Fit, leastSquares, meanAndStd } from './least-squares.ts';
import { MyLinear, StandardizedLinear } from './model.ts';
import { writeFileAtomically } from './output.ts';
import { type Coefficient, renderReport, type Verified } from './report.ts';
import type { Table } from './table.ts';
import { lossCurve, progressBar } from './terminal.ts';
import { type Batches, lineBatches, tableBatches, train } from './train.ts';
import { type Center, verify } from './verify.ts';

/** The flags that a run needs, with the device chosen. */
export interface FitOptions {
  readonly device: string;
  readonly dtype: 'float64' | 'float32';
  readonly epochs: number | null;
  readonly batch: number | null;
  readonly lr: number;
  readonly seed: number;
  readonly opset: number;
  readonly customOps: CustomOps;
  readonly out: string;
  readonly verbose: boolean;
  readonly json: boolean;
}

/** What a run gives, as `--json` prints it. */
export interface Result {
  readonly name: string;
  readonly device: string;
  readonly rows: number | null;
  readonly dropped: number;
  readonly epochs: number;
  readonly loss: number;
  readonly coefficients: readonly Coefficient[];
  /** In units of standard deviations, for a table. */
  readonly standardized: readonly Coefficient[] | null;
  readonly verified: readonly Verified[];
  readonly files: readonly string[];
}

/** A model of raw inputs `[N, features]` to raw outputs `[N, 1]`. */
interface RawModel {
  forward(input: Tensor): Tensor;
}

/** The line `y = 2·x₀ + 3·x₁ + 4`, learned from fresh random points each epoch (ACCEPTANCE D of the project). */
export async function fitLine(options: FitOptions): Promise<Result> {
  const { device, dtype } = options;
  const { epochs, batch } = withDefaults(options, 2000, 64);
  manualSeed(options.seed);
  say(options, `A line: y = 2·x₀ + 3·x₁ + 4, from ${batch} random points an epoch, on ${device} in ${dtype}`);
  const model = new MyLinear(2, 1, { dtype, device });
  const history = await learn(model, lineBatches(batch, { dtype, device }), 1, 5e-4, options, epochs);
  await model.toAsync('cpu');
  const [weights, bias] = await parametersOf(model);
  const coefficients = [
    { name: 'x₀', fitted: weights[0], exact: 2, effect: weights[0] },
    { name: 'x₁', fitted: weights[1], exact: 3, effect: weights[1] },
    { name: 'bias', fitted: bias, exact: 4, effect: null },
  ];
  const points = (await rand([200, 2], { dtype }).toArray()) as number[][];
  const truth = points.map(([a, b]) => 2 * a + 3 * b + 4);
  const [atThreeTwo] = await predict(model, [[3, 2]], dtype);
  say(options, `  at [3, 2] the model gives ${atThreeTwo.toFixed(4)} (the line: 16)`);
  return finish({
    name: 'line',
    title: 'A line, learned',
    subtitle: 'y = 2·x₀ + 3·x₁ + 4 from uniform random points, by a custom autograd Function and SGD',
    model,
    example: tensor([[3, 2]], { dtype }),
    options,
    epochs,
    rows: null,
    dropped: 0,
    history,
    target: 'y',
    center: { mean: [0.5, 0.5], std: [0.3, 0.3] },
    coefficients,
    standardized: null,
    truth,
    prediction: await predict(model, points, dtype),
  });
}

/** A linear model of a table. It is trained in standardised units; the exported graph takes and gives raw values. */
export async function fitTable(table: Table, title: string, options: FitOptions): Promise<Result> {
  const { device, dtype } = options;
  const count = table.y.length;
  const { epochs, batch } = withDefaults(options, 500, count);
  manualSeed(options.seed);
  const gaps = table.dropped ? `, ${table.dropped} with gaps dropped` : '';
  say(
    options,
    `${title}: ${table.target} from ${table.features.join(', ')} (${count} rows${gaps}), on ${device} in ${dtype}`,
  );

  const columns = table.features.map((_, j) => meanAndStd(table.x.map((row) => row[j])));
  const target = meanAndStd(table.y);
  const x = table.x.map((row) => row.map((value, j) => (value - columns[j].mean) / columns[j].std));
  const y = table.y.map((value) => (value - target.mean) / target.std);

  const linear = new MyLinear(table.features.length, 1, { dtype, device });
  const batches = tableBatches(
    tensor(x, { dtype, device }),
    tensor(
      y.map((value) => [value]),
      { dtype, device },
    ),
    batch,
  );
  const history = await learn(linear, batches, Math.ceil(count / batch), 0, options, epochs);
  await linear.toAsync('cpu');
  const [weights, bias] = await parametersOf(linear);

  const row = (values: readonly number[]) => tensor(values, { dtype });
  const model = new StandardizedLinear(linear, {
    mean: row(columns.map(({ mean }) => mean)),
    std: row(columns.map(({ std }) => std)),
    targetMean: row([target.mean]),
    targetStd: row([target.std]),
  });
  const raw: Fit = {
    weights: weights.map((weight, j) => (weight * target.std) / columns[j].std),
    bias:
      target.mean +
      target.std * (bias - weights.reduce((sum, weight, j) => sum + (weight * columns[j].mean) / columns[j].std, 0)),
  };
  return finish({
    name: title.toLowerCase(),
    title: `${title}: ${table.target}`,
    subtitle: `A linear model of ${table.features.join(', ')}, by a custom autograd Function and SGD`,
    model,
    example: tensor([table.x[0]], { dtype }),
    options,
    epochs,
    rows: count,
    dropped: table.dropped,
    history,
    target: table.target,
    center: { mean: columns.map(({ mean }) => mean), std: columns.map(({ std }) => std) },
    coefficients: sideBySide(table.features, raw, leastSquares(table.x, table.y), weights),
    standardized: sideBySide(table.features, { weights, bias }, leastSquares(x, y), weights),
    truth: table.y,
    prediction: await predict(model, table.x, dtype),
  });
}

function withDefaults({ epochs, batch }: FitOptions, defaultEpochs: number, defaultBatch: number) {
  return { epochs: epochs ?? defaultEpochs, batch: batch ?? defaultBatch };
}

function say(options: FitOptions, line: string): void {
  if (!options.json) process.stdout.write(`${line}\n`);
}

async function learn(
  model: MyLinear,
  batches: Batches,
  stepsPerEpoch: number,
  weightDecay: number,
  options: FitOptions,
  epochs: number,
): Promise<number[]> {
  const progress = progressBar(epochs, stepsPerEpoch, !options.json);
  try {
    const history = await train(model, batches, { epochs, lr: options.lr, weightDecay, onEpoch: progress.update });
    const last = history[history.length - 1];
    if (!Number.isFinite(last)) {
      throw new UsageError(
        `--lr ${options.lr}: the training diverged (loss ${last}); a smaller learning rate would work`,
      );
    }
    progress.stop();
    say(options, lossCurve(history));
    return history;
  } finally {
    progress.stop();
  }
}

async function parametersOf({ weight, bias }: MyLinear): Promise<[number[], number]> {
  return [Array.from(await weight.toTypedArray(), Number), await bias.item()];
}

async function predict(
  model: RawModel,
  rows: readonly (readonly number[])[],
  dtype: 'float64' | 'float32',
): Promise<number[]> {
  return noGrad(async () => Array.from(await model.forward(tensor(rows, { dtype })).toTypedArray(), Number));
}

function sideBySide(
  features: readonly string[],
  fitted: Fit,
  exact: Fit | null,
  effects: readonly number[],
): Coefficient[] {
  return [
    ...features.map((name, j) => ({
      name,
      fitted: fitted.weights[j],
      exact: exact && exact.weights[j],
      effect: effects[j],
    })),
    { name: 'bias', fitted: fitted.bias, exact: exact && exact.bias, effect: null },
  ];
}

interface Finished {
  readonly name: string;
  readonly title: string;
  readonly subtitle: string;
  readonly model: RawModel;
  readonly example: Tensor;
  readonly options: FitOptions;
  readonly epochs: number;
  readonly rows: number | null;
  readonly dropped: number;
  readonly history: readonly number[];
  readonly target: string;
  readonly center: Center;
  readonly coefficients: readonly Coefficient[];
  readonly standardized: readonly Coefficient[] | null;
  readonly truth: readonly number[];
  readonly prediction: readonly number[];
}

/** Exports, checks and reports. */
async function finish(run: Finished): Promise<Result> {
  const { options, model, history } = run;
  const path = join(options.out, 'model.onnx');
  await exportOnnx(model, [run.example], path, {
    inputNames: ['x'],
    outputNames: ['y'],
    opsetVersion: options.opset,
    customOps: options.customOps,
    dynamicAxes: { x: { 0: 'batch' }, y: { 0: 'batch' } },
    verbose: options.verbose && !options.json,
  });
  const unverified =
    options.customOps === 'opaque' ? 'its MYLINEAR node is opaque, and onnxruntime has no kernel of that name' : null;
  const verified = unverified === null ? await verify(path, (x) => model.forward(x), run.center, options.dtype) : [];
  const loss = history[history.length - 1];
  const reference = run.rows === null ? 'true' : 'least squares';
  const report = writeFileAtomically(
    options.out,
    'report.html',
    renderReport({
      title: run.title,
      subtitle: run.subtitle,
      facts: [
        ...(run.rows === null
          ? []
          : [['rows', `${run.rows}${run.dropped ? ` (${run.dropped} dropped)` : ''}`] as const]),
        ['device', options.device],
        ['dtype', options.dtype],
        ['epochs', String(run.epochs)],
        ['final loss', loss < 1e-3 ? loss.toExponential(2) : loss.toPrecision(4)],
        ['seed', String(options.seed)],
        ['opset', `${options.opset}, ${options.customOps}`],
      ],
      history,
      target: run.target,
      reference,
      coefficients: run.coefficients,
      truth: run.truth,
      prediction: run.prediction,
      verified,
      unverified,
    }),
  );
  say(options, coefficientLines(run.coefficients, reference));
  if (unverified) say(options, `  model.onnx was not run: ${unverified}`);
  for (const { batch, difference } of verified) {
    say(
      options,
      `  onnxruntime at batch ${String(batch).padStart(2)}: largest difference ${difference.toExponential(1)}`,
    );
  }
  say(options, `  wrote ${path}\n  wrote ${report}\n`);
  return {
    name: run.name,
    device: options.device,
    rows: run.rows,
    dropped: run.dropped,
    epochs: run.epochs,
    loss,
    coefficients: run.coefficients,
    standardized: run.standardized,
    verified,
    files: [path, report],
  };
}

function coefficientLines(coefficients: readonly Coefficient[], reference: string): string {
  const width = Math.max('coefficient'.length, ...coefficients.map(({ name }) => name.length));
  const number = (value: number | null) => (value === null ? '–' : value.toPrecision(6));
  const head = `  ${'coefficient'.padEnd(width)} ${'fitted'.padStart(12)}   ${reference.padStart(13)}`;
  const lines = coefficients.map(
    ({ name, fitted, exact }) =>
      `  ${name.padEnd(width)} ${number(fitted).padStart(12)}   ${number(exact).padStart(13)}`,
  );
  return [head, ...lines].join('\n');
}
