/** The flags: what they mean, their defaults, and one clear line for each mistake. */
import { availableParallelism } from 'node:os';
import { given, parsed, positiveNumber, UsageError, wholeNumber } from 'app-common/command-line';

/** What the weights depend on: the same settings give the same bits on one device. A checkpoint holds them. */
export interface Settings {
  readonly steps: number;
  readonly batchSize: number;
  /** Characters that the model sees at once. */
  readonly context: number;
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  readonly lr: number;
  readonly seed: number;
  /** How many characters of the text are taken. */
  readonly limit: number;
}

/** The checked flags. */
export interface Options {
  /** Those that were given. */
  readonly settings: Partial<Settings>;
  readonly device: string | null;
  readonly threads: number;
  /** Steps from one checkpoint to the next. */
  readonly saveEvery: number;
  readonly resume: boolean;
  readonly prompt: string;
  /** Characters to write. */
  readonly sample: number;
  readonly temperature: number;
  readonly out: string;
}

export const defaults: Settings = {
  steps: 3000,
  batchSize: 16,
  context: 96,
  layers: 4,
  heads: 4,
  width: 128,
  lr: 0.002,
  seed: 0,
  limit: 1_189_698,
};

export const help = `Teaches a small GPT to write like Moby-Dick, one character after the other, and exports it as ONNX files.

  npm run char-lm                                       ${defaults.steps} steps, a report, and a page of prose
  npm run char-lm -- --steps 200 --limit 100000         a taste, in a minute
  npm run char-lm -- --resume                           goes on where a run was stopped, to the very same weights
  npm run char-lm -- --resume --prompt "The whale "     writes on from a prompt, with the model of a finished run

Training
  --steps N          steps of training (default: ${defaults.steps})
  --batch-size N     pieces of text per step (default: ${defaults.batchSize})
  --lr X             the highest learning rate, after a warm-up and before a cosine's descent (default: ${defaults.lr})
  --limit N          takes the first N characters of the text only (default: all)
  --seed N           seed of everything random (default: ${defaults.seed})

Model
  --context N        characters that it sees at once (default: ${defaults.context})
  --layers N         blocks of attention and network (default: ${defaults.layers})
  --heads N          heads of attention; they divide the width into even parts (default: ${defaults.heads})
  --width N          features of each position (default: ${defaults.width})

Sampling
  --prompt TEXT      what the text begins with (default: "Call me ")
  --sample N         characters to write (default: 500; 0 for none)
  --temperature X    0 takes the likeliest character, 1 draws as the model says (default: 0.8)

Machine
  --device NAME      cpu, webgpu, cuda:0 … (default: cuda if there is one, else cpu)
  --threads N        threads of the cpu; they change the speed, not the result (default: one per core, 8 at most)

Files
  --out DIR          folder for checkpoint.safetensors, model.safetensors, model.onnx, step.onnx and report.html (default: out/char-lm)
  --save-every N     steps from one checkpoint, with a validation, to the next (default: 500; one at the end in any case)
  --resume           goes on from the checkpoint in that folder, with the settings that it was made with
  --help             this text
`;

const text = { type: 'string' } as const;
const flags = {
  steps: text,
  'batch-size': text,
  lr: text,
  seed: text,
  limit: text,
  context: text,
  layers: text,
  heads: text,
  width: text,
  prompt: { type: 'string', default: 'Call me ' },
  sample: { type: 'string', default: '500' },
  temperature: { type: 'string', default: '0.8' },
  device: text,
  threads: { type: 'string', default: String(Math.min(8, availableParallelism())) },
  out: { type: 'string', default: 'out/char-lm' },
  'save-every': { type: 'string', default: '500' },
  resume: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** The flags of whole numbers without a default here. */
type Sized = 'steps' | 'batch-size' | 'context' | 'layers' | 'heads' | 'width' | 'seed' | 'limit';

/** Reads the command line. `null` means that help was asked for. @throws UsageError */
export function readOptions(argv: readonly string[]): Options | null {
  const values = parsed(argv, flags);
  if (values.help) return null;
  const whole = (flag: Sized, most: number, least = 1): number | undefined => {
    const value = values[flag];
    return value === undefined ? undefined : wholeNumber(`--${flag}`, value, least, most);
  };
  const settings = given<Settings>({
    steps: whole('steps', 10_000_000),
    batchSize: whole('batch-size', 100_000),
    context: whole('context', 100_000, 2),
    layers: whole('layers', 1000),
    heads: whole('heads', 1000),
    width: whole('width', 100_000, 2),
    lr: values.lr === undefined ? undefined : positiveNumber('--lr', values.lr),
    seed: whole('seed', Number.MAX_SAFE_INTEGER, 0),
    limit: whole('limit', defaults.limit, 1000),
  });
  if (values.prompt === '') throw new UsageError('--prompt: must have a character to go on from');
  return {
    settings,
    device: values.device ?? null,
    threads: wholeNumber('--threads', values.threads, 1, 256),
    saveEvery: wholeNumber('--save-every', values['save-every'], 1, 10_000_000),
    resume: values.resume,
    prompt: values.prompt,
    sample: wholeNumber('--sample', values.sample, 0, 1_000_000),
    temperature: positiveNumber('--temperature', values.temperature, true),
    out: values.out,
  };
}

/** The given settings with the defaults of the others. @throws UsageError where they don't fit each other. */
export function completed(given: Partial<Settings>): Settings {
  const settings = { ...defaults, ...given };
  const { width, heads, context, limit } = settings;
  if (20 * context > limit)
    throw new UsageError(
      `--context ${context} --limit ${limit}: the last tenth of the text, which the model is tested on, must be longer than twice the context`,
    );
  if (width % (2 * heads) !== 0)
    throw new UsageError(`--width ${width} --heads ${heads}: the width must be a multiple of twice the heads`);
  return settings;
}
