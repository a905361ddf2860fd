import { defineConfig } from 'tsdown';
import { library } from '../../tools/tsdown.ts';

export default defineConfig([
  library('index', 'lean', 'register'),
  // a worker loads by its address alone, where no bundler and no import map is: it holds all it needs
  {
    ...library('worker'),
    dts: false,
    clean: false,
    deps: { alwaysBundle: [/^@tenfold\//] },
    inputOptions: { resolve: { conditionNames: ['tenfold-source', 'import', 'default'] } },
  },
]);
