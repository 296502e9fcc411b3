// Needs of a gloved hand, by the boxes of elements: `targets()` returns a page's faults, in sentences.
// Lengths are CSS pixels. `LEAST` is a target's least side, `APART` what lies between two. Rows of a list may touch, if each is so
// much larger that their middles are `APART`.
// `seen` counts the elements and texts that were looked at.
let seen = 0;
const LEAST = 48;
const PRIMARY = 64;
const APART = 8;
const INTERACTIVE =
  'a[href], button, input, select, textarea, summary, [role=button], [role=switch], [role=option], [role=tab], [tabindex="0"]';

const named = (element) => {
  const test = element.closest('[data-test]');
  const words = (element.getAttribute('aria-label') ?? element.innerText ?? '').trim().slice(0, 24);
  return `<${element.tagName.toLowerCase()} class="${element.className?.baseVal ?? element.className}"> ` +
    `"${words}" in ${test?.dataset.test ?? 'the frame'}`;
};
const modal = () => [...document.querySelectorAll('dialog')].findLast((dialog) => dialog.matches(':modal'));
const isShown = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest('[inert]');
const isHiddenByClip = (element) => getComputedStyle(element).clipPath !== 'none' || element.getBoundingClientRect().width <= 1;
// A field that only its label shows, such as one for a file.
const face = (element) => (isHiddenByClip(element) ? element.closest('label') ?? element : element);
const isInSentence = (element) => {
  if (element.tagName !== 'A' || getComputedStyle(element).display !== 'inline') return false;
  return element.parentElement.innerText.trim().length > element.innerText.trim().length;
};
const clips = (style) => style.overflowX !== 'visible' || style.overflowY !== 'visible';

// The part of a box that no scrolled ancestor hides.
const shownPart = (element) => {
  let { left, top, right, bottom } = element.getBoundingClientRect();
  for (let above = element.parentElement; above && above !== document.documentElement; above = above.parentElement) {
    const style = getComputedStyle(above);
    if (style.position === 'fixed') break;
    if (!clips(style)) continue;
    const box = above.getBoundingClientRect();
    left = Math.max(left, box.left); right = Math.min(right, box.right);
    top = Math.max(top, box.top); bottom = Math.min(bottom, box.bottom);
  }
  return { left, top, right, bottom };
};
// Elements in a layer over the page or in a part that scrolls are compared with others in it only.
const scrolls = (overflow) => ['auto', 'scroll'].includes(overflow);
const layer = (element) => {
  for (let above = element; above; above = above.parentElement) {
    const style = getComputedStyle(above);
    if (['fixed', 'sticky'].includes(style.position) || scrolls(style.overflowY) || above.matches('dialog')) return above;
  }
  return document.body;
};

const interactive = () => {
  const root = modal() ?? document;
  const found = [...root.querySelectorAll(INTERACTIVE)].filter((it) => isShown(it) && !it.matches('.skip, [type=hidden]'));
  return [...new Set(found.filter((it) => !isInSentence(it)).map(face))];
};

const gap = (one, other) => Math.max(one.left - other.right, other.left - one.right, one.top - other.bottom, other.top - one.bottom);
const core = ({ left, top, right, bottom }) => {
  const trim = (length) => Math.min(APART / 2, Math.max(0, (length - LEAST) / 2));
  const [x, y] = [trim(right - left), trim(bottom - top)];
  return { left: left + x, right: right - x, top: top + y, bottom: bottom - y };
};

const sizes = (elements) => elements.flatMap((element) => {
  const { width, height } = element.getBoundingClientRect();
  if (width < LEAST - 0.5 || height < LEAST - 0.5)
    return [`${named(element)} is ${Math.round(width)} × ${Math.round(height)}, less than ${LEAST}`];
  if (element.matches('.primary') && height < PRIMARY - 0.5) return [`${named(element)} is ${Math.round(height)} high, less than ${PRIMARY}`];
  return [];
});

const distances = (elements) => {
  const boxes = elements.map((element) => {
    const shown = shownPart(element), whole = element.getBoundingClientRect();
    const isWhole = shown.right - shown.left > whole.width - 1 && shown.bottom - shown.top > whole.height - 1;
    return { element, isWhole, layer: layer(element), whole };
  });
  const found = [];
  boxes.forEach((one, at) => boxes.slice(at + 1).forEach((other) => {
    if (!one.isWhole || !other.isWhole || one.layer !== other.layer) return;
    if (one.element.contains(other.element) || other.element.contains(one.element)) return;
    const between = gap(one.whole, other.whole);
    const touch = between > -1 && between < 1.5;
    const apart = touch ? gap(core(one.whole), core(other.whole)) : between;
    if (apart < APART - 0.6) found.push(`${named(one.element)} and ${named(other.element)} are ${apart.toFixed(1)} apart`);
  }));
  return found;
};

// Whether the box `what` leaves the box that shows it, sideways, or is cut off in it. Null for one that is whole or can be
// scrolled to.
const lost = (what, holder) => {
  let [leavesX, leavesY] = [true, true];
  for (let above = holder; above && (leavesX || leavesY); above = above.parentElement) {
    const style = getComputedStyle(above);
    const isPage = above === document.body;
    const box = isPage ? { left: 0, right: document.documentElement.clientWidth } : above.getBoundingClientRect();
    if (scrolls(style.overflowX)) leavesX = false;
    if (scrolls(style.overflowY)) leavesY = false;
    const holds = isPage || style.overflowX !== 'visible' || above.matches('button, .button, .chip, .card');
    if (leavesX && holds && (what.left < box.left - 1 || what.right > box.right + 1)) return `leaves ${named(above)} sideways`;
    const cuts = !isPage && ['hidden', 'clip'].includes(style.overflowY);
    if (leavesY && cuts && (what.bottom > box.bottom + 1 || what.top < box.top - 1)) return `is cut off in ${named(above)}`;
    // A sheet lies over everything, wherever it is rendered.
    if (above.matches('dialog')) break;
  }
  return null;
};

// Texts and targets that are not to be seen whole. Rows of the long lists have one height, so their names may end in an
// ellipsis; the product's page has them whole. So may a toast, which is one line until it is tapped.
const cutOff = () => {
  const found = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) found.push(`the page is ${root.scrollWidth - root.clientWidth} too wide`);
  const walker = document.createTreeWalker(modal() ?? document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const holder = node.parentElement;
    if (!node.data.trim() || !isShown(holder) || holder.closest('.visually-hidden, .skip, .list .row, .toast, option, noscript')) continue;
    seen += 1;
    const range = document.createRange();
    range.selectNodeContents(node);
    const text = range.getBoundingClientRect();
    const fault = text.width > 0 && lost(text, holder);
    if (fault) found.push(`${JSON.stringify(node.data.trim().slice(0, 30))} of ${named(holder)} ${fault}`);
  }
  for (const element of interactive()) {
    seen += 1;
    const fault = lost(element.getBoundingClientRect(), element.parentElement);
    if (fault) found.push(`${named(element)} ${fault}`);
  }
  return found;
};

const tabbable = () => {
  const root = modal() ?? document;
  return [...root.querySelectorAll(`${INTERACTIVE}, [tabindex="0"]`)]
    .filter((it) => isShown(it) && it.tabIndex >= 0 && !it.disabled && !it.matches('.skip'));
};
const hasRing = (element) => {
  for (let at = face(element), steps = 0; at && steps < 2; at = at.parentElement, steps++) {
    const style = getComputedStyle(at);
    if (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) return true;
  }
  return false;
};
// Elements whose focus is hidden or has no ring. A toast may lie over the focus, because it goes by itself.
const focus = () => {
  const found = [];
  for (const element of tabbable()) {
    // The browser does not scroll to an element that has the focus already.
    document.activeElement?.blur();
    element.focus();
    if (document.activeElement !== element) continue;
    seen += 1;
    // One that is just rising into the page is where it is going to be.
    for (const rising of element.closest('.toast')?.getAnimations() ?? []) rising.finish();
    const box = face(element).getBoundingClientRect();
    const inside = (value, least, most) => Math.min(Math.max(value, least), most);
    const points = [[0.5, 0.5], [0.1, 0.2], [0.9, 0.2], [0.1, 0.8], [0.9, 0.8]].map(([x, y]) => [box.left + box.width * x, box.top + box.height * y]);
    // Of what is larger than its place, the part that fits.
    const tall = box.height > innerHeight / 2;
    for (const [x, y] of tall ? points.slice(0, 1) : points) {
      const top = document.elementFromPoint(inside(x, 0, innerWidth - 1), tall ? inside(y, 0, innerHeight - 1) : y);
      if (top && (face(element).contains(top) || top.contains(face(element)) || top.closest('.toast'))) continue;
      found.push(`${named(element)} has the focus and lies under ${top ? named(top) : 'the edge of the page'}`);
      break;
    }
    if (element.matches(':focus-visible') && !hasRing(element)) found.push(`${named(element)} shows no focus`);
  }
  return found;
};

const targets = () => { const elements = interactive(); return [...sizes(elements), ...distances(elements), ...cutOff()]; };

// The page's parts scroll, the window never does: `frame()` says by how much it could.
const frame = () => {
  const { scrollHeight, clientHeight } = document.documentElement;
  return scrollHeight > clientHeight ? [`the window scrolls by ${scrollHeight - clientHeight} px`] : [];
};
