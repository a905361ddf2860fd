// The API of @tenfold/data, written by `npm run api` from the built types. Lint compares.
export interface WorkerInfo {
    readonly id: number;
    readonly numWorkers: number;
    readonly seed: number;
}
export declare const getWorkerInfo: () => WorkerInfo | null;
export declare function serveDataset(create: unknown): void;
