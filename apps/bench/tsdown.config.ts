import { defineConfig } from 'tsdown';
import { nodeApp } from '../../tools/tsdown.ts';

export default defineConfig({
  ...nodeApp('main', 'contenders/tenfold', 'contenders/tfjs', 'contenders/jax'),
  // Node can't resolve the inner imports of this module; what it registers is global, so a copy of its own does no harm
  deps: { alwaysBundle: [/register_all_gradients/] },
});
