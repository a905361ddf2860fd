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
