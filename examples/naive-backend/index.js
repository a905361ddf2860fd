/** A whole backend in one file: every kernel family as a plain loop over typed arrays, one element at a time. It is slow and easy to check. */
import {
  arrayTypes,
  BackendError,
  contiguousStrides,
  fillBits,
  fillNormal32,
  fillNormal64,
  fillUniform32,
  fillUniform64,
  IndexError,
  numel,
  operands,
  topological,
} from '@tenfold/tensor-core';
import { binaryFunction, computation, rounding, toElement } from '@tenfold/tensor-core/scalar';

// ---- walking over views

const without = (list, at) => list.filter((_, i) => i !== at);
/** Where the lines along `axis` begin. */
const lines = ({ strides, offset }, axis) => ({ strides: without(strides, axis), offset });
/** A view whose steps along `axis` are taken by an index instead. */
const across = ({ strides, offset }, axis) => ({ strides: strides.map((s, d) => (d === axis ? 0 : s)), offset });
const dense = (shape) => ({ strides: contiguousStrides(shape), offset: 0 });

/** Calls `visit(offsets, position)` for every position, with the offset of its element in each view. */
function walk(shape, views, visit) {
  const position = shape.map(() => 0);
  for (let i = numel(shape); i > 0; i--) {
    visit(
      views.map(({ strides, offset }) => strides.reduce((at, stride, d) => at + stride * position[d], offset)),
      position,
    );
    for (let d = shape.length - 1; d >= 0 && ++position[d] === shape[d]; d--) position[d] = 0;
  }
}

/** The places that a walk over `shape` visits in each view, as lists. */
function placesOf(shape, views) {
  const places = [];
  walk(shape, views, (offsets) => places.push(offsets));
  return places;
}

// ---- scalar expressions: int64 elements are bigints, all others numbers

/** How a node is computed from its operands `args`, the elements of the inputs, and the position. */
function stepOf(node, ins, params) {
  switch (node.kind) {
    case 'input':
      return (_, elements) => elements[node.index];
    case 'const':
      return constantly(node.value, node.dtype);
    case 'param':
      return constantly(params[node.index], node.dtype);
    case 'index':
      return (_, __, position) => position[node.dim];
    case 'load': {
      const { shape, strides, offset, storage } = ins[node.index];
      return (args) => {
        const inside = shape.every((size, d) => args[d] >= 0 && args[d] < size);
        return inside ? storage.buffer[strides.reduce((at, s, d) => at + s * args[d], offset)] : args[shape.length];
      };
    }
    default: {
      const compute = computation(node);
      return (args) => compute(...args);
    }
  }
}

function constantly(value, dtype) {
  const element = rounding(dtype)(toElement(value, dtype));
  return () => element;
}

/** Computes `program` at every position of `shape`: `visit(results, offsets in views)`. */
function evaluate(shape, views, ins, program, params, visit) {
  const nodes = topological(program.outputs);
  const steps = nodes.map((node) => ({
    run: stepOf(node, ins, params),
    args: operands(node).map((x) => nodes.indexOf(x)),
  }));
  const results = program.outputs.map((node) => nodes.indexOf(node));
  // an input that is only loaded has a shape of its own
  const read = new Set(nodes.flatMap((node) => (node.kind === 'input' ? [node.index] : [])));
  const windows = ins.map((x, i) => (read.has(i) ? x : { strides: [], offset: 0 }));
  walk(shape, [...windows, ...views], (offsets, position) => {
    const elements = ins.map((x, i) => x.storage.buffer[offsets[i]]);
    const values = [];
    for (const { run, args } of steps) {
      const given = args.map((i) => values[i]);
      values.push(run(given, elements, position));
    }
    const outputs = results.map((k) => values[k]);
    visit(outputs, offsets.slice(ins.length));
  });
}

// ---- what the families combine elements by

const fold = /** @type {const} */ ({ sum: 'add', prod: 'mul', max: 'max', min: 'min', any: 'bitOr', all: 'bitAnd' });
const ofNothing = { sum: 0, prod: 1, any: 0, all: 1 };
const modes = /** @type {const} */ ({ add: 'add', multiply: 'mul', max: 'max', min: 'min' });

/** Whether `x` comes before `y` as a maximum; NaN is larger than everything. As a minimum NaN wins, too. */
const above = (x, y) => x > y || (Number.isNaN(x) && !Number.isNaN(y));
const below = (x, y) => x < y || (Number.isNaN(x) && !Number.isNaN(y));

/** All indices are checked before anything is written. */
function checkIndices(index, axis, size) {
  walk(index.shape, [index], ([at]) => {
    const i = Number(index.storage.buffer[at]);
    if (i < 0 || i >= size) throw new IndexError(`index ${i} is out of bounds for dimension ${axis} with size ${size}`);
  });
}

const fills = {
  uniform: { float32: fillUniform32, float64: fillUniform64 },
  normal: { float32: fillNormal32, float64: fillNormal64 },
};
const seedOf = ({ lo, hi }) => (BigInt(hi) << 32n) | BigInt(lo);

function writeAll(out, elements) {
  walk(out.shape, [out, dense(out.shape)], ([to, i]) => {
    out.storage.buffer[to] = elements[i];
  });
}

// ---- the contract

/** @type {import('@tenfold/tensor-core').Runtime<any>} */
const runtime = {
  capabilities: {
    dtypes: ['float64', 'float32', 'int64', 'int32', 'int16', 'int8', 'uint8', 'bool'],
    syncRead: true,
    // typed arrays die with JavaScript's heap: there is nothing to count and nothing to free
    collectedBelow: Number.POSITIVE_INFINITY,
  },

  allocate(dtype, length) {
    try {
      return new arrayTypes[dtype](length);
    } catch (cause) {
      throw new BackendError(`naive: out of memory: no room for ${length} elements of ${dtype}`, { cause });
    }
  },
  free: () => {},
  upload: (buffer, data, offset) => buffer.set(data, offset),
  download: async (buffer, offset, length) => buffer.slice(offset, offset + length),
  downloadSync: (buffer, offset, length) => buffer.slice(offset, offset + length),
  copy: (from, start, to, at, length) => to.set(from.subarray(start, start + length), at),

  map(outs, ins, program, params) {
    evaluate(outs[0].shape, outs, ins, program, params, (values, offsets) => {
      for (const [k, out] of outs.entries()) out.storage.buffer[offsets[k]] = values[k];
    });
  },

  reduce(kind, out, ins, program, params) {
    const totals = new Array(numel(out.shape));
    const combine = binaryFunction(fold[kind], out.dtype);
    // every element goes to the total of its row
    const { shape } = ins[0];
    const rows = { strides: dense(out.shape).strides.map((s, d) => (out.shape[d] === shape[d] ? s : 0)), offset: 0 };
    evaluate(shape, [rows], ins, program, params, ([x], [at]) => {
      totals[at] = totals[at] === undefined ? x : combine(totals[at], x);
    });
    writeAll(
      out,
      Array.from(totals, (x) => x ?? toElement(ofNothing[kind], out.dtype)),
    );
  },

  argReduce(kind, out, input, axes) {
    const better = kind === 'argmax' ? above : below;
    const { buffer } = input.storage;
    const reduced = axes.map((axis) => input.shape[axis]);
    const inside = placesOf(reduced, [{ strides: axes.map((axis) => input.strides[axis]), offset: 0 }]);
    walk(out.shape, [out, input], ([to, from]) => {
      const best = inside.reduce((b, [at], i) => (better(buffer[from + at], buffer[from + inside[b][0]]) ? i : b), 0);
      out.storage.buffer[to] = BigInt(best);
    });
  },

  scan(kind, [values, indices], input, axis, reverse) {
    const n = input.shape[axis];
    const extreme = { cummax: above, cummin: below }[kind];
    const combine = extreme
      ? (best, x) => (extreme(best, x) ? best : x)
      : binaryFunction(kind === 'cumsum' ? 'add' : 'mul', input.dtype);
    const views = (indices ? [input, values, indices] : [input, values]).map((view) => lines(view, axis));
    walk(without(input.shape, axis), views, ([from, to, toIndex]) => {
      let running = toElement(0, input.dtype);
      let latest = 0;
      for (let step = 0; step < n; step++) {
        const i = reverse ? n - 1 - step : step;
        const x = input.storage.buffer[from + i * input.strides[axis]];
        running = step === 0 ? x : combine(running, x);
        if (running === x || Number.isNaN(x)) latest = i;
        values.storage.buffer[to + i * values.strides[axis]] = running;
        if (indices) indices.storage.buffer[toIndex + i * indices.strides[axis]] = BigInt(latest);
      }
    });
  },

  matmul(out, a, b, dims, epilogue) {
    const [add, multiply] = [binaryFunction('add', out.dtype), binaryFunction('mul', out.dtype)];
    const none = (n) => new Array(n).fill(0);
    // a is [batch…, m…, k…], b is [batch…, k…, n…]
    const outer = dims.batch + dims.m;
    const along = [a.strides.slice(outer), b.strides.slice(dims.batch, dims.batch + dims.k)];
    const inside = placesOf(
      a.shape.slice(outer),
      along.map((strides) => ({ strides, offset: 0 })),
    );
    const rows = { offset: a.offset, strides: [...a.strides.slice(0, outer), ...none(dims.n)] };
    const columns = [...b.strides.slice(0, dims.batch), ...none(dims.m), ...b.strides.slice(dims.batch + dims.k)];
    walk(out.shape, [out, rows, { offset: b.offset, strides: columns }], ([to, x, y]) => {
      let sum = toElement(0, out.dtype);
      for (const [i, j] of inside) sum = add(sum, multiply(a.storage.buffer[x + i], b.storage.buffer[y + j]));
      out.storage.buffer[to] = sum;
    });
    if (epilogue) runtime.map([out], [out, ...epilogue.inputs], epilogue.program, epilogue.params);
  },

  gather(out, source, index, axis) {
    checkIndices(index, axis, source.shape[axis]);
    walk(out.shape, [out, index, across(source, axis)], ([to, i, from]) => {
      out.storage.buffer[to] = source.storage.buffer[from + Number(index.storage.buffer[i]) * source.strides[axis]];
    });
  },

  scatter(mode, out, index, source, axis) {
    checkIndices(index, axis, out.shape[axis]);
    const combine = mode === 'set' ? (_, x) => x : binaryFunction(modes[mode], out.dtype);
    const round = rounding(out.dtype);
    const { buffer } = out.storage;
    walk(source.shape, [source, index, across(out, axis)], ([x, i, base]) => {
      const at = base + Number(index.storage.buffer[i]) * out.strides[axis];
      buffer[at] = round(combine(buffer[at], source.storage.buffer[x]));
    });
  },

  sort(values, indices, input, axis, descending) {
    const before = descending ? above : (x, y) => above(y, x);
    const n = input.shape[axis];
    const views = [input, values, indices].map((view) => lines(view, axis));
    walk(without(input.shape, axis), views, ([from, to, toIndex]) => {
      const line = Array.from({ length: n }, (_, i) => input.storage.buffer[from + i * input.strides[axis]]);
      const order = [...line.keys()].sort((i, j) => (before(line[i], line[j]) ? -1 : before(line[j], line[i]) ? 1 : 0));
      for (const [i, source] of order.entries()) {
        values.storage.buffer[to + i * values.strides[axis]] = line[source];
        indices.storage.buffer[toIndex + i * indices.strides[axis]] = BigInt(source);
      }
    });
  },

  random(kind, out, key, offset) {
    const elements = new arrayTypes[out.dtype](numel(out.shape));
    fills[kind][out.dtype](elements, seedOf(key), offset);
    writeAll(out, elements);
  },

  randomIntegers(out, key, offset, low, range) {
    const words = new Uint32Array(numel(out.shape));
    fillBits(words, seedOf(key), offset);
    writeAll(
      out,
      Array.from(words, (word) => toElement(low + (word % range), out.dtype)),
    );
  },

  // no kernels of single ops: all are derived
  overrides: {},
};

/**
 * Registered by whoever imports it: `registerBackend(backend)`.
 * @type {import('@tenfold/tensor-core').Backend<any>}
 */
export const backend = {
  specVersion: 1,
  deviceType: 'naive',
  probe: async () => [{ name: 'naive', available: true, description: 'plain loops in JavaScript' }],
  open: () => runtime,
};
