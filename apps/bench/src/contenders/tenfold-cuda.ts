/** Tenfold on CUDA, as a process. Its arguments: the rows as JSON, and whether products may round to TF32. */
import { cuda, currentStream } from '@tenfold/backend-cuda-native';
import { registerBackend, setDefaultDevice, Tensor } from '@tenfold/tensor-core';
import type { Works } from '../contender.ts';
import type { CudaRow } from '../cuda-rows.ts';
import { serve } from '../serve.ts';

const [, , json, tf32] = process.argv;
const rows = JSON.parse(json) as readonly CudaRow[];

const backend = cuda({ tf32: tf32 === 'tf32' });
registerBackend(backend);
const [{ available, description, reason }] = await backend.probe();
if (!available) {
  process.stderr.write(`${reason}\n`);
  process.exit(1);
}
setDefaultDevice('cuda');
const { makers, tidied } = await import('../cuda-works.ts');
const { works: small } = await import('../tenfold-rows.ts');
const works: Works = Object.fromEntries(
  rows.map(({ name, spec }) => [name, spec ? () => makers[spec.kind](spec) : async () => tidied(await small[name]())]),
);

const stream = currentStream();
let last: Tensor | null = null;
await serve({
  version: 'Tenfold cuda',
  adapter: description,
  threads: 1,
  works,
  end(result) {
    last?.dispose();
    last = result instanceof Tensor ? result : null;
  },
  settle: async () => stream.synchronize(),
});
