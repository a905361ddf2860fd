/** What docs/onnx-support.md says of layers: the first sample of each, exported in float32. */
import { toOnnx } from '@tenfold/onnx-export';
import { ModelProto } from '@tenfold/onnx-model';
import { TenfoldError } from '@tenfold/tensor-core';
import { families, layersOf, type Sample, Subject } from '../../packages/onnx-export/src/test-cases/layers.ts';

const opsets = [11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23];

type Axes = ReturnType<Subject['axes']>;

/** The kinds of nodes in the file, constants left out; `null` if the opset has no form. */
async function kindsOf({ model, example }: Subject, opsetVersion: number, axes: Axes): Promise<string | null> {
  const inputNames = example.map((_, i) => `x_${i}`);
  const dynamicAxes = Object.fromEntries(
    inputNames.map((name, i) => [
      name,
      Object.fromEntries(axes.filter(({ input }) => input === i).map((x) => [x.axis, x.name])),
    ]),
  );
  try {
    const { graph } = ModelProto.decode(
      await toOnnx(model as never, example, { opsetVersion, inputNames, dynamicAxes, metadata: false }),
    );
    const kinds = (graph?.node ?? []).map(({ opType = '' }) => opType).filter((kind) => kind !== 'Constant');
    return [...new Set(kinds)].join(' ') || 'nothing: the value goes through';
  } catch (error) {
    if (error instanceof TenfoldError) return null;
    throw error;
  }
}

async function rowOf(layer: string, sample: Sample): Promise<string> {
  const subject = new Subject(layer, sample, 'float32');
  for (const first of opsets) {
    if ((await kindsOf(subject, first, [])) === null) continue;
    const at18 = await kindsOf(subject, Math.max(first, 18), []);
    const at23 = await kindsOf(subject, 23, []);
    const axes = subject.axes();
    const all = (await kindsOf(subject, Math.max(first, 18), axes)) === null ? [] : axes;
    const any = all.flatMap(({ input, axis }) => (input === 0 ? [axis] : []));
    return `| \`${layer}\` | ${first} | ${at18} | ${at23 === at18 ? '' : at23} | ${any.join(', ') || '–'} |`;
  }
  return `| \`${layer}\` | – | no | | |`;
}

/** The lines of the page. */
export async function layerLines(): Promise<string[]> {
  const lines = [
    '## Layers',
    '',
    'The first sample of each layer in float32, as it computes in evaluation. "Any size" are the axes of its first input, as the sample has it, that may be dynamic all at once. Every sample is compared with PyTorch in onnxruntime.',
    '',
    '| layer | from opset | nodes at 18 | nodes at 23, if others | any size |',
    '|---|---|---|---|---|',
  ];
  for (const family of families)
    for (const { layer, samples } of layersOf(family)) lines.push(await rowOf(layer, samples[0]));
  return [...lines, ''];
}
