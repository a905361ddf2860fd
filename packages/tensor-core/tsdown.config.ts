import { defineConfig } from 'tsdown';
import { library } from '../../tools/tsdown.ts';

/**
 * Files that a page can do without: who calls no function of `functions.js` (convolutions, losses, …) doesn't ship it, and only backends that compute in
 * JavaScript ask for `scalar.js`.
 */
const codeSplitting = {
  groups: [
    { name: 'scalar-functions', test: /src\/(scalar|special)\.ts$/, priority: 2 },
    // with all that it imports
    { name: 'tensor', test: /src\/(?!index|functions|ops).*(?<!\.d)\.ts$/, priority: 1 },
    { name: 'functions', test: /src\/(?!index).*(?<!\.d)\.ts$/ },
  ],
};

export default defineConfig({ ...library('index', 'expr', 'scalar'), outputOptions: { codeSplitting } });
