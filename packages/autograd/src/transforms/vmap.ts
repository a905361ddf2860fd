/** Functions of one sample as functions of a batch (https://pytorch.org/docs/stable/generated/torch.func.vmap.html). */
import {
  ArgumentError,
  AutogradError,
  builtinOps,
  checkOptions,
  describe,
  dispatch,
  formatShape,
  isTensor,
  type Tensor,
} from '@tenfold/tensor-core';
import { type Randomness, sampleOf, traceAside } from './aside.ts';
import './batch-rows.ts';
import { type Batched, batching } from './batching.ts';
import { Env, interpret } from './interpret.ts';
import { leavesOf, mapTree, spreadOver, type Tree, tensorsOf, withTensors } from './tree.ts';

/** Which dim of each tensor is mapped over, `null` for none: one number for all, or the structure of the arguments (or results) with a number each. */
export type MappedDims = number | null | readonly MappedDims[] | { readonly [key: string]: MappedDims };

/** Options of {@link vmap}. */
export interface VmapOptions {
  /** The dim of the arguments that is mapped over; an array has an entry per argument. Default 0. */
  inDims?: MappedDims;
  /** Where that dim stands in the results. Default 0. */
  outDims?: MappedDims;
  /** Whether random ops are an error (the default), give each sample `'different'` numbers or all the `'same'`. */
  randomness?: Randomness;
  /** How many samples are computed at once. Default: all. */
  chunkSize?: number | null;
}

/** A tensor among the arguments, and the dim of it that is mapped. */
interface Mapped {
  readonly x: Tensor;
  readonly dim: number;
}

/**
 * `fn`, which is written for one sample, for a batch of them: tensors get one more dim, `inDims` of the arguments and `outDims` of the results.
 * Each op runs once for the whole batch. Gradients flow through to the arguments and to tensors that `fn` uses from outside, and transforms nest:
 * `vmap(gradOf(loss))` gives per-sample gradients.
 *
 * `fn` is traced on the first sample: values of samples can't be read in it (`item()`, `nonzero()`, branches on values), and what it does besides
 * computing with tensors happens once. Arguments and results may be nested in arrays and plain objects.
 *
 * @throws ArgumentError if `inDims` or `outDims` don't fit, or the mapped dims differ in size; AutogradError for what can't be batched.
 * @example
 * const pairwise = vmap(vmap((x: Tensor, y: Tensor) => x.dot(y), { inDims: [null, 0] }), { inDims: [0, null] });
 */
export function vmap<A extends readonly unknown[], R>(
  fn: (...args: A) => R & Tree<R>,
  options: VmapOptions = {},
): (...args: A) => R {
  checkOptions('vmap', options, ['inDims', 'outDims', 'randomness', 'chunkSize']);
  const { inDims = 0, outDims = 0, randomness = 'error', chunkSize = null } = options;
  if (typeof fn !== 'function') throw new ArgumentError(`vmap: fn must be a function, got ${describe(fn)}`);
  if (!['error', 'different', 'same'].includes(randomness)) {
    throw new ArgumentError(
      `Only allowed values for randomness are 'error', 'different', or 'same'. Got ${String(randomness)}`,
    );
  }
  if (chunkSize !== null && !(Number.isInteger(chunkSize) && chunkSize > 0)) {
    throw new ArgumentError(`vmap: chunk_size should be null or greater than 0. (got ${String(chunkSize)})`);
  }
  return (...args) => {
    const mapped = mappedArguments(args, inDims);
    const size = commonSize(mapped);
    const run = (start: number, length: number) => runChunk(fn, args, mapped, start, length, outDims, randomness);
    if (chunkSize === null || chunkSize >= size) return run(0, size).result;
    const chunks = Array.from({ length: Math.ceil(size / chunkSize) }, (_, i) =>
      run(i * chunkSize, Math.min(chunkSize, size - i * chunkSize)),
    );
    return joined(chunks);
  };
}

function checkedDims(inDims: unknown, args: readonly unknown[]): unknown[] {
  const shown = JSON.stringify(inDims);
  const isOk = typeof inDims === 'number' || Array.isArray(inDims);
  if (!isOk || (Array.isArray(inDims) && inDims.length !== args.length)) {
    throw new ArgumentError(
      `vmap(fn, { inDims: ${shown} })(...args): expected inDims to be a number or an array with an entry per argument (${args.length})`,
    );
  }
  const dims = spreadOver<unknown>(inDims, args);
  if (dims !== null) return dims;
  throw new ArgumentError(
    `vmap(fn, { inDims: ${shown} })(...args): inDims is not compatible with the structure of the arguments; it takes a number or null ` +
      'in the place of a tensor or of a structure of tensors',
  );
}

/** Which leaves of the arguments are mapped: one entry per leaf. */
function mappedArguments(args: readonly unknown[], inDims: unknown): (Mapped | null)[] {
  const where = `vmap(fn, { inDims: ${JSON.stringify(inDims)} })(...args)`;
  if (args.length === 0) {
    throw new ArgumentError(
      `${where}: got no inputs. Maybe you forgot to add inputs, or you are trying to vmap over a function with no inputs. The latter is unsupported.`,
    );
  }
  const dims = checkedDims(inDims, args);
  const mapped = leavesOf(args).map((leaf, i): Mapped | null => {
    const dim = dims[i];
    if (dim === null) return null;
    if (!Number.isInteger(dim)) {
      throw new ArgumentError(
        `${where}: Got inDim=${String(dim)} for an input but inDim must be either an integer dimension or null.`,
      );
    }
    if (!isTensor(leaf)) {
      throw new ArgumentError(
        `${where}: Got inDim=${String(dim)} for an input but the input is ${describe(leaf)}. We cannot vmap over non-Tensor arguments, ` +
          'please use null as the respective inDim',
      );
    }
    const [d, rank] = [dim as number, leaf.ndim];
    if (d < -rank || d >= rank) {
      throw new ArgumentError(
        `${where}: Got inDim=${d} for some input, but that input is a Tensor of dimensionality ${rank} so expected inDim to satisfy -${rank} <= inDim < ${rank}.`,
      );
    }
    return { x: leaf, dim: d < 0 ? d + rank : d };
  });
  if (mapped.every((entry) => entry === null))
    throw new ArgumentError(`${where}: at least one input must be mapped over`);
  return mapped;
}

function commonSize(mapped: readonly (Mapped | null)[]): number {
  const sizes = mapped.flatMap((entry) => (entry ? [entry.x.shape[entry.dim]] : []));
  if (sizes.every((size) => size === sizes[0])) return sizes[0];
  throw new ArgumentError(
    `vmap: Expected all tensors to have the same size in the mapped dimension, got sizes ${formatShape(sizes)} for the mapped dimension`,
  );
}

/** The results of some samples, and where each leaf has its batch (`null`: nowhere). */
interface Chunk<R> {
  readonly result: R;
  readonly dims: readonly (number | null)[];
}

function runChunk<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  args: A,
  mapped: readonly (Mapped | null)[],
  start: number,
  size: number,
  outDims: MappedDims,
  randomness: Randomness,
): Chunk<R> {
  const batches = mapped.flatMap((entry) => (entry ? [batchOf(entry, start, size)] : []));
  const samples = batches.map((batch) =>
    sampleOf(() => (size > 0 ? batch.select(0, 0) : batch.newZeros(batch.shape.slice(1)))),
  );
  let structure: R | null = null;
  const onLeaves = (...tensors: Tensor[]): Tensor[] => {
    const rest = [...tensors];
    let at = 0;
    const result = fn(...(mapTree(args, (leaf) => (mapped[at++] ? rest.shift() : leaf)) as A));
    checkResult(result);
    structure = result;
    return tensorsOf(result);
  };
  const graph = traceAside('vmap', onLeaves, samples, randomness);

  const env = new Env<Batched>();
  const originals = new Map<Tensor, Tensor>();
  let next = 0;
  for (const { value, tensor, kind } of graph.inputs) {
    if (kind === 'captured') {
      env.set(value, { tensor, batched: false });
      continue;
    }
    originals.set(tensor, batches[next]);
    env.set(value, { tensor: batches[next++], batched: true });
  }
  interpret(graph, env, batching(size, randomness), (x) => x);
  const outputs = graph.outputs.map((value) => env.get(value));
  // every value is complete before the first write: a write may change a tensor that another value is a view of
  const written = graph.writes.map(({ value }) => env.get(value).tensor.clone());
  graph.writes.forEach(({ tensor }, i) => {
    dispatch(builtinOps.copy.inplaceTwin, [originals.get(tensor) ?? tensor, written[i]], null);
  });
  // the trace has run the function, which has set it
  const shape = structure as unknown as R;
  const dims = resultDims(outDims, shape, outputs);
  const placed = outputs.map((output, k) => place(output, dims[k], size));
  return { result: withTensors(shape, placed), dims };
}

/** Samples `start` to `start + size` of a tensor, with their dim in front. */
function batchOf({ x, dim }: Mapped, start: number, size: number): Tensor {
  const front = dim === 0 ? x : x.movedim(dim, 0);
  return size === front.shape[0] ? front : front.slice(0, start, start + size);
}

function checkResult(result: unknown): void {
  for (const leaf of leavesOf(result)) {
    if (!isTensor(leaf)) {
      throw new ArgumentError(
        `vmap(fn, ...): fn must only return Tensors, got ${describe(leaf)}. Did you mean to set outDims or to return a tensor made of it?`,
      );
    }
  }
}

function resultDims(outDims: MappedDims, result: unknown, outputs: readonly Batched[]): (number | null)[] {
  const dims = spreadOver<number | null>(outDims, result);
  if (dims === null) {
    throw new ArgumentError(
      `vmap(fn, ..., { outDims: ${JSON.stringify(outDims)} }): outDims is not compatible with the structure of the outputs of fn`,
    );
  }
  return outputs.map(({ tensor, batched }, k) => {
    const dim = dims[k];
    const rank = tensor.ndim + (batched ? 0 : 1);
    if (dim === null) {
      if (!batched) return null;
      throw new AutogradError(
        'vmap: fn can not return a tensor that depends on the mapped arguments when outDim is null',
      );
    }
    if (Number.isInteger(dim) && dim >= -rank && dim < rank) return dim < 0 ? dim + rank : dim;
    throw new ArgumentError(
      `vmap(fn, ..., { outDims: ${JSON.stringify(outDims)} }): outDim=${String(dim)} is not a dim of a result of dimensionality ${rank}`,
    );
  });
}

function place({ tensor, batched }: Batched, dim: number | null, size: number): Tensor {
  if (dim === null) return tensor;
  const whole = batched ? tensor : tensor.expand([size, ...tensor.shape]);
  return dim === 0 ? whole : whole.movedim(0, dim);
}

function joined<R>(chunks: readonly Chunk<R>[]): R {
  const [first] = chunks;
  const parts = chunks.map(({ result }) => tensorsOf(result));
  const whole = first.dims.map((dim, k) =>
    dim === null
      ? parts[0][k]
      : dispatch(
          builtinOps.cat,
          parts.map((tensors) => tensors[k]),
          { dim },
        ),
  );
  return withTensors(first.result, whole);
}
