/**
 * `@tenfold/serialize/tensorboard`: event files that TensorBoard reads, in Node. The names are those of `torch.utils.tensorboard`.
 *
 * @packageDocumentation
 */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import {
  ArgumentError,
  checkOptions,
  describe,
  isFloat,
  isTensor,
  SerializationError,
  type Tensor,
} from '@tenfold/tensor-core';
import { type Path, pathOf } from './file.ts';
import { Event, type Summary } from './generated/tensorboard.ts';
import { graphBytes, type TracedModel } from './model-graph.ts';
import { record } from './records.ts';
import {
  type CountedHistogram,
  checkFormats,
  countedProto,
  type HistogramBins,
  type HParam,
  histogramProto,
  hparamSummaries,
  imageSummary,
  pixelsOf,
  type ScalarOptions,
  scalarSummary,
  textSummary,
} from './summary.ts';

export type { TracedModel } from './model-graph.ts';
export type { CountedHistogram, HistogramBins, HParam, ScalarOptions } from './summary.ts';

/** Options of {@link SummaryWriter}. */
export interface SummaryWriterOptions {
  /** What stands behind the name of the folder, if that isn't given. */
  comment?: string | undefined;
  /** After a crash, in the same folder: hides what was written for this step and later ones. */
  purgeStep?: number | undefined;
  /** What stands behind the names of the files. */
  filenameSuffix?: string | undefined;
}

/** What every value may say besides. */
export interface EventOptions {
  /** Seconds since 1970. Default: now. */
  walltime?: number | undefined;
}

/** Options of {@link SummaryWriter.addHistogram}. */
export interface AddHistogramOptions extends EventOptions {
  /** Default `'tensorflow'`. */
  bins?: HistogramBins | undefined;
  /** Puts neighbouring parts together until there are hardly more. */
  maxBins?: number | undefined;
}

/** Options of {@link SummaryWriter.addImage}. */
export interface AddImageOptions extends EventOptions {
  /** What the sizes mean: an order of N, C, H and W. Default `'CHW'`, of `addImages` `'NCHW'`. */
  dataformats?: string | undefined;
}

/** Options of {@link SummaryWriter.addHparams}. */
export interface AddHparamsOptions {
  /** The folder of the run, below that of the writer. Default: the time. */
  runName?: string | undefined;
}

/**
 * Writes what TensorBoard shows: `new SummaryWriter('runs/one')`, then `tensorboard --logdir runs`.
 *
 * Values may be tensors. They are read asynchronously, as they are at the call: the loop doesn't wait, and everything stays in the order of the calls. A value
 * is handed to the operating system as soon as it is known, so that a process that dies loses only what was still being read; `flush` waits for that. What
 * goes wrong on the way (a full disk, a lost device) is the error of the next `flush` or `close`.
 *
 * @example
 * await using writer = new SummaryWriter('runs/mnist');
 * writer.addScalar('loss/train', loss, step);
 * writer.addHistogram('fc1.weight', model.fc1.weight, step);
 */
export class SummaryWriter implements Disposable, AsyncDisposable {
  /** The folder of the event files. */
  readonly logDir: string;
  readonly #suffix: string;
  readonly #main: EventFile;
  /** Of `addScalars`: one for each folder. */
  readonly #others = new Map<string, EventFile>();
  /** Writes that wait for a value, in order; `null` if there is none. */
  #waiting: Promise<void> | null = null;
  #failed: { readonly error: unknown } | null = null;
  #closed = false;

  /**
   * @param logDir A path or a `file:` URL. Default: `runs/`, the time and the machine's name.
   * @throws SerializationError if the folder or file can't be made; ArgumentError for options that there aren't.
   */
  constructor(logDir?: Path, options: SummaryWriterOptions = {}) {
    checkOptions('SummaryWriter', options, ['comment', 'purgeStep', 'filenameSuffix']);
    const { comment = '', purgeStep, filenameSuffix = '' } = options;
    this.logDir =
      logDir === undefined
        ? join('runs', `${dateName(new Date())}_${hostname()}${comment}`)
        : pathOf('SummaryWriter', logDir);
    this.#suffix = filenameSuffix;
    this.#main = new EventFile(this.logDir, this.#suffix);
    if (purgeStep === undefined) return;
    const step = checkStep('SummaryWriter', purgeStep);
    this.#main.write({ wallTime: now(), step, fileVersion });
    this.#main.write({ wallTime: now(), step, sessionLog: { status: started } });
  }

  /** The folder of the event files. */
  getLogdir(): string {
    return this.logDir;
  }

  /**
   * A number by step.
   *
   * @param value A number, or a tensor of one element.
   */
  addScalar(tag: string, value: number | Tensor, step?: number, options: EventOptions & ScalarOptions = {}): void {
    checkOptions('addScalar', options, ['walltime', 'newStyle', 'doublePrecision']);
    const number = readNumber('addScalar', value);
    this.#add('addScalar', tag, step, options, () => then(number, (x) => scalarSummary(tag, x, options)));
  }

  /**
   * Several numbers in one chart, each of which is a run of its own in a folder below.
   *
   * @example
   * writer.addScalars('loss', { train: trainLoss, test: testLoss }, epoch);
   */
  addScalars(
    mainTag: string,
    values: { readonly [name: string]: number | Tensor },
    step?: number,
    options: EventOptions = {},
  ): void {
    checkOptions('addScalars', options, ['walltime']);
    if (typeof values !== 'object' || values === null)
      throw new ArgumentError(`addScalars: expected values by name, got ${describe(values)}`);
    const numbers = Object.entries(values).map(
      ([name, value]) => [name, readNumber(`addScalars: ${name}`, value)] as const,
    );
    for (const [name, number] of numbers) {
      const folder = join(this.logDir, `${mainTag.replaceAll('/', '_')}_${name}`);
      this.#add('addScalars', mainTag, step, options, () => then(number, (x) => scalarSummary(mainTag, x, {})), folder);
    }
  }

  /**
   * How values are spread, by step.
   *
   * @param values A tensor, numbers, or a histogram that was counted on the device (`readHistograms` of `@tenfold/train`). What isn't finite is left out.
   * @throws ArgumentError for values without an element, and for bins that are not ascending.
   */
  addHistogram(
    tag: string,
    values: Tensor | ArrayLike<number> | CountedHistogram,
    step?: number,
    options: AddHistogramOptions = {},
  ): void {
    checkOptions('addHistogram', options, ['walltime', 'bins', 'maxBins']);
    const { bins = 'tensorflow', maxBins } = options;
    checkBins(bins, maxBins);
    const add = (make: () => Later<Summary>): void => this.#add('addHistogram', tag, step, options, make);
    if (isTensor(values)) {
      if (values.numel() === 0) throw new ArgumentError('addHistogram: The input has no element.');
      const numbers = readNumbers(values);
      add(() => then(numbers, (list) => ({ value: [{ tag, histo: histogramProto(list, bins, maxBins) }] })));
    } else if ('counts' in values) {
      if (values.edges?.length !== values.counts.length + 1)
        throw new ArgumentError('addHistogram: expected one edge more than counts');
      add(() => ({ value: [{ tag, histo: countedProto(values) }] }));
    } else {
      if (!(values?.length > 0)) throw new ArgumentError('addHistogram: The input has no element.');
      const list = Float64Array.from(values);
      add(() => ({ value: [{ tag, histo: histogramProto(list, bins, maxBins) }] }));
    }
  }

  /**
   * An image by step. Floats are from 0 to 1, integers from 0 to 255; what is beyond becomes the nearest. It needs `fast-png`.
   *
   * @param image `[channels, height, width]` of 1, 3 or 4 channels, or what `dataformats` says.
   * @throws ArgumentError for a shape that is no image's.
   */
  addImage(tag: string, image: Tensor, step?: number, options: AddImageOptions = {}): void {
    this.#image('addImage', tag, image, step, options, 'CHW');
  }

  /** Several images `[n, channels, height, width]` as one, eight in a row. */
  addImages(tag: string, images: Tensor, step?: number, options: AddImageOptions = {}): void {
    this.#image('addImages', tag, images, step, options, 'NCHW');
  }

  #image(
    where: string,
    tag: string,
    image: Tensor,
    step: number | undefined,
    options: AddImageOptions,
    otherwise: string,
  ): void {
    checkOptions(where, options, ['walltime', 'dataformats']);
    if (!isTensor(image)) throw new ArgumentError(`${where}: expected a tensor, got ${describe(image)}`);
    const { shape, dtype } = image;
    const letters = checkFormats(options.dataformats ?? otherwise, shape);
    const scale = isFloat(dtype) || dtype === 'bool' ? 255 : 1;
    const values = image.toTypedArray();
    values.catch(() => {});
    this.#add(where, tag, step, options, async () => {
      const pixels = pixelsOf(await values, shape, letters, scale);
      const { encode } = await import('fast-png').catch((cause: unknown) => {
        throw new SerializationError(`${where} needs a package that is not installed: npm install fast-png`, { cause });
      });
      return imageSummary(tag, pixels, encode(pixels));
    });
  }

  /** A text by step, which TensorBoard shows as Markdown. */
  addText(tag: string, text: string, step?: number, options: EventOptions = {}): void {
    checkOptions('addText', options, ['walltime']);
    if (typeof text !== 'string') throw new ArgumentError(`addText: expected a text, got ${describe(text)}`);
    this.#add('addText', tag, step, options, () => textSummary(tag, text));
  }

  /**
   * The ops of a model, below the modules that run them. The model runs once, in evaluation mode and without gradients.
   *
   * @param model A module, any object with `forward`, or a function of tensors.
   * @throws ArgumentError if it is none of these; TenfoldError if it reads a value while it is traced.
   */
  addGraph(model: TracedModel, inputs: Tensor | readonly Tensor[], options: EventOptions = {}): void {
    checkOptions('addGraph', options, ['walltime']);
    const graphDef = graphBytes(model, isTensor(inputs) ? [inputs] : inputs);
    this.#enqueue(this.#main, () => ({ wallTime: checkTime(options), graphDef }));
  }

  /**
   * The hyperparameters of a run and what came of it, for TensorBoard's table. They are a run of their own.
   *
   * @param metrics By the tags under which `addScalar` writes them.
   */
  addHparams(
    hparams: { readonly [name: string]: HParam },
    metrics: { readonly [tag: string]: number | Tensor },
    options: AddHparamsOptions = {},
  ): void {
    checkOptions('addHparams', options, ['runName']);
    const summaries = hparamSummaries(hparams, Object.keys(metrics));
    const numbers = Object.entries(metrics).map(
      ([tag, value]) => [tag, readNumber(`addHparams: ${tag}`, value)] as const,
    );
    const folder = join(this.logDir, options.runName ?? String(now()));
    for (const summary of summaries) this.#add('addHparams', '_hparams_', undefined, {}, () => summary, folder);
    for (const [tag, number] of numbers)
      this.#add('addHparams', tag, undefined, {}, () => then(number, (x) => scalarSummary(tag, x, {})), folder);
  }

  /**
   * Waits until everything that was added is in the files.
   *
   * @throws What went wrong since the last time.
   */
  async flush(): Promise<void> {
    while (this.#waiting) await this.#waiting;
    const failed = this.#failed;
    this.#failed = null;
    if (failed) throw failed.error;
  }

  /** Waits as `flush` does, and closes the files. Nothing can be added after it. */
  async close(): Promise<void> {
    this.#closed = true;
    try {
      await this.flush();
    } finally {
      for (const file of [this.#main, ...this.#others.values()]) file.close();
    }
  }

  /** Closes the files when everything is in them; `await using` waits for it. */
  [Symbol.dispose](): void {
    void this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #add(
    where: string,
    tag: string,
    step: number | undefined,
    options: EventOptions,
    summary: () => Later<Summary>,
    folder?: string,
  ): void {
    if (typeof tag !== 'string' || tag === '')
      throw new ArgumentError(`${where}: the tag must be a text, got ${describe(tag)}`);
    const about = { wallTime: checkTime(options), step: step === undefined ? 0 : checkStep(where, step) };
    this.#checkOpen(where);
    this.#enqueue(this.#fileOf(folder), () => then(summary(), (done) => ({ ...about, summary: done })));
  }

  #checkOpen(where: string): void {
    if (this.#closed) throw new SerializationError(`${where}: the writer of ${this.logDir} is closed`);
  }

  #fileOf(folder: string | undefined): EventFile {
    if (folder === undefined) return this.#main;
    let file = this.#others.get(folder);
    if (!file) this.#others.set(folder, (file = new EventFile(folder, this.#suffix)));
    return file;
  }

  /** Writes now what is known and has nothing before it; the rest in its turn. */
  #enqueue(file: EventFile, make: () => Later<Event>): void {
    this.#checkOpen('SummaryWriter');
    const write = async (): Promise<void> => file.write(await make());
    if (this.#waiting !== null) {
      this.#wait(this.#waiting.then(write));
      return;
    }
    const event = make();
    if (event instanceof Promise) this.#wait(event.then((known) => file.write(known)));
    else this.#try(() => file.write(event));
  }

  #try(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#failed ??= { error };
    }
  }

  #wait(turn: Promise<void>): void {
    const settled: Promise<void> = turn
      .catch((error: unknown) => {
        this.#failed ??= { error };
      })
      .then(() => {
        if (this.#waiting === settled) this.#waiting = null;
      });
    this.#waiting = settled;
  }
}

/** A value, or the promise of one that the device has yet to give. */
type Later<T> = T | Promise<T>;

const then = <T, U>(value: Later<T>, next: (value: T) => U): Later<U> =>
  value instanceof Promise ? value.then(next) : next(value);

const fileVersion = 'brain.Event:2';

/** `SessionLog.START`. */
const started = 1;

let files = 0;

/** One file of events. Each is written by one call of the system: whoever reads meanwhile sees whole ones, but perhaps for the last. */
class EventFile {
  readonly #path: string;
  #descriptor: number | null;

  constructor(folder: string, suffix: string) {
    const seconds = String(Math.floor(now())).padStart(10, '0');
    this.#path = join(folder, `events.out.tfevents.${seconds}.${hostname()}.${process.pid}.${files++}${suffix}`);
    try {
      mkdirSync(folder, { recursive: true });
      this.#descriptor = openSync(this.#path, 'wx');
    } catch (cause) {
      throw new SerializationError(`${this.#path}: it can't be made: ${(cause as Error).message}`, { cause });
    }
    this.write({ wallTime: now(), fileVersion, sourceMetadata: { writer: 'tenfold' } });
  }

  write(event: Event): void {
    if (this.#descriptor === null) throw new SerializationError(`${this.#path}: the file is closed`);
    const bytes = record(Event.encode(event).finish());
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#descriptor, bytes, done);
    } catch (cause) {
      throw new SerializationError(`${this.#path}: it can't be written: ${(cause as Error).message}`, { cause });
    }
  }

  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}

const now = (): number => Date.now() / 1000;

/** `Nov22_02-08-19`. */
function dateName(date: Date): string {
  const month = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'][date.getMonth()];
  const two = (x: number): string => String(x).padStart(2, '0');
  return `${month}${two(date.getDate())}_${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join('-')}`;
}

function checkStep(where: string, step: unknown): number {
  if (typeof step === 'number' && Number.isSafeInteger(step)) return step;
  throw new ArgumentError(`${where}: the step must be an integer, got ${describe(step)}`);
}

function checkTime({ walltime }: EventOptions): number {
  if (walltime === undefined) return now();
  if (typeof walltime === 'number' && Number.isFinite(walltime)) return walltime;
  throw new ArgumentError(`walltime must be a number of seconds, got ${describe(walltime)}`);
}

function checkBins(bins: HistogramBins, maxBins: number | undefined): void {
  const whole = (x: unknown): boolean => Number.isSafeInteger(x) && (x as number) >= 1;
  const ascending = Array.isArray(bins) && bins.length >= 2 && bins.every((x, i) => i === 0 || x > bins[i - 1]);
  if (bins !== 'tensorflow' && !whole(bins) && !ascending)
    throw new ArgumentError(
      `addHistogram: bins must be 'tensorflow', a number of them, or ascending edges, got ${describe(bins)}`,
    );
  if (maxBins !== undefined && !whole(maxBins))
    throw new ArgumentError(`addHistogram: maxBins must be an integer of at least 1, got ${describe(maxBins)}`);
}

/** Begins to read now, as the next step may change the tensor. */
function readNumber(where: string, value: unknown): Later<number> {
  if (typeof value === 'number') return value;
  if (!isTensor(value)) throw new ArgumentError(`${where}: expected a number or a tensor, got ${describe(value)}`);
  if (value.numel() !== 1)
    throw new ArgumentError(`${where}: Tensor should contain one element. Was given shape: [${value.shape}]`);
  const read = value.item();
  // it is looked at in its turn
  read.catch(() => {});
  return read;
}

function readNumbers(values: Tensor): Promise<Float64Array> {
  const read = values.toTypedArray().then((list) => Float64Array.from(list as ArrayLike<number | bigint>, Number));
  // it is looked at in its turn
  read.catch(() => {});
  return read;
}
