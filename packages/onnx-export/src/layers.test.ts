/**
 * Every layer of nn with the samples that PyTorch made: exported at each opset and run in onnxruntime. In float64 against PyTorch, in float32 with every axis
 * dynamic that the layer itself takes in other sizes. A new layer needs nothing here.
 */
import '@tenfold/backend-cpu/register';
import { readdirSync, readFileSync } from 'node:fs';
import * as nn from '@tenfold/nn';
import { type DType, isFloat, isTensor, TenfoldError, type Tensor, tensor } from '@tenfold/tensor-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { resize } from './model.ts';
import type { DynamicAxis } from './options.ts';
import { type Compared, type Comparison, compareAll } from './testing.ts';
import { largestDifference } from './verify.ts';

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

const refused: readonly Refused[] = [];

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

interface Job {
  readonly layer: string;
  readonly opset: number;
  readonly dtype: Float;
  readonly comparison: Comparison;
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

  /** The axes that may have other sizes. Axes of the same place and size in several inputs belong together. */
  axes(): DynamicAxis[] {
    const all = this.example.flatMap(({ shape }, input) =>
      shape.map((size, axis): DynamicAxis => ({ input, axis, name: `axis${axis}_of_${size}` })),
    );
    return all.filter(({ name }) => this.takes(all.filter((axis) => axis.name === name)));
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

  comparison(opsetVersion: number, axes: readonly DynamicAxis[], expected?: readonly Tensor[]): Comparison {
    const inputNames = this.example.map((_, i) => `x_${i}`);
    const dynamicAxes = Object.fromEntries(
      inputNames.map((name, i) => [
        name,
        Object.fromEntries(axes.flatMap((x) => (x.input === i ? [[x.axis, x.name] as const] : []))),
      ]),
    );
    return {
      name: `${this.sample.text.split('\n')[0]} of ${this.example.map(({ shape }) => `[${shape}]`)} in ${this.dtype} at opset ${opsetVersion}`,
      fn: (...given) => this.model.forward(...given),
      model: this.model,
      example: this.example,
      runs: [this.example, ...(axes.length === 0 ? [] : sizes.map((size) => this.resized(axes, size)))],
      ...(expected ? { expected } : {}),
      options: { opsetVersion, inputNames, dynamicAxes },
    };
  }
}

async function jobsOf(family: string): Promise<Job[]> {
  const subjects = layersOf(family).flatMap(({ layer, samples }) => samples.map((sample) => ({ layer, sample })));
  const all = subjects.map(async ({ layer, sample }) => {
    const [exact, dynamic] = [new Subject(layer, sample, 'float64'), new Subject(layer, sample, 'float32')];
    const [expected, axes] = [await exact.expected(), dynamic.axes()];
    return opsets.flatMap((opset): Job[] => [
      { layer, opset, dtype: 'float64', comparison: exact.comparison(opset, [], expected) },
      { layer, opset, dtype: 'float32', comparison: dynamic.comparison(opset, axes) },
    ]);
  });
  return (await Promise.all(all)).flat();
}

const rowsUsed = new Set<Refused>();

/** What is wrong with a result, or `null`. */
function problemOf({ layer, opset, dtype, comparison }: Job, result: Compared): string | null {
  if ('difference' in result) {
    if (result.difference <= tolerance[dtype]) return null;
    return `${comparison.name}: differs by ${result.difference}`;
  }
  if (dtype === 'float64' && noFloat64.test(result.error)) return null;
  const row = refused.find(
    (each) =>
      each.layers.test(layer) && (each.below === undefined || opset < each.below) && result.error.includes(each.says),
  );
  if (!row) return `${comparison.name}: ${result.error}`;
  rowsUsed.add(row);
  return null;
}

describe.each(families)('%s', (family) => {
  const problems = new Map<string, string[]>();
  const compared = new Map<string, Set<number>>();

  beforeAll(async () => {
    const jobs = await jobsOf(family);
    const results = await compareAll(jobs.map(({ comparison }) => comparison));
    jobs.forEach((job, i) => {
      const problem = problemOf(job, results[i]);
      const list = problems.get(job.layer) ?? [];
      problems.set(job.layer, problem === null ? list : [...list, problem]);
      if ('difference' in results[i])
        compared.set(job.layer, (compared.get(job.layer) ?? new Set<number>()).add(job.opset));
    });
  }, 120_000);

  test.each(layersOf(family).map(({ layer }) => layer))('%s', (layer) => {
    expect(problems.get(layer)).toEqual([]);
    expect([...(compared.get(layer) ?? [])]).toEqual(opsets);
  });
});

test('nothing is listed that has a form', () => {
  expect(refused.filter((row) => !rowsUsed.has(row))).toEqual([]);
});
