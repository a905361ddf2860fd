// The numbers from 1 to 100 go through a file, are shuffled, and are added up batch by batch.
import '@tenfold/backend-cpu/register';
import { DataLoader, TensorDataset } from '@tenfold/data';
import { loadSafetensors, saveSafetensors } from '@tenfold/serialize';
import { arange, type Tensor } from '@tenfold/tensor-core';

export async function program(): Promise<string> {
  const bytes = await saveSafetensors({ numbers: arange(1, 101) });
  const { numbers } = loadSafetensors(bytes).tensors;
  let sum = 0;
  for await (const [batch] of new DataLoader(new TensorDataset(numbers as Tensor), { batchSize: 7, shuffle: true }))
    sum += (await batch.sum().item()) as number;
  return String(sum);
}
