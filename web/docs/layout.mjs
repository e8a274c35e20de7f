// The one frame around every page of the documentation. It reads well without a script; search and copying need one.
import { escape } from './markdown.mjs';

function navigation(pages, current) {
  const groups = new Map();
  for (const page of pages) groups.set(page.group, [...(groups.get(page.group) ?? []), page]);
  const item = (page) => `<li><a href="${page.address}"${page === current ? ' aria-current="page"' : ''}>${escape(page.words)}</a></li>`;
  return [...groups]
    .map(([title, list]) => `${title === null ? '' : `<h2>${escape(title)}</h2>`}<ul>${list.map(item).join('')}</ul>`)
    .join('\n');
}

function contents(sections) {
  const inside = sections.filter((section) => section.level === 2 || section.level === 3);
  if (inside.length < 2) return '';
  const items = inside.map(({ level, anchor, title }) => `<li class="level-${level}"><a href="#${anchor}">${escape(title)}</a></li>`);
  return `<nav class="contents" aria-labelledby="contents-title"><h2 id="contents-title">On this page</h2><ul>${items.join('')}</ul></nav>`;
}

function neighbours(previous, next) {
  const link = (page, word, rel) => (page ? `<a class="${rel}" rel="${rel}" href="${page.address}"><span>${word}</span> ${escape(page.words)}</a>` : '');
  return `<nav class="neighbours" aria-label="Previous and next page">${link(previous, 'Previous', 'prev')}${link(next, 'Next', 'next')}</nav>`;
}

export function layout({ page, pages, previous, next, assets }) {
  const title = page.address === '/docs' ? 'Kunde: documentation' : `${page.title} · Kunde documentation`;
  const list = navigation(pages, page);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(title)}</title>
<link rel="icon" href="${assets.icon}" type="image/svg+xml">
<link rel="stylesheet" href="${assets.style}">
<script type="module" src="${assets.script}"></script>
</head>
<body data-index="${assets.index}">
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<a class="brand" href="/docs"><img src="${assets.icon}" alt="" width="24" height="24">Kunde <span>documentation</span></a>
<div class="search" hidden>
<input type="search" id="search" placeholder="Search" aria-label="Search the pages" autocomplete="off" spellcheck="false" role="combobox" aria-expanded="false" aria-controls="found" aria-autocomplete="list">
<div class="found" hidden><ul id="found" role="listbox" aria-label="Found"></ul><p role="status"></p></div>
</div>
<a class="away" href="/">Dashboard</a>
</header>
<div class="frame">
<nav class="pages" aria-label="Pages">
${list}
</nav>
<details class="pages-small"><summary>All pages</summary><nav aria-label="All pages">
${list}
</nav></details>
<main id="main" tabindex="-1">
<article>
${page.html}</article>
${neighbours(previous, next)}
</main>
${contents(page.sections)}
</div>
</body>
</html>
`;
}
