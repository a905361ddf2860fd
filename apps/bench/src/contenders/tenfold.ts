/** Tenfold on the cpu, as a process. */
import '@tenfold/backend-cpu/register';
import { getNumThreads, setNumThreads } from '@tenfold/backend-cpu';
import { Tensor } from '@tenfold/tensor-core';
import { serve } from '../serve.ts';
import { works } from '../tenfold-rows.ts';

setNumThreads(Number(process.argv[2] ?? 1));
await serve({
  version: 'Tenfold cpu',
  threads: getNumThreads(),
  works,
  end: (result) => {
    if (result instanceof Tensor) result.dispose();
  },
});
