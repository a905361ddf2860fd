/** jax-js on WebGPU, as a page. */
import { type Array, blockUntilReady, defaultDevice, init, tree } from '@jax-js/jax';
import { present } from '../page.ts';

await init('webgpu');
defaultDevice('webgpu');
const { works } = await import('../jax-rows.ts');

let last: Array[] = [];
let running: Promise<Array[]>[] = [];
present({
  works,
  end(results) {
    tree.dispose(last);
    last = tree.leaves(results as Array[]);
    // what nobody waits for is not computed
    running.push(blockUntilReady(last.map((x) => x.ref)));
  },
  async settle() {
    tree.dispose(await Promise.all(running));
    running = [];
    await last[0].ref.ravel().slice([0, 1]).data();
  },
});
