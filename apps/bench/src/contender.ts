/** The loop of a contender written in JavaScript: makes each row's work once, warms it up, and times it when asked. */
import { createInterface } from 'node:readline';
import type { Hello, Reply, Request } from './protocol.ts';

/** One iteration. It has ended when the call returns, or its promise is settled. */
export type Work = () => unknown;
/** How the work of each row is made; rows that a contender can't do are left out. */
export type Works = { readonly [row: string]: () => Work | Promise<Work> };

/** Sizes of the rows that show how times grow. */
export const sizes = [64, 128, 256, 512, 1024, 2048];
export const million = 2 ** 20;

/** The same work of several sizes: rows `'name 64'`, `'name 128'`, … */
export const sized = (name: string, list: readonly number[], make: (n: number) => Work | Promise<Work>): Works =>
  Object.fromEntries(list.map((n) => [`${name} ${n}`, () => make(n)]));

/** Long enough for the compilers of JavaScript to come to rest. */
const warmupMilliseconds = 1000;

/** Iterations until `milliseconds` have passed; gives the time of one. */
async function time(work: Work, milliseconds: number): Promise<number> {
  const start = performance.now();
  let now = start;
  let done = 0;
  do {
    const result = work();
    // an await costs a microtask: only where there is something to wait for
    if (result instanceof Promise) await result;
    done++;
    now = performance.now();
  } while (now - start < milliseconds);
  return (now - start) / done;
}

/** Small work is repeated within an iteration, so that looking at the clock costs nothing beside it. */
function repeated(work: Work, times: number): Work {
  if (times <= 1) return work;
  return () => {
    let last: unknown;
    for (let i = 0; i < times; i++) last = work();
    return last;
  };
}

const repeats: { readonly [row: string]: number } = { 'add 4': 100, 'add 4 recorded': 100, 'linear step': 10 };

/** Serves requests from standard input until it ends. */
export async function serve(version: string, threads: number, works: Works): Promise<void> {
  const say = (message: Hello | Reply): boolean => process.stdout.write(`${JSON.stringify(message)}\n`);
  const ready = new Map<string, Work>();
  say({ version, threads, rows: Object.keys(works) });
  for await (const line of createInterface({ input: process.stdin })) {
    const { row, milliseconds } = JSON.parse(line) as Request;
    const times = repeats[row] ?? 1;
    try {
      let work = ready.get(row);
      if (!work) {
        work = repeated(await works[row](), times);
        ready.set(row, work);
        await time(work, warmupMilliseconds);
      }
      say({ row, milliseconds: (await time(work, milliseconds)) / times });
      // finalizers and timers get their turn between two measurements
      await new Promise((done) => setImmediate(done));
    } catch (error) {
      say({ row, error: error instanceof Error ? error.message : String(error) });
    }
  }
}
