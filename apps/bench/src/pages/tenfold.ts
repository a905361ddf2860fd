/** Tenfold on WebGPU, as a page. */
import { webgpu } from '@tenfold/backend-webgpu';
import { registerBackend, setDefaultDevice, Tensor } from '@tenfold/tensor-core';
import { present } from '../page.ts';

const backend = await webgpu();
registerBackend(backend);
setDefaultDevice('webgpu');
const { works } = await import('../tenfold-rows.ts');

let last: Tensor | null = null;
present({
  works,
  counters: backend.counters,
  end(result) {
    last?.dispose();
    last = result instanceof Tensor ? result : null;
  },
  settle: async () => last?.detach().flatten().narrow(0, 0, 1).item(),
});
