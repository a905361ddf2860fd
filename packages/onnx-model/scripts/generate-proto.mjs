/**
 * Writes src/generated/onnx.ts from proto/onnx.proto: `node scripts/generate-proto.mjs`.
 * proto/onnx.proto holds the field definitions of ONNX 1.23.1 (https://github.com/onnx/onnx, Apache-2.0), without its prose.
 */
import { fileURLToPath } from 'node:url';
import { generateProto } from '../../../tools/generate-proto.mjs';

generateProto(
  fileURLToPath(new URL('..', import.meta.url)),
  'onnx',
  'ONNX 1.23.1, https://github.com/onnx/onnx, SPDX-License-Identifier: Apache-2.0',
);
