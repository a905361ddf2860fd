/** `import '@tenfold/backend-webgpu/register'` makes the device `'webgpu'` usable where there is one; `await devices()` says why where there is none. */
import { registerBackend } from '@tenfold/tensor-core';
import { webgpu } from './runtime.ts';

registerBackend(await webgpu());
