/** A scalar expression made of ops, which record themselves: for derivatives of higher order, and for tracers that look inside of a pointwise op. */
import { dispatch } from '../dispatch.ts';
import { TenfoldError } from '../errors.ts';
import type { BinaryFn, CompareFn, Expr, UnaryFn } from '../expr.ts';
import type { Operand, OpSpec } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { elementwise } from './elementwise.ts';

/** The ops of functions that have another name, or attributes. Those on bits are of bools. */
const ops: {
  readonly [fn in UnaryFn | BinaryFn | CompareFn]?: readonly [op: keyof typeof elementwise, attrs?: object];
} = {
  add: ['add', { alpha: 1 }],
  sub: ['sub', { alpha: 1 }],
  div: ['div', { roundingMode: null }],
  rem: ['fmod'],
  min: ['minimum'],
  max: ['maximum'],
  bitAnd: ['logicalAnd'],
  bitOr: ['logicalOr'],
  bitXor: ['logicalXor'],
  bitNot: ['logicalNot'],
};

/** `root` of these inputs, which have the dtypes that it reads, and parameters. Its casts and loads are not supported. */
export function expressionOps(root: Expr, inputs: readonly Tensor[], params: readonly number[]): Tensor {
  const known = new Map<Expr, Tensor | number>();
  const tensorOf = (x: Tensor | number): Tensor => (typeof x === 'number' ? inputs[0].newFull([], x) : x);
  const valueOf = (node: Expr): Tensor | number => {
    let value = known.get(node);
    if (value === undefined) known.set(node, (value = compute(node)));
    return value;
  };
  const compute = (node: Expr): Tensor | number => {
    switch (node.kind) {
      case 'input':
        return inputs[node.index];
      case 'const':
        return node.value;
      case 'param':
        return params[node.index];
      case 'select': {
        const [condition, x, y] = node.args.map(valueOf);
        return dispatch(elementwise.where, [condition as Tensor, tensorOf(x), y], null);
      }
      case 'unary':
      case 'binary':
      case 'compare': {
        const [op, attrs = null] = ops[node.fn] ?? [node.fn as keyof typeof elementwise];
        const [x, ...rest] = node.args.map(valueOf);
        // the table's rows differ in their signatures; an expression has as many operands as its function takes
        return dispatch(elementwise[op] as unknown as OpSpec, [tensorOf(x), ...rest] as Operand[], attrs) as Tensor;
      }
    }
    throw new TenfoldError(`an expression with '${node.kind}' can't be made of ops`);
  };
  return tensorOf(valueOf(root));
}
