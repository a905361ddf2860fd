/**
 * Every layer of nn with the samples that PyTorch made: exported at each opset and run in onnxruntime. In float64 (float32 where onnxruntime has
 * no other) against PyTorch; the first sample of each also with every axis dynamic that the layer takes in other sizes. A new layer needs nothing here.
 */
import '@tenfold/backend-cpu/register';
import { checkModel, type ModelProto } from '@tenfold/onnx-model';
import { TenfoldError, type Tensor } from '@tenfold/tensor-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { assemble, encodeModel } from './export.ts';
import { traceAll, withModel } from './model.ts';
import { type DynamicAxis, readOptions } from './options.ts';
import { runPasses } from './passes.ts';
import { type JobResult, runInOnnxRuntime } from './runtime.ts';
import { readArguments } from './structure.ts';
import { type Float, families, layersOf, type Sample, Subject, sizes, tensorOf } from './test-cases/layers.ts';
import { meaningAt, problemsOf } from './test-cases/schemas.ts';
import { unify } from './unify.ts';
import { fromWire, largestDifference, toWire } from './verify.ts';

const opsets = [11, 13, 17, 18, 20, 21, 23];
const tolerance: { readonly [dtype in Float]: number } = { float64: 1e-12, float32: 1e-5 };
/** onnxruntime has these for float32 only: numbers are compared in that. */
const noFloat64 =
  /^onnxruntime: Could not find an implementation for (Conv|ConvTranspose|AveragePool|Resize|Col2Im|Erf|Gelu)\(/;

/** A reason why a sample has no form, in the words in which export says so. */
interface Refused {
  readonly layers: RegExp;
  /** The opset that has one. */
  readonly below?: number;
  readonly says: string;
}

const refused: readonly Refused[] = [
  { layers: /^Embedding(Bag)?$/, says: 'forward changes layer.weight in place' },
  { layers: /^EmbeddingBag$/, below: 16, says: 'adding at indices needs opset 16' },
  { layers: /^EmbeddingBag$/, below: 18, says: "scatterReduce with 'amax' needs opset 18" },
  { layers: /^MultiLabelMarginLoss$/, below: 16, says: 'adding at indices needs opset 16' },
];

const titleOf = ({ sample, example, dtype }: Subject): string =>
  `${sample.text.split('\n')[0]} of ${example.map(({ shape }) => `[${shape}]`)} in ${dtype}`;

/** What PyTorch gave; `undefined` if that was in training mode, and the layer does something else in evaluation. */
async function expectedOf(subject: Subject): Promise<Tensor[] | undefined> {
  const outputs = subject.sample.outputs.map((x) => tensorOf(x, 'float64'));
  const here = subject.run();
  const differences = await Promise.all(
    outputs.map(async (x, k) => largestDifference(await here[k].toTypedArray(), await x.toTypedArray())),
  );
  if (differences.every((difference) => difference < 1e-10)) return outputs;
  expect(subject.sample.eval, `${subject.layer} in evaluation`).toBeUndefined();
  expect(subject.layer).toMatch(/Norm|Dropout/);
  return undefined;
}

/** The model at each opset, or why there is none; traced once. */
async function modelsOf(subject: Subject, axes: readonly DynamicAxis[]): Promise<Map<number, ModelProto | string>> {
  const inputNames = subject.example.map((_, i) => `x_${i}`);
  const named = (input: number) => axes.flatMap((x) => (x.input === input ? [[x.axis, x.name] as const] : []));
  const options = {
    inputNames,
    dynamicAxes: Object.fromEntries(inputNames.map((name, i) => [name, Object.fromEntries(named(i))])),
  };
  const args = readArguments(subject.example);
  const settings = readOptions(args, options);
  const why = (error: unknown): string => {
    if (error instanceof TenfoldError) return error.message;
    throw error;
  };
  try {
    const traced = withModel(subject.model, (runner) => ({ runner, ...traceAll(runner, args, settings.axes, false) }));
    const unified = unify(traced.graphs, traced.points);
    const written = opsets.map(async (opset) => {
      try {
        const model = runPasses(
          await assemble(unified, traced.runner, { ...settings, opset }, traced),
          { ...settings, opset },
          options,
        );
        checkModel(model);
        expect(problemsOf(model)).toEqual([]);
        return [opset, model] as const;
      } catch (error) {
        return [opset, why(error)] as const;
      }
    });
    return new Map<number, ModelProto | string>(await Promise.all(written));
  } catch (error) {
    return new Map(opsets.map((opset) => [opset, why(error)]));
  }
}

/** What decides how a runtime computes a model: its nodes, its constants, and what the ops mean. Versions that only took more dtypes are run with the ops. */
const fingerprint = ({ graph }: ModelProto, opset: number): string =>
  JSON.stringify(
    [graph?.node, graph?.initializer, graph?.node?.map(({ opType = '' }) => meaningAt(opType, opset))],
    (_, value: unknown) => (value instanceof Uint8Array ? value.join() : value),
  );

/** A subject with the inputs of its runs and what they should give. */
interface Plan {
  readonly subject: Subject;
  readonly models: ReadonlyMap<number, ModelProto | string>;
  readonly runs: readonly (readonly Tensor[])[];
  /** Of the first run, if not what the layer gives here. */
  readonly expected: readonly Tensor[] | undefined;
}

async function exactly(subject: Subject): Promise<Plan> {
  const expected = await expectedOf(new Subject(subject.layer, subject.sample, 'float64'));
  return { subject, models: await modelsOf(subject, []), runs: [subject.example], expected };
}

async function atAllSizes(subject: Subject): Promise<Plan> {
  const axes = subject.axes();
  const runs = [subject.example, ...sizes.map((size) => subject.resized(axes, size))];
  return { subject, models: await modelsOf(subject, axes), runs, expected: undefined };
}

/** How one model came out: the largest difference, or why there is none. */
interface Outcome {
  readonly plan: Plan;
  readonly opset: number;
  readonly result: number | string;
}

/** Runs all models in one process; one that differs from another in its opset's number alone runs the same kernels, and once. */
async function outcomesOf(plans: readonly Plan[]): Promise<Outcome[]> {
  const jobs = new Map<string, { readonly plan: Plan; readonly model: ModelProto; at?: number }>();
  const keys = plans.map((plan, p) => {
    const entries = [...plan.models].map(([opset, model]) => {
      if (typeof model === 'string') return [opset, model] as const;
      const key = `${p}: ${fingerprint(model, opset)}`;
      if (!jobs.has(key)) jobs.set(key, { plan, model });
      return [opset, key] as const;
    });
    return new Map(entries);
  });
  const list = await Promise.all(
    [...jobs.values()].map(async ({ plan, model }) => ({
      model: Buffer.from(encodeModel(model)).toString('base64'),
      runs: await Promise.all(
        plan.runs.map(async (inputs) =>
          Object.fromEntries(await Promise.all(inputs.map(async (x, i) => [`x_${i}`, await toWire(x)] as const))),
        ),
      ),
    })),
  );
  const results = await runInOnnxRuntime(list);
  const compared = await Promise.all([...jobs.values()].map(({ plan }, k) => compare(plan, results[k])));
  const byKey = new Map([...jobs.keys()].map((key, k) => [key, compared[k]]));
  return plans.flatMap((plan, p) =>
    [...keys[p]].map(([opset, key]) => ({ plan, opset, result: byKey.get(key) ?? `export: ${key}` })),
  );
}

async function compare({ subject, runs, expected }: Plan, result: JobResult): Promise<number | string> {
  if ('error' in result) return `onnxruntime: ${result.error}`;
  let worst = 0;
  for (const [t, outputs] of result.outputs.entries()) {
    const wires = Object.values(outputs);
    const right = (t === 0 && expected) || subject.run(runs[t]);
    for (const [k, x] of right.entries()) {
      if (String(wires[k].dims) !== String(x.shape))
        return `output ${k} has shape [${wires[k].dims}], not [${x.shape}]`;
      worst = Math.max(worst, largestDifference(fromWire(wires[k]), await x.toTypedArray()));
    }
  }
  return worst;
}

const rowsUsed = new Set<Refused>();
const checked = new Set<string>();

/** What is wrong with a result, or `null`. */
function problemOf({ plan: { subject }, opset, result }: Outcome): string | null {
  const { layer, dtype } = subject;
  const title = titleOf(subject);
  if (typeof result === 'number')
    return result <= tolerance[dtype] ? null : `${title} at opset ${opset}: differs by ${result}`;
  const row = refused.find(
    (each) => each.layers.test(layer) && (each.below === undefined || opset < each.below) && result.includes(each.says),
  );
  if (!row) return `${title} at opset ${opset}: ${result}`;
  rowsUsed.add(row);
  return null;
}

describe.each(families)('%s', (family) => {
  const problems = new Map<string, string[]>();
  const compared = new Map<string, Set<number>>();

  /** Gives the samples that onnxruntime doesn't run in float64. */
  const check = async (plans: readonly Plan[]): Promise<Sample[]> => {
    const again = new Set<Sample>();
    for (const outcome of await outcomesOf(plans)) {
      const { layer, sample, dtype } = outcome.plan.subject;
      if (dtype === 'float64' && noFloat64.test(String(outcome.result))) {
        again.add(sample);
        continue;
      }
      const problem = problemOf(outcome);
      if (problem !== null) problems.set(layer, [...(problems.get(layer) ?? []), problem]);
      else if (typeof outcome.result === 'number')
        compared.set(layer, (compared.get(layer) ?? new Set<number>()).add(outcome.opset));
    }
    return [...again];
  };

  beforeAll(async () => {
    const plans: Plan[] = [];
    const layerOf = new Map<Sample, string>();
    for (const { layer, samples } of layersOf(family)) {
      plans.push(await atAllSizes(new Subject(layer, samples[0], 'float32')));
      for (const sample of samples) {
        layerOf.set(sample, layer);
        plans.push(await exactly(new Subject(layer, sample, 'float64')));
      }
    }
    const again = await check(plans);
    checked.add(family);
    const inFloat32 = again.map((sample) => exactly(new Subject(layerOf.get(sample) ?? '', sample, 'float32')));
    if (again.length > 0) await check(await Promise.all(inFloat32));
  }, 120_000);

  test.each(layersOf(family).map(({ layer }) => layer))('%s', (layer) => {
    expect(problems.get(layer) ?? []).toEqual([]);
    expect([...(compared.get(layer) ?? [])].sort((a, b) => a - b)).toEqual(
      opsets.filter(
        (opset) =>
          !refused.some(({ layers, below }) => below && layers.test(layer) && opset < below) ||
          compared.get(layer)?.has(opset),
      ),
    );
  });
});

test('nothing is listed that has a form', ({ skip }) => {
  skip(checked.size < families.length, 'only some families ran');
  expect(refused.filter((row) => !rowsUsed.has(row))).toEqual([]);
});
