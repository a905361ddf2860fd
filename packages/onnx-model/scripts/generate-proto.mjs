/**
 * Writes src/generated/onnx.ts from proto/onnx.proto: `node scripts/generate-proto.mjs`.
 * proto/onnx.proto holds the field definitions of ONNX 1.23.1 (https://github.com/onnx/onnx, Apache-2.0), without its prose.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { generateProto } from '../../../tools/generate-proto.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
generateProto(root, 'onnx', 'ONNX 1.23.1, https://github.com/onnx/onnx, SPDX-License-Identifier: Apache-2.0');

// ts-proto leaves out what equals the default, but readers ask whether an attribute has a value: axis = 0 is one. It gives all defaults when it
// reads, though, so what is written is the default of the attribute's own type
const stated = (field, empty, type) => [
  `message.${field} !== undefined && ${empty}`,
  `message.${field} !== undefined && (${empty} || (message.type === ${type} && !message.refAttrName))`,
];
const present = (text) =>
  text
    .replace(...stated('f', 'message.f !== 0', 1))
    .replace(...stated('i', 'message.i !== 0', 2))
    .replace(...stated('s', 'message.s.length !== 0', 3));

// numbers serve for sizes and attributes, where the largest int64 says 'to the end'; but the elements of a tensor must be exact
const path = `${root}/src/generated/onnx.ts`;
const exact = readFileSync(path, 'utf8')
  .replace(/(u?int64Data)\?: number\[\]/g, '$1?: bigint[]')
  .replace(/(message\.u?int64Data!\.push)\(longToNumber\((reader\.u?int64\(\))\)\)/g, '$1($2 as bigint)')
  .replace(/(message\.i = |message\.ints!\.push\()longToNumber/g, '$1saturated')
  .replace(
    'function longToNumber',
    'const saturated = (x: { toString(): string }): number => saturatedInt(Number(x)) ?? longToNumber(x);\n\n$&',
  )
  .replace(/^import \{ BinaryReader/m, 'import { saturatedInt } from "../saturated.ts";\n$&');
writeFileSync(path, present(exact));
