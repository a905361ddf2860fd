/** `einsum`: an equation over labelled dims, carried out pair by pair with `contract`, the general product of two tensors. */
import type { MatmulDims } from '../backend.ts';
import { dispatch } from '../dispatch.ts';
import { ArgumentError, DTypeError, describe, ShapeError } from '../errors.ts';
import { formatShape, type Shape } from '../shape.ts';
import { OpSpec, type Sig } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { notImplementedFor, requireTensor } from './build.ts';

/**
 * How many dims of each role the operands of `contract` have, in this order: `a [batch…, m…, k…]`, `b [batch…, k…, n…]`, result `[batch…, m…, n…]`.
 */
export type ContractAttrs = MatmulDims;

/** Attributes of `einsum`. */
export interface EinsumAttrs {
  readonly equation: string;
}

function contractShape(a: Tensor, b: Tensor, { batch, m, n, k }: ContractAttrs): number[] {
  if (a.ndim !== batch + m + k || b.ndim !== batch + k + n) {
    throw new ShapeError(
      `contract: shapes ${formatShape(a.shape)} and ${formatShape(b.shape)} do not have batch ${batch}, m ${m}, n ${n} and k ${k} dims`,
    );
  }
  for (let d = 0; d < batch + k; d++) {
    const [left, right] = d < batch ? [a.shape[d], b.shape[d]] : [a.shape[m + d], b.shape[d]];
    if (left === right) continue;
    throw new ShapeError(
      `contracted dimensions need to match, but first has size ${left} in dim ${d < batch ? d : m + d} and second has size ${right} in dim ${d}`,
    );
  }
  return [...a.shape.slice(0, batch + m), ...b.shape.slice(batch + k)];
}

/** The sum over the k dims of the products of `a [batch…, m…, k…]` and `b [batch…, k…, n…]`. */
export const contract: OpSpec<Sig<[Tensor, Tensor], ContractAttrs>> = new OpSpec<Sig<[Tensor, Tensor], ContractAttrs>>({
  name: 'contract',
  infer([a, b], attrs) {
    requireTensor('contract', a, 0);
    requireTensor('contract', b, 1);
    const shape = contractShape(a, b, attrs);
    if (a.dtype !== b.dtype)
      throw new DTypeError(`contract: expected both tensors to have the same dtype, but got: ${a.dtype} != ${b.dtype}`);
    if (a.dtype === 'bool') throw notImplementedFor('contract', a.dtype);
    return { shape, dtype: a.dtype };
  },
  kernel: (runtime, [out], [a, b], attrs) => runtime.matmul(out, a, b, attrs),
});

/** An equation read against its operands: a label per dim, the labels of the result, and the size of each label. */
interface Plan {
  readonly operands: readonly (readonly string[])[];
  readonly output: readonly string[];
  readonly sizes: ReadonlyMap<string, number>;
}

/** Ellipsis dims are labelled from the right, so that they broadcast: `…0` is the last one. */
const ellipsisLabel = (fromRight: number): string => `…${fromRight}`;

/** The labels of one side of the equation; `'...'` stands for the ellipsis. */
function readSubscripts(text: string, where: string): string[] {
  const labels: string[] = [];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === ' ') continue;
    if (text.startsWith('...', i)) {
      if (labels.includes('...'))
        throw new ArgumentError(`einsum(): found '.' for ${where} for which an ellipsis was already found`);
      labels.push('...');
      i += 2;
    } else if (/[a-zA-Z]/.test(text[i])) labels.push(text[i]);
    else {
      throw new ArgumentError(
        `einsum(): invalid subscript given at index ${i} of '${text}' for ${where}, subscripts must be in [a-zA-Z] or an ellipsis '...'`,
      );
    }
  }
  return labels;
}

/** The label of each dim of operand `i`. */
function dimLabels(subscripts: readonly string[], shape: Shape, i: number): string[] {
  const named = subscripts.filter((label) => label !== '...').length;
  const hidden = shape.length - named;
  const hasEllipsis = subscripts.includes('...');
  if (hidden < 0 || (hidden > 0 && !hasEllipsis)) {
    throw new ShapeError(
      `einsum(): the number of subscripts in the equation (${named}) ${hasEllipsis ? 'is more than' : 'does not match'} the number of dimensions ` +
        `(${shape.length}) for operand ${i}${hasEllipsis ? '' : ' and no ellipsis was given'}`,
    );
  }
  return subscripts.flatMap((label) =>
    label === '...' ? Array.from({ length: hidden }, (_, d) => ellipsisLabel(hidden - 1 - d)) : [label],
  );
}

function sizesOf(operands: readonly (readonly string[])[], shapes: readonly Shape[]): Map<string, number> {
  const sizes = new Map<string, number>();
  operands.forEach((labels, i) => {
    labels.forEach((label, d) => {
      const size = shapes[i][d];
      const first = labels.indexOf(label);
      if (shapes[i][first] !== size) {
        throw new ShapeError(
          `einsum(): subscript ${label} is repeated for operand ${i} but the sizes don't match, ${size} != ${shapes[i][first]}`,
        );
      }
      const known = sizes.get(label) ?? 1;
      if (known !== 1 && size !== 1 && known !== size) {
        throw new ShapeError(
          `einsum(): subscript ${label} has size ${size} for operand ${i} which does not broadcast with previously seen size ${known}`,
        );
      }
      sizes.set(label, known === 1 ? size : known);
    });
  });
  return sizes;
}

/** Without `->`: the ellipsis dims, then the labels that appear once, in alphabetical order with capitals first. */
function implicitOutput(operands: readonly (readonly string[])[], ellipsis: readonly string[]): string[] {
  const all = operands.flat();
  const once = all.filter((label) => !label.startsWith('…') && all.indexOf(label) === all.lastIndexOf(label));
  return [...ellipsis, ...once.sort((a, b) => a.charCodeAt(0) - b.charCodeAt(0))];
}

function explicitOutput(text: string, sizes: ReadonlyMap<string, number>, ellipsis: readonly string[]): string[] {
  const output = readSubscripts(text, 'the output').flatMap((label) => (label === '...' ? ellipsis : [label]));
  for (const label of output) {
    if (output.indexOf(label) !== output.lastIndexOf(label)) {
      throw new ArgumentError(`einsum(): output subscript ${label} appears more than once in the output`);
    }
    if (!sizes.has(label)) {
      throw new ArgumentError(
        `einsum(): output subscript ${label} does not appear in the equation for any input operand`,
      );
    }
  }
  return output;
}

function plan(equation: string, shapes: readonly Shape[]): Plan {
  const [inputs, output, ...rest] = equation.split('->');
  if (rest.length > 0) throw new ArgumentError(`einsum(): the equation '${equation}' has more than one '->'`);
  const terms = inputs.split(',');
  if (terms.length !== shapes.length) {
    throw new ArgumentError(
      `einsum(): ${terms.length < shapes.length ? 'more' : 'fewer'} operands were provided than specified in the equation: ` +
        `'${equation}' takes ${terms.length}, got ${shapes.length}`,
    );
  }
  const operands = terms.map((term, i) => dimLabels(readSubscripts(term, `operand ${i}`), shapes[i], i));
  const sizes = sizesOf(operands, shapes);
  const ellipsis = [...sizes.keys()]
    .filter((label) => label.startsWith('…'))
    .sort((a, b) => Number(b.slice(1)) - Number(a.slice(1)));
  return {
    operands,
    sizes,
    output: output === undefined ? implicitOutput(operands, ellipsis) : explicitOutput(output, sizes, ellipsis),
  };
}

/** A tensor and what its dims are called. */
export interface Labelled {
  readonly x: Tensor;
  readonly labels: readonly string[];
}

/** Takes the diagonal of dims with the same label. */
function withoutRepeats({ x, labels }: Labelled): Labelled {
  const repeated = labels.findIndex((label, d) => labels.indexOf(label) !== d);
  if (repeated < 0) return { x, labels };
  const first = labels.indexOf(labels[repeated]);
  const rest = labels.filter((_, d) => d !== first && d !== repeated);
  return withoutRepeats({ x: x.diagonal({ dim1: first, dim2: repeated }), labels: [...rest, labels[repeated]] });
}

/** Sums the dims whose labels nobody wants. */
function onlyWanted({ x, labels }: Labelled, wanted: ReadonlySet<string>): Labelled {
  const dims = labels.flatMap((label, d) => (wanted.has(label) ? [] : [d]));
  if (dims.length === 0) return { x, labels };
  return { x: x.sum(dims, { dtype: x.dtype }), labels: labels.filter((label) => wanted.has(label)) };
}

/** `x` with its dims in the order of `labels`, which it must have all. */
function inOrder({ x, labels: has }: Labelled, labels: readonly string[]): Tensor {
  if (labels.every((label, d) => label === has[d])) return x;
  return x.permute(labels.map((label) => has.indexOf(label)));
}

/** `x` with dims of size 1 repeated to the size the other operand has under the same label. */
function matched({ x, labels }: Labelled, other: Labelled): Labelled {
  const sizes = labels.map((label, d) => {
    const at = other.labels.indexOf(label);
    return x.shape[d] === 1 && at >= 0 ? other.x.shape[at] : x.shape[d];
  });
  return sizes.every((size, d) => size === x.shape[d]) ? { x, labels } : { x: x.expand(sizes), labels };
}

/** The product of two labelled tensors, summed over the labels that are not in `wanted`. */
export function contractPair(first: Labelled, second: Labelled, wanted: ReadonlySet<string>): Labelled {
  const a = matched(onlyWanted(first, new Set([...second.labels, ...wanted])), second);
  const b = matched(onlyWanted(second, new Set([...first.labels, ...wanted])), first);
  const shared = a.labels.filter((label) => b.labels.includes(label));
  const batch = shared.filter((label) => wanted.has(label));
  const k = shared.filter((label) => !wanted.has(label));
  const m = a.labels.filter((label) => !shared.includes(label));
  const n = b.labels.filter((label) => !shared.includes(label));
  const left = inOrder(a, [...batch, ...m, ...k]);
  const right = inOrder(b, [...batch, ...k, ...n]);
  const labels = [...batch, ...m, ...n];
  if (k.length > 0) {
    const dims = { batch: batch.length, m: m.length, n: n.length, k: k.length };
    return { x: dispatch(contract, [left, right], dims), labels };
  }
  // nothing to sum: a pointwise product of [batch…, m…, 1…] and [batch…, 1…, n…]
  let [wide, tall] = [left, right];
  for (let i = 0; i < n.length; i++) wide = wide.unsqueeze(-1);
  for (let i = 0; i < m.length; i++) tall = tall.unsqueeze(batch.length);
  return { x: wide.mul(tall), labels };
}

/** `einsum(equation, operands)` as an op: summation by labelled dims. */
export const einsum: OpSpec<Sig<readonly Tensor[], EinsumAttrs>> = new OpSpec<Sig<readonly Tensor[], EinsumAttrs>>({
  name: 'einsum',
  infer(inputs, { equation }) {
    if (typeof equation !== 'string')
      throw new ArgumentError(`einsum(): the equation must be a string such as 'ij,jk->ik', got ${describe(equation)}`);
    if (inputs.length === 0) throw new ArgumentError('einsum(): must provide at least one operand');
    inputs.forEach((x, i) => {
      requireTensor('einsum', x, i);
      if (x.dtype !== inputs[0].dtype) {
        throw new DTypeError(
          `einsum(): all operands must have the same dtype, but operand ${i} is ${x.dtype} and operand 0 is ${inputs[0].dtype}`,
        );
      }
    });
    const { output, sizes } = plan(
      equation,
      inputs.map((x) => x.shape),
    );
    const { dtype } = inputs[0];
    // sums and products of bools are not bools; a view of one is
    if (dtype === 'bool' && (inputs.length > 1 || sizes.size > output.length)) throw notImplementedFor('einsum', dtype);
    return { shape: output.map((label) => sizes.get(label) ?? 1), dtype };
  },
  body(inputs, { equation }) {
    const { operands, output } = plan(
      equation,
      inputs.map((x) => x.shape),
    );
    const labelled = inputs.map((x, i) => withoutRepeats({ x, labels: operands[i] }));
    let result = labelled[0];
    for (let i = 1; i < labelled.length; i++) {
      const wanted = new Set([...output, ...labelled.slice(i + 1).flatMap(({ labels }) => labels)]);
      result = contractPair(result, labelled[i], wanted);
    }
    return inOrder(onlyWanted(result, new Set(output)), output);
  },
});
