// The API of @tenfold/onnx-export, written by `npm run api` from the built types. Lint compares.
export interface LoopResult<C extends readonly Tensor[], S extends readonly Tensor[]> {
    readonly carried: C;
    readonly scanned: S;
}
export interface LoopStep<C extends readonly Tensor[], S extends readonly Tensor[]> {
    readonly carried: readonly [
        ...C
    ];
    readonly cond?: Tensor | null;
    readonly scanned?: readonly [
        ...S
    ];
}
export interface ScanOptions {
    dim?: number;
    reverse?: boolean;
}
export type Tree = Tensor | readonly Tree[] | {
    readonly [key: string]: Tree;
};
export declare function cond<O extends Tensor[], R extends Tree>(predicate: Tensor, thenFn: (...operands: Given<O>) => R, elseFn: (...operands: Given<O>) => NoInfer<R>, operands?: readonly [
    ...O
]): R;
export declare function condAsync<O extends Tensor[], R extends Tree>(predicate: Tensor, thenFn: (...operands: Given<O>) => R, elseFn: (...operands: Given<O>) => NoInfer<R>, operands?: readonly [
    ...O
]): Promise<R>;
export declare function loop<C extends Tensor[], S extends Tuple = [
]>(maxTrips: Trips, condition: Tensor | null, carried: readonly [
    ...C
], body: (i: Tensor, cond: Tensor, ...carried: Given<C>) => LoopStep<Given<C>, S>): LoopResult<C, S>;
export declare function loopAsync<C extends Tensor[], S extends Tuple = [
]>(maxTrips: Trips, condition: Tensor | null, carried: readonly [
    ...C
], body: (i: Tensor, cond: Tensor, ...carried: Given<C>) => LoopStep<Given<C>, S>): Promise<LoopResult<C, S>>;
export declare function scan<const C extends Tree, const X extends Tree, Y extends Tree | readonly [
]>(body: (carry: C, x: X) => readonly [
    carry: NoInfer<C>,
    y: Y
], init: C, xs: X, options?: ScanOptions): [
    carry: C,
    ys: Y
];
export declare function whileLoop<C extends Tensor[]>(cond: (...carried: Given<C>) => Tensor, body: (...carried: Given<C>) => readonly [
    ...Given<C>
], carried: readonly [
    ...C
]): C;
export declare function whileLoopAsync<C extends Tensor[]>(cond: (...carried: Given<C>) => Tensor, body: (...carried: Given<C>) => readonly [
    ...Given<C>
], carried: readonly [
    ...C
]): Promise<C>;

// not exported, but named above
type Given<T extends Tensor[]> = T extends infer U extends Tensor[] ? U : never;
type Trips = Tensor | null | number;
type Tuple = Tensor[] | [
];
