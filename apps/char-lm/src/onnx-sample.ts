/**
 * A program without Tenfold: writes on with the exported files in onnxruntime, and prints the tokens. It runs by itself, so that a crash of native code takes
 * nothing with it: `node dist/onnx-sample.js model.onnx step.onnx '{"prompt":[1,2,3],"length":20}'`.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node';

const [, , modelPath, stepPath, task] = process.argv;
const { prompt, length } = JSON.parse(task) as { prompt: number[]; length: number };

const integers = (tokens: readonly number[]): Tensor =>
  new Tensor('int64', BigInt64Array.from(tokens, BigInt), [1, tokens.length]);

/** The likeliest character behind the last position. */
function likeliest({ data, dims }: Tensor): number {
  const last = (data as Float32Array).subarray(-dims[2]);
  return last.indexOf(Math.max(...last));
}

/** Each character from the whole text before it. */
async function whole(): Promise<number[]> {
  const session = await InferenceSession.create(modelPath);
  const tokens = [...prompt];
  while (tokens.length < prompt.length + length) {
    const { scores } = await session.run({ characters: integers(tokens) });
    tokens.push(likeliest(scores));
  }
  return tokens.slice(prompt.length);
}

/** Each character from the one before it, and the keys and values that were kept; at first there are none. */
async function stepwise(): Promise<number[]> {
  const session = await InferenceSession.create(stepPath);
  const pasts = session.inputMetadata.filter(({ name }) => name.startsWith('past_'));
  let past: { readonly [name: string]: Tensor } = Object.fromEntries(
    pasts.map((input) => {
      const dims = input.isTensor ? input.shape.map((size, d) => (d === 2 ? 0 : Number(size))) : [];
      return [input.name, new Tensor('float32', new Float32Array(0), dims)];
    }),
  );
  const tokens = [...prompt];
  for (let at = 0; tokens.length < prompt.length + length; at++) {
    const results = await session.run({ character: integers([tokens[at]]), ...past });
    past = Object.fromEntries(Object.keys(past).map((name) => [name, results[name.replace('past', 'present')]]));
    if (at === tokens.length - 1) tokens.push(likeliest(results.scores));
  }
  return tokens.slice(prompt.length);
}

console.log(JSON.stringify({ whole: await whole(), stepwise: await stepwise() }));
