/** `import '__PACKAGE__/register'` makes the device `'__DEVICE__'` usable. */
import { registerBackend } from '@tenfold/tensor-core';
import { backend } from './backend.ts';

registerBackend(backend);
