/** Writes events to the folder it is given, until somebody ends it, and says how many were flushed. */
import '@tenfold/backend-cpu/register';
import { SummaryWriter } from '@tenfold/serialize/tensorboard';
import { full } from '@tenfold/tensor-core';

const writer = new SummaryWriter(process.argv[2]);
for (let i = 1; ; i++) {
  writer.addScalar('x', full([], i), i);
  await writer.flush();
  process.stdout.write(`${i}\n`);
}
