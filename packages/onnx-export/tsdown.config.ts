import { defineConfig } from 'tsdown';
import { library } from '../../tools/tsdown.ts';

export default defineConfig(library('index', 'control', 'cli'));
