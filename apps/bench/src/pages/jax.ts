/** jax-js on WebGPU, as a page. */
import { type Array, defaultDevice, init, tree } from '@jax-js/jax';
import { present } from '../page.ts';

await init('webgpu');
defaultDevice('webgpu');
const { works } = await import('../jax-rows.ts');

let last: Array[] = [];
present({
  works,
  end(results) {
    tree.dispose(last);
    last = tree.leaves(results as Array[]);
  },
  async settle() {
    const number = last[0].ref.ravel().slice([0, 1]);
    await number.data();
  },
});
