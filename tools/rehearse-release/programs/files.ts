// The numbers from 1 to 100 go through a file, are shuffled, and their mean is taken batch by batch.
import '@tenfold/backend-cpu/register';
import { DataLoader, TensorDataset } from '@tenfold/data';
import { loadSafetensors, saveSafetensors } from '@tenfold/serialize';
import { arange, type Tensor } from '@tenfold/tensor-core';
import { RunningMean } from '@tenfold/train';

export async function program(): Promise<string> {
  const bytes = await saveSafetensors({ numbers: arange(1, 101) });
  const { numbers } = loadSafetensors(bytes).tensors;
  const mean = new RunningMean();
  for await (const [batch] of new DataLoader(new TensorDataset(numbers as Tensor), { batchSize: 7, shuffle: true }))
    mean.update(batch);
  return String(100 * (await mean.compute().item()));
}
