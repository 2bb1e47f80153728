// Asking the server: searches, cases, what changed; and the bar that says when it does not answer.

const ROOT = 'dicom-web';

/** Rows of a search; an empty answer is an empty list. Throws with `status` (0: no answer). */
async function rows(path, parameters, signal) {
  const query = new URLSearchParams(parameters);
  let response;
  try {
    response = await fetch(`${ROOT}/${path}?${query}`, { headers: { Accept: 'application/dicom+json' }, cache: 'no-cache', signal });
    if (response.status === 204) return [];
    if (response.ok) return await response.json();
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw Object.assign(new Error('no answer'), { status: 0 });
  }
  throw Object.assign(new Error('refused'), { status: response.status });
}

const path = (study, series, instance) =>
  ['studies', study, series && 'series', series, instance && 'instances', instance].filter(Boolean).map(encodeURIComponent).join('/');

/** Milliseconds by which the server's clock is ahead of this browser's: ages are told by the server's, which wrote the times. */
let ahead = 0;
function hearClock(response) {
  const said = Date.parse(response.headers.get('Date') || '');
  // The header has whole seconds, and comes from a cache of one second.
  if (Number.isFinite(said)) ahead = Math.abs(said - Date.now()) < 5000 ? 0 : said - Date.now();
}
const serverNow = () => Date.now() + ahead;

/** The bar over the page that says what is wrong and offers the way out; nothing hides it again. */
function banner(error, retry) {
  const bar = document.getElementById('banner');
  bar.hidden = !error;
  bar.replaceChildren();
  if (!error) return;
  bar.append(h('span', {}, error.status ? say('error.server', { n: String(error.status) }) : say('error.network')));
  bar.append(h('button', { type: 'button', onclick: retry }, say('retry')));
}


const API = 'api/v1';

/**
 * Asks `/api/v1` for JSON, or changes something there. Throws with `status` (0: no answer), and with what the server says of it.
 * Bodies are the only place where what people type travels: never in an address.
 */
async function api(place, { method = 'GET', body, signal } = {}) {
  let response, answer = null;
  const headers = { Accept: 'application/json', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) };
  try {
    response = await fetch(`${API}/${place}${place.includes('?') ? '&' : '?'}lang=${language}`, { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) });
    hearClock(response);
    if (response.status !== 204) answer = await response.json().catch(() => null);
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw Object.assign(new Error('no answer'), { status: 0 });
  }
  if (response.ok) return answer;
  throw Object.assign(new Error('refused'), { status: response.status, code: answer?.error?.code || '', words: answer?.error?.message || '', way: answer?.error?.way || '', status: response.status });
}

/** News of the server: one waiting request for the whole page, as long as somebody looks at it and wants to hear. */
const NEWS = {
  listeners: new Set(), abort: null, version: null, pause: 2, timer: 0, isOpen: false,

  add(listener) { NEWS.listeners.add(listener); NEWS.listen(); },

  drop(listener) { NEWS.listeners.delete(listener); if (!NEWS.listeners.size) NEWS.hush(); },

  hush() {
    clearTimeout(NEWS.timer);
    NEWS.abort?.abort();
    NEWS.abort = null;
    NEWS.isOpen = false;
  },

  async listen() {
    if (NEWS.abort || document.hidden || !NEWS.listeners.size) return;
    clearTimeout(NEWS.timer);
    const mine = NEWS.abort = new AbortController();
    try {
      while (NEWS.abort === mine) {
        const answer = await api(NEWS.version === null ? 'events' : `events?after=${NEWS.version}`, { signal: mine.signal });
        const isNew = NEWS.version !== null && answer.version !== NEWS.version;
        NEWS.version = answer.version;
        NEWS.isOpen = true;
        NEWS.pause = 2;
        if (isNew) for (const listener of NEWS.listeners) listener();
      }
    } catch (error) {
      if (NEWS.abort !== mine) return;
      NEWS.hush();
      // Whoever listens asks by himself in the meantime.
      NEWS.pause = Math.min(60, NEWS.pause * 2);
      NEWS.timer = setTimeout(NEWS.listen, NEWS.pause * 1000 * (0.8 + 0.4 * Math.random()));
    }
  },
};
document.addEventListener('visibilitychange', () => { if (document.hidden) NEWS.hush(); else NEWS.listen(); });

/**
 * Calls `work` when the server says that something changed, at most once in `least` seconds; where it cannot say so (an older
 * server, a broken line), asks by itself every so many seconds, ever more seldom while nothing answers. `stop()` ends it.
 */
function watch(work, { least = 1.5, every = 5 } = {}) {
  const SLOWEST = 60;
  let stopped = false, timer = 0, last = 0, running = false, again = false, pause = every;
  async function run() {
    if (stopped || document.hidden) return;
    if (running) { again = true; return; }
    running = true;
    last = Date.now();
    let good = true;
    try { good = await work() !== false; } catch { good = false; }
    running = false;
    pause = good ? (NEWS.isOpen ? 30 : every) : Math.min(SLOWEST, pause * 2);
    plan(again ? least : pause * (0.8 + 0.4 * Math.random()));
    again = false;
  }
  function plan(seconds) { clearTimeout(timer); if (!stopped) timer = setTimeout(run, seconds * 1000); }
  const soon = () => { if (running) again = true; else plan(Math.max(0.05, least - (Date.now() - last) / 1000)); };
  const seen = () => { if (!document.hidden) soon(); };
  document.addEventListener('visibilitychange', seen);
  addEventListener('online', seen);
  NEWS.add(soon);
  run();
  return {
    run, soon,
    stop() { stopped = true; clearTimeout(timer); NEWS.drop(soon); document.removeEventListener('visibilitychange', seen); removeEventListener('online', seen); },
  };
}
