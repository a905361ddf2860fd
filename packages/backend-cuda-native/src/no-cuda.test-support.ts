/** Whether CUDA can be tested here: the emulated driver needs g++, and its kernels nvcc. */
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** Why there is no emulated driver, or `null`. */
    readonly noCuda: string | null;
  }
}

export const noCuda: string | null = inject('noCuda');
