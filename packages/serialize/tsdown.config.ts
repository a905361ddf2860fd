import { defineConfig } from 'tsdown';
import { library } from '../../tools/tsdown.ts';

// pages take `index`, which imports nothing of Node
export default defineConfig({ ...library('index', 'node', 'tensorboard'), deps: { neverBundle: /^node:/ } });
