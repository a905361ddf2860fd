/**
 * Every layer of nn with the samples that PyTorch made: exported at each opset and run in onnxruntime. In float64 (float32 where onnxruntime has
 * no other) against PyTorch; the first sample of each also with every axis dynamic that the layer takes in other sizes. A new layer needs nothing here.
 */
import '@tenfold/backend-cpu/register';
import { readdirSync, readFileSync } from 'node:fs';
import * as nn from '@tenfold/nn';
import { checkModel, type ModelProto } from '@tenfold/onnx-model';
import { type DType, isFloat, isTensor, TenfoldError, type Tensor, tensor } from '@tenfold/tensor-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { assemble, encodeModel } from './export.ts';
import { resize, traceAll, withModel } from './model.ts';
import { type DynamicAxis, readOptions } from './options.ts';
import { runPasses } from './passes.ts';
import { type JobResult, runInOnnxRuntime } from './runtime.ts';
import { readArguments } from './structure.ts';
import { meaningAt, problemsOf } from './test-cases/schemas.ts';
import { unify } from './unify.ts';
import { fromWire, largestDifference, toWire } from './verify.ts';

const opsets = [11, 13, 17, 18, 20, 21, 23];
const tolerance = { float64: 1e-12, float32: 1e-5 } as const;
/** Of dynamic axes. */
const sizes = [1, 3, 17];

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

/** Axes that stay as they are, though the layer takes other sizes, and why. */
const fixed: readonly { readonly layers: RegExp; readonly axes: readonly number[]; readonly why: string }[] = [
  { layers: /^CTCLoss$/, axes: [0], why: 'it is a loop over time' },
  { layers: /^Adaptive/, axes: [2, 3, 4], why: 'windows of different sizes are laid out at export' },
  { layers: /^RotaryPositionalEmbeddings$/, axes: [1], why: 'a longer sequence computes a longer table' },
];

const refused: readonly Refused[] = [
  { layers: /^Embedding(Bag)?$/, says: 'forward changes layer.weight in place' },
  { layers: /^EmbeddingBag$/, below: 16, says: 'adding at indices needs opset 16' },
  { layers: /^EmbeddingBag$/, below: 18, says: "scatterReduce with 'amax' needs opset 18" },
  { layers: /^MultiLabelMarginLoss$/, below: 16, says: 'adding at indices needs opset 16' },
  { layers: /^Fold$/, below: 18, says: 'needs opset 18' },
];

interface TensorData {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: readonly (number | boolean | string)[];
}
interface LayerData {
  readonly layer: string;
  readonly args: readonly Encoded[];
  readonly options: Named<Encoded>;
}
type Encoded = TensorData | LayerData | number | boolean | string | null | readonly Encoded[];
interface Named<T> {
  readonly [name: string]: T;
}
interface Sample {
  readonly args: readonly Encoded[];
  readonly options: Named<Encoded>;
  readonly eval?: true;
  readonly call?: Named<Encoded>;
  readonly text: string;
  readonly state: Named<TensorData>;
  readonly inputs: readonly Encoded[];
  readonly outputs: readonly TensorData[];
}

const fixtures = new URL('../../nn/fixtures/', import.meta.url);
const families = readdirSync(fixtures)
  .map((name) => name.replace('.json', ''))
  .filter((name) => name !== 'modules' && name !== 'tools');
const layersOf = (family: string): readonly { layer: string; samples: readonly Sample[] }[] =>
  JSON.parse(readFileSync(new URL(`${family}.json`, fixtures), 'utf8')).layers;

const special: Named<number> = { nan: Number.NaN, inf: Number.POSITIVE_INFINITY, '-inf': Number.NEGATIVE_INFINITY };
const isTensorData = (value: Encoded): value is TensorData =>
  typeof value === 'object' && value !== null && 'data' in value;
const isLayerData = (value: Encoded): value is LayerData =>
  typeof value === 'object' && value !== null && 'layer' in value;

type Float = keyof typeof tolerance;

const tensorOf = (value: TensorData, dtype: Float): Tensor =>
  tensor(
    value.data.map((x) => (typeof x === 'string' ? (special[x] ?? Number(x)) : Number(x))),
    { dtype: 'float64' },
  )
    .view([...value.shape])
    .to(isFloat(value.dtype) ? dtype : value.dtype);

function decoded(value: Encoded, dtype: Float): unknown {
  if (Array.isArray(value)) return value.map((each) => decoded(each, dtype));
  if (isTensorData(value)) return tensorOf(value, dtype);
  if (isLayerData(value)) return make(value.layer, value, dtype);
  return typeof value === 'string' ? (special[value] ?? value) : value;
}

const optionsOf = (options: Named<Encoded>, dtype: Float): unknown[] =>
  Object.keys(options).length === 0
    ? []
    : [Object.fromEntries(Object.entries(options).map(([name, value]) => [name, decoded(value, dtype)]))];

const make = (layer: string, { args, options }: Pick<Sample, 'args' | 'options'>, dtype: Float): nn.Module => {
  const found = Reflect.get(nn, layer) as new (...args: unknown[]) => nn.Module;
  return new found(...args.map((x) => decoded(x, dtype)), ...optionsOf(options, dtype));
};

const tensorsOf = (value: unknown): Tensor[] =>
  isTensor(value) ? [value] : typeof value === 'object' && value ? Object.values(value).flatMap(tensorsOf) : [];

/** The layer as a child, called with the tensors among its inputs. */
class Call extends nn.Module {
  readonly layer: nn.Module;
  readonly #inputs: readonly unknown[];
  readonly #options: readonly unknown[];

  constructor(layer: nn.Module, inputs: readonly unknown[], options: readonly unknown[]) {
    super();
    this.layer = layer;
    this.#inputs = inputs;
    this.#options = options;
  }

  override forward(...given: Tensor[]): Tensor[] {
    const left = [...given];
    const replaced = (value: unknown): unknown =>
      isTensor(value) ? left.shift() : Array.isArray(value) ? value.map(replaced) : value;
    return tensorsOf(Reflect.apply(this.layer.forward, this.layer, [...this.#inputs.map(replaced), ...this.#options]));
  }
}

/** A sample with its layer made, in evaluation mode, as a file has it. */
class Subject {
  readonly layer: string;
  readonly sample: Sample;
  readonly dtype: Float;
  readonly model: Call;
  readonly example: readonly Tensor[];

  constructor(layer: string, sample: Sample, dtype: Float) {
    this.layer = layer;
    this.sample = sample;
    this.dtype = dtype;
    const module = make(layer, sample, dtype).to(dtype);
    const state = Object.entries(sample.state).map(([name, data]) => [name, tensorOf(data, dtype)] as const);
    module.loadStateDict(Object.fromEntries(state));
    const inputs = sample.inputs.map((x) => decoded(x, dtype));
    this.model = new Call(module, inputs, optionsOf(sample.call ?? {}, dtype)).eval();
    this.example = tensorsOf(inputs);
  }

  run(inputs: readonly Tensor[] = this.example): Tensor[] {
    return this.model.forward(...inputs.map((x) => x.clone()));
  }

  /** What PyTorch gave; `undefined` if that was in training mode, and the layer does something else in evaluation. */
  async expected(): Promise<Tensor[] | undefined> {
    const outputs = this.sample.outputs.map((x) => tensorOf(x, 'float64'));
    const here = this.run();
    const differences = await Promise.all(
      outputs.map(async (x, k) => largestDifference(await here[k].toTypedArray(), await x.toTypedArray())),
    );
    if (differences.every((difference) => difference < 1e-10)) return outputs;
    expect(this.sample.eval, `${this.layer} in evaluation`).toBeUndefined();
    expect(this.layer).toMatch(/Norm|Dropout/);
    return undefined;
  }

  /** The axes that may have other sizes, all together. Axes of the same place and size in several inputs are one. */
  axes(): DynamicAxis[] {
    const all = this.example.flatMap(({ shape }, input) =>
      shape.map((size, axis): DynamicAxis => ({ input, axis, name: `axis${axis}_of_${size}` })),
    );
    const stays = fixed.find(({ layers }) => layers.test(this.layer))?.axes ?? [];
    return [...new Set(all.map(({ name }) => name))].reduce<DynamicAxis[]>((taken, name) => {
      const more = all.filter((axis) => axis.name === name);
      if (more.some(({ axis }) => stays.includes(axis))) return taken;
      return this.takes([...taken, ...more]) ? [...taken, ...more] : taken;
    }, []);
  }

  /** Whether the layer runs at other sizes of these axes. */
  private takes(axes: readonly DynamicAxis[]): boolean {
    try {
      for (const size of sizes) this.run(this.resized(axes, size));
      return true;
    } catch (error) {
      if (error instanceof TenfoldError) return false;
      throw error;
    }
  }

  resized(axes: readonly DynamicAxis[], size: number): Tensor[] {
    return resize(this.example, axes, new Map(axes.map(({ name }) => [name, size])));
  }

  get title(): string {
    return `${this.sample.text.split('\n')[0]} of ${this.example.map(({ shape }) => `[${shape}]`)} in ${this.dtype}`;
  }

  /** The model at each opset, or why there is none; traced once. */
  async models(axes: readonly DynamicAxis[]): Promise<Map<number, ModelProto | string>> {
    const inputNames = this.example.map((_, i) => `x_${i}`);
    const named = (input: number) => axes.flatMap((x) => (x.input === input ? [[x.axis, x.name] as const] : []));
    const options = {
      inputNames,
      dynamicAxes: Object.fromEntries(inputNames.map((name, i) => [name, Object.fromEntries(named(i))])),
    };
    const args = readArguments(this.example);
    const settings = readOptions(args, options);
    const why = (error: unknown): string => {
      if (error instanceof TenfoldError) return error.message;
      throw error;
    };
    try {
      const traced = withModel(this.model, (runner) => ({ runner, ...traceAll(runner, args, settings.axes, false) }));
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
  const expected = await new Subject(subject.layer, subject.sample, 'float64').expected();
  return { subject, models: await subject.models([]), runs: [subject.example], expected };
}

async function atAllSizes(subject: Subject): Promise<Plan> {
  const axes = subject.axes();
  const runs = [subject.example, ...sizes.map((size) => subject.resized(axes, size))];
  return { subject, models: await subject.models(axes), runs, expected: undefined };
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

/** What is wrong with a result, or `null`. */
function problemOf({ plan: { subject }, opset, result }: Outcome): string | null {
  const { layer, dtype, title } = subject;
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

test('nothing is listed that has a form', () => {
  expect(refused.filter((row) => !rowsUsed.has(row))).toEqual([]);
});
