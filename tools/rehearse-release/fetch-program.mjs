/** `node fetch-program.mjs node22`: fetches a pinned program into the cache. */
import { fetchProgram } from '../bootstrap/programs.mjs';

fetchProgram(/** @type {Parameters<typeof fetchProgram>[0]} */ (process.argv[2]));
