/** The bar on a terminal that is played by a few lines, and on none. */
import '@tenfold/autograd';
import '@tenfold/backend-cpu/register';
import { DataLoader } from '@tenfold/data';
import { full, memory, tensor, tidy } from '@tenfold/tensor-core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RunningMean } from './index.ts';
import { progress } from './progress.ts';
import { progress as progressInPages } from './progress-page.ts';

const escape = '\u{1b}';
const parts = new RegExp(`${escape}\\[[0-9;?]*[A-Za-z]|\n|\r|[^${escape}\n\r]+`, 'gu');
const sequence = new RegExp(`^${escape}\\[([0-9?;]*)([A-Za-z])$`, 'u');
/** Switches, saved places and colours. */
const modes = new RegExp(`${escape}\\[\\?|${escape}[78]|${escape}\\[[0-9;]*m`, 'u');

/** What a terminal of that width shows of what was written: the sequences that the bar uses, and no others. */
class Terminal {
  readonly isTTY = true;
  columns: number;
  written = '';
  lines = [''];
  /** How many lines a real one would have broken. */
  tooWide = 0;
  #x = 0;
  #y = 0;

  constructor(columns = 80) {
    this.columns = columns;
  }

  write(text: string): boolean {
    this.written += text;
    for (const [part] of text.matchAll(parts)) this.#take(part);
    return true;
  }

  #take(part: string): void {
    const [, count, letter] = sequence.exec(part) ?? [];
    if (part === '\n') {
      this.#y++;
      this.#x = 0;
      this.lines[this.#y] ??= '';
    } else if (part === '\r') this.#x = 0;
    else if (letter === undefined) {
      const line = this.lines[this.#y].padEnd(this.#x);
      this.lines[this.#y] = line.slice(0, this.#x) + part + line.slice(this.#x + part.length);
      this.#x += part.length;
      if (this.#x > this.columns) this.tooWide++;
    } else if (letter === 'G') this.#x = Number(count || 1) - 1;
    else if (letter === 'A') this.#y = Math.max(this.#y - Number(count || 1), 0);
    else if (letter === 'K') this.lines[this.#y] = count === '2' ? '' : this.lines[this.#y].slice(0, this.#x);
    else if (letter === 'J') {
      this.lines = this.lines.slice(0, this.#y + 1);
      this.lines[this.#y] = this.lines[this.#y].slice(0, this.#x);
    } else throw new Error(`the bar used ${JSON.stringify(part)}`);
  }

  get shown(): string[] {
    return this.lines.map((line) => line.trimEnd()).filter((line) => line !== '');
  }
}

beforeEach(() => {
  vi.stubEnv('CI', '');
  vi.stubEnv('TERM', 'xterm');
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const turn = (ms = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('on a terminal', () => {
  it('shows label, share, count, rate and values, and leaves the last state', async () => {
    const stream = new Terminal(120);
    const listeners = process.listenerCount('exit');
    const bar = progress([1, 2, 3, 4], { label: 'train', stream, minInterval: 0 });
    const seen: number[] = [];
    for await (const x of bar) {
      seen.push(x);
      bar.set({ loss: tensor(x / 8), accuracy: x === 4 ? 1 : 0.123456, note: 'ok' });
      await turn(5);
    }
    expect(seen).toEqual([1, 2, 3, 4]);
    expect(stream.written).toContain('train:  50%|');
    expect(stream.shown).toHaveLength(1);
    expect(stream.shown[0]).toMatch(
      /^train: 100%\|█+\| 4\/4 \[00:00<00:00, [\d.]+it\/s, loss=0\.5000, accuracy=1, note=ok\]$/,
    );
    // no mode of the terminal is changed: the only sequences move and clear
    expect(stream.written).not.toMatch(modes);
    expect(process.listenerCount('exit')).toBe(listeners);
  });

  it('goes over a DataLoader, a number, a set, and what has no length', async () => {
    const stream = new Terminal();
    for await (const batch of progress(new DataLoader([1, 2, 3, 4, 5], { batchSize: 2 }), { stream })) batch.dispose();
    expect(stream.shown.at(-1)).toContain('3/3 [');
    expect([...progress(3, { stream })]).toEqual([0, 1, 2]);
    expect([...progress(new Set('ab'), { stream, unit: 'letter' })]).toEqual(['a', 'b']);
    expect(stream.shown.at(-1)).toMatch(/2\/2 \[.*letter\/s\]$/);
    async function* two(): AsyncGenerator<string> {
      yield 'a';
      yield 'b';
    }
    for await (const _ of progress(two(), { stream })) await turn();
    expect(stream.shown.at(-1)).toMatch(/^2it \[00:00, /);
    for await (const _ of progress(two(), { stream, total: 2 })) await turn();
    expect(stream.shown.at(-1)).toContain('2/2 [');
    for (const _ of progress([], { stream })) throw new Error('nothing');
    expect(stream.shown.at(-1)).toContain('100%');
    // an epoch each
    const bar = progress([1, 2], { stream });
    expect([[...bar], [...bar]]).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('keeps two bars below each other, and lines above them', async () => {
    const stream = new Terminal();
    for (const epoch of progress(2, { label: 'epochs', stream, minInterval: 0 })) {
      const inner = progress(3, { label: `epoch ${epoch}`, stream, leave: false, minInterval: 0 });
      for (const i of inner) {
        if (i === 1) inner.log(`note ${epoch}`);
        if (i === 2) expect(stream.shown.slice(-2).map((line) => line.slice(0, 6))).toEqual(['epochs', 'epoch ']);
      }
    }
    expect(stream.shown.map((line) => line.slice(0, 6))).toEqual(['note 0', 'note 1', 'epochs']);
  });

  it.each([true, false])('is sane after a break and a throw (asynchronous: %s)', async (asynchronous) => {
    const stream = new Terminal();
    const closed: string[] = [];
    const source = {
      length: 5,
      async *[Symbol.asyncIterator]() {
        try {
          yield* [0, 1, 2, 3, 4];
        } finally {
          closed.push('async');
        }
      },
      *[Symbol.iterator]() {
        try {
          yield* [0, 1, 2, 3, 4];
        } finally {
          closed.push('sync');
        }
      },
    };
    const loop = async (act: (i: number) => boolean): Promise<void> => {
      if (asynchronous) {
        for await (const i of progress(source, { stream })) if (act(i)) break;
      } else {
        for (const i of progress(source, { stream })) if (act(i)) break;
      }
    };
    const listeners = process.listenerCount('exit');
    await loop((i) => i === 2);
    await expect(
      loop((i) => {
        if (i === 1) throw new Error('in the loop');
        return false;
      }),
    ).rejects.toThrow('in the loop');
    stream.write('next\n');
    expect(stream.shown.map((line) => /\d\/\d|next/.exec(line)?.[0])).toEqual(['2/5', '1/5', 'next']);
    expect(closed).toEqual(asynchronous ? ['async', 'async'] : ['sync', 'sync']);
    expect(process.listenerCount('exit')).toBe(listeners);
  });

  it('fits every width, also one that changes', () => {
    const stream = new Terminal(100);
    const bar = progress(60, { label: 'a label', stream, minInterval: 0 });
    for (const i of bar) {
      bar.set({ loss: 1 / 3, other: 'a value that is rather long' });
      stream.columns = 100 - i;
    }
    // the last state, which stays, is whole
    expect(stream.tooWide).toBe(1);
    expect(stream.shown.at(-1)).toMatch(/60\/60 .* long\]$/);
  });
});

describe('values', () => {
  it('are read at most four times a second, one read at a time', async () => {
    let under = 0;
    let reads = 0;
    const slow = {
      compute() {
        const x = tensor(++reads);
        Object.assign(x, {
          async item() {
            expect(++under).toBe(1);
            await turn(30);
            under--;
            return reads;
          },
        });
        return x;
      },
    };
    const bar = progress(200, { write: () => {} });
    const start = performance.now();
    for await (const _ of bar) {
      bar.set({ slow });
      await turn(1);
    }
    // one more at the end
    expect(reads).toBeLessThanOrEqual(2 + (performance.now() - start) / 250);
    expect(reads).toBeGreaterThan(1);
  });

  it('are the last ones at the end, need no live tensor, and leave no memory', async () => {
    const lines: string[] = [];
    const mean = new RunningMean();
    const bar = progress(50, { write: (line) => lines.push(line) });
    const before = memory().cpu?.bytes ?? 0;
    for (const i of bar) {
      using loss = tidy(() => full([5000], i).mean());
      mean.update(loss);
      bar.set({ loss, mean });
    }
    expect(lines.at(-1)).toContain('loss=49, mean=24.50]');
    expect((memory().cpu?.bytes ?? 0) - before).toBeLessThan(50_000);
    for await (const i of bar) {
      using loss = tensor(i);
      bar.set({ loss });
    }
    expect(lines.at(-1)).toContain('loss=49]');
  });

  it('that are lost show a question mark, and others are refused', async () => {
    const lines: string[] = [];
    const bar = progress(1, { write: (line) => lines.push(line) });
    const gone = tensor(1);
    Object.assign(gone, { detach: () => Object.assign(tensor(1), { item: () => Promise.reject(new Error('lost')) }) });
    for await (const _ of bar) {
      bar.set({ gone });
      expect(() => bar.set({ a: tensor([1, 2]) })).toThrow('cannot be converted to Scalar: a has shape [2]');
      expect(() => bar.set({ a: null as never })).toThrow('a must be a number, a text, a tensor or a metric, got null');
    }
    expect(lines.at(-1)).toContain('gone=?');
    // outside of a loop it shows nothing
    bar.set({ loss: 1 });
  });
});

describe('elsewhere', () => {
  it('writes lines: at the end, and now and then', async () => {
    const written: string[] = [];
    const stream = { write: (text: string) => written.push(text) };
    for (const _ of progress(3, { stream, label: 'quiet' }));
    expect(written).toHaveLength(1);
    expect(written[0]).toMatch(/^quiet: 100%\|.*3\/3 .*\]\n$/);
    for await (const _ of progress(3, { stream, minInterval: 0.001 })) await turn(3);
    expect(written).toHaveLength(5);
    vi.stubEnv('CI', 'true');
    const terminal = new Terminal(200);
    for (const _ of progress(2, { stream: terminal }));
    expect(terminal.written).not.toContain('\u{1b}');
    vi.stubEnv('CI', '');
    vi.stubEnv('TERM', 'dumb');
    for (const _ of progress(2, { stream: terminal }));
    expect(terminal.written).not.toContain('\u{1b}');
    for (const _ of progress(2, { stream, leave: false }));
    for (const _ of progress(2, { stream, disable: true }));
    expect(written).toHaveLength(5);
  });

  it('writes to the console of a page', () => {
    const info = vi.spyOn(console, 'info').mockImplementation(() => {});
    expect([...progressInPages('ab')]).toEqual(['a', 'b']);
    expect(info.mock.calls.flat()[0]).toContain('2/2 [');
  });
});

it.each([
  [() => progress(null as never), 'progress: expected something to iterate over, got null'],
  [() => progress(-1), 'progress: expected a number of turns of at least 0, got -1'],
  [() => progress([], { total: 1.5 }), 'total must be an integer of at least 0, got number 1.5'],
  [() => progress([], { minInterval: -1 }), 'minInterval must be a number of seconds'],
  [() => progress([], { desc: '' } as never), "unknown option 'desc'"],
  [() => progressInPages([], { stream: {} } as never), "unknown option 'stream'"],
  [() => [...progress((async function* () {})(), { disable: true })], 'asynchronous; use for await'],
])('refuses %#', (act, message) => {
  expect(act).toThrow(message);
});
