/** Saves one checkpoint after the other under the path it is given, until somebody ends it. Each holds its number, once as such and 20,000 times in a tensor. */
import '@tenfold/backend-cpu/register';
import { loadCheckpoint, saveCheckpoint } from '@tenfold/serialize/node';
import { full } from '@tenfold/tensor-core';

const [path] = process.argv.slice(2);
const { step } = await loadCheckpoint(path).catch(() => ({ step: 0 }));
process.stdout.write('saving\n');
for (let i = step + 1; ; i++) await saveCheckpoint(path, { step: i, w: full([20_000], i, { dtype: 'float64' }) });
