#!/usr/bin/env node
/** The bin of the package. `--help` lists the flags. */
import { main } from './main.ts';

process.exitCode = await main(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  error: (text) => process.stderr.write(text),
});
