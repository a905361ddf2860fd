/** What no tracked file may hold: absolute paths of a machine, registry addresses, and words that mark unfinished work. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const forbidden = [
  // written in pieces, so that this file passes its own check
  {
    pattern: new RegExp(
      `(?<![\\w.@/:-])/(${['wor', 'ro', 'ho'].map((s, i) => s + ['k', 'ot', 'me'][i]).join('|')})/\\w`,
    ),
    why: 'a path of one machine',
  },
  {
    pattern: new RegExp(`https?://[\\w.-]*(${['registry', '.npm'].join('')}|${['registry', '.yarn'].join('')})`),
    why: 'a registry address',
  },
  {
    pattern: new RegExp(`\\b(${['TO', 'FIX', 'XX'].map((s, i) => s + ['DO', 'ME', 'X'][i]).join('|')})\\b`),
    why: 'a word for unfinished work',
  },
];

const binary = /\.(png|onnx|node|ico|woff2?)$/;

/**
 * @param {string} root the repository
 * @returns {string[]} one line for each find
 */
export function checkText(root) {
  const { stdout } = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: root,
    encoding: 'utf8',
  });
  /** @type {string[]} */
  const problems = [];
  for (const file of stdout.split('\0').filter((name) => name && !binary.test(name))) {
    let text;
    try {
      text = readFileSync(join(root, file), 'utf8');
    } catch {
      continue; // deleted, not yet committed
    }
    text.split('\n').forEach((line, i) => {
      for (const { pattern, why } of forbidden)
        if (pattern.test(line)) problems.push(`${file}:${i + 1}: ${why}: ${line.trim().slice(0, 120)}`);
    });
  }
  return problems;
}
