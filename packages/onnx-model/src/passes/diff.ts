/** What changed between two texts, line by line. */

interface Step {
  readonly sign: ' ' | '-' | '+';
  readonly line: string;
}

/** The lines that went (`-`) and came (`+`), each with `context` lines around it; `…` stands for the rest. */
export function changedLines(before: string, after: string, context = 1): string {
  const steps = compare(before.split('\n'), after.split('\n'));
  const shown = steps.map((_, i) =>
    steps.slice(Math.max(0, i - context), i + context + 1).some(({ sign }) => sign !== ' '),
  );
  const lines: string[] = [];
  steps.forEach(({ sign, line }, i) => {
    if (shown[i]) lines.push(`${sign} ${line}`);
    else if (i === 0 || shown[i - 1]) lines.push('  …');
  });
  return lines.join('\n');
}

/** The shortest edits, as Myers finds them ("An O(ND) Difference Algorithm and Its Variations", 1986); far texts are shown as all gone and all new. */
function compare(a: readonly string[], b: readonly string[]): Step[] {
  const kept = (lines: readonly string[]): Step[] => lines.map((line) => ({ sign: ' ', line }));
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const middle = edits(a.slice(start, a.length - end), b.slice(start, b.length - end));
  return [...kept(a.slice(0, start)), ...middle, ...kept(a.slice(a.length - end))];
}

/** More edits than this are not looked for. */
const MOST = 1000;

function edits(a: readonly string[], b: readonly string[]): Step[] {
  const far = new Map<number, number>([[1, 0]]);
  const history: ReadonlyMap<number, number>[] = [];
  for (let d = 0; d <= Math.min(a.length + b.length, MOST); d++) {
    history.push(new Map(far));
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && (far.get(k - 1) ?? -1) < (far.get(k + 1) ?? -1));
      let x = down ? (far.get(k + 1) ?? 0) : (far.get(k - 1) ?? 0) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      far.set(k, x);
      if (x >= a.length && x - k >= b.length) return walkBack(a, b, history);
    }
  }
  const all = (lines: readonly string[], sign: Step['sign']): Step[] => lines.map((line) => ({ sign, line }));
  return [...all(a, '-'), ...all(b, '+')];
}

function walkBack(a: readonly string[], b: readonly string[], history: readonly ReadonlyMap<number, number>[]): Step[] {
  const steps: Step[] = [];
  let [x, y] = [a.length, b.length];
  for (let d = history.length - 1; d >= 0; d--) {
    const far = history[d];
    const k = x - y;
    const down = k === -d || (k !== d && (far.get(k - 1) ?? -1) < (far.get(k + 1) ?? -1));
    const fromX = far.get(down ? k + 1 : k - 1) ?? 0;
    const fromY = fromX - (down ? k + 1 : k - 1);
    while (x > fromX && y > fromY) {
      steps.push({ sign: ' ', line: a[--x] });
      y--;
    }
    if (d === 0) break;
    if (down) steps.push({ sign: '+', line: b[--y] });
    else steps.push({ sign: '-', line: a[--x] });
  }
  return steps.reverse();
}
