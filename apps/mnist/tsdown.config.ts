import { defineConfig } from 'tsdown';
import { nodeApp } from '../../tools/tsdown.ts';

export default defineConfig(nodeApp('main', 'score'));
