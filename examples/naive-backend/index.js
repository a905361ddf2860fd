/** A whole backend in one file: every kernel family as a plain loop over typed arrays, one element at a time. It is slow and easy to check. */
import {
  ArgumentError,
  arrayTypes,
  BackendError,
  fillBits,
  fillNormal32,
  fillNormal64,
  fillUniform32,
  fillUniform64,
  IndexError,
  isFloat,
  roundHalfEven,
  topological,
} from '@tenfold/tensor-core';
import { special } from './special.js';

// ---- walking over views

const count = (shape) => shape.reduce((n, size) => n * size, 1);
const without = (list, at) => list.filter((_, i) => i !== at);
/** A view whose steps along `axis` are taken by an index instead. */
const across = ({ strides, offset }, axis) => ({ strides: strides.map((s, d) => (d === axis ? 0 : s)), offset });
const dense = (shape) => shape.map((_, d) => count(shape.slice(d + 1)));

/** Calls `visit(offsets, position)` for every position, with the offset of its element in each view. */
function walk(shape, views, visit) {
  const n = count(shape);
  const position = shape.map(() => 0);
  for (let i = 0; i < n; i++) {
    visit(
      views.map(({ strides, offset }) => strides.reduce((at, stride, d) => at + stride * position[d], offset)),
      position,
    );
    for (let d = shape.length - 1; d >= 0 && ++position[d] === shape[d]; d--) position[d] = 0;
  }
}

// ---- scalar expressions: int64 elements are bigints, all others numbers

/** What a result becomes when it is kept in its dtype: rounded, or wrapped. */
const keep = {
  float64: (x) => x,
  float32: Math.fround,
  int64: (x) => BigInt.asIntN(64, x),
  int32: (x) => x | 0,
  int16: (x) => (x << 16) >> 16,
  int8: (x) => (x << 24) >> 24,
  uint8: (x) => x & 255,
  bool: (x) => (x ? 1 : 0),
};

/** A number as an element: the integer part of 64 bits for int64, where what does not fit becomes the smallest. */
function elementOf(x, dtype) {
  if (dtype === 'int64') return Math.abs(x) < 2 ** 63 ? BigInt(Math.trunc(x)) : -(2n ** 63n);
  return keep[dtype](x);
}

function cast(x, from, to) {
  if (to === 'bool') return x || Number.isNaN(x) ? 1 : 0;
  if (from !== 'int64') return elementOf(x, to);
  if (to === 'int64') return x;
  if (to === 'float64' || Math.abs(Number(x)) < 2 ** 53) return keep[to](Number(x));
  // what is cut off below 53 bits leaves a sticky bit, so that rounding twice rounds as once
  if (to === 'float32') return Math.fround(Number((x >> 16n) | (x & 0xffffn ? 1n : 0n)) * 65536);
  return keep[to](Number(BigInt.asIntN(32, x)));
}

function divisor(y) {
  // both zeros
  if (Number(y) === 0) throw new ArgumentError('ZeroDivisionError: integer division or modulo by zero');
  return y;
}

function integerPower(x, y, dtype) {
  const one = dtype === 'int64' ? 1n : 1;
  if (y < 0) return x === one ? one : x === -one ? (Number(y) % 2 ? -one : one) : x - x;
  let [result, square] = [BigInt(1), BigInt(x)];
  for (let rest = BigInt(y); rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = BigInt.asIntN(64, result * square);
    square = BigInt.asIntN(64, square * square);
  }
  return dtype === 'int64' ? result : Number(BigInt.asIntN(32, result));
}

function power(x, y, dtype) {
  if (!isFloat(dtype)) return integerPower(x, y, dtype);
  // C's pow is 1 where JavaScript's is NaN
  return x === 1 || (x === -1 && Math.abs(y) === Number.POSITIVE_INFINITY) ? 1 : x ** y;
}

const { NaN: nan } = Number;
const isNaN = Number.isNaN;
const whole = (f) => (x) => (typeof x === 'bigint' ? x : f(x));
const unary = {
  neg: (x) => -x,
  abs: (x) => (x < 0 ? -x : typeof x === 'bigint' ? x : Math.abs(x)),
  sign: (x) => elementOf(x > 0 ? 1 : x < 0 ? -1 : 0, typeof x === 'bigint' ? 'int64' : 'float64'),
  floor: whole(Math.floor),
  ceil: whole(Math.ceil),
  round: whole((x) => (Number.isFinite(x) ? roundHalfEven(x) : x)),
  trunc: whole(Math.trunc),
  bitNot: (x, dtype) => (dtype === 'bool' ? 1 - x : ~x),
  exp2: (x) => 2 ** x,
  rsqrt: (x) => 1 / Math.sqrt(x),
  sigmoid: (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
};
for (const fn of 'exp expm1 log log2 log10 log1p sqrt sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh'.split(
  ' ',
))
  unary[fn] = Math[fn];
for (const fn of ['erf', 'erfc', 'erfinv', 'lgamma', 'digamma']) unary[fn] = special[fn];

const binary = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y, dtype) => (typeof x === 'bigint' || isFloat(dtype) ? x * y : Math.imul(x, y)),
  div: (x, y, dtype) => (isFloat(dtype) ? x / y : typeof x === 'bigint' ? x / divisor(y) : Math.trunc(x / divisor(y))),
  rem: (x, y, dtype) => (isFloat(dtype) ? x % y : x % divisor(y)),
  min: (x, y) => (isNaN(x) || isNaN(y) ? nan : x < y ? x : y),
  max: (x, y) => (isNaN(x) || isNaN(y) ? nan : x > y ? x : y),
  pow: power,
  atan2: Math.atan2,
  hypot: (x, y) => Math.hypot(x, y),
  copysign: (x, y) => (y < 0 || Object.is(y, -0) ? -Math.abs(x) : Math.abs(x)),
  zeta: special.zeta,
  bitAnd: (x, y) => x & y,
  bitOr: (x, y) => x | y,
  bitXor: (x, y) => x ^ y,
  shiftLeft: (x, y) => (y < 0 || y >= (typeof x === 'bigint' ? 64 : 32) ? x - x : x << y),
  shiftRight: (x, y) => {
    const last = typeof x === 'bigint' ? 63n : 31;
    return x >> (y < 0 || y > last ? last : y);
  },
};
const compare = {
  eq: (x, y) => x === y,
  ne: (x, y) => x !== y,
  lt: (x, y) => x < y,
  le: (x, y) => x <= y,
  gt: (x, y) => x > y,
  ge: (x, y) => x >= y,
};

/** How a node is computed from its operands `args`, the elements of the inputs, and the position. */
function stepOf(node, { ins, params }) {
  const { dtype } = node;
  switch (node.kind) {
    case 'input':
      return (_, elements) => elements[node.index];
    case 'const':
      return () => elementOf(node.value, dtype);
    case 'param':
      return () => elementOf(params[node.index], dtype);
    case 'index':
      return (_, __, position) => position[node.dim];
    case 'unary':
      return ([x]) => keep[dtype](unary[node.fn](x, dtype));
    case 'binary':
      return ([x, y]) => keep[dtype](binary[node.fn](x, y, dtype));
    case 'compare':
      return ([x, y]) => (compare[node.fn](x, y) ? 1 : 0);
    case 'select':
      return ([condition, x, y]) => (condition ? x : y);
    case 'cast':
      return ([x]) => cast(x, node.args[0].dtype, dtype);
    case 'load': {
      const { shape, strides, offset, storage } = ins[node.index];
      return (args) => {
        const inside = shape.every((size, d) => args[d] >= 0 && args[d] < size);
        return inside ? storage.buffer[strides.reduce((at, s, d) => at + s * args[d], offset)] : args[shape.length];
      };
    }
  }
}

/** Computes `program` at every position of `shape`: `visit(results, offsets in views, position)`. */
function evaluate(shape, views, ins, program, params, visit) {
  const nodes = topological(program.outputs);
  const steps = nodes.map((node) => stepOf(node, { ins, params }));
  const operands = nodes.map((node) => (node.args ?? []).map((x) => nodes.indexOf(x)));
  const results = program.outputs.map((node) => nodes.indexOf(node));
  // an input that is only loaded has a shape of its own
  const read = new Set(nodes.flatMap((node) => (node.kind === 'input' ? [node.index] : [])));
  const windows = ins.map((x, i) => (read.has(i) ? x : { strides: [], offset: 0 }));
  walk(shape, [...windows, ...views], (offsets, position) => {
    const elements = ins.map((x, i) => x.storage.buffer[offsets[i]]);
    const values = [];
    for (const [k, step] of steps.entries()) {
      const args = operands[k].map((i) => values[i]);
      values.push(step(args, elements, position));
    }
    const outputs = results.map((k) => values[k]);
    visit(outputs, offsets.slice(ins.length));
  });
}

// ---- the families

function map(outs, ins, program, params) {
  evaluate(outs[0].shape, outs, ins, program, params, (values, offsets) => {
    for (const [k, out] of outs.entries()) out.storage.buffer[offsets[k]] = values[k];
  });
}

const ofNothing = { sum: 0, prod: 1, any: 0, all: 1 };
const fold = { sum: 'add', prod: 'mul', max: 'max', min: 'min', any: 'bitOr', all: 'bitAnd' };

function reduce(kind, out, ins, program, params) {
  const totals = new Array(count(out.shape));
  const strides = dense(out.shape).map((stride, d) => (out.shape[d] === ins[0].shape[d] ? stride : 0));
  const combine = binary[fold[kind]];
  evaluate(ins[0].shape, [{ strides, offset: 0 }], ins, program, params, ([x], [at]) => {
    totals[at] = totals[at] === undefined ? x : combine(totals[at], x, out.dtype);
  });
  walk(out.shape, [out, { strides: dense(out.shape), offset: 0 }], ([to, at]) => {
    out.storage.buffer[to] = totals[at] ?? elementOf(ofNothing[kind], out.dtype);
  });
}

/** Whether `x` comes before `y` as a maximum; NaN is larger than everything. As a minimum NaN wins, too. */
const above = (x, y) => x > y || (isNaN(x) && !isNaN(y));
const below = (x, y) => x < y || (isNaN(x) && !isNaN(y));

function argReduce(kind, out, input, axes) {
  const better = kind === 'argmax' ? above : below;
  const { buffer } = input.storage;
  const inside = [];
  const strides = axes.map((axis) => input.strides[axis]);
  walk(
    axes.map((axis) => input.shape[axis]),
    [{ strides, offset: 0 }],
    ([at]) => inside.push(at),
  );
  walk(out.shape, [out, input], ([to, from]) => {
    const best = inside.reduce((b, at, i) => (better(buffer[from + at], buffer[from + inside[b]]) ? i : b), 0);
    out.storage.buffer[to] = BigInt(best);
  });
}

function scan(kind, [values, indices], input, axis, reverse) {
  const n = input.shape[axis];
  const extreme = { cummax: above, cummin: below }[kind];
  const combine = extreme ? (best, x) => (extreme(best, x) ? best : x) : kind === 'cumsum' ? binary.add : binary.mul;
  const views = indices ? [input, values, indices] : [input, values];
  const lines = views.map(({ strides, offset }) => ({ strides: without(strides, axis), offset }));
  walk(without(input.shape, axis), lines, ([from, to, toIndex]) => {
    let running;
    let latest = 0;
    for (let step = 0; step < n; step++) {
      const i = reverse ? n - 1 - step : step;
      const x = input.storage.buffer[from + i * input.strides[axis]];
      running = step === 0 ? x : combine(running, x, input.dtype);
      if (running === x || isNaN(x)) latest = i;
      values.storage.buffer[to + i * values.strides[axis]] = running;
      if (indices) indices.storage.buffer[toIndex + i * indices.strides[axis]] = BigInt(latest);
    }
  });
}

function matmul(out, a, b, dims, epilogue) {
  const outer = dims.batch + dims.m;
  const inside = [];
  const along = [a.strides.slice(outer), b.strides.slice(dims.batch, dims.batch + dims.k)];
  walk(
    a.shape.slice(outer),
    along.map((strides) => ({ strides, offset: 0 })),
    (at) => inside.push(at),
  );
  const none = (n) => new Array(n).fill(0);
  const rows = { offset: a.offset, strides: [...a.strides.slice(0, outer), ...none(dims.n)] };
  const columns = [...b.strides.slice(0, dims.batch), ...none(dims.m), ...b.strides.slice(dims.batch + dims.k)];
  walk(out.shape, [out, rows, { offset: b.offset, strides: columns }], ([to, x, y]) => {
    let sum = elementOf(0, out.dtype);
    for (const [i, j] of inside) sum += binary.mul(a.storage.buffer[x + i], b.storage.buffer[y + j], out.dtype);
    out.storage.buffer[to] = sum;
  });
  if (epilogue) map([out], [out, ...epilogue.inputs], epilogue.program, epilogue.params);
}

/** All indices are checked before anything is written. */
function checkIndices(index, axis, size) {
  walk(index.shape, [index], ([at]) => {
    const i = Number(index.storage.buffer[at]);
    if (i < 0 || i >= size) throw new IndexError(`index ${i} is out of bounds for dimension ${axis} with size ${size}`);
  });
}

function gather(out, source, index, axis) {
  checkIndices(index, axis, source.shape[axis]);
  walk(out.shape, [out, index, across(source, axis)], ([to, i, from]) => {
    out.storage.buffer[to] = source.storage.buffer[from + Number(index.storage.buffer[i]) * source.strides[axis]];
  });
}

const modes = { set: (_, x) => x, add: binary.add, multiply: binary.mul, max: binary.max, min: binary.min };

function scatter(mode, out, index, source, axis) {
  checkIndices(index, axis, out.shape[axis]);
  const { buffer } = out.storage;
  walk(source.shape, [source, index, across(out, axis)], ([x, i, base]) => {
    const at = base + Number(index.storage.buffer[i]) * out.strides[axis];
    buffer[at] = keep[out.dtype](modes[mode](buffer[at], source.storage.buffer[x], out.dtype));
  });
}

function sort(values, indices, input, axis, descending) {
  const before = descending ? above : (x, y) => above(y, x);
  const lines = [input, values, indices].map(({ strides, offset }) => ({ strides: without(strides, axis), offset }));
  walk(without(input.shape, axis), lines, ([from, to, toIndex]) => {
    const line = Array.from(
      { length: input.shape[axis] },
      (_, i) => input.storage.buffer[from + i * input.strides[axis]],
    );
    const order = [...line.keys()].sort((i, j) => (before(line[i], line[j]) ? -1 : before(line[j], line[i]) ? 1 : 0));
    for (const [i, source] of order.entries()) {
      values.storage.buffer[to + i * values.strides[axis]] = line[source];
      indices.storage.buffer[toIndex + i * indices.strides[axis]] = BigInt(source);
    }
  });
}

const seedOf = ({ lo, hi }) => (BigInt(hi) << 32n) | BigInt(lo);
const fills = {
  uniform: { float32: fillUniform32, float64: fillUniform64 },
  normal: { float32: fillNormal32, float64: fillNormal64 },
};

function writeAll(out, elements) {
  walk(out.shape, [out, { strides: dense(out.shape), offset: 0 }], ([to, i]) => {
    out.storage.buffer[to] = elements[i];
  });
}

function random(kind, out, key, offset) {
  const elements = new arrayTypes[out.dtype](count(out.shape));
  fills[kind][out.dtype](elements, seedOf(key), offset);
  writeAll(out, elements);
}

function randomIntegers(out, key, offset, low, range) {
  const words = new Uint32Array(count(out.shape));
  fillBits(words, seedOf(key), offset);
  writeAll(
    out,
    Array.from(words, (word) => elementOf(low + (word % range), out.dtype)),
  );
}

function allocate(dtype, length) {
  try {
    return new arrayTypes[dtype](length);
  } catch (cause) {
    throw new BackendError(`naive: out of memory: no room for ${length} elements of ${dtype}`, { cause });
  }
}

const runtime = {
  // typed arrays die with JavaScript's heap: there is nothing to count and nothing to free
  capabilities: { dtypes: Object.keys(keep), syncRead: true, collectedBelow: Number.POSITIVE_INFINITY },
  allocate,
  free: () => {},
  upload: (buffer, data, offset) => buffer.set(data, offset),
  download: async (buffer, offset, length) => buffer.slice(offset, offset + length),
  downloadSync: (buffer, offset, length) => buffer.slice(offset, offset + length),
  copy: (from, start, to, at, length) => to.set(from.subarray(start, start + length), at),
  ...{ map, reduce, argReduce, scan, matmul, gather, scatter, sort, random, randomIntegers },
  overrides: {},
};

/** Registered by whoever imports it: `registerBackend(backend)`. */
export const backend = {
  specVersion: 1,
  deviceType: 'naive',
  probe: async () => [{ name: 'naive', available: true, description: 'plain loops in JavaScript' }],
  open: () => runtime,
};
