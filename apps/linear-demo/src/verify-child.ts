/** Runs an ONNX file in onnxruntime, in a process of its own: a crash of native code can't take the demo with it. One JSON message in, one out. */
import * as ort from 'onnxruntime-node';
import type { Answer, Question } from './verify.ts';

async function answer({ path, input, output, dtype, batches }: Question): Promise<Answer> {
  const session = await ort.InferenceSession.create(path, { extra: { session: { strict_shape_type_inference: '1' } } });
  const results: number[][] = [];
  for (const { dims, values } of batches) {
    const data = dtype === 'float64' ? Float64Array.from(values) : Float32Array.from(values);
    const tensor = new ort.Tensor(dtype, data, [...dims]);
    const { [output]: result } = await session.run({ [input]: tensor });
    results.push(Array.from(result.data as Float64Array));
  }
  return { results };
}

process.once('message', async (question: Question) => {
  const reply: Answer = await answer(question).catch((error: Error) => ({ error: error.message }));
  process.send?.(reply, () => process.disconnect());
});
