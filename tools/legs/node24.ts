/** A newer Node for a leg of the suite. Node 24 has relaxed SIMD, which Node 20 lacks. */
import { fileURLToPath } from 'node:url';
import { fetchProgram, programPath } from '../bootstrap/programs.mjs';
import { poolOf } from './node-pool.ts';

/** vitest calls it before the first test of the leg: fetches the pinned Node, once. */
export function setup(): void {
  fetchProgram('node24');
}

/** The options of a vitest project whose tests run on that Node. */
export const onNode24 = () => ({
  globalSetup: fileURLToPath(import.meta.url),
  pool: poolOf({ name: 'node24', executable: programPath('node24') }),
});
