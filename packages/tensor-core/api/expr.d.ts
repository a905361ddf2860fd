// The API of @tenfold/tensor-core, written by `npm run api` from the built types. Lint compares.
export type BinaryFn = 'add' | 'atan2' | 'bitAnd' | 'bitOr' | 'bitXor' | 'copysign' | 'div' | 'hypot' | 'max' | 'min' | 'mul' | 'pow' | 'rem' | 'shiftLeft' | 'shiftRight' | 'sub' | 'zeta';
export type CompareFn = 'eq' | 'ge' | 'gt' | 'le' | 'lt' | 'ne';
export type Expr = {
    readonly args: readonly Expr[];
    readonly dtype: DType;
    readonly index: number;
    readonly kind: 'load';
} | {
    readonly args: readonly [
        Expr
    ];
    readonly dtype: DType;
    readonly fn: UnaryFn;
    readonly kind: 'unary';
} | {
    readonly args: readonly [
        Expr
    ];
    readonly dtype: DType;
    readonly kind: 'cast';
} | {
    readonly args: readonly [
        Expr,
        Expr
    ];
    readonly dtype: 'bool';
    readonly fn: CompareFn;
    readonly kind: 'compare';
} | {
    readonly args: readonly [
        Expr,
        Expr
    ];
    readonly dtype: DType;
    readonly fn: BinaryFn;
    readonly kind: 'binary';
} | {
    readonly args: readonly [
        Expr,
        Expr,
        Expr
    ];
    readonly dtype: DType;
    readonly kind: 'select';
} | {
    readonly dim: number;
    readonly dtype: 'int32';
    readonly kind: 'index';
} | {
    readonly dtype: DType;
    readonly index: number;
    readonly kind: 'input';
} | {
    readonly dtype: DType;
    readonly index: number;
    readonly kind: 'param';
} | {
    readonly dtype: DType;
    readonly kind: 'const';
    readonly value: number;
};
export declare class Program {
    constructor(outputs: readonly Expr[], inputs: readonly DType[], params?: readonly DType[]);
    readonly inputs: readonly DType[];
    get key(): string;
    readonly outputs: readonly Expr[];
    readonly params: readonly DType[];
}
export type UnaryFn = 'abs' | 'acos' | 'acosh' | 'asin' | 'asinh' | 'atan' | 'atanh' | 'bitNot' | 'ceil' | 'cos' | 'cosh' | 'digamma' | 'erf' | 'erfc' | 'erfinv' | 'exp' | 'exp2' | 'expm1' | 'floor' | 'lgamma' | 'log' | 'log10' | 'log1p' | 'log2' | 'neg' | 'round' | 'rsqrt' | 'sigmoid' | 'sign' | 'sin' | 'sinh' | 'sqrt' | 'tan' | 'tanh' | 'trunc';
export declare const abs: (x: Expr) => Expr;
export declare const add: (a: Arg, b: Arg) => Expr;
export declare function binary(fn: BinaryFn, a: Arg, b: Arg): Expr;
export declare const bitAnd: (a: Arg, b: Arg) => Expr;
export declare const bitNot: (x: Expr) => Expr;
export declare const bitOr: (a: Arg, b: Arg) => Expr;
export declare const bitXor: (a: Arg, b: Arg) => Expr;
export declare function cast(x: Expr, dtype: DType): Expr;
export declare function compare(fn: CompareFn, a: Arg, b: Arg): Expr;
export declare const constant: (value: number, dtype: DType) => Expr;
export declare const div: (a: Arg, b: Arg) => Expr;
export declare const eq: (a: Arg, b: Arg) => Expr;
export declare const exp: (x: Expr) => Expr;
export declare const floor: (x: Expr) => Expr;
export declare function formatExpr(node: Expr): string;
export declare const ge: (a: Arg, b: Arg) => Expr;
export declare const gt: (a: Arg, b: Arg) => Expr;
export declare const indexOf: (dim: number) => Expr;
export declare const input: (index: number, dtype: DType) => Expr;
export declare const isNaNExpr: (x: Expr) => Expr;
export declare const le: (a: Arg, b: Arg) => Expr;
export declare function load(index: number, dtype: DType, at: readonly Expr[], outside: Arg): Expr;
export declare const log: (x: Expr) => Expr;
export declare const lt: (a: Arg, b: Arg) => Expr;
export declare const max: (a: Arg, b: Arg) => Expr;
export declare const mayDivideByZero: (node: Expr) => boolean;
export declare const min: (a: Arg, b: Arg) => Expr;
export declare const mul: (a: Arg, b: Arg) => Expr;
export declare const ne: (a: Arg, b: Arg) => Expr;
export declare const neg: (x: Expr) => Expr;
export declare const not: (x: Expr) => Expr;
export declare function operands(node: Expr): readonly Expr[];
export declare const param: (index: number, dtype: DType) => Expr;
export declare const pow: (a: Arg, b: Arg) => Expr;
export declare const rem: (a: Arg, b: Arg) => Expr;
export declare function rewrite(root: Expr, replace: (node: Expr) => Expr | undefined, done?: Map<Expr, Expr>): Expr;
export declare function select(condition: Expr, ifTrue: Arg, ifFalse: Arg): Expr;
export declare const sign: (x: Expr) => Expr;
export declare const sqrt: (x: Expr) => Expr;
export declare const sub: (a: Arg, b: Arg) => Expr;
export declare function topological(roots: readonly Expr[]): Expr[];
export declare const trunc: (x: Expr) => Expr;
export declare function unary(fn: UnaryFn, x: Expr): Expr;

// not exported, but named above
type Arg = Expr | number;
type DType = 'bfloat16' | 'bool' | 'float16' | 'float32' | 'float64' | 'int16' | 'int32' | 'int64' | 'int8' | 'uint8';
