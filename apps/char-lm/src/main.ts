#!/usr/bin/env node
/** Train, compare with counting, write, save, export, check the export, report. `--help` lists the flags. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { setNumThreads } from '@tenfold/backend-cpu';
import { loadCheckpoint } from '@tenfold/serialize/node';
import { manualSeed, SerializationError, setDefaultDevice } from '@tenfold/tensor-core';
import { agreeing, prepareFolder, UsageError } from 'app-common/command-line';
import { chooseDevice } from 'app-common/device';
import { completed, help, type Options, readOptions } from './cli.ts';
import { bitsByCounting } from './counts.ts';
import { exportModel, writeInOnnxruntime } from './export.ts';
import { filesIn } from './files.ts';
import { writeReport } from './report.ts';
import { sample } from './sample.ts';
import { corpusOf, mobyDick } from './text.ts';
import { type Checkpoint, train } from './train.ts';

/** npm runs scripts in the package's folder; paths on the command line are meant from where the person stands. */
const here = (path: string): string => resolve(process.env.INIT_CWD ?? process.cwd(), path);

const count = (n: number): string => n.toLocaleString('en');
const bits = (x: number): string => `${x.toFixed(3)} bits per character`;

/** The longest context that is counted: a longer one knows less of unseen text. */
const longestCounted = 5;

async function run(options: Options): Promise<void> {
  const files = filesIn(here(options.out));
  const device = await chooseDevice(options.device);
  setDefaultDevice(device);
  setNumThreads(options.threads);
  const saved = options.resume ? await load(files.checkpoint, device) : null;
  const settings = saved ? agreeing(saved.settings, options.settings) : completed(options.settings);
  const corpus = corpusOf(mobyDick().slice(0, settings.limit));
  const prompt = encoded(options.prompt, corpus.vocabulary);
  prepareFolder(here(options.out));

  const { training, validation, vocabulary } = corpus;
  console.log(
    `Moby-Dick: ${count(training.length)} characters to learn from, ${count(validation.length)} to be tested on, ${vocabulary.size} kinds`,
  );
  const counted = bitsByCounting(training, validation, vocabulary.size, longestCounted);
  for (const [order, found] of counted.entries())
    console.log(`  counting what follows ${order === 1 ? '1 character' : `${order} characters`}: ${bits(found)}`);

  if (saved)
    console.log(
      `Going on after ${count(saved.history.training.length)} of ${count(settings.steps)} steps, on ${device}`,
    );
  const { model, history } = await train(settings, corpus, { path: files.checkpoint, every: options.saveEvery, saved });
  const [, reached] = history.validation.at(-1) ?? [0, Number.NaN];
  const parameters = model.parameters().reduce((sum, parameter) => sum + parameter.numel(), 0);
  console.log(`the model, of ${count(parameters)} parameters: ${bits(reached)}`);

  manualSeed(settings.seed);
  const { context } = settings;
  let written = '';
  if (options.sample > 0) {
    process.stdout.write(`\n${options.prompt}`);
    const sampling = { length: options.sample, temperature: options.temperature, context };
    await sample(model, prompt, sampling, (token) => process.stdout.write(vocabulary.characters[token])).then(
      (tokens) => (written = vocabulary.decode(tokens)),
    );
    process.stdout.write('\n\n');
  }

  await exportModel(model, settings, files);
  // within the context, so that all three see the same
  const start = prompt.slice(-Math.ceil(context / 2));
  const length = Math.min(64, context - start.length);
  setDefaultDevice('cpu');
  const ours = await sample(model, start, { length, temperature: 0, context });
  const theirs = await writeInOnnxruntime(files, start, length);
  const equal = [theirs.whole, theirs.stepwise].every((tokens) => tokens.join() === ours.join());
  console.log(
    equal
      ? `onnxruntime writes the same ${length} characters with both files, when the likeliest is taken`
      : `onnxruntime writes otherwise: '${vocabulary.decode(theirs.whole)}' and '${vocabulary.decode(theirs.stepwise)}', here '${vocabulary.decode(ours)}'`,
  );
  if (!equal) process.exitCode = 1;

  await writeReport(files.report, { settings, device, parameters, counted, history, prompt: options.prompt, written });
  for (const file of Object.values(files)) console.log(`wrote ${file}`);
}

/** @throws UsageError for a character that the text doesn't have. */
function encoded(prompt: string, vocabulary: { has(character: string): boolean; encode(text: string): number[] }) {
  for (const character of prompt)
    if (!vocabulary.has(character))
      throw new UsageError(
        `--prompt: the text has no '${character}' to learn from; letters, digits and its marks work`,
      );
  return vocabulary.encode(prompt);
}

/** The checkpoint to go on from. @throws UsageError if there is none, or if it is of no use. */
async function load(path: string, device: string): Promise<Checkpoint> {
  if (!existsSync(path)) throw new UsageError(`--resume: there is no checkpoint ${path}`);
  try {
    const saved = await loadCheckpoint<Checkpoint>(path, { device });
    if (saved.settings && saved.history) return saved;
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
  process.stderr.write(`char-lm: ${error.message}\n`);
  process.exitCode = 2;
}
