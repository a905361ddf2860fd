/**
 * Programs as CUDA C++, for NVRTC: the body of a kernel around which `native/kernels/compiled.cuh` lays loops over elements. Every node becomes a value that is
 * rounded as the interpreter rounds it, by the same functions.
 */
import { type DType, type Expr, isFloat, mayDivideByZero, type Program, topological } from '@tenfold/tensor-core';
import { kernelTypes } from './elements.ts';
import { registerBits, usesOf, wordsPerLoad } from './program.ts';

/** The type of a value in a kernel. */
const valueType = (dtype: DType): string => (dtype === 'float64' ? 'double' : isFloat(dtype) ? 'float' : 'i64');

/** Whether arithmetic on values of a dtype needs rounding to it afterwards. */
const isNarrow = (dtype: DType): boolean => dtype !== 'float32' && dtype !== 'float64' && dtype !== 'int64';

const literal = (value: number, dtype: DType): string => {
  const bits = BigInt.asUintN(64, registerBits(value, dtype)).toString(16);
  if (dtype === 'float64') return `double_of_bits(0x${bits}ull)`;
  return isFloat(dtype) ? `float_of_bits(0x${bits}u)` : `i64(0x${bits}ull)`;
};

/** Widths of the dtypes that are shifted. */
const widths: { readonly [D in DType]?: number } = { int64: 64, int32: 32, int16: 16, int8: 8, uint8: 8 };

/** Statements that compute the nodes of a program into values named `v0`, `v1`, …, and the names of its outputs. */
function statementsOf(program: Program): { readonly lines: readonly string[]; readonly outputs: readonly string[] } {
  const { loaded } = usesOf(program);
  const outs = program.outputs.length;
  const names = new Map<Expr, string>();
  const nameOf = (node: Expr): string => names.get(node) as string;
  const lines: string[] = [];
  topological(program.outputs).forEach((node, i) => {
    const name = `v${i}`;
    names.set(node, name);
    const type = valueType(node.dtype);
    const declare = (code: string): void => {
      lines.push(`const ${type} ${name} = ${code};`);
    };
    const computed = (code: string): void =>
      declare(isNarrow(node.dtype) ? `rounded<${kernelTypes[node.dtype]}>(${code})` : code);
    switch (node.kind) {
      case 'input':
        declare(`x${node.index}`);
        break;
      case 'const':
        declare(literal(node.value, node.dtype));
        break;
      case 'param':
        declare(`param<${type}>(o.params[${node.index}])`);
        break;
      case 'index':
        declare(`position[${node.dim}]`);
        break;
      case 'cast':
        declare(`cast<${kernelTypes[node.dtype]}>(${nameOf(node.args[0])})`);
        break;
      case 'select':
        declare(`${nameOf(node.args[0])} != 0 ? ${nameOf(node.args[1])} : ${nameOf(node.args[2])}`);
        break;
      case 'compare':
        declare(`fn_${node.fn}(${nameOf(node.args[0])}, ${nameOf(node.args[1])})`);
        break;
      case 'unary':
        if (node.fn === 'bitNot' && node.dtype === 'bool') declare(`${nameOf(node.args[0])} == 0`);
        else computed(`fn_${node.fn}(${nameOf(node.args[0])})`);
        break;
      case 'binary': {
        const [a, b] = node.args.map(nameOf);
        if (mayDivideByZero(node)) lines.push(`if (${b} == 0) report_fault(o.faults, o.fault, 0);`);
        const shift = node.fn === 'shiftLeft' || node.fn === 'shiftRight';
        computed(`fn_${node.fn}(${a}, ${b}${shift ? `, ${widths[node.dtype]}` : ''})`);
        break;
      }
      case 'load': {
        const at = node.args.map(nameOf);
        const outside = at.pop() as string;
        const rank = at.length;
        const geometry = `loads + ${loaded.indexOf(node.index) * wordsPerLoad}`;
        const element = `element_at<${kernelTypes[node.dtype]}>(o.data[${outs + node.index}], p${i})`;
        lines.push(`i64 p${i} = 0;`);
        if (rank > 0) lines.push(`const i64 w${i}[${rank}] = {${at.join(', ')}};`);
        declare(rank > 0 ? `place<${rank}>(${geometry}, w${i}, p${i}) ? ${element} : ${outside}` : element);
        break;
      }
    }
  });
  return { lines, outputs: program.outputs.map(nameOf) };
}

/** `struct Body` of a program; `ending` says what becomes of its outputs. */
function bodyOf(
  program: Program,
  signature: string,
  ending: (outputs: readonly string[]) => readonly string[],
): string {
  const { loaded } = usesOf(program);
  const { lines, outputs } = statementsOf(program);
  const outs = program.outputs.length;
  const inputs = program.inputs.flatMap((dtype, i) => (loaded.includes(i) ? [] : [{ dtype, i }]));
  return `struct Body {
${inputs.map(({ dtype, i }) => `  ${valueType(dtype)} x${i};`).join('\n')}
  template <int n> DEVICE_MEMBER void load(const Operands<n>& o, const i64 (&at)[n]) {
${inputs.map(({ dtype, i }) => `    x${i} = element_at<${kernelTypes[dtype]}>(o.data[${outs + i}], at[${outs + i}]);`).join('\n')}
  }
  template <int n> DEVICE_MEMBER ${signature} const {
${[...lines, ...ending(outputs)].map((line) => `    ${line}`).join('\n')}
  }
};`;
}

const stored =
  (program: Program) =>
  (outputs: readonly string[]): readonly string[] =>
    outputs.map((name, k) => `set_element<${kernelTypes[program.outputs[k].dtype]}>(o.data[${k}], at[${k}], ${name});`);

/** Source of the kernel `name` that maps `program` over as many operands as it has. */
export function renderMap(program: Program, name: string): string {
  const { placed } = usesOf(program);
  const operands = program.outputs.length + program.inputs.length;
  const more = placed ? ', const i64 (&position)[max_rank], const i64* loads' : '';
  const [args, map] = placed ? ['LoadMapArgs', 'map_placed'] : ['MapArgs', 'map_compiled'];
  return `#include "compiled.cuh"
${bodyOf(program, `void store(const Operands<n>& o, const i64 (&at)[n]${more})`, stored(program))}
KERNEL(${name}, ${args}<${operands}>, map_threads) { ${map}<Body>(args); }
`;
}

/** Source of the kernel `name` that folds what `program` gives of its inputs. */
export function renderReduce(program: Program, name: string): string {
  const type = valueType(program.outputs[0].dtype);
  const operands = 1 + program.inputs.length;
  return `#include "compiled.cuh"
${bodyOf(program, `${type} result(const Operands<n>& o)`, ([result]) => [`return ${result};`])}
KERNEL(${name}, ReduceArgs<${operands}>, reduce_threads) { reduce<${type}, CompiledElement<Body, ${type}, ${operands}>>(args); }
`;
}
