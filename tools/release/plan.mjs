/** In which order packages are published, and under which tag. */

/** @typedef {{ name: string, version: string, file: string, dependencies: string[] }} Packed a tarball, and what its package needs */

/**
 * Whoever is needed comes first, so that what is published can be installed at every moment.
 *
 * @param {readonly Packed[]} packed
 * @returns {Packed[]}
 */
export function publishOrder(packed) {
  /** @type {Set<Packed>} */
  const ordered = new Set();
  /** @param {Packed} one @param {readonly string[]} path */
  const visit = (one, path) => {
    if (path.includes(one.name))
      throw new Error(`${[...path, one.name].join(' needs ')}: nobody can be published first`);
    for (const needed of packed.filter(({ name }) => one.dependencies.includes(name)))
      visit(needed, [...path, one.name]);
    ordered.add(one);
  };
  for (const one of [...packed].sort((a, b) => (a.name < b.name ? -1 : 1))) visit(one, []);
  return [...ordered];
}

/**
 * The dist-tag of a version: `latest`, or the name of a snapshot (`canary` of `0.0.0-canary-20260102030405`), which nobody gets unasked.
 *
 * @param {string} version
 */
export function tagOf(version) {
  const [, prerelease] = /^[^-+]+-([^+]+)/.exec(version) ?? [];
  if (prerelease === undefined) return 'latest';
  return /^[a-z][a-z0-9]*/.exec(prerelease)?.[0] ?? 'next';
}

/**
 * What a push to main asks for: pending changesets become a pull request that raises versions; a version that the registry lacks is published.
 *
 * @param {boolean} changesets whether some are pending
 * @param {boolean} published whether the registry has every package at its version
 * @returns {'version' | 'publish' | 'none'}
 */
export function nextStep(changesets, published) {
  if (changesets) return 'version';
  return published ? 'none' : 'publish';
}
