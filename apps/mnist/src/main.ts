#!/usr/bin/env node
/** Train, test, save, export, check the export, report. `--help` lists the flags. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { setNumThreads } from '@tenfold/backend-cpu';
import { loadCheckpoint } from '@tenfold/serialize/node';
import { SerializationError, setDefaultDevice } from '@tenfold/tensor-core';
import { confusionMatrix, lossCurve } from '@tenfold/train/terminal';
import { agreeing, prepareFolder, UsageError } from 'app-common/command-line';
import { chooseDevice } from 'app-common/device';
import { defaults, help, type Options, readOptions } from './cli.ts';
import { readData } from './data.ts';
import { exportModel, scoreInOnnxruntime } from './export.ts';
import { filesIn } from './files.ts';
import { writeReport } from './report.ts';
import { type Checkpoint, train } from './train.ts';

/** npm runs scripts in the package's folder; paths on the command line are meant from where the person stands. */
const here = (path: string): string => resolve(process.env.INIT_CWD ?? process.cwd(), path);

const count = (n: number): string => n.toLocaleString('en');

async function run(options: Options): Promise<void> {
  const folder = here(options.out);
  const files = filesIn(folder);
  const device = await chooseDevice(options.device);
  setDefaultDevice(device);
  setNumThreads(options.threads);
  const saved = options.resume ? await load(files.checkpoint, device) : null;
  const settings = saved ? agreeing(saved.settings, options.settings) : { ...defaults, ...options.settings };
  prepareFolder(folder);

  const data = await readData(settings.limit);
  const { epochs, batchSize, seed } = settings;
  console.log(
    saved
      ? `Going on after ${count(saved.losses.length)} batches, on ${device}`
      : `Learning from ${count(data.train.length)} digits on ${device}: epochs ${epochs}, batch size ${batchSize}, seed ${seed}`,
  );
  const trained = await train(settings, data, { path: files.checkpoint, every: options.saveEvery, saved });
  const { losses, test } = trained;
  console.log(lossCurve(losses, { title: 'loss of each batch', log: true }));
  console.log(confusionMatrix(test.confusion, { title: 'what the test digits are (rows) and were read as (columns)' }));
  const misread = test.readings.filter(({ label, prediction }) => label !== prediction).length;
  console.log(
    `test accuracy ${(100 * test.accuracy).toFixed(2)} %: ${count(misread)} of ${count(test.readings.length)} digits are misread`,
  );

  await exportModel(trained.model, files);
  const scored = await scoreInOnnxruntime(files.onnx);
  const equal = test.readings.filter(({ prediction }, i) => scored[i] === prediction).length;
  console.log(`onnxruntime reads ${count(equal)} of ${count(test.readings.length)} digits as the network here does`);
  if (equal < test.readings.length) process.exitCode = 1;

  await writeReport(files.report, { settings, device, trained, equal, images: data.test.tensors[0] });
  for (const file of Object.values(files)) console.log(`wrote ${file}`);
}

/** The checkpoint to go on from. @throws UsageError if there is none, or if it is of no use. */
async function load(path: string, device: string): Promise<Checkpoint> {
  if (!existsSync(path)) throw new UsageError(`--resume: there is no checkpoint ${path}`);
  try {
    const saved = await loadCheckpoint<Checkpoint>(path, { device });
    if (saved.settings && saved.losses) return saved;
    throw new UsageError(`--resume: ${path} is a checkpoint of another program`);
  } catch (error) {
    if (error instanceof SerializationError) throw new UsageError(`--resume: ${error.message}`);
    throw error;
  }
}

process.once('SIGINT', () => {
  // the conventional exit code of a program ended by Ctrl-C
  process.stderr.write('\nstopped; --resume goes on from the last checkpoint\n');
  process.exit(130);
});

try {
  const options = readOptions(process.argv.slice(2));
  if (options === null) process.stdout.write(help);
  else await run(options);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`mnist: ${error.message}\n`);
  process.exitCode = 2;
}
