// Words and codes that are broken inside, by the boxes of their lines. A word that is wider than most of the page may break.
const brokenWords = () => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const holder = node.parentElement;
    if (!holder.checkVisibility({ visibilityProperty: true }) || holder.closest('.visually-hidden, .skip, option, noscript')) continue;
    for (const { 0: word, index } of node.data.matchAll(/[\p{L}\p{N}-]{3,}/gu)) {
      const range = document.createRange();
      range.setStart(node, index);
      range.setEnd(node, index + word.length);
      const lines = [...range.getClientRects()].filter(({ width }) => width > 0);
      const isBroken = new Set(lines.map(({ top }) => Math.round(top))).size > 1;
      const width = lines.reduce((sum, line) => sum + line.width, 0);
      // A hyphen between letters is a place to break at.
      const isHyphen = word.includes('-') && !/\d/.test(word);
      if (isBroken && !isHyphen && width < innerWidth * 0.6) found.push(`"${word}" in "${holder.className || holder.tagName}"`);
    }
  }
  return found;
};

// Tabs of the navigation that are not whole inside the screen.
const lostTabs = () => [...document.querySelectorAll('.navigation-entry')].filter((tab) => tab.checkVisibility()).filter((tab) => {
  const whole = tab.getBoundingClientRect();
  const word = tab.querySelector('span').getBoundingClientRect();
  return whole.left < -1 || whole.right > innerWidth + 1 || word.left < whole.left - 1 || word.right > whole.right + 1;
}).map((tab) => `the tab ${tab.innerText}`);
