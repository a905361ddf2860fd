/** The layers of nn with the samples that PyTorch made (packages/nn/fixtures), as models to export. */
import { readdirSync, readFileSync } from 'node:fs';
import * as nn from '@tenfold/nn';
import { type DType, isFloat, isTensor, TenfoldError, type Tensor, tensor } from '@tenfold/tensor-core';
import { resize } from '../model.ts';
import type { DynamicAxis } from '../options.ts';

/** Of dynamic axes. */
export const sizes = [1, 3, 17];

/** Axes that stay as they are, though the layer takes other sizes, and why. */
const fixed: readonly { readonly layers: RegExp; readonly axes: readonly number[]; readonly why: string }[] = [
  { layers: /^CTCLoss$/, axes: [0], why: 'it is a loop over time' },
  { layers: /^Adaptive/, axes: [2, 3, 4], why: 'windows of different sizes are laid out at export' },
  { layers: /^RotaryPositionalEmbeddings$/, axes: [1], why: 'a longer sequence computes a longer table' },
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
export interface Sample {
  readonly args: readonly Encoded[];
  readonly options: Named<Encoded>;
  readonly eval?: true;
  readonly call?: Named<Encoded>;
  readonly text: string;
  readonly state: Named<TensorData>;
  readonly inputs: readonly Encoded[];
  readonly outputs: readonly TensorData[];
}

const fixtures = new URL('../../../nn/fixtures/', import.meta.url);
export const families = readdirSync(fixtures)
  .map((name) => name.replace('.json', ''))
  .filter((name) => name !== 'modules' && name !== 'tools');
export const layersOf = (family: string): readonly { layer: string; samples: readonly Sample[] }[] =>
  JSON.parse(readFileSync(new URL(`${family}.json`, fixtures), 'utf8')).layers;

const special: Named<number> = { nan: Number.NaN, inf: Number.POSITIVE_INFINITY, '-inf': Number.NEGATIVE_INFINITY };
const isTensorData = (value: Encoded): value is TensorData =>
  typeof value === 'object' && value !== null && 'data' in value;
const isLayerData = (value: Encoded): value is LayerData =>
  typeof value === 'object' && value !== null && 'layer' in value;

/** The dtypes that layers are exported in. */
export type Float = 'float64' | 'float32';

export const tensorOf = (value: TensorData, dtype: Float): Tensor =>
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
export class Call extends nn.Module {
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
export class Subject {
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

  /** The axes that may have other sizes, all together. Axes of the same place and size in several inputs are one. */
  axes(): DynamicAxis[] {
    const all = this.example.flatMap(({ shape }, input) =>
      shape.map((size, axis): DynamicAxis => ({ input, axis, name: `axis${axis}_of_${size}` })),
    );
    const stays = fixed.find(({ layers }) => layers.test(this.layer))?.axes ?? [];
    const taken: DynamicAxis[] = [];
    for (const name of new Set(all.map((axis) => axis.name))) {
      const more = all.filter((axis) => axis.name === name);
      if (more.some(({ axis }) => stays.includes(axis))) continue;
      if (this.takes([...taken, ...more])) taken.push(...more);
    }
    return taken;
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
}
