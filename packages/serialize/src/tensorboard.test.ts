/**
 * Event files against one that torch.utils.tensorboard and TensorBoard wrote at fixed times (`tools/torch-oracle/tensorboard_events.py`): each record is the same
 * bytes, but for images, which another encoder compressed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import '@tenfold/autograd';
import '@tenfold/backend-cpu/register';
import { Linear, Module, Sequential } from '@tenfold/nn';
import { arange, ones, type Tensor, tensor } from '@tenfold/tensor-core';
import { decode } from 'fast-png';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { crc32c, maskedCrc } from './records.ts';
import { SummaryWriter } from './tensorboard.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tenfold-events-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The data of whole records, with both checksums looked at; a last one that is cut off is left out. */
function records(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: Uint8Array[] = [];
  for (let at = 0; at + 12 <= bytes.length; ) {
    const length = Number(view.getBigUint64(at, true));
    if (at + 16 + length > bytes.length) break;
    const data = bytes.subarray(at + 12, at + 12 + length);
    expect(view.getUint32(at + 8, true)).toBe(maskedCrc(bytes.subarray(at, at + 8)));
    expect(view.getUint32(at + 12 + length, true)).toBe(maskedCrc(data));
    found.push(data);
    at += 16 + length;
  }
  return found;
}

const eventFiles = (of: string): string[] => readdirSync(of).filter((name) => name.startsWith('events.out.tfevents.'));
const recordsIn = (of: string): Uint8Array[] => eventFiles(of).flatMap((name) => records(readFileSync(join(of, name))));

const reference = records(readFileSync(new URL('../fixtures/tensorboard.tfevents', import.meta.url)));

it('checksums are those of RFC 3720', () => {
  // appendix B.4
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
});

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** What stands before the PNG file in a record, and its pixels. */
function image(data: Uint8Array): readonly [string, object] {
  const at = text(data).indexOf('\u{89}PNG');
  const { width, height, channels, data: pixels } = decode(data.subarray(at));
  // the length of the file, and of what holds it, differ
  return [text(data.subarray(0, 9)), { width, height, channels, pixels: [...pixels] }];
}

it('has the records that torch.utils.tensorboard has', async () => {
  const writer = new SummaryWriter(folder, { purgeStep: 7 });
  writer.addScalar('loss', 0.1, 3, { walltime: 1.5 });
  writer.addScalar('loss', tensor(0), 0, { walltime: 2.5 });
  writer.addScalar('loss', -1e-30, 2 ** 40, { walltime: 3.5 });
  writer.addScalar('α/β', 2, undefined, { walltime: 4.5 });
  writer.addScalar('new', 0.1, 1, { walltime: 5.5, newStyle: true });
  writer.addScalar('double', 0.1, 1, { walltime: 6.5, newStyle: true, doublePrecision: true });
  const values = arange(-8, 25, 1).div(4);
  writer.addHistogram('growing', values, 1, { walltime: 7.5 });
  writer.addHistogram('equal', values, 2, { bins: 5, walltime: 8.5 });
  writer.addHistogram('edges', values, 3, { bins: [-1, 0, 0.5, 10], walltime: 9.5 });
  writer.addHistogram('fewer', (await values.toArray()) as number[], 4, { bins: 10, maxBins: 4, walltime: 10.5 });
  writer.addHistogram('one', [2], 5, { bins: 4, walltime: 11.5 });
  writer.addText('text', '**bold** ü', 6, { walltime: 12.5 });
  await writer.flush();
  writer.addHparams({ lr: 0.1, name: 'adam' }, { accuracy: 0 }, { runName: 'hp' });
  const weight = ones([2, 3]);
  const net = (x: Tensor): Tensor => x.mm(weight).relu();
  writer.addGraph(net, tensor([[1, 2]]), { walltime: 14.5 });
  const colours = arange(24, { dtype: 'uint8' }).mul(10).view([3, 2, 4]);
  writer.addImage('image', colours, 7, { walltime: 15.5 });
  writer.addImage('floats', colours.permute([1, 2, 0]).div(255), 8, { walltime: 16.5, dataformats: 'HWC' });
  writer.addImage('grey', colours.select(0, 0), 9, { walltime: 17.5, dataformats: 'HW' });
  const squares = arange(36, { dtype: 'uint8' }).mul(5).view([9, 1, 2, 2]);
  writer.addImages('grid', squares, 10, { walltime: 18.5 });
  await writer.close();

  const written = recordsIn(folder);
  // the first says who wrote it, and the next two when; hyperparameters are a run of their own
  const [first, ...rest] = written;
  expect(text(first)).toContain('brain.Event:2');
  const withoutHparams = reference.filter((data) => !text(data).includes('_hparams_'));
  expect(rest.length).toBe(withoutHparams.length - 1);
  for (const [i, data] of rest.entries()) {
    const expected = withoutHparams[i + 1];
    if (i < 2) expect(text(data.subarray(9)), `record ${i + 1}`).toBe(text(expected.subarray(9)));
    else if (text(data).includes('PNG')) expect(image(data), `record ${i + 1}`).toEqual(image(expected));
    else expect(text(data), `record ${i + 1}`).toBe(text(expected));
  }
  // what a run was started with is the same
  const afterTime = (list: Uint8Array[]): string[] => list.map((data) => text(data.subarray(9)));
  const hparams = afterTime(reference).filter((data) => data.includes('_hparams_'));
  expect(afterTime(recordsIn(join(folder, 'hp')).slice(1)).slice(0, 3)).toEqual(hparams);
});

/** The wall time of an event is its first field. */
const timeOf = (data: Uint8Array): number => new DataView(data.buffer, data.byteOffset).getFloat64(1, true);

it('keeps the order of the calls, and values as they were', async () => {
  await using writer = new SummaryWriter(folder);
  const x = tensor([1]);
  const before = Date.now() / 1000;
  for (let i = 0; i < 20; i++) {
    writer.addScalar('x', i % 3 === 0 ? i : x, i, { newStyle: true });
    if (i % 4 === 0) writer.addHistogram('h', x, i);
    x.add_(1);
  }
  x.dispose();
  await writer.flush();
  const [, ...events] = recordsIn(folder);
  expect(events.length).toBe(25);
  const steps = events.map((data) => (data[9] === 16 ? data[10] : 0));
  expect(steps).toEqual([...steps].sort((a, b) => a - b));
  for (const data of events) expect(timeOf(data)).toBeGreaterThanOrEqual(before);
  // a float32 in four bytes: field 5 of the tensor, packed
  const values = events
    .filter((data) => text(data).includes('scalars'))
    .map((data) => new DataView(data.buffer, data.byteOffset + text(data).indexOf('*\u{4}') + 2).getFloat32(0, true));
  expect(values).toEqual(Array.from({ length: 20 }, (_, i) => (i % 3 === 0 ? i : i + 1)));
});

it('addScalars writes a run for each', async () => {
  const writer = new SummaryWriter(folder, { filenameSuffix: '.a' });
  writer.addScalars('loss/both', { train: 1, test: tensor(2) }, 3);
  await writer.close();
  expect(writer.getLogdir()).toBe(folder);
  for (const name of ['loss_both_train', 'loss_both_test']) {
    expect(eventFiles(join(folder, name))[0]).toMatch(/\.a$/);
    expect(text(recordsIn(join(folder, name))[1])).toContain('loss/both');
  }
});

it('a graph has the modules as folders, every op once, and leaves the model as it was', async () => {
  class Twice {
    readonly layer = new Linear(2, 2);
    namedModules() {
      return [['layer', this.layer]] as const;
    }
    forward(x: Tensor) {
      return [this.layer.forward(this.layer.forward(x)), x.relu()];
    }
  }
  class Noisy extends Module {
    forward(x: Tensor): Tensor {
      return this.training ? x.sin() : x.cos();
    }
  }
  const model = new Sequential(new Linear(2, 2), new Noisy());
  const writer = new SummaryWriter(folder);
  writer.addGraph(model, [tensor([[1, 2]])]);
  writer.addGraph(new Twice(), [tensor([[1, 2]])]);
  writer.addGraph((x) => x.mul(2).split(1, 1), tensor([[1, 2]]));
  await writer.close();
  const [, net, twice, plain] = recordsIn(folder).map(text);
  expect(net).toContain('Sequential/0/weight');
  // in evaluation mode
  expect(net).toContain('Sequential/1/cos');
  expect(model.modules().every(({ training }) => training)).toBe(true);
  expect(Object.hasOwn(model, 'forward')).toBe(false);
  expect(twice).toMatch(/Twice\/layer\/\w+_1/);
  expect(twice).toContain('output/1');
  expect(plain).toContain('input 1=2');
  expect(() => writer.addGraph(model, [])).toThrow();
});

it('what was flushed is there when the process is killed (kill -9)', async () => {
  const script = fileURLToPath(new URL('../test/write-events.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    said += more;
    if (said.length > 1000) child.kill('SIGKILL');
  });
  expect(await ended).toEqual([null, 'SIGKILL']);
  const flushed = Number(said.slice(0, said.lastIndexOf('\n')).split('\n').at(-1));
  expect(flushed).toBeGreaterThan(100);
  expect(recordsIn(folder).length).toBeGreaterThanOrEqual(1 + flushed);
});

it('a last record that is cut off leaves those before it', () => {
  const bytes = readFileSync(new URL('../fixtures/tensorboard.tfevents', import.meta.url));
  for (const cut of [1, 4, 5, 100]) expect(records(bytes.subarray(0, -cut)).length).toBe(reference.length - 1);
});

describe('refuses', () => {
  const cases: readonly [name: string, act: (writer: SummaryWriter) => void, message: string][] = [
    [
      'a tensor of several elements',
      (w) => w.addScalar('a', tensor([1, 2])),
      'Tensor should contain one element. Was given shape: [2]',
    ],
    [
      'what is no number',
      (w) => w.addScalar('a', '1' as never),
      "addScalar: expected a number or a tensor, got string '1'",
    ],
    ['a tag that is none', (w) => w.addScalar('', 1), 'addScalar: the tag must be a text'],
    ['a step that is none', (w) => w.addScalar('a', 1, 0.5), 'addScalar: the step must be an integer, got number 0.5'],
    [
      'a time that is none',
      (w) => w.addScalar('a', 1, 1, { walltime: Number.NaN }),
      'walltime must be a number of seconds',
    ],
    ['unknown options', (w) => w.addScalar('a', 1, 1, { time: 1 } as never), "addScalar: unknown option 'time'"],
    ['nothing to count', (w) => w.addHistogram('a', tensor([])), 'The input has no element.'],
    ['no numbers to count', (w) => w.addHistogram('a', []), 'The input has no element.'],
    [
      'edges that fall',
      (w) => w.addHistogram('a', [1], 0, { bins: [2, 1] }),
      "bins must be 'tensorflow', a number of them, or ascending edges",
    ],
    [
      'edges that are too few',
      (w) => w.addHistogram('a', { counts: [1], edges: [1], num: 1, min: 1, max: 1, sum: 1, sumSquares: 1 }),
      'one edge more than counts',
    ],
    [
      'two channels',
      (w) => w.addImage('a', tensor([[[1]], [[1]]])),
      'an image has 1, 3 or 4 channels, got 2 in [2,1,1] as CHW',
    ],
    ['another number of sizes', (w) => w.addImage('a', tensor([[1]])), 'tensor shape: [1,1], input_format: CHW'],
    [
      'other letters',
      (w) => w.addImage('a', tensor([[1]]), 0, { dataformats: 'HH' }),
      "dataformats must be an order of the letters of 'NCHW', 'CHW' or 'HW'",
    ],
    ['a text that is none', (w) => w.addText('a', 1 as never), 'addText: expected a text, got number 1'],
    [
      'a model that is none',
      (w) => w.addGraph({} as never, tensor([1])),
      'the model must be a function or an object with forward(…)',
    ],
    [
      'hyperparameters of another kind',
      (w) => w.addHparams({ a: [] as never }, {}),
      'addHparams: a must be a number, a text, true, false or null',
    ],
  ];
  it.each(cases)('%s', async (_, act, message) => {
    const writer = new SummaryWriter(folder);
    expect(() => act(writer)).toThrow(message);
    await writer.close();
    expect(recordsIn(folder).length).toBe(1);
  });

  it('a folder that is a file, and a writer that is closed', async () => {
    const writer = new SummaryWriter(folder);
    expect(() => new SummaryWriter(join(folder, eventFiles(folder)[0]))).toThrow("it can't be made");
    await writer.close();
    await writer.close();
    expect(() => writer.addScalar('a', 1)).toThrow(`addScalar: the writer of ${folder} is closed`);
  });

  it('a value that is lost, when flushed', async () => {
    const writer = new SummaryWriter(folder);
    const x = tensor([1, 2]);
    Object.assign(x, { toTypedArray: () => Promise.reject(new Error('lost')) });
    writer.addHistogram('a', x);
    writer.addScalar('b', 1);
    await expect(writer.flush()).rejects.toThrow('lost');
    // what came after it is there
    expect(text(recordsIn(folder)[1])).toContain('b');
    await writer.close();
  });
});

it('leaves out of histograms what is not finite', async () => {
  const writer = new SummaryWriter(folder);
  writer.addHistogram('a', [Number.NaN, 1, Number.POSITIVE_INFINITY], 0, { walltime: 1, bins: 2 });
  writer.addHistogram('a', [1], 0, { walltime: 1, bins: 2 });
  writer.addHistogram('a', [Number.NaN], 0, { walltime: 1 });
  await writer.close();
  const [, some, one, none] = recordsIn(folder).map(text);
  expect(some).toBe(one);
  expect(none.length).toBeGreaterThan(9);
});
