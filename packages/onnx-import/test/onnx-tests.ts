/** The ONNX project's own tests, as `scripts/node-tests.py` packed them. */
import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';

/** A tensor of a test; its bytes are `OnnxTests.bytes(at, bytes)`. */
export interface PackedTensor {
  readonly name: string;
  readonly dtype: string;
  readonly dims: readonly number[];
  readonly at: number;
  readonly bytes: number;
}

/** A model with inputs and what they give. */
export interface OnnxTest {
  readonly name: string;
  /** `node`, a folder of ONNX's data, or an older version of ONNX. */
  readonly group: string;
  /** Why inputs and outputs are not there. */
  readonly unpacked?: string;
  readonly rtol: number;
  readonly atol: number;
  readonly inputs: readonly PackedTensor[];
  readonly outputs: readonly PackedTensor[];
  /** Where the model's bytes are. */
  readonly model: number;
  readonly bytes: number;
  /** Whether onnxruntime gives these outputs. */
  readonly passes: boolean;
}

/** All tests. */
export interface OnnxTests {
  readonly source: string;
  /** The version of onnxruntime that `passes` speaks of. */
  readonly onnxruntime: string;
  readonly tests: readonly OnnxTest[];
  bytes(at: number, length: number): Uint8Array;
}

/** Reads the file. */
export function readOnnxTests(): OnnxTests {
  const all = brotliDecompressSync(readFileSync(new URL('onnx-tests.br', import.meta.url)));
  const length = all.readUInt32LE(0);
  const { source, onnxruntime, tests } = JSON.parse(all.subarray(8, 8 + length).toString());
  const data = all.subarray(8 + length + (-length & 7));
  return { source, onnxruntime, tests, bytes: (at, size) => new Uint8Array(data.subarray(at, at + size)) };
}
