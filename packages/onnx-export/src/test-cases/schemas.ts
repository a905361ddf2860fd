/** ONNX's own descriptions of its ops (`test/schemas.json`, made from the `onnx` package), and whether the nodes of a model keep to them. */
import { readFileSync } from 'node:fs';
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  dtypeOf,
  type ModelProto,
  type NodeProto,
} from '@tenfold/onnx-model';
import type { DType } from '@tenfold/tensor-core';

/** Dtypes as letters, then `?` if it may be absent or `*` if there may be several; and the name of the type they share. */
type Formal = readonly [dtypes: string, variable: string];

interface Schema {
  readonly i: readonly Formal[];
  readonly o: readonly Formal[];
  readonly a: Readonly<Record<string, string>>;
  readonly d?: 1;
}

const letters: Readonly<Record<DType, string>> = {
  float32: 'f',
  float64: 'd',
  float16: 'h',
  bfloat16: 'b',
  int64: 'l',
  int32: 'i',
  int16: 's',
  int8: 'c',
  uint8: 'u',
  bool: 't',
};

const schemas = JSON.parse(readFileSync(new URL('../../test/schemas.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, Readonly<Record<string, Schema>>>
>;

/** The version of an op that is in force at an opset, or `undefined` where the opset has no such op. */
export function versionAt(type: string, opset: number): number | undefined {
  const versions = Object.keys(schemas[type] ?? {}).map(Number);
  return versions.filter((version) => version <= opset).sort((a, b) => b - a)[0];
}

/** What an opset's version of an op is by its description; bfloat16, which came to many ops late, left out. */
export function meaningAt(type: string, opset: number): string {
  const schema = schemas[type]?.[versionAt(type, opset) ?? ''];
  return JSON.stringify(schema, (_, value: unknown) => (typeof value === 'string' ? value.replace('b', '') : value));
}

const kinds: Readonly<Record<number, string>> = {
  [AttributeType.FLOAT]: 'FLOAT',
  [AttributeType.INT]: 'INT',
  [AttributeType.STRING]: 'STRING',
  [AttributeType.TENSOR]: 'TENSOR',
  [AttributeType.GRAPH]: 'GRAPH',
  [AttributeType.FLOATS]: 'FLOATS',
  [AttributeType.INTS]: 'INTS',
  [AttributeType.STRINGS]: 'STRINGS',
};

const letterOf = (type: number | undefined): string => {
  const dtype = dtypeOf(type ?? 0);
  return dtype ? letters[dtype] : '?';
};

/** What the nodes of a model break of ONNX's rules at its opset: unknown or deprecated ops, attributes, counts and dtypes of inputs. */
export function problemsOf(model: ModelProto): string[] {
  const opset = model.opsetImport?.find(({ domain }) => !domain)?.version ?? 0;
  const types = new Map<string, string>();
  for (const { name = '', type } of model.graph?.input ?? []) types.set(name, letterOf(type?.tensorType?.elemType));
  for (const { name = '', dataType } of model.graph?.initializer ?? []) types.set(name, letterOf(dataType));
  return (model.graph?.node ?? []).flatMap((node) =>
    checkNode(node, opset, types).map((problem) => `${node.opType} at opset ${opset}: ${problem}`),
  );
}

function checkNode(node: NodeProto, opset: number, types: Map<string, string>): string[] {
  const { opType = '', input = [], output = [], attribute = [] } = node;
  const version = versionAt(opType, opset);
  if (version === undefined) return ['the opset has no such op'];
  const schema = schemas[opType][version];
  const found = schema.d ? ['it is deprecated'] : [];
  for (const x of attribute) {
    const kind = schema.a[x.name ?? ''];
    if (kind === undefined) found.push(`it has no attribute '${x.name}'`);
    else if (kind.replace('!', '') !== kinds[x.type ?? 0]) found.push(`attribute '${x.name}' is to be ${kind}`);
  }
  for (const [name, kind] of Object.entries(schema.a)) {
    if (kind.endsWith('!') && !attribute.some((x) => x.name === name)) found.push(`attribute '${name}' is missing`);
  }
  const bound = new Map<string, string>();
  const formal = (list: readonly Formal[], k: number): Formal | undefined =>
    list[k] ?? (list.at(-1)?.[0].endsWith('*') ? list.at(-1) : undefined);
  schema.i.forEach(([dtypes], k) => {
    if (!/[?*]$/.test(dtypes) && !input[k]) found.push(`input ${k} is missing`);
  });
  input.forEach((name, k) => {
    if (!name) return;
    const expected = formal(schema.i, k);
    if (!expected) return void found.push(`it takes no input ${k}`);
    const [dtypes, variable] = expected;
    const type = types.get(name) ?? '?';
    if (!dtypes.includes(type)) found.push(`input ${k} has dtype ${type}, not one of ${dtypes}`);
    const before = bound.get(variable);
    // a variable of the last, variadic input of Loop and the like may differ from one to the next; none of those is written here
    if (before !== undefined && before !== type) found.push(`input ${k} has dtype ${type}, an input before ${before}`);
    bound.set(variable, type);
  });
  if (output.length > schema.o.length && !schema.o.at(-1)?.[0].endsWith('*'))
    found.push(`it has no output ${output.length - 1}`);
  output.forEach((name, k) => {
    const [dtypes, variable] = formal(schema.o, k) ?? ['', ''];
    const stated = statedType(opType, attribute);
    types.set(name, bound.get(variable) ?? stated ?? (dtypes.replace(/[?*]/, '').length === 1 ? dtypes[0] : '?'));
  });
  return found;
}

/** Of ops whose result has a dtype that an attribute says. */
function statedType(opType: string, attribute: readonly AttributeProto[]): string | undefined {
  const of = (name: string): AttributeProto | undefined => attribute.find((x) => x.name === name);
  if (opType === 'Cast') return letterOf(of('to')?.i);
  if (opType === 'Constant' || opType === 'ConstantOfShape') return letterOf(of('value')?.t?.dataType ?? 1);
  return of('dtype') ? letterOf(of('dtype')?.i) : undefined;
}
