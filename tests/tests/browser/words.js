// Every text that a person sees or hears has to come from the language's file: in the pseudo-language it stands between two
// invisible marks. `words()` returns the texts outside of them, in sentences. Names, codes and numbers of the book have
// `translate="no"`. `seen` counts the texts that were looked at.
let seen = 0;
const OPEN = '\u2063', CLOSE = '\u2064';

// The part of a text that is outside of marks.
const bare = (text) => {
  let depth = 0, rest = '';
  for (const char of text) {
    if (char === OPEN) depth++;
    else if (char === CLOSE) depth--;
    else if (depth === 0) rest += char;
  }
  return rest;
};
// The browser writes dates itself, in the language that it knows.
const DATE = /\b[A-Z][a-z]{2} \d{1,2}, \d{4}\b|\b\d{1,2} [A-Z][a-z]{2} \d{4}\b|\b[A-Z][a-z]{2} \d{1,2}\b|\d{1,2}:\d{2}( [AP]M)?/g;
const isForeign = (text) => /\p{L}/u.test(bare(text).replace(DATE, ''));
const isData = (element) => element.closest('[translate="no"], noscript, script, style') !== null;

const words = () => {
  const found = [];
  const say = (what, text, element) => {
    const test = element.closest('[data-test]')?.dataset.test ?? 'the frame';
    found.push(`${what} ${JSON.stringify(text.trim().slice(0, 60))} in ${test} (.${element.className?.baseVal ?? element.className})`);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  // A sentence may be put together of several nodes of one element; each is looked at alone, except beside a code that is
  // kept from breaking: that is cut out of its sentence.
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    const holder = parent.matches('.code') ? parent.parentElement : parent;
    const text = holder.querySelector(':scope > .code') === null ? node.data : holder.textContent;
    seen += 1;
    if (!isData(holder) && holder.checkVisibility({ visibilityProperty: true }) && isForeign(text)) say('text', text, holder);
  }
  for (const name of ['aria-label', 'aria-description', 'aria-roledescription', 'aria-valuetext', 'placeholder', 'title', 'alt']) {
    for (const element of document.querySelectorAll(`[${name}]`)) {
      const text = element.getAttribute(name);
      seen += 1;
      if (!isData(element) && isForeign(text)) say(name, text, element);
    }
  }
  for (const option of document.querySelectorAll('datalist option')) {
    if (!isData(option) && isForeign(option.value)) say('suggestion', option.value, option);
  }
  // The window is called after the page's heading, which was looked at.
  const heading = document.querySelector('.page-head h1, h1')?.innerText ?? '';
  const title = document.title.replace(/Lotbook$/, '').replace(heading, '');
  if (isForeign(title)) found.push(`the window's title ${JSON.stringify(document.title)}`);
  return [...new Set(found)];
};
