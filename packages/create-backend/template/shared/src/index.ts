/**
 * `__PACKAGE__`: the device `'__DEVICE__'` for Tenfold.
 *
 * @packageDocumentation
 */
export { backend } from './backend.ts';
export type { Memory } from './memory.ts';
