// The API of @tenfold/tensor-core, written by `npm run api` from the built types. Lint compares.
export type Computation = Extract<Expr, {
    readonly kind: 'binary' | 'cast' | 'compare' | 'select' | 'unary';
}>;
export type Element = bigint | number;
export declare const binaryBig: {
    readonly [F in BinaryFn]: BigFn2;
};
export declare const binaryFloat: {
    readonly [F in BinaryFn]: NumberFn2;
};
export declare function binaryFunction(fn: BinaryFn, dtype: DType): ElementFn2;
export declare const binaryInteger: {
    readonly [F in BinaryFn]: NumberFn2;
};
export declare const comparisons: {
    readonly [F in CompareFn]: (x: Element, y: Element) => boolean;
};
export declare function computation(node: Computation): (...operands: Element[]) => Element;
export declare function conversion(from: DType, to: DType): ElementFn | null;
export declare function int64ToFloat32(x: bigint): number;
export declare const rounding: (dtype: DType) => ElementFn;
export declare function toBigInt(value: number): bigint;
export declare function toElement(value: number, dtype: DType): Element;
export declare const unaryBig: {
    readonly [F in UnaryFn]: BigFn;
};
export declare function unaryFunction(fn: UnaryFn, dtype: DType): ElementFn;
export declare const unaryNumber: {
    readonly [F in UnaryFn]: NumberFn;
};

// not exported, but named above
type BigFn = (x: bigint) => bigint;
type BigFn2 = (x: bigint, y: bigint) => bigint;
type BinaryFn = 'add' | 'atan2' | 'bitAnd' | 'bitOr' | 'bitXor' | 'copysign' | 'div' | 'hypot' | 'max' | 'min' | 'mul' | 'pow' | 'rem' | 'shiftLeft' | 'shiftRight' | 'sub' | 'zeta';
type CompareFn = 'eq' | 'ge' | 'gt' | 'le' | 'lt' | 'ne';
type DType = 'bfloat16' | 'bool' | 'float16' | 'float32' | 'float64' | 'int16' | 'int32' | 'int64' | 'int8' | 'uint8';
type ElementFn = (x: Element) => Element;
type ElementFn2 = (x: Element, y: Element) => Element;
type Expr = {
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
type NumberFn = (x: number) => number;
type NumberFn2 = (x: number, y: number) => number;
type UnaryFn = 'abs' | 'acos' | 'acosh' | 'asin' | 'asinh' | 'atan' | 'atanh' | 'bitNot' | 'ceil' | 'cos' | 'cosh' | 'digamma' | 'erf' | 'erfc' | 'erfinv' | 'exp' | 'exp2' | 'expm1' | 'floor' | 'lgamma' | 'log' | 'log10' | 'log1p' | 'log2' | 'neg' | 'round' | 'rsqrt' | 'sigmoid' | 'sign' | 'sin' | 'sinh' | 'sqrt' | 'tan' | 'tanh' | 'trunc';
