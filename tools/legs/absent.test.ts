/** Says in the report which legs are left out here, and why. */
import { it } from 'vitest';

it.skipIf(process.platform !== 'linux' || process.arch !== 'x64')(
  'backend-cpu runs on Node 24 and in Chromium (their programs come from npm for Linux on x64 only)',
  () => {},
);
