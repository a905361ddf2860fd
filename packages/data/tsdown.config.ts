import { defineConfig } from 'tsdown';
import { library } from '../../tools/tsdown.ts';

export default defineConfig([
  library('index', 'csv', 'parquet', 'transforms', 'worker', 'worker-entry'),
  // the one entry point that reads folders
  { ...library('images'), platform: 'node', clean: false },
]);
