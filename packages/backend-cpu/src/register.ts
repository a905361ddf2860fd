/** `import '@tenfold/backend-cpu/register'` makes the device `'cpu'` usable. */
import { registerBackend } from '@tenfold/tensor-core';
import { cpu } from './runtime.ts';

registerBackend(cpu());
