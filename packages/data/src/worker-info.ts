/** What the code of a dataset may ask inside a worker. */

/** Which worker this is. */
export interface WorkerInfo {
  /** From 0. */
  readonly id: number;
  readonly numWorkers: number;
  /** The seed of the first epoch that this worker serves. */
  readonly seed: number;
}

let current: WorkerInfo | null = null;

/**
 * In a worker of a `DataLoader`, which one it is; elsewhere `null`. An iterable dataset asks it to give each worker another share
 * (https://pytorch.org/docs/stable/data.html#torch.utils.data.get_worker_info).
 */
export const getWorkerInfo = (): WorkerInfo | null => current;

export function setWorkerInfo(info: WorkerInfo): void {
  current = info;
}
