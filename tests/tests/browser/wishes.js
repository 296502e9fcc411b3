// Wishes that people set on their device; each function returns a page's faults, in sentences.

// Faults of the ground, which has to be dark. axe checks the colours on it.
const dark = () => {
  const drawn = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  drawn.fillStyle = getComputedStyle(document.body).backgroundColor;
  drawn.fillRect(0, 0, 1, 1);
  const [red, green, blue] = drawn.getImageData(0, 0, 1, 1).data;
  return red + green + blue < 200 ? [] : [`the ground is ${getComputedStyle(document.body).backgroundColor}`];
};

const shownOf = (selector) => [...document.querySelectorAll(selector)].filter((it) => it.checkVisibility());
const isClear = (colour) => colour === 'transparent' || /, 0\)$|\/ 0\)$/.test(colour);
const ground = (element) => {
  for (let above = element; above; above = above.parentElement) {
    const colour = getComputedStyle(above).backgroundColor;
    if (!isClear(colour)) return colour;
  }
  return getComputedStyle(document.documentElement).backgroundColor;
};
// The look of an element where the system chooses the colours: there are no shadows.
const look = (element) => [element, ...element.querySelectorAll('*')].map((part) => {
  const style = getComputedStyle(part);
  const box = part.getBoundingClientRect();
  return [style.backgroundColor, style.color, style.borderWidth, style.borderColor, style.outlineStyle, style.outlineWidth, style.textDecorationLine, box.x, box.width];
}).join();
const without = (element, name) => {
  const value = element.getAttribute(name);
  const chosen = look(element);
  if (name === 'aria-current') element.removeAttribute(name);
  else element.setAttribute(name, 'false');
  const plain = look(element);
  element.setAttribute(name, value);
  return chosen !== plain;
};
const forced = () => {
  const found = [];
  for (const icon of shownOf('svg.icon')) {
    const { stroke, fill } = getComputedStyle(icon);
    const drawn = stroke === 'none' || isClear(stroke) ? fill : stroke;
    if (drawn === ground(icon)) found.push(`an icon of ${icon.parentElement.className} is not seen on ${drawn}`);
  }
  for (const name of ['aria-pressed', 'aria-checked', 'aria-current']) {
    for (const element of shownOf(`[${name}]:not([${name}=false])`)) {
      if (!without(element, name)) found.push(`${element.className} looks the same with and without ${name}`);
    }
  }
  for (const box of shownOf('.chip, .toast, .notice, .card, .sheet, .button, .choice, .badge')) {
    const { borderStyle, borderWidth } = getComputedStyle(box);
    if (borderStyle.split(' ').every((side) => side === 'none') || parseFloat(borderWidth) === 0) found.push(`${box.className} has no edge`);
  }
  return [...new Set(found)];
};

// Animations that run, and those that ran since the page began.
const isMotion = (animation) => {
  const { duration, iterations } = animation.effect?.getComputedTiming() ?? {};
  return duration > 10 || iterations === Infinity;
};
const motion = () => {
  const now = document.getAnimations().filter(isMotion).map((it) => it.animationName ?? it.transitionProperty);
  return [...new Set([...now, ...(window.moved ?? [])])].map((name) => `${name} moves`);
};
const remembered = () => {
  window.moved = [];
  for (const kind of ['animationstart', 'transitionrun']) {
    addEventListener(kind, ({ target, animationName, propertyName }) => {
      if (target.getAnimations({ subtree: true }).some(isMotion)) window.moved.push(animationName ?? propertyName);
    }, true);
  }
};

const paper = () => {
  const screen = shownOf('.top, .navigation, .actions, .toasts, .skip').map((it) => `${it.className} is printed`);
  const cut = shownOf('main .card, main .entry, main .barcode').filter((it) => {
    const whole = it.closest('.card, .entry, .sheet-print > *');
    return getComputedStyle(whole).breakInside !== 'avoid';
  });
  const page = shownOf('main h1').length === 1 ? [] : ['the page itself is not printed'];
  return [...screen, ...page, ...new Set(cut.map((it) => `${it.className} may be cut by the edge of a page`))];
};
// Pages of a PDF, and closed shapes that are painted on them: what a page break cuts is painted on both.
const painted = async (data) => {
  const text = atob(data);
  let shapes = 0;
  for (const { 1: head, index, 0: whole } of text.matchAll(/<<([^<>]*\/FlateDecode[^<>]*)>>\s*stream\r?\n/g)) {
    const length = Number(/\/Length (\d+)/.exec(head)[1]);
    const bytes = Uint8Array.from(text.slice(index + whole.length, index + whole.length + length), (it) => it.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
    const drawn = new TextDecoder('latin1').decode(await new Response(stream).arrayBuffer());
    if (/ cm\n/.test(drawn)) shapes += drawn.match(/^(.* re|h)$/gm)?.length ?? 0;
  }
  return { pages: text.match(/\/Type \/Page\b(?!s)/g)?.length ?? 0, shapes };
};
