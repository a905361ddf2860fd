import { defineConfig } from 'tsdown';
import { nodeApp } from '../../tools/tsdown.ts';

export default defineConfig([
  {
    ...nodeApp('main', 'contenders/tenfold', 'contenders/tenfold-cuda', 'contenders/tfjs', 'contenders/jax'),
    // Node can't resolve the inner imports of this module; what it registers is global, so a copy of its own does no harm
    deps: { alwaysBundle: [/register_all_gradients/] },
    // the folder of the pages, too
    clean: ['dist'],
  },
  {
    ...nodeApp('pages/tenfold', 'pages/tfjs', 'pages/jax'),
    platform: 'browser',
    outDir: 'dist/pages',
    clean: false,
    // all that a page needs is in its bundle, from the sources of our packages
    inputOptions: { resolve: { conditionNames: ['tenfold-source', 'browser', 'import', 'default'] } },
    // tfjs asks for some of Node's where it finds itself there
    deps: { alwaysBundle: [/^(?!crypto$|node-fetch$)/], neverBundle: ['crypto', 'node-fetch', 'util'] },
  },
]);
