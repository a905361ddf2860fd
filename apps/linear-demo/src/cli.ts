/** The flags of the demo: what they mean, their defaults, and one clear line for each mistake. */
import { choice, parsed, positiveNumber, UsageError, wholeNumber } from 'app-common/command-line';

/** What becomes of the custom Function in the ONNX file. */
export type CustomOps = 'function' | 'opaque' | 'inline';

/** The examples that ship with the demo. */
export type Example = 'line' | 'penguins';

/** The checked flags. */
export interface Options {
  readonly examples: readonly Example[];
  readonly csv: { readonly path: string; readonly target: string; readonly features?: readonly string[] } | null;
  readonly device: string | null;
  /** `null`: the widest that the device has. */
  readonly dtype: 'float64' | 'float32' | null;
  readonly epochs: number | null;
  readonly batch: number | null;
  readonly lr: number;
  readonly seed: number;
  readonly opset: number;
  readonly customOps: CustomOps;
  readonly out: string;
  readonly verbose: boolean;
  readonly json: boolean;
}

export const help = `Fits a linear model with a custom autograd Function and exports it as an ONNX file.

  npm run demo                                       both examples: a known line, then penguins
  npm run demo -- --example penguins                 body mass from bill and flipper length
  npm run demo -- --csv cars.csv --target price      your own data

Data
  --example NAME       line | penguins (default: both)
  --csv FILE           a CSV file with a header line; rows with gaps are dropped and counted
  --target COLUMN      the column to predict (with --csv)
  --features A,B       the columns to predict it from (default: every other column of numbers)

Training
  --device NAME        cpu, webgpu, cuda:0 … (default: cuda if there is one, else cpu)
  --dtype NAME         float64 | float32 (default: float64 where the device has it)
  --epochs N           passes over the data (default: 2000 for the line, 500 for tables)
  --batch N            rows per step (default: 64 for the line, all rows for tables)
  --lr X               learning rate of SGD with momentum 0.9 (default: 0.01)
  --seed N             seed of everything random (default: 0)

Export
  --opset N            ONNX opset, 11 to 21 (default: 18)
  --custom-ops HOW     function: one MYLINEAR node with a body that any runtime executes (default)
                       opaque: the node alone · inline: standard ONNX nodes only
  --out DIR            folder for model.onnx and report.html (default: out)

Output
  --verbose            also print the exported graph
  --json               print one JSON object instead of text
  --help               this text
`;

const flags = {
  example: { type: 'string' },
  csv: { type: 'string' },
  target: { type: 'string' },
  features: { type: 'string' },
  device: { type: 'string' },
  dtype: { type: 'string' },
  epochs: { type: 'string' },
  batch: { type: 'string' },
  lr: { type: 'string', default: '0.01' },
  seed: { type: 'string', default: '0' },
  opset: { type: 'string', default: '18' },
  'custom-ops': { type: 'string', default: 'function' },
  out: { type: 'string', default: 'out' },
  verbose: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** Reads the command line. `null` means that help was asked for. @throws UsageError */
export function readOptions(argv: readonly string[]): Options | null {
  const values = parsed(argv, flags);
  if (values.help) return null;
  const { csv, target, features } = values;
  if (csv !== undefined && target === undefined)
    throw new UsageError('--csv needs --target COLUMN: the column to predict');
  if (csv === undefined && (target !== undefined || features !== undefined)) {
    throw new UsageError('--target and --features need --csv FILE');
  }
  if (csv !== undefined && values.example !== undefined) throw new UsageError('--example and --csv exclude each other');
  return {
    examples:
      values.example === undefined ? ['line', 'penguins'] : [choice('--example', values.example, ['line', 'penguins'])],
    csv: csv === undefined || target === undefined ? null : { path: csv, target, features: columnList(features) },
    device: values.device ?? null,
    dtype: values.dtype === undefined ? null : choice('--dtype', values.dtype, ['float64', 'float32'] as const),
    epochs: values.epochs === undefined ? null : wholeNumber('--epochs', values.epochs, 1, 10_000_000),
    batch: values.batch === undefined ? null : wholeNumber('--batch', values.batch, 1, 100_000_000),
    lr: positiveNumber('--lr', values.lr),
    seed: wholeNumber('--seed', values.seed, 0, Number.MAX_SAFE_INTEGER),
    opset: wholeNumber('--opset', values.opset, 11, 21),
    customOps: choice('--custom-ops', values['custom-ops'], ['function', 'opaque', 'inline']),
    out: values.out,
    verbose: values.verbose,
    json: values.json,
  };
}

function columnList(text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined;
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) throw new UsageError(`--features '${text}': an empty column name`);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new UsageError(`--features: the column '${twice}' stands twice`);
  return names;
}
