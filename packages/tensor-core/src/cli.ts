/** The bin of the package. `--help` lists the flags. */
import { main } from './doctor/doctor.ts';

const code = await main(process.argv.slice(2), {
  folder: process.cwd(),
  out: (text) => process.stdout.write(text),
  error: (text) => process.stderr.write(text),
});
// a device that was opened may keep the process; what was written must still arrive
process.stdout.write('', () => process.exit(code));
