import { defineConfig } from 'tsdown';
import { library } from '../../tools/tsdown.ts';

/** Two files, so that a bundler can leave one out: who calls no function of `functions.js` (convolutions, losses, …) doesn't ship it. */
const codeSplitting = {
  groups: [
    // with all that it imports
    { name: 'tensor', test: /src\/(?!index|functions|ops).*(?<!\.d)\.ts$/, priority: 1 },
    { name: 'functions', test: /src\/(?!index).*(?<!\.d)\.ts$/ },
  ],
};

export default defineConfig({ ...library('index', 'expr'), outputOptions: { codeSplitting } });
