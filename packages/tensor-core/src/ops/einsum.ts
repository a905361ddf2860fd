/** `einsum`: an equation over labelled dims, carried out pair by pair with `contract`. A file of its own: no method needs it. */
import { ArgumentError, DTypeError, describe, ShapeError } from '../errors.ts';
import type { Shape } from '../shape.ts';
import { OpSpec, type Sig } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { notImplementedFor, requireTensor } from './build.ts';
import { contractPair, inOrder, type Labelled, onlyWanted } from './contract.ts';

/** Attributes of `einsum`. */
export interface EinsumAttrs {
  readonly equation: string;
}

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

/** Takes the diagonal of dims with the same label. */
function withoutRepeats({ x, labels }: Labelled): Labelled {
  const repeated = labels.findIndex((label, d) => labels.indexOf(label) !== d);
  if (repeated < 0) return { x, labels };
  const first = labels.indexOf(labels[repeated]);
  const rest = labels.filter((_, d) => d !== first && d !== repeated);
  return withoutRepeats({ x: x.diagonal({ dim1: first, dim2: repeated }), labels: [...rest, labels[repeated]] });
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
