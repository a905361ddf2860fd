/** The flags: what they mean, their defaults, and one clear line for each mistake. */
import { availableParallelism } from 'node:os';
import { given, parsed, positiveNumber, wholeNumber } from 'app-common/command-line';

/** What the weights depend on: the same settings give the same bits on one device. A checkpoint holds them. */
export interface Settings {
  readonly epochs: number;
  readonly batchSize: number;
  readonly lr: number;
  readonly seed: number;
  /** How many digits are learned from. */
  readonly limit: number;
}

/** The checked flags. */
export interface Options {
  /** Those that were given. */
  readonly settings: Partial<Settings>;
  readonly device: string | null;
  readonly threads: number;
  /** Batches from one checkpoint to the next. */
  readonly saveEvery: number;
  readonly resume: boolean;
  readonly out: string;
}

export const defaults: Settings = { epochs: 5, batchSize: 64, lr: 0.005, seed: 0, limit: 60_000 };

export const help = `Teaches a small convolutional network to read handwritten digits, and exports it as an ONNX file.

  npm run mnist                                    all 60,000 digits, five times over: 99 % of the test digits are read
  npm run mnist -- --limit 6000 --epochs 1         a taste, in seconds
  npm run mnist -- --resume                        goes on where a run was stopped, to the very same weights

Training
  --epochs N         passes over the digits (default: ${defaults.epochs})
  --batch-size N     digits per step (default: ${defaults.batchSize})
  --lr X             the highest learning rate of the one cycle (default: ${defaults.lr})
  --limit N          learns from the first N digits only (default: ${defaults.limit})
  --seed N           seed of everything random (default: ${defaults.seed})

Machine
  --device NAME      cpu, webgpu, cuda:0 … (default: cuda if there is one, else cpu)
  --threads N        threads of the cpu; they change the speed, not the result (default: one per core, 8 at most)

Files
  --out DIR          folder for checkpoint.safetensors, model.safetensors, model.onnx and report.html (default: out/mnist)
  --save-every N     batches from one checkpoint to the next (default: 200; one at the end of each epoch in any case)
  --resume           goes on from the checkpoint in that folder, with the settings that it was made with
  --help             this text
`;

const flags = {
  epochs: { type: 'string' },
  'batch-size': { type: 'string' },
  lr: { type: 'string' },
  limit: { type: 'string' },
  seed: { type: 'string' },
  device: { type: 'string' },
  threads: { type: 'string', default: String(Math.min(8, availableParallelism())) },
  out: { type: 'string', default: 'out/mnist' },
  'save-every': { type: 'string', default: '200' },
  resume: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** The flags of whole numbers without a default here. */
type Sized = 'epochs' | 'batch-size' | 'seed' | 'limit';

/** Reads the command line. `null` means that help was asked for. @throws UsageError */
export function readOptions(argv: readonly string[]): Options | null {
  const values = parsed(argv, flags);
  if (values.help) return null;
  const whole = (flag: Sized, most: number, least = 1): number | undefined => {
    const value = values[flag];
    return value === undefined ? undefined : wholeNumber(`--${flag}`, value, least, most);
  };
  return {
    settings: given<Settings>({
      epochs: whole('epochs', 1_000_000),
      batchSize: whole('batch-size', 60_000),
      lr: values.lr === undefined ? undefined : positiveNumber('--lr', values.lr),
      seed: whole('seed', Number.MAX_SAFE_INTEGER, 0),
      limit: whole('limit', 60_000),
    }),
    device: values.device ?? null,
    threads: wholeNumber('--threads', values.threads, 1, 256),
    saveEvery: wholeNumber('--save-every', values['save-every'], 1, 1_000_000),
    resume: values.resume,
    out: values.out,
  };
}
