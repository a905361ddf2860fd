/** A worker thread of the pool: `dist/worker.js`, which holds all it needs, so that it loads by its address alone. */
import { scalarImports } from './wasm/imports.ts';
import type { WorkerStart } from './wasm/job.ts';
import { serve } from './wasm/serve.ts';

const threads = typeof process === 'object' ? process.getBuiltinModule?.('node:worker_threads') : undefined;

if (threads) serve(threads.workerData as WorkerStart, scalarImports);
else addEventListener('message', ({ data }: MessageEvent<WorkerStart>) => serve(data, scalarImports), { once: true });
