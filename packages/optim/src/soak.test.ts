/** Training for ever in bounded memory, in a process of its own. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const soak = fileURLToPath(new URL('../test/soak.mjs', import.meta.url));

/**
 * What V8 lets lie before it collects is not what is measured: its nursery has the full size from the start, the old generation has little room (a step that
 * left a kilobyte behind would end the process), and a collection is done at once, not while the program runs on at the speed of the machine.
 */
const flags = ['--min-semi-space-size=16', '--max-old-space-size=24', '--no-incremental-marking'];

interface Soaked {
  readonly early: number;
  readonly late: number;
  readonly losses: readonly [number, number];
  readonly memory: { readonly bytes: number; readonly peakBytes: number };
}

/** Runs on the packages as they are built: `npm test` builds them. */
async function train(style: string, steps: number): Promise<Soaked> {
  const { stdout } = await run(process.execPath, [...flags, soak, style, String(steps)]);
  return JSON.parse(stdout) as Soaked;
}

it('20,000 steps with one await each, nothing disposed: resident memory stays within 5 % of that after 2,000', async () => {
  const { early, late, losses, memory } = await train('await', 20_000);
  expect(late).toBeLessThan(early * 1.05);
  expect(losses[1]).toBeLessThan(losses[0] / 10);
  // each step makes 45 KB: 900 MB in all
  expect(memory.peakBytes).toBeLessThan(200e6);
}, 600_000);

it('20,000 steps without any await, in tidy: the same, and nothing is left for the garbage collector', async () => {
  const { early, late, losses, memory } = await train('tidy', 20_000);
  expect(late).toBeLessThan(early * 1.05);
  expect(losses[1]).toBeLessThan(losses[0] / 10);
  // what is held in one step
  expect(memory.peakBytes).toBeLessThan(1e6);
  expect(memory.bytes).toBeLessThan(100e3);
}, 600_000);
