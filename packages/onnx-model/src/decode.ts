/** From the bytes of a file to a model. What a file says of its own sizes is not believed before it has been checked. */
import { describe, OnnxModelError, TenfoldError } from '@tenfold/tensor-core';
import { ModelProto } from './generated/onnx.ts';

/** The fields of a message that are messages themselves, by number. */
type Fields = Readonly<Record<number, readonly [name: string, message: string]>>;

const props: Fields[number] = ['metadata_props', 'StringStringEntryProto'];

/** Every message of ONNX that has messages in it. */
const nested: Readonly<Record<string, Fields>> = {
  ModelProto: {
    7: ['graph', 'GraphProto'],
    8: ['opset_import', 'OperatorSetIdProto'],
    14: props,
    20: ['training_info', 'TrainingInfoProto'],
    25: ['functions', 'FunctionProto'],
    26: ['configuration', 'DeviceConfigurationProto'],
  },
  TrainingInfoProto: {
    1: ['initialization', 'GraphProto'],
    2: ['algorithm', 'GraphProto'],
    3: ['initialization_binding', 'StringStringEntryProto'],
    4: ['update_binding', 'StringStringEntryProto'],
  },
  FunctionProto: {
    7: ['node', 'NodeProto'],
    9: ['opset_import', 'OperatorSetIdProto'],
    11: ['attribute_proto', 'AttributeProto'],
    12: ['value_info', 'ValueInfoProto'],
    14: props,
  },
  GraphProto: {
    1: ['node', 'NodeProto'],
    5: ['initializer', 'TensorProto'],
    11: ['input', 'ValueInfoProto'],
    12: ['output', 'ValueInfoProto'],
    13: ['value_info', 'ValueInfoProto'],
    14: ['quantization_annotation', 'TensorAnnotation'],
    15: ['sparse_initializer', 'SparseTensorProto'],
    16: props,
  },
  NodeProto: {
    5: ['attribute', 'AttributeProto'],
    9: props,
    10: ['device_configurations', 'NodeDeviceConfigurationProto'],
  },
  NodeDeviceConfigurationProto: { 2: ['sharding_spec', 'ShardingSpecProto'] },
  ShardingSpecProto: {
    3: ['index_to_device_group_map', 'IntIntListEntryProto'],
    4: ['sharded_dim', 'ShardedDimProto'],
  },
  ShardedDimProto: { 2: ['simple_sharding', 'SimpleShardedDimProto'] },
  AttributeProto: {
    5: ['t', 'TensorProto'],
    6: ['g', 'GraphProto'],
    10: ['tensors', 'TensorProto'],
    11: ['graphs', 'GraphProto'],
    14: ['tp', 'TypeProto'],
    15: ['type_protos', 'TypeProto'],
    22: ['sparse_tensor', 'SparseTensorProto'],
    23: ['sparse_tensors', 'SparseTensorProto'],
  },
  TensorProto: { 3: ['segment', 'Segment'], 13: ['external_data', 'StringStringEntryProto'], 16: props },
  SparseTensorProto: { 1: ['values', 'TensorProto'], 2: ['indices', 'TensorProto'] },
  ValueInfoProto: { 2: ['type', 'TypeProto'], 4: props },
  TypeProto: {
    1: ['tensor_type', 'TensorType'],
    4: ['sequence_type', 'ElementType'],
    5: ['map_type', 'MapType'],
    8: ['sparse_tensor_type', 'TensorType'],
    9: ['optional_type', 'ElementType'],
  },
  TensorType: { 2: ['shape', 'TensorShapeProto'] },
  ElementType: { 1: ['elem_type', 'TypeProto'] },
  MapType: { 2: ['value_type', 'TypeProto'] },
  TensorShapeProto: { 1: ['dim', 'Dimension'] },
  TensorAnnotation: { 2: ['quant_parameter_tensor_names', 'StringStringEntryProto'] },
};

const noFields: Fields = {};

/** Messages in messages: graphs lie in attributes of nodes of graphs, so this is some 25 graphs deep. */
const deepest = 90;

/** What the decoded model may take, beside the file's own bytes, which raw data share. */
const largest = 1.5 * 2 ** 30;

/** Walks through the wire format, allocates nothing, and throws where it is broken. */
class Walk {
  readonly #bytes: Uint8Array;
  readonly #path: string[] = [];
  #at = 0;
  #cost = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  #fail(what: string, at = this.#at): never {
    const where = this.#path.length ? ` in ${this.#path.join('.')}` : '';
    throw new OnnxModelError(`not an ONNX file, or a damaged one: at byte ${at}${where}, ${what}`);
  }

  message(type: string, end: number): void {
    const fields = nested[type] ?? noFields;
    const counts = new Map<string, number>();
    while (this.#at < end) {
      const start = this.#at;
      const tag = this.#varint(end);
      const field = Math.floor(tag / 8);
      if (field < 1 || tag > 0xffffffff) this.#fail(`there is no field ${field}`, start);
      switch (tag % 8) {
        case 0:
          this.#varint(end);
          this.#spend(8);
          break;
        case 1:
          this.#skip(8, end);
          this.#spend(8);
          break;
        case 2: {
          const length = this.#varint(end);
          if (length > end - this.#at)
            this.#fail(`${length} bytes are announced, where ${end - this.#at} are left`, start);
          const inner = fields[field];
          if (!inner) {
            this.#spend(costOf(type, field, length));
            this.#at += length;
            break;
          }
          const [name, message] = inner;
          const count = counts.get(name) ?? 0;
          counts.set(name, count + 1);
          if (this.#path.length >= deepest) this.#fail('messages are nested too deeply', start);
          this.#path.push(count ? `${name}[${count}]` : name);
          this.#spend(300);
          this.message(message, this.#at + length);
          this.#path.pop();
          break;
        }
        case 5:
          this.#skip(4, end);
          this.#spend(8);
          break;
        default:
          this.#fail(`field ${field} is of kind ${tag % 8}, which ONNX has not`, start);
      }
    }
  }

  #skip(length: number, end: number): void {
    if (length > end - this.#at) this.#fail(`${length} bytes are needed, where ${end - this.#at} are left`);
    this.#at += length;
  }

  /** An unsigned number; inexact beyond 2⁵³, which no length and no tag is. */
  #varint(end: number): number {
    let value = 0;
    for (let i = 0, scale = 1; i < 10; i++, scale *= 128) {
      if (this.#at >= end) this.#fail('a number is cut off');
      const byte = this.#bytes[this.#at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    return this.#fail('a number has more than 64 bits');
  }

  #spend(bytes: number): void {
    this.#cost += bytes;
    if (this.#cost > largest) this.#fail(`the model would take more than ${largest} bytes of memory`);
  }
}

/** What a field takes when it is decoded: bytes stay where they are, numbers and texts become JavaScript's. */
function costOf(type: string, field: number, length: number): number {
  const bytes = type === 'TensorProto' ? field === 9 : type === 'AttributeProto' && (field === 4 || field === 9);
  if (bytes) return 100;
  // int64_data and uint64_data are bigints of one byte or more each
  if (type === 'TensorProto' && (field === 7 || field === 11)) return 32 * length;
  // float_data and double_data have 4 and 8 bytes each
  if (type === 'TensorProto' && (field === 4 || field === 10)) return 3 * length;
  return 40 + 12 * length;
}

/**
 * Reads the bytes of an ONNX file. Data of its tensors are views of `bytes`. Data in other files are read by {@link loadExternalData}. Integers of
 * attributes beyond ±2⁶² become ±(2⁵³ − 1): both say 'to the end'.
 *
 * @throws OnnxModelError if the bytes are no ONNX model, are cut off or damaged (with the position), or would take more than 1.5 GiB beside the data.
 * @example
 * const model = decodeModel(await readFile('model.onnx'));
 */
export function decodeModel(bytes: Uint8Array | ArrayBuffer): ModelProto {
  if (!(bytes instanceof Uint8Array || bytes instanceof ArrayBuffer))
    throw new OnnxModelError(`an ONNX model is read from a Uint8Array of a file's bytes, got ${describe(bytes)}`);
  // a plain array also where Node gives a Buffer, whose slices are something else
  const data =
    bytes instanceof ArrayBuffer
      ? new Uint8Array(bytes)
      : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (data.length === 0) throw new OnnxModelError('not an ONNX file: it is empty');
  new Walk(data).message('ModelProto', data.length);
  try {
    const model = ModelProto.decode(data);
    if (!model.graph) throw new OnnxModelError('not an ONNX model: it has no graph');
    return model;
  } catch (error) {
    if (error instanceof TenfoldError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new OnnxModelError(`not an ONNX file, or a damaged one: ${why}`, { cause: error });
  }
}
