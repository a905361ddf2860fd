/** Shares matrix products among threads: each in pieces of its rows and columns, which are products themselves. */
import type { Machine } from './machine.ts';
import { biasOfColumns, biasOfRows, type Product, type ProductField, productFields } from './product.ts';

/** The fewest multiplications of a piece: some tens of microseconds. */
const grain = 2 ** 20;
/** Pieces for each thread, so that one that is held up does not hold up the others. */
const piecesPerThread = 4;
/** Pieces are not cut below so many rows or columns: what they pack is used less often then. */
const leastSide = 32;
/** Pieces end on whole panels and cache lines. */
const sideStep = 16;
/** Pieces of one job. */
const atOnce = 1024;
const pieceWords = 32;

const at = (field: ProductField): number => productFields.indexOf(field);

/** Into how many pieces all products of a call are cut: 1 if they are done here. */
export const pieceCount = (machine: Machine, multiplications: number): number =>
  machine.threads === 1
    ? 1
    : Math.max(1, Math.min(Math.floor(multiplications / grain), machine.threads * piecesPerThread));

export class Pieces {
  readonly #machine: Machine;
  readonly #kernel: Product;
  readonly #itemsize: number;
  readonly #perProduct: number;
  readonly #words: Int32Array;
  readonly #descriptors: number[] = [];

  /** Cuts each product into `perProduct` pieces or about as many. */
  constructor(machine: Machine, kernel: Product, itemsize: number, perProduct: number) {
    this.#machine = machine;
    this.#kernel = kernel;
    this.#itemsize = itemsize;
    this.#perProduct = perProduct;
    this.#words = machine.heap.allocateArray('int32', atOnce * pieceWords) as Int32Array;
  }

  /** Takes the product with these arguments, whose lists stay as they are until {@link finish}. */
  add(product: Int32Array): void {
    const [m, n] = [product[at('m')], product[at('n')]];
    let [rows, columns] = [m, n];
    let pieces = 1;
    while (pieces < this.#perProduct && Math.max(rows, columns) >= 2 * leastSide) {
      if (rows > columns) rows = half(rows);
      else columns = half(columns);
      pieces = Math.ceil(m / rows) * Math.ceil(n / columns);
    }
    for (let row = 0; row < m; row += rows)
      for (let column = 0; column < n; column += columns)
        this.#push(product, row, Math.min(rows, m - row), column, Math.min(columns, n - column));
  }

  #push(product: Int32Array, row: number, rows: number, column: number, columns: number): void {
    const words = this.#words;
    const to = this.#descriptors.length * pieceWords;
    words.set(product.subarray(0, productFields.length), to);
    words[to + at('m')] = rows;
    words[to + at('n')] = columns;
    // lists have a word for each row or column
    for (const field of ['aRows', 'cRows'] as const) words[to + at(field)] += row * 4;
    for (const field of ['bColumns', 'cColumns'] as const) words[to + at(field)] += column * 4;
    const kind = product[at('biasKind')];
    const past = kind === biasOfRows ? row : kind === biasOfColumns ? column : 0;
    words[to + at('bias')] += past * this.#itemsize;
    this.#descriptors.push(words.byteOffset + to * 4);
    if (this.#descriptors.length === atOnce) this.#run();
  }

  #run(): void {
    this.#machine.run(this.#kernel, this.#descriptors);
    this.#descriptors.length = 0;
  }

  /** Computes what is left. */
  finish(): void {
    this.#run();
  }

  /** Gives its memory back. */
  free(): void {
    this.#machine.heap.free(this.#words.byteOffset, this.#words.byteLength);
  }
}

const half = (side: number): number => Math.ceil(side / 2 / sideStep) * sideStep;
