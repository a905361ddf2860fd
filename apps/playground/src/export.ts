/** The trained network as an ONNX file. */
import { toOnnx } from '@tenfold/onnx-export';
import type { Task } from './data/task.ts';
import type { Choice, Network } from './models.ts';

/** Exports a copy on the CPU, where values can be read at once. The batch may have any size. */
export async function onnxOf(choice: Choice, trained: Network, task: Task): Promise<Uint8Array<ArrayBuffer>> {
  const state = trained.stateDict();
  const values = Object.fromEntries(
    await Promise.all(Object.entries(state).map(async ([name, x]) => [name, await x.detach().toAsync('cpu')])),
  );
  const copy = choice.make('cpu');
  copy.loadStateDict(values);
  copy.eval();
  const bytes = await toOnnx(copy, [task.example()], {
    inputNames: ['x'],
    outputNames: ['y'],
    dynamicAxes: { x: { 0: 'batch' } },
  });
  return new Uint8Array(bytes);
}

/** Hands bytes to the person as a file. */
export function download(bytes: Uint8Array<ArrayBuffer>, name: string): void {
  const url = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // the click has taken its copy by the next task
  setTimeout(() => URL.revokeObjectURL(url));
}
