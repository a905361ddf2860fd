/** The site: what is in the sidebar, and how links and pictures of the repository's markdown become those of the site. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DefaultTheme, defineConfig, type MarkdownOptions } from 'vitepress';

type ShikiTransformer = NonNullable<MarkdownOptions['codeTransformers']>[number];

const docs = fileURLToPath(new URL('..', import.meta.url));
const root = resolve(docs, '..');
/** Whether the reference that typedoc writes is part of the site. */
const hasApi = existsSync(join(docs, 'api')) && process.env.TENFOLD_DOCS_API !== '0';
const repository = 'https://github.com/tenfold-js/tenfold';

/** The pages of a folder with their first headings, so that a new page needs no entry here. */
function pagesOf(folder: string): DefaultTheme.SidebarItem[] {
  return readdirSync(join(docs, folder))
    .filter((name) => name.endsWith('.md') && name !== 'index.md')
    .sort()
    .map((name) => {
      const heading = /^# (.+)$/m.exec(readFileSync(join(docs, folder, name), 'utf8'))?.[1] ?? name;
      const link = `/${folder}/${name.slice(0, -3)}`;
      const number = /^\d{4}/.exec(name);
      return {
        text: (number ? `${Number(number[0])} · ${heading.replace(/^\d+[.:]? */, '')}` : heading).replaceAll('`', ''),
        link,
      };
    });
}

/** The packages in the reference. */
function reference(): DefaultTheme.SidebarItem[] {
  if (!hasApi) return [];
  const packages = readdirSync(join(docs, 'api'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const items = packages.map(({ name }) => ({ text: name, link: `/api/${name}/` }));
  return [{ text: 'API reference', link: '/api/', collapsed: true, items }];
}

const guide: DefaultTheme.SidebarItem[] = [
  {
    text: 'Guide',
    items: [
      { text: 'Start here', link: '/guide/start' },
      { text: 'Tensors', link: '/guide/tensors' },
      { text: 'Autograd, with pictures', link: '/guide/autograd' },
      { text: 'Functions of your own', link: '/guide/functions' },
      { text: 'Training', link: '/guide/training' },
      { text: 'Data and files', link: '/guide/data' },
      { text: 'Watching a training', link: '/guide/watching' },
      { text: 'Devices', link: '/guide/devices' },
      { text: 'ONNX export', link: '/guide/onnx' },
      { text: 'ONNX import', link: '/guide/onnx-import' },
      { text: 'Backends', link: '/guide/backends' },
    ],
  },
  {
    text: 'Coming from',
    items: [
      { text: 'PyTorch', link: '/guide/from-pytorch' },
      { text: 'TensorFlow.js', link: '/guide/from-tensorflow-js' },
    ],
  },
  {
    text: 'Reference',
    items: [
      ...reference(),
      { text: 'Parity with PyTorch', link: '/parity' },
      { text: 'ONNX support', link: '/onnx-support' },
      { text: 'Benchmarks', link: '/benchmarks/', collapsed: true, items: pagesOf('benchmarks') },
      ...(existsSync(join(docs, 'support.md')) ? [{ text: 'Support', link: '/support' }] : []),
    ],
  },
  {
    text: 'The project',
    items: [
      { text: 'Contributing', link: '/contributing/', collapsed: true, items: pagesOf('contributing') },
      { text: 'Decisions', link: '/decisions/', collapsed: true, items: pagesOf('decisions') },
    ],
  },
];

/** Links of the markdown lead to files of the repository: those that are no pages are on GitHub. */
const repositoryLinks: MarkdownOptions['config'] = (md) => {
  const open = md.renderer.rules.link_open;
  md.renderer.rules.link_open = (tokens, i, options, env, self) => {
    const href = tokens[i].attrGet('href') ?? '';
    const [path, anchor] = href.split('#');
    if (path.startsWith('.')) {
      const target = resolve(docs, dirname(env.relativePath ?? ''), path);
      const folder = existsSync(target) && !/\.\w+$/.test(target);
      if (!target.startsWith(docs) || !/\.md$|\/$/.test(path)) {
        const place = relative(root, target).split('\\').join('/');
        tokens[i].attrSet(
          'href',
          `${repository}/${folder ? 'tree' : 'blob'}/main/${place}${anchor ? `#${anchor}` : ''}`,
        );
        tokens[i].attrSet('target', '_blank');
        tokens[i].attrSet('rel', 'noreferrer');
        return self.renderToken(tokens, i, options);
      }
    }
    return open ? open(tokens, i, options, env, self) : self.renderToken(tokens, i, options);
  };
  // drawings stand in the page itself, so that they follow its colours
  const image = md.renderer.rules.image;
  md.renderer.rules.image = (tokens, i, options, env, self) => {
    const src = tokens[i].attrGet('src') ?? '';
    const file = resolve(docs, dirname(env.relativePath ?? ''), src);
    if (!src.endsWith('.svg') || !file.startsWith(join(docs, 'public/pictures')))
      return image?.(tokens, i, options, env, self) ?? self.renderToken(tokens, i, options);
    const svg = readFileSync(file, 'utf8')
      .replace(/<\?xml.*?\?>|<!--.*?-->|<style>.*?<\/style>/gs, '')
      .replace(/\n\s*/g, ' ');
    // a picture stands in a paragraph, which can't hold a figure
    return `<span class="picture" v-pre>${svg}<span class="caption">${md.utils.escapeHtml(tokens[i].content)}</span></span>`;
  };
};

/** What a program prints is written in comments with an arrow, and is no remark: it gets a colour of its own. */
const printedText: ShikiTransformer = {
  span(node) {
    const [text] = node.children;
    if (text?.type === 'text' && /^\s*(\/\/|#) (→|throws| {2})/.test(text.value)) this.addClassToHast(node, 'prints');
  },
};

export default defineConfig({
  title: 'Tenfold',
  description: "Deep learning for TypeScript with PyTorch's semantics",
  lang: 'en',
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: '/logo.svg' }]],
  srcExclude: ['**/node_modules/**', 'public/**', ...(hasApi ? [] : ['api/**'])],
  // names of all files in a chunk of their own, not in each of a thousand pages
  metaChunk: true,
  cleanUrls: true,
  // the reference is written by typedoc, which a quick build leaves out
  ignoreDeadLinks: [/^\/playground\//, ...(hasApi ? [] : [/^\/api\//])],
  markdown: {
    config: repositoryLinks,
    codeTransformers: [printedText],
    theme: { light: 'github-light', dark: 'github-dark' },
  },
  themeConfig: {
    logo: '/logo.svg',
    nav: [
      { text: 'Guide', link: '/guide/start', activeMatch: '^/guide/' },
      ...(hasApi ? [{ text: 'API', link: '/api/', activeMatch: '^/api/' }] : []),
      { text: 'Parity', link: '/parity' },
      { text: 'Contributing', link: '/contributing/', activeMatch: '^/(contributing|decisions)/' },
      { text: 'Playground', link: '/playground/index.html', target: '_self' },
    ],
    sidebar: guide,
    outline: [2, 3],
    search: { provider: 'local' },
    editLink: { pattern: `${repository}/edit/main/docs/:path`, text: 'Edit this page' },
    socialLinks: [{ icon: 'github', link: repository }],
    footer: { message: 'Apache-2.0' },
  },
});
