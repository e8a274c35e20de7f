// Markdown to HTML for the documentation: markdown-it without raw HTML, headings one can link to, code in a few colours,
// tables that scroll by themselves, links that work in the repository and on the site.
import MarkdownIt from 'markdown-it';

// The anchors of headings, as the places that show repositories make them (tests/test_docs.py knows the same rule).
export function anchorOf(title) {
  return title.toLowerCase().replace(/[^\p{L}\p{N}_\- ]/gu, '').replaceAll(' ', '-');
}

// Comments outside of code are for the tests that run the examples; readers do not see them.
export function withoutComments(text) {
  let fence = false;
  let comment = false;
  return text
    .split('\n')
    .map((line) => {
      if (!comment && line.startsWith('```')) fence = !fence;
      if (fence || (!comment && !line.startsWith('<!--'))) return line;
      comment = !line.includes('-->');
      return '';
    })
    .join('\n');
}

export const escape = (text) => text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);

// What gets a colour: a word for the class and what it looks like, by language. The first that fits wins.
const string = /"(?:[^"\\\n]|\\.)*"|'[^'\n]*'/;
const remark = /(?<=^|\s)#[^\n]*/;
const looks = {
  sh: [['remark', remark], ['string', string]],
  ini: [['remark', /(?<=^|\s)[#;][^\n]*/], ['key', /^[\w-]+(?=\s*=)|^\[[^\]\n]*\]/]],
  nginx: [['remark', remark]],
  yaml: [['remark', remark], ['key', /^\s*[\w-]+(?=:)/], ['string', string]],
  json: [['key', /"(?:[^"\\\n]|\\.)*"(?=\s*:)/], ['string', string]],
  js: [['remark', /\/\/[^\n]*/], ['string', string]],
  html: [['remark', /<!--[\s\S]*?-->/], ['string', string]],
};

export function highlight(code, language) {
  const kinds = looks[language];
  if (!kinds) return escape(code);
  const pattern = new RegExp(kinds.map(([, look]) => `(${look.source})`).join('|'), 'gm');
  let out = '';
  let at = 0;
  for (const match of code.matchAll(pattern)) {
    const kind = kinds[match.slice(1).findIndex((part) => part !== undefined)][0];
    out += `${escape(code.slice(at, match.index))}<span class="${kind}">${escape(match[0])}</span>`;
    at = match.index + match[0].length;
  }
  return out + escape(code.slice(at));
}

const textOf = (inline) => inline.children.map((child) => (child.type === 'softbreak' ? ' ' : child.content)).join('');

// The sections of a page for its contents and the search: a heading, its anchor, the text until the next heading.
function sectionsOf(tokens) {
  const sections = [];
  const seen = new Map();
  tokens.forEach((token, i) => {
    if (token.type === 'heading_open') {
      const title = textOf(tokens[i + 1]);
      const anchor = anchorOf(tokens[i + 1].content);
      const times = seen.get(anchor) ?? 0;
      seen.set(anchor, times + 1);
      sections.push({ level: Number(token.tag.slice(1)), title, anchor: times ? `${anchor}-${times}` : anchor, text: [] });
      token.attrSet('id', sections.at(-1).anchor);
    } else if (sections.length > 0 && (token.type === 'inline' || token.type === 'fence') && tokens[i - 1]?.type !== 'heading_open') {
      sections.at(-1).text.push(token.type === 'inline' ? textOf(token) : token.content);
    }
  });
  return sections.map((section) => ({ ...section, text: section.text.join(' ').replace(/\s+/g, ' ').trim() }));
}

// One page. link(target) gives the address on the site or null where there is none; image(target) gives {src, width, height}.
export function render(text, { link, image }) {
  const md = new MarkdownIt({ html: false, linkify: false, typographer: false, highlight });
  const { rules } = md.renderer;
  rules.table_open = () => '<div class="table"><table>\n';
  rules.table_close = () => '</table></div>\n';
  rules.image = (tokens, i) => {
    const { src, width, height } = image(tokens[i].attrGet('src'));
    return `<img src="${escape(src)}" alt="${escape(tokens[i].content)}" width="${width}" height="${height}" loading="lazy">`;
  };
  rules.heading_close = (tokens, i) => {
    const open = tokens[i - 2];
    const anchor = open.tag === 'h1' ? '' : `<a class="anchor" href="#${open.attrGet('id')}" aria-hidden="true" tabindex="-1">#</a>`;
    return `${anchor}</${open.tag}>\n`;
  };
  // A link to a file that is no page of the site keeps its words.
  const closing = [];
  rules.link_open = (tokens, i, options, env, self) => {
    const target = tokens[i].attrGet('href');
    const href = /^[a-z][a-z+.-]*:/.test(target) ? target : link(target);
    closing.push(href === null ? '</span>' : '</a>');
    if (href === null) return '<span class="elsewhere">';
    tokens[i].attrSet('href', href);
    return self.renderToken(tokens, i, options);
  };
  rules.link_close = () => closing.pop();
  const tokens = md.parse(withoutComments(text), {});
  const sections = sectionsOf(tokens);
  return { html: md.renderer.render(tokens, md.options, {}), sections };
}

// What docs/README.md links to, in its order, under the heading where it stands: the order of the pages, and what the
// navigation calls them (null where the words are only the name of the file).
export function outlineOf(text) {
  const groups = [{ title: null, links: [] }];
  const tokens = new MarkdownIt().parse(withoutComments(text), {});
  tokens.forEach((token, i) => {
    if (token.type === 'heading_open' && token.tag === 'h2') groups.push({ title: textOf(tokens[i + 1]), links: [] });
    const parts = token.children ?? [];
    parts.forEach((part, at) => {
      if (part.type !== 'link_open') return;
      const words = parts[at + 1].content;
      groups.at(-1).links.push({ target: part.attrGet('href'), words: words.endsWith('.md') ? null : words });
    });
  });
  return groups;
}
