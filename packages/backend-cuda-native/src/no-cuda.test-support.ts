/** Whether CUDA can be tested here: the emulated driver needs g++, and its kernels nvcc. */
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** Why there is no emulated driver, or `null`. */
    readonly noCuda: string | null;
    /** The emulated driver; the libraries that go with it lie beside it. */
    readonly cudaDriver: string;
  }
}

export const noCuda: string | null = inject('noCuda');
