// Where the reader is (the address after #), and in which language. Addresses hold UIDs and case numbers, never what a patient is called.

let place = null, leave = null;
const scrolled = new Map();

function target() {
  const [, view = '', ...rest] = location.hash.split('/').map(part => { try { return decodeURIComponent(part); } catch { return ''; } });
  if (view === 'study' && rest[0]) return { view, key: `study ${rest[0]}`, study: rest[0], series: rest[1] || '', index: parseInt(rest[2], 10) || 1 };
  if (view === 'case' && rest[0]) return { view, key: `case ${rest[0]}`, number: rest[0], study: rest[1] || '', series: rest[2] || '', index: parseInt(rest[3], 10) || 1 };
  return view in VIEWS && view !== 'study' && view !== 'case' ? { view, key: `${view} ${rest[0] || ''}`, study: rest[0] || '' } : { view: '', key: '' };
}

function go() {
  const next = target();
  const main = document.getElementById('main');
  if (place && leave && leave.move && place.key === next.key) {
    next.fromGrid = !place.series && Boolean(next.series);
    place = next;
    leave.move(next);
    return;
  }
  for (const sheet of document.querySelectorAll('dialog.sheet[open]')) sheet.close();
  if (place) scrolled.set(place.key, scrollY);
  const first = !place;
  if (leave) leave();
  place = next;
  banner(null);
  leave = VIEWS[next.view](main, next);
  scrollTo(0, scrolled.get(next.key) || 0);
  if (!first) main.focus({ preventScroll: true });
}

/** Closing the large picture is going back, so that the browser's own button does the same. */
function leaveViewer(base) {
  if (!place || !place.series) return;
  if (place.fromGrid) history.back();
  else { history.replaceState(null, '', base); place = target(); }
}

/** Says in the header which of the views is open. */
function tab(name) {
  const places = document.getElementById('places');
  // Another page of ours is opened in the language that this address names.
  places.replaceChildren(...TABS.map(([key, href]) => h('a', { href: href.startsWith('#') ? href : href + location.search, 'aria-current': key === name && 'page' }, say(key))));
}

function words() {
  const root = document.documentElement;
  root.lang = language;
  root.dir = language === 'ar' ? 'rtl' : 'ltr';
  for (const element of document.querySelectorAll('[data-text]')) element.textContent = say(element.dataset.text);
  for (const element of document.querySelectorAll('[data-label]')) element.setAttribute('aria-label', say(element.dataset.label));
  for (const link of document.querySelectorAll('#languages a')) {
    if (link.lang === language) link.setAttribute('aria-current', 'true'); else link.removeAttribute('aria-current');
  }
}

document.getElementById('languages').addEventListener('click', event => {
  const link = event.target.closest('a');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  language = link.lang;
  document.cookie = `lang=${language}; Path=/; Max-Age=31536000; SameSite=Lax`;
  // ?lang= names a language for this address only: the choice just made is stronger.
  const address = new URL(location.href);
  address.searchParams.delete('lang');
  history.replaceState(null, '', address);
  words();
  if (leave) leave();
  leave = place = null;
  go();
});
document.querySelector('.skip').addEventListener('click', event => { event.preventDefault(); document.getElementById('main').focus(); });

words();
addEventListener('hashchange', go);
go();
