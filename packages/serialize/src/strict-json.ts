/** JSON in which no name appears twice in an object: the parser of JavaScript takes the last of two and says nothing. */

/** Objects are maps, so that no name has a meaning of its own. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export type JsonObject = ReadonlyMap<string, Json>;

const maxDepth = 16;
const scalar = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const space = /[ \t\r\n]*/y;

/** @throws SyntaxError saying what is wrong and where. */
export function parseStrictJson(text: string): Json {
  let at = 0;
  const fail = (what: string): never => {
    throw new SyntaxError(`${what} at position ${at} of the JSON`);
  };
  const skipSpace = (): void => {
    space.lastIndex = at;
    space.test(text);
    at = space.lastIndex;
  };
  /** Whether the next sign is `sign`, which is then behind us. */
  const take = (sign: string): boolean => {
    skipSpace();
    if (text[at] !== sign) return false;
    at++;
    return true;
  };
  const expect = (sign: string): void => {
    if (!take(sign)) fail(`expected '${sign}'`);
  };
  const string = (): string => {
    let end = at + 1;
    for (; text[end] !== '"'; end += text[end] === '\\' ? 2 : 1)
      if (end >= text.length) fail('a string without an end');
    const value = JSON.parse(text.slice(at, end + 1)) as string;
    at = end + 1;
    return value;
  };
  const list = (depth: number): Json => {
    const items: Json[] = [];
    if (take(']')) return items;
    do items.push(value(depth));
    while (take(','));
    expect(']');
    return items;
  };
  const object = (depth: number): Json => {
    const members = new Map<string, Json>();
    if (take('}')) return members;
    do {
      skipSpace();
      if (text[at] !== '"') fail('expected a name');
      const name = string();
      if (members.has(name)) fail(`the name '${name}' a second time`);
      expect(':');
      members.set(name, value(depth));
    } while (take(','));
    expect('}');
    return members;
  };
  const value = (depth: number): Json => {
    if (depth > maxDepth) fail(`more than ${maxDepth} levels`);
    if (take('{')) return object(depth + 1);
    if (take('[')) return list(depth + 1);
    if (text[at] === '"') return string();
    scalar.lastIndex = at;
    const [token] = scalar.exec(text) ?? fail('expected a value');
    at += token.length;
    return JSON.parse(token) as Json;
  };
  const result = value(0);
  skipSpace();
  if (at < text.length) fail('more text');
  return result;
}
