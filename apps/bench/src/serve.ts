/** A contender as a process: serves requests from standard input until it ends. */
import { createInterface } from 'node:readline';
import { type Manners, Stopwatch, type Works } from './contender.ts';
import type { Hello, Reply, Request } from './protocol.ts';

export async function serve(contender: Omit<Hello, 'rows'> & Manners & { readonly works: Works }): Promise<void> {
  const { version, adapter, threads, works } = contender;
  const say = (message: Hello | Reply): boolean => process.stdout.write(`${JSON.stringify(message)}\n`);
  let ready: { readonly row?: string; readonly watch?: Stopwatch } = {};
  say({ version, adapter, threads, rows: Object.keys(works) });
  for await (const line of createInterface({ input: process.stdin })) {
    const { row, milliseconds } = JSON.parse(line) as Request;
    try {
      let { watch } = ready;
      if (!watch || ready.row !== row) {
        // what the row before held goes back before this one takes its own
        ready = {};
        watch = await Stopwatch.warm(row, works[row], contender, milliseconds);
        ready = { row, watch };
      }
      say({ row, milliseconds: await watch.time(milliseconds) });
      // finalizers and timers get their turn between two measurements
      await new Promise((done) => setImmediate(done));
    } catch (error) {
      say({ row, error: error instanceof Error ? error.message : String(error) });
    }
  }
}
