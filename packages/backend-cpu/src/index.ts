/**
 * `@tenfold/backend-cpu`: every kernel family in plain TypeScript.
 *
 * @packageDocumentation
 */
export { cpu } from './runtime.ts';
export { getNumThreads, setNumThreads } from './threads.ts';
