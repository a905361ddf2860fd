/** jax-js on its WebAssembly backend, as a process. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { serve } from '../serve.ts';

// jax-js looks for a GPU there; Node 20 has no such global
(globalThis as { navigator?: unknown }).navigator ??= {};
const { blockUntilReady, defaultDevice, init, tree } = await import('@jax-js/jax');
await init('wasm');
defaultDevice('wasm');
const { works } = await import('../jax-rows.ts');

const root = dirname(dirname(createRequire(import.meta.url).resolve('@jax-js/jax')));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
await serve({
  version: `jax-js wasm ${version}`,
  threads: 1,
  works,
  end: async (results) => tree.dispose(await blockUntilReady(results)),
});
