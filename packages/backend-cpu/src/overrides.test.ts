/** The cpu's own kernels of single ops against what core derives in their place. */
import './register.ts';
import { testBackend } from '@tenfold/backend-testkit/vitest';

testBackend('cpu', { tier: 3, filter: 'overrides / ' });
