// The API of @tenfold/backend-testkit, written by `npm run api` from the built types. Lint compares.
export interface NullBuffer {
    readonly length: number;
}
export declare function nullBackend(): Backend<NullBuffer>;
