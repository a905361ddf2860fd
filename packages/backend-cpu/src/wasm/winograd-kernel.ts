/**
 * Kernels of 3 × 3 convolutions by Winograd's minimal filtering F(2 × 2, 3 × 3) (Lavin and Gray, "Fast algorithms for convolutional neural networks",
 * CVPR 2016): a tile of 4 × 4 pixels and the weights become 16 numbers each, which are multiplied position by position and summed over channels; 2 × 2
 * results come back from 16 sums. That is 16 products for 4 results instead of 36.
 *
 *     y = Aᵀ [(G w Gᵀ) ⊙ (Bᵀ d B)] A        dw = Gᵀ [(A dy Aᵀ) ⊙ (Bᵀ d B)] G
 *
 * Both ways a vector holds the same number of four items: tiles or channels. What is multiplied is written as the panels that the matrix product takes.
 */
import { type FunctionBuilder, f32x4, i32, type ModuleBuilder, shuffle32, type Value, v128 } from './assembler.ts';
import type { Machine } from './machine.ts';
import { accumulate, defineTile, eight, forEach, plus, times, transposed } from './product.ts';

type I32 = Value<'i32'>;
type Vector = Value<'v128'>;
/** A linear map of a line of numbers. */
type Line = (fn: FunctionBuilder, x: readonly Vector[]) => Vector[];

/** Numbers that a tile of inputs has. */
export const positions = 16;
/** Items of a group, and of the panels of either factor of a product. */
export const group = 4;
export const leftPanel = 4;
export const rightPanel = 8;
const groupBytes = 4 * group;
const leftBytes = 4 * leftPanel;
const rightBytes = 4 * rightPanel;
/** The sums of a panel of either side, at all positions. */
const sumRows = leftPanel * rightBytes;
const sumBytes = positions * sumRows;
/** Behind the sums: the offsets of their rows. */
export const sumRoom = sumBytes + 64;

/** Bytes between the numbers of one position and the next: at distances of powers of two they would compete for the same lines of the cache. */
export const gapBytes = 64;

const { add, sub, mul } = f32x4;

/** Bᵀ, G and A, and the transposes of the last two. */
const dataLine: Line = (_, [a, b, c, d]) => [sub(a, c), add(b, c), sub(c, b), sub(b, d)];
const weightLine: Line = (fn, [a, b, c]) => {
  const half = fn.constant(f32x4.const(0.5));
  const outer = fn.let(add(a, c));
  return [a, mul(add(outer, b), half), mul(sub(outer, b), half), c];
};
const gradientLine: Line = (_, [a, b]) => [a, add(a, b), sub(a, b), f32x4.neg(b)];
const resultLine: Line = (_, [a, b, c, d]) => [add(add(a, b), c), sub(sub(b, c), d)];
const weightGradientLine: Line = (fn, [a, b, c, d]) => {
  const half = fn.constant(f32x4.const(0.5));
  const sum = fn.let(mul(add(b, c), half));
  return [add(a, sum), mul(sub(b, c), half), add(sum, d)];
};

/** The line of each column, then of each row: rows of numbers that may be read often. */
function both(fn: FunctionBuilder, line: Line, columns: readonly (readonly Vector[])[]): Vector[][] {
  const down = columns.map((column) => line(fn, column).map((x) => fn.let(x)));
  return down[0].map((_, r) =>
    line(
      fn,
      down.map((column) => column[r]),
    ).map((x) => fn.let(x)),
  );
}

/**
 * Transforms four items at a time. Parameters: offsets of the items, the address of the first one, where to write, offsets of the steps (channels or tiles),
 * how many there are, and bytes from a row to the next, from a step to the next and from a position to the next in what is written. Mirrored lines are read
 * from their ends, as rows are with a negative pitch.
 */
function defineSpread(module: ModuleBuilder, line: Line, taps: number, isMirrored = false) {
  return module.define({ parameters: eight, result: 'none' }, (fn) => {
    const [items, from, to, steps, count, pitch, stepBytes, positionBytes] = eight.map((type, i) =>
      fn.parameter(i, type),
    );
    const bases = [0, 1, 2, 3].map((l) => fn.let(i32.add(from.get, i32.load(items.get, 4 * l))));
    const end = fn.let(i32.add(steps.get, times(count.get, 4)));
    const load = taps === 2 ? v128.load64Zero : v128.load;
    fn.doWhile(() => {
      const step = fn.let(i32.load(steps.get));
      const down = bases.map((base) => {
        const row = fn.variable(i32.add(base, step));
        const rows = Array.from({ length: taps }, (_, r) => {
          if (r > 0) fn.emit(row.set(i32.add(row.get, pitch.get)));
          return fn.let(load(row.get));
        });
        return line(fn, rows).map((x) => fn.let(x));
      });
      const at = fn.variable(to.get);
      for (let r = 0; r < 4; r++) {
        const columns = transposed(
          fn,
          down.map((item) => item[r]),
        )
          .slice(0, taps)
          .map((x) => fn.let(x));
        const across = line(fn, isMirrored ? columns.reverse() : columns);
        for (const x of across) fn.emit(v128.store(at.get, x), at.set(i32.add(at.get, positionBytes.get)));
      }
      fn.emit(to.set(i32.add(to.get, stepBytes.get)), steps.set(plus(steps.get, 4)));
      return i32.ltU(steps.get, end);
    });
  });
}

/** Loads the 16 numbers of four items as columns, the rows of each `positionBytes` apart. */
const loadSums = (fn: FunctionBuilder, from: I32, positionBytes: I32): Vector[][] => {
  const at = fn.variable(from);
  const all = Array.from({ length: positions }, () => {
    const x = fn.let(v128.load(at.get));
    fn.emit(at.set(i32.add(at.get, positionBytes)));
    return x;
  });
  return [0, 1, 2, 3].map((q) => [0, 1, 2, 3].map((r) => all[4 * r + q]));
};

const itemsAt = (fn: FunctionBuilder, items: I32, to: I32): I32[] =>
  [0, 1, 2, 3].map((l) => fn.let(i32.add(to, i32.load(items, 4 * l))));

/** 2 × 2 results of four tiles. Parameters: their sums, offsets of the tiles, the address of the first one, bytes of a row, the address of the bias. */
function defineResults(module: ModuleBuilder) {
  return module.define({ parameters: ['i32', 'i32', 'i32', 'i32', 'i32'], result: 'none' }, (fn) => {
    const [from, items, to, pitch, bias] = [0, 1, 2, 3, 4].map((i) => fn.parameter(i, 'i32').get);
    const rows = both(fn, resultLine, loadSums(fn, from, i32.const(sumRows)));
    const shift = fn.let(f32x4.loadSplat(bias));
    const tiles = itemsAt(fn, items, to);
    rows.forEach((row, r) => {
      const [x, y] = row.map((value) => fn.let(add(value, shift)));
      const pairs = [fn.let(shuffle32(x, y, [0, 4, 1, 5])), fn.let(shuffle32(x, y, [2, 6, 3, 7]))];
      tiles.forEach((tile, l) =>
        fn.emit(v128.storeLane(8, r === 0 ? tile : i32.add(tile, pitch), pairs[l >> 1], l & 1)),
      );
    });
  });
}

/** Arguments of the kernels, in 32-bit words. Lists hold offsets in bytes. */
export const spreadFields = ['items', 'from', 'to', 'steps', 'count', 'pitch', 'positionBytes', 'width'] as const;
export const convolveFields = [
  // offsets of tiles of the input and of the result, in groups of four; how many panels of them
  'inTiles',
  'outTiles',
  'panels',
  'x',
  'inPitch',
  // offsets of channels
  'steps',
  'channels',
  // transformed weights of the first of so many channels of the result, and their biases
  'weights',
  'outChannels',
  'bias',
  'out',
  'outPitch',
  'outPlane',
  // memory of the first thread, and bytes to the next one's
  'scratch',
  'scratchBytes',
] as const;
export const productsFields = ['a', 'b', 'c', 'k', 'leftPanels', 'rightPanels', 'rows', 'rowBytes', 'isFirst'] as const;
export const gatherFields = ['from', 'positionBytes', 'items', 'groups', 'rows', 'rowBytes', 'to', 'outBytes'] as const;

const fieldsOf = <F extends string>(fn: FunctionBuilder, fields: readonly F[]): { readonly [K in F]: I32 } => {
  const at = fn.parameter(0, 'i32').get;
  return Object.fromEntries(fields.map((field, i) => [field, fn.let(i32.load(at, 4 * i))])) as { [K in F]: I32 };
};

type Spread = ReturnType<typeof defineSpread>;

/** Transforms a panel of `width` groups. */
const spreadPanel = (module: ModuleBuilder, name: string, spread: Spread): void =>
  void module.define({ parameters: ['i32'], result: 'none', name }, (fn) => {
    const { items, from, to, steps, count, pitch, positionBytes, width } = fieldsOf(fn, spreadFields);
    forEach(fn, times(width, groupBytes), i32.const(groupBytes), (h) => {
      fn.emit(
        spread(i32.add(items, h), from, i32.add(to, h), steps, count, pitch, times(width, groupBytes), positionBytes),
      );
    });
  });

type Tile = ReturnType<typeof defineTile>;

/** Results at some tiles in some channels. */
function defineConvolve(module: ModuleBuilder, spread: Spread, tile: Tile): void {
  const results = defineResults(module);
  const thread = module.import('thread', [], 'i32');
  module.define({ parameters: ['i32'], result: 'none', name: 'convolve' }, (fn) => {
    const w = fieldsOf(fn, convolveFields);
    const sums = fn.let(i32.add(w.scratch, i32.mul(thread(), w.scratchBytes)));
    const rowList = fn.let(plus(sums, sumBytes));
    const data = fn.let(plus(sums, sumRoom));
    const dataBytes = fn.let(plus(times(w.channels, rightBytes), gapBytes));
    const weightBytes = fn.let(plus(times(w.channels, leftBytes), gapBytes));
    const zero = i32.const(0);
    for (let r = 0; r < leftPanel; r++) fn.emit(i32.store(rowList, i32.const(r * rightBytes), 4 * r));
    const panelOf = (j: I32): I32 => i32.add(data, times(i32.mul(j, dataBytes), positions));
    const groupsOf = (j: I32, h: number): I32 => plus(times(j, rightBytes), h * groupBytes);
    forEach(fn, w.panels, i32.const(1), (j) => {
      for (const h of [0, 1]) {
        const items = i32.add(w.inTiles, groupsOf(j, h));
        const to = plus(panelOf(j), h * groupBytes);
        fn.emit(spread(items, w.x, to, w.steps, w.channels, w.inPitch, i32.const(rightBytes), dataBytes));
      }
    });
    forEach(fn, w.outChannels, i32.const(leftPanel), (o) => {
      const panel = fn.let(i32.add(w.weights, i32.mul(times(o, positions / leftPanel), weightBytes)));
      forEach(fn, w.panels, i32.const(1), (j) => {
        const a = fn.variable(panel);
        const b = fn.variable(panelOf(j));
        const c = fn.variable(sums);
        fn.while(i32.ltU(c.get, rowList), () => {
          fn.emit(tile(a.get, b.get, w.channels, c.get, rowList, zero, zero, zero));
          fn.emit(a.set(i32.add(a.get, weightBytes)), b.set(i32.add(b.get, dataBytes)), c.set(plus(c.get, sumRows)));
        });
        const channel = fn.variable(o);
        const from = fn.variable(sums);
        const end = fn.let(plus(sums, sumRows));
        fn.while(i32.and(i32.ltU(from.get, end), i32.ltU(channel.get, w.outChannels)), () => {
          for (const h of [0, 1]) {
            const items = i32.add(w.outTiles, groupsOf(j, h));
            const to = i32.add(w.out, i32.mul(channel.get, w.outPlane));
            const bias = i32.add(w.bias, times(channel.get, 4));
            fn.emit(results(plus(from.get, h * groupBytes), items, to, w.outPitch, bias));
          }
          fn.emit(channel.set(plus(channel.get, 1)), from.set(plus(from.get, rightBytes)));
        });
      });
    });
  });
}

/** The products of a block of tiles at one position, added to what is there unless they are the first. */
function defineProducts(module: ModuleBuilder, tile: Tile): void {
  module.define({ parameters: ['i32'], result: 'none', name: 'products' }, (fn) => {
    const w = fieldsOf(fn, productsFields);
    const mode = fn.let(times(i32.eqz(w.isFirst), accumulate));
    const zero = i32.const(0);
    forEach(fn, w.leftPanels, i32.const(1), (i) => {
      const a = fn.let(i32.add(w.a, times(i32.mul(i, w.k), leftBytes)));
      const row = fn.let(i32.add(w.c, times(i32.mul(i, w.rowBytes), leftPanel)));
      forEach(fn, w.rightPanels, i32.const(1), (j) => {
        const b = i32.add(w.b, times(i32.mul(j, w.k), rightBytes));
        fn.emit(tile(a, b, w.k, i32.add(row, times(j, rightBytes)), w.rows, mode, zero, zero));
      });
    });
  });
}

/** Gradients of weights from sums: rows of channels of the result, and groups of channels of the input in each. */
function defineGather(module: ModuleBuilder): void {
  module.define({ parameters: ['i32'], result: 'none', name: 'gather' }, (fn) => {
    const w = fieldsOf(fn, gatherFields);
    forEach(fn, w.rows, i32.const(1), (row) => {
      const from = fn.let(i32.add(w.from, i32.mul(row, w.rowBytes)));
      const to = fn.let(i32.add(w.to, i32.mul(row, w.outBytes)));
      forEach(fn, times(w.groups, groupBytes), i32.const(groupBytes), (g) => {
        const rows = both(fn, weightGradientLine, loadSums(fn, i32.add(from, g), w.positionBytes));
        const channels = itemsAt(fn, i32.add(w.items, g), to);
        rows.flat().forEach((value, i) => {
          channels.forEach((channel, l) => fn.emit(v128.storeLane(4, channel, value, l, 4 * i)));
        });
      });
    });
  });
}

type Kernel = (at: number) => void;

/** Each takes the address of its arguments. */
export interface WinogradKernels {
  /** Transform a panel of tiles of an input, of weights, or of gradients of results. */
  readonly data: Kernel;
  readonly weights: Kernel;
  readonly mirroredWeights: Kernel;
  readonly gradients: Kernel;
  readonly convolve: Kernel;
  readonly products: Kernel;
  readonly gather: Kernel;
}

export function compileWinograd(machine: Machine): WinogradKernels {
  const module = machine.module();
  const tile = defineTile(module, f32x4, { rows: leftPanel, vectors: 2, isPacked: true, fused: machine.relaxed });
  const data = defineSpread(module, dataLine, 4);
  spreadPanel(module, 'data', data);
  spreadPanel(module, 'weights', defineSpread(module, weightLine, 3));
  spreadPanel(module, 'mirroredWeights', defineSpread(module, weightLine, 3, true));
  spreadPanel(module, 'gradients', defineSpread(module, gradientLine, 2));
  defineConvolve(module, data, tile);
  defineProducts(module, tile);
  defineGather(module);
  return machine.compile<WinogradKernels>(module);
}
