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

// the packages as they are built: `npm test` builds them
it.each(['await', 'tidy'])(
  '20,000 steps, nothing disposed, with %s: resident memory at the end is within 5 % of that after 2,000',
  async (style) => {
    const { stdout } = await run(process.execPath, [...flags, soak, style, '20000']);
    const { early, late, losses, memory } = JSON.parse(stdout) as Soaked;
    expect(late).toBeLessThan(early * 1.05);
    expect(losses[1]).toBeLessThan(losses[0] / 10);
    expect(memory.peakBytes).toBeGreaterThanOrEqual(memory.bytes);
    // each step makes 100 KB and more: 2 GB in all
    expect(memory.peakBytes).toBeLessThan(200e6);
  },
  600_000,
);
