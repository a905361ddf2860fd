import { defineConfig } from 'tsdown';
import { library } from '../../tools/tsdown.ts';

export default defineConfig([
  library('index', 'progress-page', 'svg', 'terminal'),
  // the one entry point that writes to a terminal
  { ...library('progress'), platform: 'node', clean: false },
]);
