// Announcements of a screen reader: text that comes into a live region it has already met, and the description of a field
// that is in error once the focus comes to it. `spoken` has all of it in order; `unheard` has what was put where no reader hears
// it: in a region that came together with its text, or behind a dialog. What comes with a new page or dialog is read there.
(() => {
  const REGION = '[role=status], [role=alert], [role=log], [aria-live=polite], [aria-live=assertive]';
  const SETTLED_MILLIS = 50;
  // Shorter texts may be part of others.
  const LONG_CHARS = 16;
  const spoken = [];
  const unheard = [];
  const all = [];
  // Regions that a reader has met, and those that came with a page or a dialog, whose first words are no event.
  const met = new WeakSet();
  const begun = new WeakSet();
  // Those that came together with their words, which nobody hears.
  const late = new WeakSet();
  Object.assign(window, { spoken, unheard });

  const isShown = (element) => element.checkVisibility() && !element.closest('[aria-hidden=true], [inert]');
  const words = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.parentElement && isShown(node.parentElement) ? node.data : '';
    if (node.nodeType !== Node.ELEMENT_NODE || !isShown(node)) return '';
    return [...node.childNodes].map(words).join(' ');
  };
  const tidy = (text) => text.replace(/\s+/g, ' ').trim();
  const isBehindDialog = (region) => {
    const modal = [...document.querySelectorAll('dialog')].findLast((dialog) => dialog.matches(':modal'));
    return modal !== undefined && !modal.contains(region);
  };
  const isAtomic = (region) => {
    const said = region.closest('[aria-atomic]')?.getAttribute('aria-atomic');
    return said ? said === 'true' : region.matches('[role=status], [role=alert]');
  };
  const meet = (root, isBegin) => {
    for (const region of [...root.querySelectorAll(REGION), ...(root.matches?.(REGION) ? [root] : [])]) {
      if (met.has(region) || begun.has(region)) continue;
      if (isBegin) begun.add(region);
      else if (tidy(words(region))) {
        late.add(region);
        unheard.push(`came with its region: ${tidy(words(region))}`);
      }
      setTimeout(() => requestAnimationFrame(() => setTimeout(() => met.add(region))), SETTLED_MILLIS);
    }
  };
  const isPage = (node) => node.matches('dialog, h1, main') || node.querySelector('dialog, h1, main') !== null;

  // The pieces that were added.
  const pieces = ({ type, target, addedNodes }) => (type === 'characterData' ? [target] : [...addedNodes]);
  const say = (region, added) => {
    const text = tidy(isAtomic(region) ? words(region) : added.map(words).join(' '));
    if (!text) return;
    const old = all.find((said) => said.length >= LONG_CHARS && said !== text && text.includes(said));
    if (old) unheard.push(`read again with something new: ${old}`);
    all.push(text);
    if (isBehindDialog(region)) unheard.push(`behind a dialog: ${text}`);
    else if (met.has(region)) spoken.push(text);
    else if (!begun.has(region) && !late.has(region)) unheard.push(`before its region was met: ${text}`);
  };
  const hear = (records) => {
    const changed = new Map();
    for (const record of records) {
      const element = record.target.nodeType === Node.TEXT_NODE ? record.target.parentElement : record.target;
      const region = element?.closest(REGION);
      const added = pieces(record);
      if (region && added.length > 0) changed.set(region, [...(changed.get(region) ?? []), ...added]);
    }
    for (const node of records.flatMap(({ addedNodes }) => [...addedNodes])) {
      if (node.nodeType === Node.ELEMENT_NODE && node.isConnected) meet(node, isPage(node));
    }
    for (const [region, added] of changed) {
      const all = new Set(added);
      const isPart = (node) => added.some((other) => other !== node && other.contains(node));
      if (region.isConnected) say(region, [...all].filter((node) => node.isConnected && !isPart(node)));
    }
  };
  const describe = ({ target }) => {
    if (target.getAttribute('aria-invalid') !== 'true') return;
    const ids = (target.getAttribute('aria-describedby') ?? '').split(' ').filter(Boolean);
    const text = tidy(ids.map((id) => document.getElementById(id)).filter(Boolean).map(words).join(' '));
    if (text) spoken.push(text);
  };
  new MutationObserver(hear).observe(document, { subtree: true, childList: true, characterData: true });
  addEventListener('focusin', describe);
})();
