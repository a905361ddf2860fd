// The API of @tenfold/backend-testkit, written by `npm run api` from the built types. Lint compares.
export type Target = Backend<any> | PromiseLike<Backend<any>> | string;
export interface TestBackendOptions {
    readonly filter?: string;
    readonly tier?: Tier;
    readonly timeout?: number;
}
export type Tier = 1 | 2 | 3;
export declare function testBackend(target: Target, { tier, filter, timeout }?: TestBackendOptions): void;
