/** Training for ever in bounded memory, in a process of its own. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const soak = fileURLToPath(new URL('../test/soak.mjs', import.meta.url));

/** V8's nursery has its full size from the start: how it grows is not what is measured. */
const flags = ['--min-semi-space-size=16'];

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
  // each step makes 100 KB and more: 2 GB in all
  expect(memory.peakBytes).toBeLessThan(200e6);
}, 600_000);

it('without any await, tidy leaves nothing for the garbage collector', async () => {
  const { losses, memory } = await train('tidy', 1000);
  expect(losses[1]).toBeLessThan(losses[0] / 10);
  // what is held in one step
  expect(memory.peakBytes).toBeLessThan(1e6);
  expect(memory.bytes).toBeLessThan(100e3);
}, 120_000);
