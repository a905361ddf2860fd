/** What a person would install, the program that shows that it works, and where all of it is tried. Data only. */

/**
 * @typedef {object} Combination
 * @property {readonly string[]} packages without the scope
 * @property {Readonly<Record<string, string>>} [also] packages of others that are large: they are linked from where the repository has them
 * @property {string} program a file of `programs/`
 * @property {RegExp} prints what comes of it, known from elsewhere
 * @property {boolean} [gpu] give it SwiftShader, a Vulkan driver that computes on the CPU
 */

const line = /^y = 3\.00 \+ 0\.500 x$/;
const learnt = /^y = 3\.000 x \+ 2\.000$/;

/** @satisfies {Record<string, Combination>} */
export const combinations = {
  // Anscombe 1973, table 1
  tensors: { packages: ['tensor-core', 'backend-cpu'], program: 'tensors', prints: line },
  // -2·mean(x·y) = -2·(5 + 16 + 33 + 56)/4, -2·mean(y) = -2·38/4
  gradient: { packages: ['tensor-core', 'backend-cpu', 'autograd'], program: 'gradient', prints: /^-55, -19$/ },
  training: {
    packages: ['tensor-core', 'backend-cpu', 'autograd', 'nn', 'optim'],
    program: 'training',
    prints: learnt,
  },
  // 3·1 + 2, 3·10 + 2, 3·100 + 2
  onnx: {
    packages: ['tensor-core', 'backend-cpu', 'autograd', 'nn', 'onnx-model', 'onnx-export', 'onnx-import'],
    also: { 'onnxruntime-node': 'packages/onnx-export/node_modules/onnxruntime-node' },
    program: 'onnx',
    prints: /^5, 32, 302$/,
  },
  // 1 + 2 + … + 100
  files: {
    packages: ['tensor-core', 'backend-cpu', 'data', 'serialize', 'train'],
    program: 'files',
    prints: /^5050$/,
  },
  webgpu: {
    packages: ['tensor-core', 'backend-webgpu'],
    also: { webgpu: 'packages/backend-webgpu/node_modules/webgpu' },
    program: 'webgpu',
    prints: /^y = 3 x \+ 2$/,
    gpu: true,
  },
  'no webgpu': {
    packages: ['tensor-core', 'backend-webgpu'],
    program: 'webgpu',
    prints: /^webgpu: Node has no WebGPU of its own; install it: npm install webgpu$/,
  },
  // on a machine with a card: the same line
  cuda: {
    packages: ['tensor-core', 'backend-cuda-native'],
    program: 'cuda',
    prints: /^y = 3 x \+ 2$|^cuda:0: .*(driver|addon of @tenfold\/backend-cuda-native is not there)/,
  },
};

/**
 * One folder: a combination, who installs it, and where its program runs. `types nodenext`, `types bundler`: strict, with the
 * declarations of all packages checked;
 * `esbuild`: one file, alone in an empty folder; `page`: built by Vite, in a page of Chromium and in a web worker of it; `yarn`: Node under Plug'n'Play.
 * @typedef {{ combination: keyof typeof combinations, manager: keyof typeof import('./managers.mjs').managers, hosts: readonly string[] }} Row
 */

/** Each combination, package manager and host at least once. @type {readonly Row[]} */
const covering = [
  { combination: 'tensors', manager: 'npm', hosts: ['node 20', 'node 22', 'node 24', 'node 26', 'esbuild', 'page'] },
  { combination: 'gradient', manager: 'pnpm', hosts: ['node 22', 'esbuild'] },
  {
    combination: 'training',
    manager: 'yarn',
    hosts: ['types nodenext', 'types bundler', 'node 20', 'node 26', 'page'],
  },
  { combination: 'training', manager: 'yarn pnp', hosts: ['yarn 20'] },
  { combination: 'onnx', manager: 'pnpm', hosts: ['types nodenext', 'node 24'] },
  { combination: 'files', manager: 'pnpm', hosts: ['types nodenext', 'node 20', 'page'] },
  { combination: 'webgpu', manager: 'pnpm', hosts: ['types bundler', 'node 22', 'page'] },
  { combination: 'no webgpu', manager: 'bun', hosts: ['node 24'] },
  { combination: 'cuda', manager: 'npm', hosts: ['types nodenext', 'node 20', 'node 26'] },
];

/** What else a person may pick: every other pair of a combination and a package manager, and what else compilers may say. @type {readonly Row[]} */
const more = [
  { combination: 'tensors', manager: 'pnpm', hosts: ['types nodenext', 'types bundler', 'node 24'] },
  { combination: 'tensors', manager: 'yarn', hosts: ['node 26'] },
  { combination: 'tensors', manager: 'bun', hosts: ['node 22'] },
  { combination: 'tensors', manager: 'yarn pnp', hosts: ['yarn 22'] },
  { combination: 'gradient', manager: 'npm', hosts: ['types nodenext', 'types bundler', 'node 24', 'page'] },
  { combination: 'gradient', manager: 'yarn', hosts: ['node 20'] },
  { combination: 'gradient', manager: 'bun', hosts: ['node 26'] },
  { combination: 'training', manager: 'npm', hosts: ['node 22', 'esbuild'] },
  { combination: 'training', manager: 'pnpm', hosts: ['node 20', 'page'] },
  { combination: 'training', manager: 'bun', hosts: ['node 24'] },
  { combination: 'onnx', manager: 'pnpm', hosts: ['types bundler', 'node 20'] },
  { combination: 'files', manager: 'npm', hosts: ['types bundler', 'node 22', 'esbuild'] },
  { combination: 'files', manager: 'yarn', hosts: ['node 24'] },
  { combination: 'files', manager: 'bun', hosts: ['node 26'] },
  { combination: 'webgpu', manager: 'pnpm', hosts: ['types nodenext', 'node 26'] },
  { combination: 'no webgpu', manager: 'npm', hosts: ['node 20', 'esbuild'] },
  { combination: 'no webgpu', manager: 'pnpm', hosts: ['node 26'] },
  { combination: 'no webgpu', manager: 'yarn', hosts: ['node 22'] },
  { combination: 'cuda', manager: 'pnpm', hosts: ['types bundler', 'node 24'] },
  { combination: 'cuda', manager: 'yarn', hosts: ['node 22'] },
  { combination: 'cuda', manager: 'bun', hosts: ['node 20'] },
];

/** @param {boolean} quick @returns {readonly Row[]} */
export const rowsFor = (quick) => (quick ? covering : [...covering, ...more]);
