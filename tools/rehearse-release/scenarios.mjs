/** What people do besides running a program: checking a backend, asking the doctor, and making mistakes. Each plays in a folder of its own, with npm. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../bootstrap/root.mjs';
import { explained, managers, npmEnv, npmPublish, npmRun, npx } from './managers.mjs';
import { run } from './process.mjs';
import { emptyFolder, released } from './try-row.mjs';

/** @typedef {import('./try-row.mjs').Stage} Stage */

/**
 * @param {string} text
 * @param {readonly (string | RegExp)[]} parts
 */
function contains(text, parts) {
  for (const part of parts)
    if (typeof part === 'string' ? !text.includes(part) : !part.test(text))
      throw new Error(`this lacks ${part}:\n${text.trim()}`);
}

/** @param {string} folder @param {Stage} stage */
async function install(folder, stage) {
  const { code, out } = await managers.npm.install(folder, stage.sources);
  if (code !== 0) throw new Error(explained(out));
}

/**
 * Runs a program that is to fail, and gives what it said.
 * @param {string} folder
 * @param {string} program
 */
async function mistake(folder, program) {
  writeFileSync(join(folder, 'mistake.js'), program);
  const { code, out } = await run([process.execPath, 'mistake.js'], { cwd: folder, mayFail: true });
  if (code === 0) throw new Error(`this mistake went unnoticed:\n${program}`);
  return out;
}

/** @param {string} folder */
async function doctor(folder) {
  const { code, out } = await run(npx(['@tenfold/tensor-core', 'doctor', '--json']), { cwd: folder, mayFail: true });
  return { code, ...JSON.parse(out.slice(out.indexOf('{'))) };
}

/**
 * Publishes autograd once more, as the release after this one would be.
 * @param {Stage} stage
 * @returns {Promise<string>} its version
 */
async function publishNextAutograd({ folder, packed, sources, version }) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const next = `${major}.${minor + 1}.0`;
  const tarball = packed.find(({ pack }) => pack.name === '@tenfold/autograd')?.tarball ?? '';
  const unpacked = join(folder, 'next-autograd');
  mkdirSync(unpacked);
  await run(['tar', '-x', '-z', '-f', tarball, '-C', unpacked], { cwd: folder });
  for (const file of ['package.json', 'dist/index.js']) {
    const path = join(unpacked, 'package', file);
    const text = readFileSync(path, 'utf8');
    if (!text.includes(`"${version}"`)) throw new Error(`${file} of autograd does not name its version`);
    writeFileSync(
      path,
      text
        .replaceAll(`"${version}"`, `"${next}"`)
        .replaceAll(`"^${version}"`, `"^${next}"`)
        .replace(/"provenance": true/, '"provenance": false'),
    );
  }
  await npmPublish(join(unpacked, 'package'), sources);
  return next;
}

/** What happens, and what it needs: a package of the release, or time. @typedef {{ title: string, slow?: boolean, play: (stage: Stage) => Promise<string | void> }} Scenario */

/** @type {Record<string, Scenario>} */
export const scenarios = {
  conform: {
    title: 'examples/naive-backend passes the conformance suite, built only from published packages',
    async play(stage) {
      const folder = emptyFolder(stage, 'conform', released(stage, ['tensor-core', 'autograd', 'backend-testkit']));
      const own = join(folder, 'naive-backend');
      cpSync(join(root, 'examples/naive-backend'), own, {
        recursive: true,
        filter: (path) => !path.includes('node_modules'),
      });
      await install(folder, stage);
      const { out } = await run(npx(['@tenfold/backend-testkit', 'conform', './naive-backend']), { cwd: folder });
      return out.trim().split('\n').at(-1);
    },
  },
  create: {
    title: '`npm create @tenfold/backend` writes a package that installs, builds and tests',
    // it installs a compiler and a test runner
    slow: true,
    async play(stage) {
      const folder = emptyFolder(stage, 'create', {});
      await install(folder, stage);
      await run(npx(['@tenfold/create-backend@latest', 'my-chip'], '--yes'), {
        cwd: folder,
        env: npmEnv(stage.sources),
      });
      const own = join(folder, 'my-chip');
      await install(own, stage);
      await run(npmRun('build'), { cwd: own });
      await run(npmRun('test'), { cwd: own });
    },
  },
  doctor: {
    title: 'the doctor of a sound project lists its packages and its devices',
    async play(stage) {
      const names = ['tensor-core', 'autograd', 'backend-cpu', 'backend-webgpu', 'backend-cuda-native'];
      const folder = emptyFolder(stage, 'doctor', released(stage, names));
      await install(folder, stage);
      const { code, ok, packages, backends, problems } = await doctor(folder);
      if (code !== 0 || !ok) throw new Error(`exit code ${code}: ${problems.join('; ')}`);
      const found = JSON.stringify([packages, backends]);
      contains(
        found,
        names.map((name) => `"name":"@tenfold/${name}","version":"${stage.version}"`),
      );
      contains(found, ['"name":"cpu","available":true', 'install it: npm install webgpu', '"name":"cuda:0"']);
    },
  },
  copies: {
    title: 'two copies of the core are one clear error, and the doctor finds them',
    async play(stage) {
      const again = { second: `npm:@tenfold/tensor-core@${stage.version}` };
      const folder = emptyFolder(stage, 'copies', { ...released(stage, ['tensor-core', 'backend-cpu']), ...again });
      await install(folder, stage);
      const said = await mistake(folder, "import '@tenfold/tensor-core';\nimport 'second';\n");
      contains(said, [
        `two copies of @tenfold/tensor-core are loaded: ${stage.version} (file://`,
        `node_modules/second/dist/`,
        'npx @tenfold/tensor-core doctor',
      ]);
      const { code, problems } = await doctor(folder);
      if (code !== 1) throw new Error(`the doctor's exit code is ${code}`);
      contains(problems.join('\n'), ['@tenfold/tensor-core is there 2 times']);
    },
  },
  releases: {
    title: 'packages of two releases are refused by npm, by the packages and by the doctor',
    async play(stage) {
      const next = await publishNextAutograd(stage);
      const mixed = { ...released(stage, ['tensor-core', 'backend-cpu']), '@tenfold/autograd': next };
      const refused = await managers.npm.install(emptyFolder(stage, 'refused', mixed), stage.sources);
      if (refused.code === 0) throw new Error('npm installed packages of two releases without a word');
      contains(refused.out, ['ERESOLVE', `@tenfold/tensor-core@"^${next}"`]);

      const folder = emptyFolder(stage, 'releases', mixed);
      await managers.npm.install(folder, stage.sources, ['--legacy-peer-deps']);
      const said = await mistake(folder, "import '@tenfold/autograd';\n");
      contains(said, [
        `@tenfold/autograd ${next} (file://`,
        `was not made for @tenfold/tensor-core ${stage.version} (file://`,
        'npm install @tenfold/tensor-core@latest @tenfold/autograd@latest',
      ]);
      const { code, problems } = await doctor(folder);
      if (code !== 1) throw new Error(`the doctor's exit code is ${code}`);
      contains(problems.join('\n'), [
        `@tenfold/autograd ${next} needs @tenfold/tensor-core ^${next}, but ${stage.version} is installed`,
      ]);
    },
  },
  forgotten: {
    title: 'a backend or autograd that is not there, and a backend of another contract, are named',
    async play(stage) {
      const folder = emptyFolder(stage, 'forgotten', released(stage, ['tensor-core', 'backend-cpu']));
      await install(folder, stage);
      const core = "import { registerBackend, tensor } from '@tenfold/tensor-core';\n";
      contains(await mistake(folder, `${core}tensor([1]);\n`), [
        "no backend is registered for device 'cpu'",
        "import '@tenfold/backend-cpu/register'",
      ]);
      contains(
        await mistake(folder, `import '@tenfold/backend-cpu/register';\n${core}tensor([1], { requiresGrad: true });\n`),
        ['install @tenfold/autograd'],
      );
      contains(
        await mistake(
          folder,
          `import { cpu } from '@tenfold/backend-cpu';\n${core}registerBackend({ ...cpu(), specVersion: 2 });\n`,
        ),
        [
          "the backend 'cpu' is written for version 2 of the backend contract",
          `@tenfold/tensor-core ${stage.version} (file://`,
          'npm install @tenfold/tensor-core@latest',
        ],
      );
    },
  },
};
