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
 * Asks `/api/v1` for JSON, or changes something there. Throws with `status` (0: no answer), and with the server's `code`.
 * Bodies are the only place where what people type travels: never in an address.
 */
async function api(place, { method = 'GET', body, signal } = {}) {
  let response, answer = null;
  const headers = { Accept: 'application/json', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) };
  try {
    response = await fetch(`${API}/${place}`, { method, headers, signal, cache: method === 'GET' ? 'no-cache' : 'no-store', body: body === undefined ? undefined : JSON.stringify(body) });
    if (response.status !== 204) answer = await response.json().catch(() => null);
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw Object.assign(new Error('no answer'), { status: 0 });
  }
  if (response.ok) return answer;
  throw Object.assign(new Error('refused'), { status: response.status, code: answer?.code || answer?.error || '' , answer });
}

/**
 * Calls `work` when the server says that something changed, at most once in `least` seconds; where it cannot say so (an older
 * server, a proxy that swallows streams), asks by itself every so many seconds, ever more seldom while nothing answers.
 * `stop()` ends it.
 */
function watch(work, { least = 1.5, every = 5 } = {}) {
  const SLOW = 60;
  let stopped = false, source = null, timer = 0, last = 0, running = false, again = false, pause = every;
  async function run() {
    if (stopped || document.hidden) return;
    if (running) { again = true; return; }
    running = true;
    last = Date.now();
    let good = true;
    try { good = await work() !== false; } catch { good = false; }
    running = false;
    const listening = source && source.readyState === EventSource.OPEN;
    pause = good ? (listening ? 30 : every) : Math.min(SLOW, pause * 2);
    plan(again ? least : pause * (0.8 + 0.4 * Math.random()));
    again = false;
  }
  function plan(seconds) { clearTimeout(timer); if (!stopped) timer = setTimeout(run, seconds * 1000); }
  const soon = () => plan(Math.max(0.05, least - (Date.now() - last) / 1000));
  let silent = 0;
  function listen() {
    if (stopped || document.hidden || source) return;
    source = new EventSource(`${API}/events`);
    source.onopen = () => { silent = 0; };
    for (const name of ['message', 'change']) source.addEventListener(name, soon);
    source.onerror = () => {
      // A stream that was refused is not tried for ever: the timer asks in its place, and after a while once more.
      if (source.readyState !== EventSource.CLOSED && ++silent < 4) return;
      hush();
      if (!stopped) setTimeout(listen, 60000);
    };
  }
  function hush() { if (source) source.close(); source = null; }
  const seen = () => { if (document.hidden) hush(); else { listen(); soon(); } };
  document.addEventListener('visibilitychange', seen);
  addEventListener('online', seen);
  listen();
  run();
  return {
    run, soon,
    stop() { stopped = true; clearTimeout(timer); hush(); document.removeEventListener('visibilitychange', seen); removeEventListener('online', seen); },
  };
}
