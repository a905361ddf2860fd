/** `node fetch-program.mjs node22`: fetches a pinned program into the cache. */
import { fetchProgram } from '../bootstrap/programs.mjs';

fetchProgram(/** @type {import('../bootstrap/programs.mjs').ProgramName} */ (process.argv[2]));
