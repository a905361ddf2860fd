/** Runs before each test file of a leg: on another host than the leg means, its tests would prove nothing. */
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** A Node by its major version, or a page of Chromium, cross-origin isolated or not. */
    host: { readonly node: number } | { readonly isolated: boolean };
    /** A leg that takes each n-th check only. */
    every: number;
  }
}

const wanted = inject('host');
const found =
  typeof window === 'undefined'
    ? { node: Number.parseInt(process.versions.node, 10) }
    : { isolated: crossOriginIsolated };

if (JSON.stringify(found) !== JSON.stringify(wanted))
  throw new Error(`This leg is for ${JSON.stringify(wanted)}, but its tests run on ${JSON.stringify(found)}.`);
if ('isolated' in wanted && typeof SharedArrayBuffer !== (wanted.isolated ? 'function' : 'undefined'))
  throw new Error(`A page that is ${wanted.isolated ? '' : 'not '}isolated has SharedArrayBuffer wrong.`);
