// Where the reader is (the address after #), and in which language.

let place = null, leave = null;

function target() {
  const [, kind, study, series, index] = location.hash.split('/').map(part => { try { return decodeURIComponent(part); } catch { return ''; } });
  return kind === 'study' && study ? { study, series: series || '', index: parseInt(index, 10) || 1 } : { study: '' };
}

function go() {
  const next = target();
  const main = document.getElementById('main');
  if (place && leave && next.study && place.study === next.study) {
    next.fromGrid = !place.series && Boolean(next.series);
    place = next;
    leave.move(next);
    return;
  }
  const scroll = next.study ? 0 : sessionScroll;
  if (place && !place.study) sessionScroll = scrollY;
  if (leave) leave();
  place = next;
  banner(null);
  leave = next.study ? showStudy(main, next.study, next) : showList(main);
  scrollTo(0, scroll);
}
let sessionScroll = 0;

/** Closing the large picture is going back, so that the browser's own button does the same. */
function leaveViewer(study) {
  if (!place || !place.series) return;
  if (place.fromGrid) history.back();
  else { history.replaceState(null, '', `#/study/${encodeURIComponent(study)}`); place = target(); }
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
