/**
 * How `changeset version` writes a CHANGELOG: each changeset as it stands. That packages of the same version came along says nothing here,
 * where all carry one version (docs/decisions/0008); git knows the commits.
 */

/** @param {{ summary: string }} changeset */
export function getReleaseLine({ summary }) {
  const [first, ...rest] = summary.trim().split('\n');
  return [`- ${first}`, ...rest.map((line) => (line ? `  ${line}` : ''))].join('\n');
}

export function getDependencyReleaseLine() {
  return '';
}
