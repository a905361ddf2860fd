import type { Backend, TypedArray } from '@tenfold/tensor-core';
import { assertType, it } from 'vitest';
import { cpu } from './runtime.ts';

it('fulfils the contract of backends', () => {
  assertType<Backend<TypedArray>>(cpu());
  // @ts-expect-error: its buffers are typed arrays, not whatever one likes
  assertType<Backend<string>>(cpu());
});
