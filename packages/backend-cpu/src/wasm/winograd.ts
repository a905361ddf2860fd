/**
 * 2-d convolutions with 3 × 3 kernels and their gradients as overrides, by the kernels of `winograd-kernel.ts`: fewer than half the multiplications.
 * Everything else, and what is too small to gain from it, stays with the products that core derives.
 */
import { type ConvAttrs, expr as e, type Override, Program } from '@tenfold/tensor-core';
import type { Buffer, View } from '../elements.ts';
import type { Machine } from './machine.ts';
import { withAddresses } from './matmul.ts';
import { type Families, numel, type Operands, type Temporary } from './steps.ts';
import { partOf, runAll, windowOf } from './windows.ts';
import {
  compileWinograd,
  convolveFields,
  gapBytes,
  gatherFields,
  group,
  leftPanel,
  positions,
  productsFields,
  rightPanel,
  spreadFields,
  sumRoom,
  type WinogradKernels,
} from './winograd-kernel.ts';

/** Transformed tiles that wait to be multiplied stay in the second-level cache, with the weights that they meet. */
const dataBytes = 2 ** 17;
/** Transformed tiles of both factors of the gradient of weights: how they are cut depends on shapes only, and so do the sums. */
const blockBytes = 2 ** 22;
const mostSteps = 128;
/** Pieces for each thread, and the fewest channels of a piece: each transforms the tiles that it needs. */
const piecesPerThread = 4;
const leastChannels = 64;
/** Fewer transforms of weights than this are not worth waking threads. */
const sharedTransforms = 2 ** 14;
/** What transforms cost, as products of a channel of the input with one of the result at a tile: for each channel and tile, each weight, and each call. */
const costs = { data: 11, weight: 16, call: 25000 };

/**
 * Sums of a tile's pixels can overflow where no result does, and carry an infinity or the rounding of a large number to all results of the tile. So no number
 * may be above `largest`, nor stand out from the average by more than `spread`. Where all are below `smallest`, halves of them may vanish.
 */
const smallest = 2 ** -64;
const largest = 2 ** 48;
const spread = 2 ** 10;

const wordBytes = 4;
const gap = gapBytes / wordBytes;
const descriptorWords = 16;
const rowBytesOf = (x: View): number => x.strides[2] * wordBytes;
const planeBytesOf = (x: View): number => x.strides[1] * wordBytes;
const roundUp = (n: number, step: number): number => Math.ceil(n / step) * step;

/** Where blocks of so many words lie, each on a cache line, and how many bytes they take. */
function arranged<K extends string>(words: { readonly [B in K]: number }) {
  const starts = {} as { [B in K]: number };
  let bytes = 0;
  for (const name of Object.keys(words) as K[]) {
    starts[name] = bytes;
    bytes += roundUp(words[name] * wordBytes, 64);
  }
  return { starts, bytes };
}

/** Scratch memory of a call: lists of offsets and arguments of kernels. */
class Scratch<K extends string> {
  readonly #words: Int32Array;
  readonly #starts: { readonly [B in K]: number };
  readonly #start: number;

  constructor(machine: Machine, start: number, starts: { readonly [B in K]: number }, bytes: number) {
    this.#words = new Int32Array(machine.heap.memory.buffer, start, bytes / wordBytes);
    this.#starts = starts;
    this.#start = start;
  }

  /** The address of a block, or of a word in it. */
  at(name: K, word = 0): number {
    return this.#start + this.#starts[name] + word * wordBytes;
  }

  /** The words of a block. */
  words(name: K, length: number): Int32Array {
    const first = this.#starts[name] / wordBytes;
    return this.#words.subarray(first, first + length);
  }

  /** Writes multiples of `step`; positions from `count` on are the last one again. */
  multiples(name: K, count: number, step: number, length: number = count): void {
    const words = this.words(name, length);
    for (let i = 0; i < length; i++) words[i] = Math.min(i, count - 1) * step;
  }

  /** The same for the tiles of a view: every other of its pixels, row by row. */
  tiles(name: K, [images, down, across]: readonly number[], { strides }: View, length: number): void {
    const words = this.words(name, length);
    let i = 0;
    for (let n = 0; n < images; n++)
      for (let y = 0; y < down; y++)
        for (let x = 0; x < across; x++) words[i++] = (n * strides[0] + 2 * y * strides[2] + 2 * x) * wordBytes;
    words.fill(words[i - 1], i);
  }

  /** The address of argument list `i` of a block, written from `values`. */
  describe<F extends string>(name: K, i: number, fields: readonly F[], values: { readonly [V in F]: number }): number {
    const words = this.words(name, (i + 1) * descriptorWords);
    fields.forEach((field, f) => {
      words[i * descriptorWords + f] = values[field];
    });
    return this.at(name, i * descriptorWords);
  }
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/**
 * x ⋆ w + bias: `out` has whole tiles, and `x` all pixels that they read. For the adjoint, w has its channels exchanged, and stands upside down and back to
 * front.
 */
function convolve(
  machine: Machine,
  kernels: WinogradKernels,
  out: View,
  x: View,
  w: View,
  bias: View | null,
  isAdjoint: boolean,
): void {
  const [images, outChannels, height, width] = out.shape;
  const channels = x.shape[1];
  const grid = [images, height / 2, width / 2];
  const tiles = numel(grid);
  const panels = Math.ceil(tiles / rightPanel);
  const outPanels = Math.ceil(outChannels / leftPanel);
  const wanted = machine.threads > 1 ? machine.threads * piecesPerThread : 1;
  const panelWords = positions * (channels * rightPanel + gap);
  const fitting = Math.max(1, Math.floor(dataBytes / (panelWords * wordBytes)));
  const each = Math.min(fitting, Math.ceil(panels / wanted));
  const pieces = Math.ceil(panels / each);
  const parts = Math.max(1, Math.min(Math.ceil(wanted / pieces), Math.floor(outChannels / leastChannels)));
  const channelsEach = roundUp(outChannels / parts, leftPanel);
  const weightWords = positions * (channels * leftPanel + gap);
  const scratchWords = roundUp(sumRoom / wordBytes + each * panelWords, 16);
  const { starts, bytes } = arranged({
    inTiles: panels * rightPanel,
    outTiles: panels * rightPanel,
    channels,
    outChannels: outPanels * leftPanel,
    bias: outChannels,
    weights: outPanels * weightWords,
    weightArguments: outPanels * descriptorWords,
    arguments: pieces * parts * descriptorWords,
    scratch: machine.places * scratchWords,
  });
  withAddresses(machine, [out, x, w].map(bufferOf), bytes, ([toOut, fromX, fromW], start) => {
    const scratch = new Scratch(machine, start, starts, bytes);
    scratch.tiles('inTiles', grid, x, panels * rightPanel);
    scratch.tiles('outTiles', grid, out, panels * rightPanel);
    const [outStride, inStride] = isAdjoint ? [w.strides[1], w.strides[0]] : w.strides;
    scratch.multiples('outChannels', outChannels, outStride * wordBytes, outPanels * leftPanel);
    scratch.multiples('channels', channels, inStride * wordBytes);
    writeBias(new Float32Array(machine.heap.memory.buffer, scratch.at('bias'), outChannels), bias);
    const weightArguments = range(outPanels).map((i) =>
      scratch.describe('weightArguments', i, spreadFields, {
        items: scratch.at('outChannels', i * leftPanel),
        from: fromW + w.offset * wordBytes + (isAdjoint ? 2 * rowBytesOf(w) : 0),
        to: scratch.at('weights', i * weightWords),
        steps: scratch.at('channels'),
        count: channels,
        pitch: isAdjoint ? -rowBytesOf(w) : rowBytesOf(w),
        positionBytes: (channels * leftPanel + gap) * wordBytes,
        width: 1,
      }),
    );
    const transform = isAdjoint ? kernels.mirroredWeights : kernels.weights;
    runAll(machine, transform, weightArguments, outChannels * channels >= sharedTransforms);
    scratch.multiples('channels', channels, planeBytesOf(x));
    const pieceArguments = range(pieces * parts).map((i) => {
      const [first, from] = [Math.floor(i / parts) * each, (i % parts) * channelsEach];
      return scratch.describe('arguments', i, convolveFields, {
        inTiles: scratch.at('inTiles', first * rightPanel),
        outTiles: scratch.at('outTiles', first * rightPanel),
        panels: Math.min(each, panels - first),
        x: fromX + x.offset * wordBytes,
        inPitch: rowBytesOf(x),
        steps: scratch.at('channels'),
        channels,
        weights: scratch.at('weights', (from / leftPanel) * weightWords),
        outChannels: Math.max(0, Math.min(channelsEach, outChannels - from)),
        bias: scratch.at('bias', from),
        out: toOut + (out.offset + from * out.strides[1]) * wordBytes,
        outPitch: rowBytesOf(out),
        outPlane: planeBytesOf(out),
        scratch: scratch.at('scratch'),
        scratchBytes: scratchWords * wordBytes,
      });
    });
    runAll(machine, kernels.convolve, pieceArguments);
  });
}

function writeBias(to: Float32Array, bias: View | null): void {
  if (bias === null) to.fill(0);
  else for (let o = 0; o < to.length; o++) to[o] = Number(bias.storage.buffer[bias.offset + o * bias.strides[0]]);
}

/** The gradient of weights: `g` has whole tiles, and `x` all pixels that they have read. */
function weightGradient(machine: Machine, kernels: WinogradKernels, out: View, g: View, x: View): void {
  const [images, outChannels, height, width] = g.shape;
  const channels = x.shape[1];
  const grid = [images, height / 2, width / 2];
  const tiles = numel(grid);
  const [left, right] = [roundUp(outChannels, leftPanel), roundUp(channels, rightPanel)];
  const fitting = Math.floor(blockBytes / (positions * (left + right) * wordBytes));
  const steps = Math.min(tiles, mostSteps, Math.max(rightPanel, fitting));
  const rowsEach = Math.ceil(outChannels / positions);
  const { starts, bytes } = arranged({
    inTiles: tiles,
    outTiles: tiles,
    channels: right,
    weights: right,
    outChannels: left,
    rows: leftPanel,
    data: positions * (right * steps + gap),
    gradients: positions * (left * steps + gap),
    sums: positions * (left * right + gap),
    dataArguments: (right / rightPanel) * descriptorWords,
    gradientArguments: (left / leftPanel) * descriptorWords,
    arguments: positions * descriptorWords,
  });
  withAddresses(machine, [out, g, x].map(bufferOf), bytes, ([toOut, fromG, fromX], start) => {
    const scratch = new Scratch(machine, start, starts, bytes);
    scratch.tiles('inTiles', grid, x, tiles);
    scratch.tiles('outTiles', grid, g, tiles);
    scratch.multiples('channels', channels, planeBytesOf(x), right);
    scratch.multiples('weights', channels, planeBytesOf(out), right);
    scratch.multiples('outChannels', outChannels, planeBytesOf(g), left);
    scratch.multiples('rows', leftPanel, right * wordBytes);
    for (let first = 0; first < tiles; first += steps) {
      const k = Math.min(steps, tiles - first);
      const dataArguments = range(right / rightPanel).map((j) =>
        scratch.describe('dataArguments', j, spreadFields, {
          items: scratch.at('channels', j * rightPanel),
          from: fromX + x.offset * wordBytes,
          to: scratch.at('data', j * k * rightPanel),
          steps: scratch.at('inTiles', first),
          count: k,
          pitch: rowBytesOf(x),
          positionBytes: (right * k + gap) * wordBytes,
          width: rightPanel / group,
        }),
      );
      runAll(machine, kernels.data, dataArguments);
      const gradientArguments = range(left / leftPanel).map((i) =>
        scratch.describe('gradientArguments', i, spreadFields, {
          items: scratch.at('outChannels', i * leftPanel),
          from: fromG + g.offset * wordBytes,
          to: scratch.at('gradients', i * k * leftPanel),
          steps: scratch.at('outTiles', first),
          count: k,
          pitch: rowBytesOf(g),
          positionBytes: (left * k + gap) * wordBytes,
          width: leftPanel / group,
        }),
      );
      runAll(machine, kernels.gradients, gradientArguments);
      const productArguments = range(positions).map((p) =>
        scratch.describe('arguments', p, productsFields, {
          a: scratch.at('gradients', p * (left * k + gap)),
          b: scratch.at('data', p * (right * k + gap)),
          c: scratch.at('sums', p * (left * right + gap)),
          k,
          leftPanels: left / leftPanel,
          rightPanels: right / rightPanel,
          rows: scratch.at('rows'),
          rowBytes: right * wordBytes,
          isFirst: Number(first === 0),
        }),
      );
      runAll(machine, kernels.products, productArguments);
    }
    const gatherArguments = range(Math.ceil(outChannels / rowsEach)).map((i) =>
      scratch.describe('arguments', i, gatherFields, {
        from: scratch.at('sums', i * rowsEach * right),
        positionBytes: (left * right + gap) * wordBytes,
        items: scratch.at('weights'),
        groups: Math.ceil(channels / group),
        rows: Math.min(rowsEach, outChannels - i * rowsEach),
        rowBytes: right * wordBytes,
        to: toOut + (out.offset + i * rowsEach * out.strides[0]) * wordBytes,
        outBytes: out.strides[0] * wordBytes,
      }),
    );
    runAll(machine, kernels.gather, gatherArguments, outChannels * channels >= sharedTransforms);
  });
}

const bufferOf = ({ storage }: View): Buffer => storage.buffer;

const magnitudes = new Program([e.unary('abs', e.input(0, 'float32'))], ['float32']);

/** A convolution or one of its gradients, as what decides whether it is taken. */
interface Problem {
  readonly factors: readonly [View, View];
  readonly channels: readonly [number, number];
  readonly images: number;
  /** Sizes of the kernel, and of results of the convolution. */
  readonly kernel: readonly number[];
  readonly sizes: readonly number[];
}

function fits({ factors, channels, images, kernel, sizes }: Problem, attrs: ConvAttrs): true | string {
  if (factors.some(({ dtype }) => dtype !== 'float32')) return 'float32 only';
  if (kernel.join() !== '3,3' || [attrs.groups, ...attrs.stride, ...attrs.dilation].some((n) => n !== 1))
    return 'kernels of 3 × 3 only, with stride, dilation and groups of 1';
  const tiles = images * numel(sizes.map((size) => Math.ceil(size / 2)));
  const [inputs, outputs] = channels;
  const cost = costs.data * tiles * (inputs + outputs) + costs.weight * inputs * outputs + costs.call;
  return tiles * inputs * outputs > cost || 'too small';
}

/** Overrides by op name. */
export function winogradOverrides(
  machine: Machine,
  { rows, reduce }: Families,
): { readonly [Op in 'convolution' | 'convolutionTranspose' | 'convolutionWeight']: Override<Buffer> } {
  let compiled: WinogradKernels | undefined;
  const kernels = (): WinogradKernels => {
    compiled ??= compileWinograd(machine);
    return compiled;
  };

  /** Whether transforms of these numbers neither overflow nor lose more than products do. */
  const isTame = (x: View): boolean =>
    rows.withTemporaries((temporary) => {
      const reduced = (kind: 'max' | 'sum'): number => {
        const out = temporary('float32', [1, 1, 1, 1]);
        reduce(kind, out, [x], magnitudes, []);
        return Number(out.storage.buffer[0]);
      };
      const most = reduced('max');
      if (most === 0) return true;
      return most >= smallest && most <= largest && most * numel(x.shape) <= reduced('sum') * spread;
    });

  const override = (
    problemOf: (inputs: readonly View[], attrs: ConvAttrs) => Problem,
    run: (temporary: Temporary, out: View, inputs: readonly View[], attrs: ConvAttrs) => void,
  ): Override<Buffer> => ({
    supports: (inputs: Operands, attrs) => {
      const problem = problemOf(inputs as readonly View[], attrs as ConvAttrs);
      const fit = fits(problem, attrs as ConvAttrs);
      return fit !== true || problem.factors.every(isTame) ? fit : 'numbers that transforms could lose';
    },
    run: ([out], inputs: Operands, attrs) =>
      rows.withTemporaries((temporary) => run(temporary, out, inputs as readonly View[], attrs as ConvAttrs)),
  });

  /** Convolves `x` to `out`. */
  const runConvolution = (
    temporary: Temporary,
    out: View,
    x: View,
    w: View,
    bias: View | null,
    { padding }: ConvAttrs,
    isAdjoint = false,
  ): void => {
    // the adjoint sees as many zeros around its input as the kernel reaches beyond those of the convolution
    const start = padding.map((n) => (isAdjoint ? n - 2 : -n));
    const sizes = out.shape.slice(2);
    const whole = sizes.map((size) => roundUp(size, 2));
    const read = whole.map((size) => size + 2);
    const isWhole = sizes.every((size, d) => size === whole[d]);
    const result = isWhole ? out : temporary('float32', [out.shape[0], out.shape[1], ...whole]);
    const weights = windowOf(rows, temporary, w, [0, 0], [3, 3]);
    convolve(machine, kernels(), result, windowOf(rows, temporary, x, start, read), weights, bias, isAdjoint);
    if (!isWhole) rows.copy(partOf(result, [0, 0], sizes), out);
  };

  return {
    convolution: override(
      ([x, w], { padding, paddingEnd }) => ({
        factors: [x, w],
        channels: [w.shape[1], w.shape[0]],
        images: x.shape[0],
        kernel: w.shape.slice(2),
        sizes: x.shape.slice(2).map((size, d) => size + padding[d] + paddingEnd[d] - 2),
      }),
      (temporary, out, [x, w, bias], attrs) => runConvolution(temporary, out, x, w, bias, attrs),
    ),
    convolutionTranspose: override(
      ([g, w], { padding, paddingEnd }) => ({
        factors: [g, w],
        channels: [w.shape[0], w.shape[1]],
        images: g.shape[0],
        kernel: w.shape.slice(2),
        sizes: g.shape.slice(2).map((size, d) => size + 2 - padding[d] - paddingEnd[d]),
      }),
      (temporary, out, [g, w, bias], attrs) => runConvolution(temporary, out, g, w, bias, attrs, true),
    ),
    convolutionWeight: override(
      ([g, x], { padding, paddingEnd }) => ({
        factors: [g, x],
        channels: [x.shape[1], g.shape[1]],
        images: x.shape[0],
        kernel: x.shape.slice(2).map((size, d) => size + padding[d] + paddingEnd[d] - g.shape[d + 2] + 1),
        sizes: g.shape.slice(2),
      }),
      (temporary, out, [g, x], { padding }) => {
        const whole = g.shape.slice(2).map((size) => roundUp(size, 2));
        const start = padding.map((n) => -n);
        const read = whole.map((size) => size + 2);
        const gradients = windowOf(rows, temporary, g, [0, 0], whole);
        weightGradient(machine, kernels(), out, gradients, windowOf(rows, temporary, x, start, read));
      },
    ),
  };
}
