// The file of y = 3x + 2, run by onnxruntime and as a module.
import '@tenfold/backend-cpu/register';
import { Linear } from '@tenfold/nn';
import { exportOnnx } from '@tenfold/onnx-export';
import { loadOnnx } from '@tenfold/onnx-import';
import { tensor, zeros } from '@tenfold/tensor-core';
import { InferenceSession, Tensor } from 'onnxruntime-node';

export async function program(): Promise<string> {
  const model = new Linear(1, 1);
  model.loadStateDict({ weight: tensor([[3]]), bias: tensor([2]) });
  await exportOnnx(model, zeros([1, 1]), 'line.onnx', {
    inputNames: ['x'],
    outputNames: ['y'],
    dynamicAxes: { x: { 0: 'batch' } },
    verify: true,
  });
  const session = await InferenceSession.create('line.onnx');
  const { y } = await session.run({ x: new Tensor('float32', Float32Array.of(1, 10, 100), [3, 1]) });
  const answer = Array.from(y.data as Float32Array).join(', ');
  const loaded = await loadOnnx('line.onnx');
  const again = (await loaded.forward(tensor([[1], [10], [100]])).toTypedArray()).join(', ');
  if (again !== answer) throw new Error(`onnxruntime gives ${answer}, the imported module ${again}`);
  return answer;
}
