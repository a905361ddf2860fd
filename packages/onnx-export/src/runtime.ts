/** Runs ONNX models in onnxruntime-node, in a process of its own: a crash of native code can't take this one with it. */
import { OnnxExportError } from '@tenfold/tensor-core';

/** A tensor on its way to or from the other process; `data` are its raw bytes in base64. */
export interface WireTensor {
  readonly dtype: string;
  readonly dims: readonly number[];
  readonly data: string;
}

/** A model and the inputs to run it on, one record of tensors by name per run. */
export interface Job {
  /** The model's bytes in base64, or the path of its file. */
  readonly model: string | { readonly path: string };
  readonly runs: readonly Readonly<Record<string, WireTensor>>[];
  /** Outputs of a run that are inputs of the next, by name. */
  readonly carry?: Readonly<Record<string, string>>;
}

/** What came out: outputs by name for each run, or why the model was refused. */
export type JobResult =
  | {
      readonly outputs: readonly Readonly<Record<string, WireTensor>>[];
      /** Types and shapes of the outputs, as onnxruntime infers them. */
      readonly inferred: readonly InferredOutput[];
    }
  | { readonly error: string };

/** An output, as onnxruntime infers it: sizes are numbers, or the names of axes. */
export interface InferredOutput {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | string)[];
}

// plain JavaScript, handed to node as text, so that it runs from sources and from a bundle alike
const program = `
import { createRequire } from 'node:module';
import { readFileSync, writeSync } from 'node:fs';
const { ort: path, jobs } = JSON.parse(readFileSync(0, 'utf8'));
// where there is a Float16Array (Node 24), onnxruntime 1.30 turns float16 into one, of which its native part sees no bytes
delete globalThis.Float16Array;
const ort = createRequire(path)(path);
const arrays = { float32: Float32Array, float64: Float64Array, int64: BigInt64Array, int32: Int32Array, int16: Int16Array, int8: Int8Array,
  uint8: Uint8Array, bool: Uint8Array, float16: Uint16Array };
const decode = ({ dtype, dims, data }) => {
  const bytes = Buffer.from(data, 'base64');
  const copy = new Uint8Array(bytes).buffer;
  return new ort.Tensor(dtype, new arrays[dtype](copy), [...dims]);
};
const encode = (t) => ({ dtype: t.type, dims: t.dims, data: Buffer.from(t.data.buffer, t.data.byteOffset, t.data.byteLength).toString('base64') });
const results = [];
for (const { model, runs, carry = {} } of jobs) {
  try {
    const session = await ort.InferenceSession.create(typeof model === 'string' ? Buffer.from(model, 'base64') : model.path, {
      logSeverityLevel: 4, intraOpNumThreads: 1, interOpNumThreads: 1, extra: { session: { strict_shape_type_inference: '1' } } });
    const outputs = [];
    const inferred = session.outputMetadata.filter((x) => x.isTensor).map(({ name, type, shape }) => ({ name, type, shape }));
    const carried = {};
    for (const run of runs) {
      const fetched = await session.run({ ...Object.fromEntries(Object.entries(run).map(([name, t]) => [name, decode(t)])), ...carried });
      for (const [output, input] of Object.entries(carry)) carried[input] = fetched[output];
      outputs.push(Object.fromEntries(Object.entries(fetched).map(([name, t]) => [name, encode(t)])));
    }
    await session.release();
    results.push({ outputs, inferred });
  } catch (error) {
    results.push({ error: String(error?.message ?? error) });
  }
}
const text = Buffer.from(JSON.stringify(results));
for (let at = 0; at < text.length;) {
  try { at += writeSync(1, text, at); } catch (error) { if (error.code !== 'EAGAIN') throw error; }
}
process.exit(0);
`;

/** Where onnxruntime-node is: beside this package, or in the project that runs. */
export async function findOnnxRuntime(): Promise<string> {
  const { createRequire } = await import('node:module');
  const { pathToFileURL } = await import('node:url');
  for (const from of [import.meta.url, pathToFileURL(`${process.cwd()}/`).href]) {
    try {
      return createRequire(from).resolve('onnxruntime-node');
    } catch {
      // the next place
    }
  }
  throw new OnnxExportError('the model is to run in onnxruntime, which is not installed: npm install onnxruntime-node');
}

/** How long a process of onnxruntime may take, if nothing else is said. */
export const defaultTimeout = 300_000;

/** Runs all jobs in one child process, which ends after `timeout` milliseconds. */
export async function runInOnnxRuntime(jobs: readonly Job[], timeout = defaultTimeout): Promise<JobResult[]> {
  const ort = await findOnnxRuntime();
  const { spawn } = await import('node:child_process');
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout,
      killSignal: 'SIGKILL',
    });
    const started = Date.now();
    const [out, err]: [Uint8Array[], Uint8Array[]] = [[], []];
    child.stdout.on('data', (chunk: Uint8Array) => out.push(chunk));
    child.stderr.on('data', (chunk: Uint8Array) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const text = Buffer.concat(out).toString();
      if (code === 0 && text) return resolve(JSON.parse(text) as JobResult[]);
      const words = Buffer.concat(err).toString().trim().slice(-2000) || 'it said nothing';
      const late = signal === 'SIGKILL' && Date.now() - started >= timeout;
      const how = late ? `did not end within ${timeout / 1000} s and was stopped` : `ended with ${signal ?? code}`;
      reject(new OnnxExportError(`onnxruntime's process ${how}: ${words}`));
    });
    child.stdin.on('error', () => {
      // the process ended before it had read everything; its exit code says why
    });
    child.stdin.end(JSON.stringify({ ort, jobs }));
  });
}
