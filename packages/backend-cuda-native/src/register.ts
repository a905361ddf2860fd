/** `import '@tenfold/backend-cuda-native/register'` makes the devices `'cuda:0'`, … usable where there are some; `await devices()` says why where there are none. */
import { registerBackend } from '@tenfold/tensor-core';
import { cuda } from './runtime.ts';

registerBackend(cuda());
