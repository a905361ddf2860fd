/** Values as what TensorBoard shows, as `torch.utils.tensorboard.summary` makes it. */
import { ArgumentError, describe, type TypedArray } from '@tenfold/tensor-core';
import {
  type HistogramProto,
  type HParamInfo,
  HParamsPluginData,
  type HParamValue,
  type Summary,
  type SummaryMetadata,
} from './generated/tensorboard.ts';

/** `tensorflow/core/framework/types.proto`. */
const types = { float: 1, double: 2, string: 7 } as const;

const plugin = (pluginName: string, content?: Uint8Array): SummaryMetadata => ({ pluginData: { pluginName, content } });

/** How a scalar is written. */
export interface ScalarOptions {
  /** As a tensor, which TensorBoard loads faster. Default false. */
  newStyle?: boolean | undefined;
  /** The tensor is a float64. Default false. */
  doublePrecision?: boolean | undefined;
}

export function scalarSummary(tag: string, value: number, { newStyle, doublePrecision }: ScalarOptions): Summary {
  if (!newStyle) return { value: [{ tag, simpleValue: value }] };
  const tensor = doublePrecision
    ? { dtype: types.double, doubleVal: [value] }
    : { dtype: types.float, floatVal: [value] };
  return { value: [{ tag, tensor, metadata: plugin('scalars') }] };
}

export function textSummary(tag: string, text: string): Summary {
  const tensor = {
    dtype: types.string,
    tensorShape: { dim: [{ size: 1 }] },
    stringVal: [new TextEncoder().encode(text)],
  };
  return { value: [{ tag: `${tag}/text_summary`, tensor, metadata: plugin('text', new Uint8Array()) }] };
}

export function imageSummary(tag: string, { width, height, channels }: Pixels, png: Uint8Array): Summary {
  return { value: [{ tag, image: { height, width, colorspace: channels, encodedImageString: png } }] };
}

/** A histogram that was counted before, as `@tenfold/train` gives it. */
export interface CountedHistogram {
  readonly counts: ArrayLike<number>;
  /** One more than counts. */
  readonly edges: ArrayLike<number>;
  readonly num: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly sumSquares: number;
}

/** The parts into which values are counted: edges, a number of equal ones, or TensorFlow's, which grow by a tenth each. */
export type HistogramBins = 'tensorflow' | number | readonly number[];

export function countedProto({ counts, edges, ...rest }: CountedHistogram): HistogramProto {
  // only right ends are kept: an empty part before them holds the first left one
  return { ...rest, bucketLimit: Array.from(edges), bucket: [0, ...Array.from(counts)] };
}

let tensorflowEdges: readonly number[] | null = null;

/** ±1e-12, ±1.1e-12, … up to 1e20. */
function growingEdges(): readonly number[] {
  if (tensorflowEdges) return tensorflowEdges;
  const positive: number[] = [];
  for (let edge = 1e-12; edge < 1e20; edge *= 1.1) positive.push(edge);
  tensorflowEdges = [...positive.map((edge) => -edge).reverse(), 0, ...positive];
  return tensorflowEdges;
}

/** Counts numbers; what isn't finite is left out. */
export function histogramProto(
  values: ArrayLike<number>,
  bins: HistogramBins,
  maxBins: number | undefined,
): HistogramProto {
  let [num, min, max, sum, sumSquares] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isFinite(value)) continue;
    num++;
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
    sumSquares += value * value;
  }
  if (num === 0) return { min: 0, max: 0, num: 0, sum: 0, sumSquares: 0, bucketLimit: [0], bucket: [0] };
  const edges = bins === 'tensorflow' ? growingEdges() : typeof bins === 'number' ? equalEdges(min, max, bins) : bins;
  const counted = counts(values, edges);
  const [shown, limits] = together(counted, edges, maxBins);
  const start = shown.findIndex((count) => count > 0);
  const end = shown.findLastIndex((count) => count > 0) + 1;
  const rest = { min, max, num, sum, sumSquares };
  if (start < 0) return { ...rest, bucketLimit: [limits[0]], bucket: [0] };
  // only right ends are kept: an empty part before them holds the first left one
  return {
    ...rest,
    bucketLimit: limits.slice(start, end + 1),
    bucket: [start > 0 ? shown[start - 1] : 0, ...shown.slice(start, end)],
  };
}

function equalEdges(min: number, max: number, bins: number): number[] {
  const [low, high] = min === max ? [min - 0.5, max + 0.5] : [min, max];
  // rounded as NumPy's linspace
  const step = (high - low) / bins;
  return Array.from({ length: bins + 1 }, (_, i) => (i === bins ? high : i * step + low));
}

/** How many values lie from each edge to before the next; the last has both its ends. */
function counts(values: ArrayLike<number>, edges: readonly number[]): number[] {
  const found = new Array<number>(edges.length - 1).fill(0);
  const last = edges.length - 1;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!(value >= edges[0] && value <= edges[last])) continue;
    // the last edge that isn't above the value
    let [low, high] = [0, last];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (edges[middle] <= value) low = middle;
      else high = middle;
    }
    found[low]++;
  }
  return found;
}

/** Neighbours put together so that there are hardly more than `most`. */
function together(found: readonly number[], edges: readonly number[], most: number | undefined): [number[], number[]] {
  if (most === undefined || found.length <= most) return [[...found], [...edges]];
  const size = Math.floor(found.length / most);
  const sums = Array.from({ length: Math.ceil(found.length / size) }, (_, i) =>
    found.slice(i * size, (i + 1) * size).reduce((sum, count) => sum + count, 0),
  );
  return [sums, [...sums.map((_, i) => edges[i * size]), edges[edges.length - 1]]];
}

/** Pixels in rows, their channels together. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

/** What a size of an image means: number, channel, height, width. */
export function checkFormats(formats: unknown, shape: readonly number[]): string {
  const letters = typeof formats === 'string' ? formats.toUpperCase() : '';
  if (!['HW', 'CHW', 'NCHW'].includes([...letters].sort((a, b) => 'NCHW'.indexOf(a) - 'NCHW'.indexOf(b)).join('')))
    throw new ArgumentError(
      `dataformats must be an order of the letters of 'NCHW', 'CHW' or 'HW', got ${describe(formats)}`,
    );
  if (letters.length !== shape.length)
    throw new ArgumentError(
      `size of input tensor and input format are different. tensor shape: [${shape}], input_format: ${letters}`,
    );
  const channels = letters.includes('C') ? shape[letters.indexOf('C')] : 1;
  if (![1, 3, 4].includes(channels))
    throw new ArgumentError(`an image has 1, 3 or 4 channels, got ${channels} in [${shape}] as ${letters}`);
  if (shape.some((length) => length === 0)) throw new ArgumentError(`an image can't be empty, got [${shape}]`);
  return letters;
}

/** Images side by side, eight in a row. Floats are from 0 to 1, integers from 0 to 255; what is beyond becomes the nearest. */
export function pixelsOf(values: TypedArray, shape: readonly number[], letters: string, scale: number): Pixels {
  const length = (letter: string): number => (letters.includes(letter) ? shape[letters.indexOf(letter)] : 1);
  const strides = Object.fromEntries(
    [...letters].map((letter, i) => [letter, shape.slice(i + 1).reduce((product, n) => product * n, 1)]),
  ) as { readonly [letter: string]: number | undefined };
  const [n, c, h, w] = ['N', 'C', 'H', 'W'].map(length);
  const columns = Math.min(n, 8);
  const [width, height] = [w * columns, h * Math.ceil(n / columns)];
  // a grey image gets three channels that are the same
  const channels = c === 1 ? 3 : c;
  const data = new Uint8ClampedArray(width * height * channels);
  for (let i = 0; i < n; i++) {
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const to = ((Math.floor(i / columns) * h + y) * width + (i % columns) * w + x) * channels;
        for (let k = 0; k < channels; k++) {
          const { N = 0, C = 0, H = 0, W = 0 } = strides;
          data[to + k] = Math.trunc(Number(values[i * N + (c === 1 ? 0 : k) * C + y * H + x * W]) * scale);
        }
      }
    }
  }
  return { width, height, channels, data: new Uint8Array(data.buffer) };
}

/** What a run was started with. */
export type HParam = number | string | boolean | null;

/** `hparams/api.proto`. */
const hparamTypes = { string: 1, boolean: 2, number: 3 } as const;

/** The three summaries of the hyperparameters of a run: what there are, their values, and that it ended well. */
export function hparamSummaries(hparams: { readonly [name: string]: HParam }, metrics: readonly string[]): Summary[] {
  const given = Object.entries(hparams).filter(
    (entry): entry is [string, number | string | boolean] => entry[1] !== null,
  );
  const infos: HParamInfo[] = given.map(([name, value]) => ({ name, type: hparamTypes[kindOf(name, value)] }));
  const values = given.map(([name, value]): [string, HParamValue] => [
    name,
    typeof value === 'number'
      ? { numberValue: value }
      : typeof value === 'string'
        ? { stringValue: value }
        : { boolValue: value },
  ]);
  const summary = (tag: string, data: HParamsPluginData): Summary => ({
    value: [{ tag: `_hparams_/${tag}`, metadata: plugin('hparams', HParamsPluginData.encode(data).finish()) }],
  });
  return [
    summary('experiment', {
      experiment: { hparamInfos: infos, metricInfos: metrics.map((tag) => ({ name: { tag } })) },
    }),
    summary('session_start_info', { sessionStartInfo: { hparams: Object.fromEntries(values) } }),
    // STATUS_SUCCESS
    summary('session_end_info', { sessionEndInfo: { status: 1 } }),
  ];
}

function kindOf(name: string, value: unknown): keyof typeof hparamTypes {
  const kind = typeof value;
  if (kind === 'number' || kind === 'string' || kind === 'boolean') return kind;
  throw new ArgumentError(`addHparams: ${name} must be a number, a text, true, false or null, got ${describe(value)}`);
}
