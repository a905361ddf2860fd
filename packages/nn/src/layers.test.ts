/**
 * Every layer against PyTorch: printed text, saved names and shapes, starting values, forward, and the gradients of inputs and parameters.
 * A new layer is a row in `tools/torch-oracle/layers/<family>.py`; nothing here names one.
 */
import '@tenfold/backend-cpu/register';
import { readdirSync, readFileSync } from 'node:fs';
import { backward } from '@tenfold/autograd';
import { type DType, isFloat, isTensor, manualSeed, type Tensor, tensor } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import * as nn from './index.ts';

/** The fixtures: one file for each of `tools/torch-oracle/layers`. */
const fixtures = new URL('../fixtures/', import.meta.url);
const notLayers = ['modules.json', 'tools.json'];
const families = readdirSync(fixtures).flatMap((name) => (notLayers.includes(name) ? [] : name.replace('.json', '')));

/** Modules that no sample is made of, and why. */
const untested: { readonly [name: string]: string } = {
  KVCache: 'state of a program that samples: rope.test.ts',
  Module: 'the base',
  Sequential: 'made of other layers: module.test.ts',
  ModuleList: 'made of other layers: module.test.ts',
  ModuleDict: 'made of other layers: containers.test.ts',
  ParameterList: 'has no forward: containers.test.ts',
  ParameterDict: 'has no forward: containers.test.ts',
};

interface TensorData {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: readonly (number | boolean | string)[];
}
/** A layer to be made, as an argument of another. */
interface LayerData {
  readonly layer: string;
  readonly args: readonly Encoded[];
  readonly options: Named<Encoded>;
}
/** A tensor, a layer, or a number, text, `null`, or a list of these. */
type Encoded = TensorData | LayerData | number | boolean | string | null | readonly Encoded[];
interface Named<T> {
  readonly [name: string]: T;
}

interface Sample {
  readonly args: readonly Encoded[];
  readonly options: Named<Encoded>;
  readonly eval?: true;
  /** Options of `forward`. */
  readonly call?: Named<Encoded>;
  readonly text: string;
  readonly state: Named<TensorData>;
  /** How each parameter starts, over many draws. */
  readonly start?: Named<{ readonly mean: number; readonly deviation: number; readonly largest: number }>;
  readonly inputs: readonly Encoded[];
  readonly outputs: readonly TensorData[];
  readonly gradOut?: readonly (TensorData | null)[];
  readonly grads?: readonly (TensorData | null)[];
  readonly parameterGrads?: Named<TensorData | null>;
  /** The buffers that forward changed. */
  readonly after?: Named<TensorData>;
}

interface LayerFixture {
  readonly layer: string;
  readonly samples: readonly Sample[];
}

const layersOf = (family: string): readonly LayerFixture[] =>
  JSON.parse(readFileSync(new URL(`${family}.json`, fixtures), 'utf8')).layers;

const special: Named<number> = { nan: Number.NaN, inf: Number.POSITIVE_INFINITY, '-inf': Number.NEGATIVE_INFINITY };
const isTensorData = (value: Encoded): value is TensorData =>
  typeof value === 'object' && value !== null && 'data' in value;
const isLayerData = (value: Encoded): value is LayerData =>
  typeof value === 'object' && value !== null && 'layer' in value;
const valuesOf = ({ data }: TensorData): number[] =>
  data.map((value) => (typeof value === 'string' ? (special[value] ?? Number(value)) : Number(value)));
const tensorOf = (value: TensorData): Tensor =>
  tensor(valuesOf(value), { dtype: 'float64' })
    .view([...value.shape])
    .to(value.dtype);

function decoded(value: Encoded): unknown {
  if (Array.isArray(value)) return value.map(decoded);
  if (isTensorData(value)) return tensorOf(value);
  if (isLayerData(value)) return make(value.layer, value);
  return typeof value === 'string' ? (special[value] ?? value) : value;
}

const decodedOptions = (options: Named<Encoded>): Named<unknown>[] =>
  Object.keys(options).length === 0
    ? []
    : [Object.fromEntries(Object.entries(options).map(([name, value]) => [name, decoded(value)]))];

/** The tensors among nested lists and records, in order. */
const tensorsOf = (value: unknown): Tensor[] =>
  isTensor(value) ? [value] : typeof value === 'object' && value ? Object.values(value).flatMap(tensorsOf) : [];
const replaced = (value: unknown, fn: (x: Tensor) => Tensor): unknown =>
  isTensor(value) ? fn(value) : Array.isArray(value) ? value.map((each) => replaced(each, fn)) : value;

function expectClose(what: string, actual: Tensor | null, expected: TensorData | null): void {
  if (expected === null) {
    expect(actual?.abs().sum().itemSync() ?? 0, `${what}: nothing flows`).toBe(0);
    return;
  }
  if (actual === null) throw new Error(`${what}: nothing came`);
  expect([what, actual.dtype, ...actual.shape]).toEqual([what, expected.dtype, ...expected.shape]);
  const values = Array.from(actual.toTypedArraySync(), Number);
  valuesOf(expected).forEach((wanted, i) => {
    const difference = Math.abs(values[i] - wanted);
    // NaN and the infinities are themselves
    if (!Object.is(values[i], wanted) && !(difference <= 1e-12 * Math.max(1, Math.abs(wanted))))
      expect.fail(`${what}[${i}] is ${values[i]}, not ${wanted}`);
  });
}

type LayerClass = new (...args: unknown[]) => nn.Module;
const classOf = (layer: string): LayerClass => {
  const found: unknown = Reflect.get(nn, layer);
  if (typeof found !== 'function') throw new Error(`@tenfold/nn has no layer '${layer}'`);
  return found as LayerClass;
};
const make = (layer: string, { args, options }: Pick<Sample, 'args' | 'options'>): nn.Module =>
  new (classOf(layer))(...args.map(decoded), ...decodedOptions(options));

/** Names, shapes and dtypes. */
const outline = (state: Named<{ readonly shape: readonly number[]; readonly dtype: DType }>) =>
  Object.entries(state).map(([name, { shape, dtype }]) => [name, dtype, ...shape]);

function checkValues(layer: string, sample: Sample): void {
  const module = make(layer, sample).double().train(!sample.eval);
  expect(String(module)).toBe(sample.text);
  expect(outline(module.stateDict())).toEqual(outline(sample.state));
  module.loadStateDict(Object.fromEntries(Object.entries(sample.state).map(([name, data]) => [name, tensorOf(data)])));

  // of a copy, which must be as good
  const copy = nn.deepcopy(module);
  expect(String(copy)).toBe(sample.text);

  const leaves = replaced(sample.inputs.map(decoded), (x) => (isFloat(x.dtype) ? x.requiresGrad_() : x)) as unknown[];
  const copies = replaced(leaves, (x) => x.clone()) as never[];
  const outputs = tensorsOf(
    Reflect.apply(copy.forward, copy, [...copies, ...decodedOptions(sample.call ?? {})]) as unknown,
  );
  expect(outputs.length).toBe(sample.outputs.length);
  outputs.forEach((output, i) => {
    expectClose(`output ${i}`, output, sample.outputs[i]);
  });
  for (const [name, data] of Object.entries(sample.after ?? {}))
    expectClose(`${name} after forward`, copy.stateDict()[name], data);

  const { gradOut } = sample;
  expect(outputs.map((x) => x.requiresGrad)).toEqual(outputs.map((_, i) => (gradOut?.[i] ?? null) !== null));
  if (!gradOut) return;
  const roots = outputs.filter((_, i) => gradOut[i] !== null);
  backward(
    roots,
    gradOut.flatMap((data) => (data ? [tensorOf(data)] : [])),
  );
  tensorsOf(leaves).forEach((leaf, i) => {
    expectClose(`gradient of input ${i}`, leaf.grad, sample.grads?.[i] ?? null);
  });
  const parameters = new Map(copy.namedParameters());
  for (const [name, data] of Object.entries(sample.parameterGrads ?? {}))
    expectClose(`gradient of ${name}`, parameters.get(name)?.grad ?? null, data);
}

/** Mean and deviation of many starting values are those of PyTorch within five standard errors, and the largest is alike. */
function checkStart(layer: string, sample: Sample): void {
  manualSeed(0);
  const starts = Object.entries(sample.start ?? {});
  const drawn = new Map(starts.map(([name]) => [name, [] as number[]]));
  // some start with the same value each time
  const isShort = ([name, { deviation }]: (typeof starts)[number]): boolean =>
    (drawn.get(name) as number[]).length < (deviation === 0 ? 1 : 4000);
  for (let missing = starts.filter(isShort); missing.length > 0; missing = missing.filter(isShort)) {
    const state = make(layer, sample).stateDict();
    for (const [name] of missing) drawn.get(name)?.push(...Array.from(state[name].toTypedArraySync(), Number));
  }
  for (const [name, expected] of starts) {
    const values = drawn.get(name) as number[];
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
    const error = (5 * expected.deviation) / Math.sqrt(values.length);
    expect(Math.abs(mean - expected.mean), `mean of ${name}: ${mean}`).toBeLessThanOrEqual(1.5 * error + 1e-6);
    expect(Math.abs(deviation - expected.deviation), `deviation of ${name}: ${deviation}`).toBeLessThanOrEqual(
      error + 1e-6,
    );
    // tells a uniform start from a normal one
    const largest = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    expect(Math.abs(largest - expected.largest), `largest of ${name}: ${largest}`).toBeLessThanOrEqual(
      0.3 * expected.largest + 1e-6,
    );
  }
}

for (const family of families) {
  describe(family, () => {
    for (const { layer, samples } of layersOf(family)) {
      describe(layer, () => {
        test.each(samples.map((sample) => [shown(sample), sample] as const))('%s', (_, sample) => {
          checkValues(layer, sample);
        });
        const [first] = samples;
        if (Object.keys(first.start ?? {}).length > 0)
          test('starts as in PyTorch', () => {
            checkStart(layer, first);
          });
        const withOptions = samples.find(({ options }) => Object.keys(options).length > 0);
        if (withOptions && layer !== 'Identity')
          test('refuses an unknown option', () => {
            const args = withOptions.args.map(decoded);
            expect(() => new (classOf(layer))(...args, { unknownOption: 1 })).toThrow('unknownOption');
          });
      });
    }
  });
}

function shown({ args, options, inputs, eval: evaluation }: Sample): string {
  const short = (value: Encoded): string =>
    isTensorData(value) ? `[${value.shape}]` : isLayerData(value) ? value.layer : JSON.stringify(value);
  const named = Object.entries(options).map(([name, value]) => `${name}: ${short(value)}`);
  return `(${[...args.map(short), ...named].join(', ')}) of ${inputs.map(short).join(', ')}${evaluation ? ', eval' : ''}`;
}

test('every layer has a sample', () => {
  const sampled = new Set(families.flatMap((family) => layersOf(family).map(({ layer }) => layer)));
  const layers = Object.entries(nn).filter(
    ([, value]) => typeof value === 'function' && (value === nn.Module || value.prototype instanceof nn.Module),
  );
  expect(layers.map(([name]) => name).filter((name) => !sampled.has(name) && !(name in untested))).toEqual([]);
  expect(Object.keys(untested).filter((name) => sampled.has(name) || !(name in nn))).toEqual([]);
});
