/** Writes src/generated/tensorboard.ts from proto/tensorboard.proto: `node scripts/generate-proto.mjs`. */
import { fileURLToPath } from 'node:url';
import { generateProto } from '../../../tools/generate-proto.mjs';

generateProto(
  fileURLToPath(new URL('..', import.meta.url)),
  'tensorboard',
  'TensorBoard 2.21, https://github.com/tensorflow/tensorboard, SPDX-License-Identifier: Apache-2.0',
  // they are written only
  ['outputDecodeIncludeTypes=^$'],
);
