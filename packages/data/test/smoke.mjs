import '@tenfold/backend-cpu/register';
import { DataLoader, importDataset, TensorDataset } from '@tenfold/data';
import { arange, manualSeed } from '@tenfold/tensor-core';

manualSeed(3);
const ds = new TensorDataset(arange(10), arange(20).view([10, 2]));
for (const [x, y] of new DataLoader(ds, { batchSize: 4, shuffle: true })) console.log(String(x), y.shape);
const sq = await importDataset({
  module: new URL('./squares.mjs', import.meta.url),
  export: 'Squares',
  args: [20, { slow: 2 }],
});
const show = async (numWorkers) => {
  manualSeed(5);
  const out = [];
  for await (const b of new DataLoader(sq, { batchSize: 6, shuffle: true, numWorkers }))
    out.push(b.name.join(), await b.x.toArray(), await b.stream.toArray());
  return JSON.stringify(out);
};
const t = performance.now();
const [a, b] = [await show(0), await show(2)];
console.log(a === b, a.slice(0, 200), performance.now() - t);
const c = await importDataset({ module: new URL('./squares.mjs', import.meta.url), export: 'counting', args: [20] });
for await (const x of new DataLoader(c, { batchSize: 4, numWorkers: 2 })) console.log(String(x));
