/** PyTorch's names of nodes. */
import { isTensor, type Operand, type OpSpec } from '@tenfold/tensor-core';

type Overload = (inputs: readonly Operand[], attrs: object | null) => number;

/** Reductions over all dims are overload 0, those over some dims overload 1. */
const byDims: Overload = (inputs, attrs) => {
  const { dims, keepdim } = attrs as { dims?: readonly number[] | null; keepdim?: boolean };
  const x = inputs[0];
  return dims == null || (!keepdim && isTensor(x) && dims.length === x.ndim) ? 0 : 1;
};

const byOperand: (i: number) => Overload = (i) => (inputs) => (isTensor(inputs[i]) ? 1 : 0);

/** The ops of which PyTorch has several derivative rows. */
const overloads: { readonly [op: string]: Overload | undefined } = {
  sum: byDims,
  mean: byDims,
  prod: byDims,
  squeeze: (_, attrs) => ((attrs as { dims: unknown }).dims === null ? 0 : 1),
  pow: (inputs) => (isTensor(inputs[0]) && !isTensor(inputs[1]) ? 0 : 1),
  remainder: byOperand(1),
  fmod: byOperand(1),
  lerp: byOperand(2),
  rsub: byOperand(1),
  clamp: (inputs) => (isTensor(inputs[1]) || isTensor(inputs[2]) ? 0 : 1),
  norm: () => 1,
};

/** `AddBackward0` for add, `SumBackward1` for a sum over some dims. */
export function nodeName(spec: OpSpec, inputs: readonly Operand[], attrs: object | null): string {
  const op = (spec.inplaceOf ?? spec).name;
  if (op === 'copy') return 'CopyBackwards';
  return `${pascalCase(op)}Backward${overloads[op]?.(inputs, attrs) ?? 0}`;
}

const pascalCase = (name: string): string =>
  name.replace(/(?:^|[^A-Za-z0-9]+)([A-Za-z0-9])/g, (_, first: string) => first.toUpperCase());
