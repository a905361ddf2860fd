/** The tree that PyTorch prints for a module. Pure functions over text. */

const indented = (text: string): string => text.replaceAll('\n', '\n  ');

/** One child as a line of its parent: `(layer1): Linear(…)`, further lines indented. */
export const childLine = (name: string, text: string): string => `(${name}): ${indented(text)}`;

/** `Name(extra)` on one line if there is nothing but one line of extra, else a block. */
export function moduleText(name: string, extra: string, children: readonly string[]): string {
  const extras = extra === '' ? [] : extra.split('\n');
  if (children.length === 0 && extras.length <= 1) return `${name}(${extra})`;
  return `${name}(\n  ${[...extras, ...children].join('\n  ')}\n)`;
}

/** Children by position, runs of equal ones in one line: `(0-2): 3 x Linear(…)`. */
export function numberedLines(texts: readonly string[]): string[] {
  const lines: string[] = [];
  for (let start = 0; start < texts.length; ) {
    let end = start;
    while (end + 1 < texts.length && texts[end + 1] === texts[start]) end++;
    const count = end - start + 1;
    lines.push(
      count === 1 ? childLine(String(start), texts[start]) : childLine(`${start}-${end}`, `${count} x ${texts[start]}`),
    );
    start = end + 1;
  }
  return lines;
}

/** A bool as Python prints it. */
export const pythonBool = (value: boolean): string => (value ? 'True' : 'False');

/** A float as Python prints it: `1.0`, `0.1`, `1e-05`. */
export function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  const size = Math.abs(value);
  if (value === 0 || (size >= 1e-4 && size < 1e16)) return Number.isInteger(value) ? `${value}.0` : String(value);
  // the exponent has two digits at least
  const [digits, exponent] = value.toExponential().split('e');
  return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
}

/** Sizes as Python prints a tuple: `(3,)`, `(2, 3)`. */
export const pythonTuple = (sizes: readonly number[]): string =>
  sizes.length === 1 ? `(${sizes[0]},)` : `(${sizes.join(', ')})`;
