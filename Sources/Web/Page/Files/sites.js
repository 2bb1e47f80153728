// The sites as the centre hears them: who is silent, where something is wrong, and what to do about it.

const SITE_ICONS = { good: 'check', waiting: 'clock', bad: 'cross' };
/** Seconds: a heartbeat comes every minute, so three without one are news; after an hour somebody should call. */
const SILENT = 180, DEAD = 3600;
/** Bytes above a site's reserve below which its disk is short, seconds that an image may wait, and degrees of a box that needs air. */
const SHORT_DISK = 2e9, LONG_WAIT = 86400, HOT = 80, WRONG_CLOCK = 60;

const isolated = text => `\u2068${text}\u2069`;

/** How a site is: a kind for colour and shape, words, and whatever is wrong with a way out. */
function siteState(site) {
  const seen = instant(site.lastSeen);
  const health = site.health || {};
  const silence = seen ? Math.max(0, (serverNow() - seen) / 1000) : null;
  const troubles = [];
  const add = (key, values = {}) => troubles.push({ key, title: say(`trouble.${key}`, values), todo: say(`trouble.${key}.do`) });
  if (Math.abs(health.clockDifference || 0) > WRONG_CLOCK) add('clock');
  if (health.diskFree !== undefined && health.diskFree < SHORT_DISK) add('disk');
  if (health.oldestUnsent > LONG_WAIT) add('oldest', { t: duration(health.oldestUnsent) });
  if (health.aside > 0) add('aside', { n: health.aside });
  const refused = site.refusedCases || [];
  if (refused.length) add('cases', { n: refused.length, c: refused.slice(-5).map(one => isolated(`${one.number} (${[one.code, one.field].filter(Boolean).join(' ')})`)).join(', ') });
  if (health.temperature >= HOT) add('hot', { t: degrees(health.temperature) });
  // A refusal of the last hour; session-unknown and replayed are how a hub that was restarted goes on.
  const refusedAt = instant(site.lastRefusalAt);
  if (refusedAt && serverNow() - refusedAt < DEAD * 1000 && ['bad-signature', 'malformed', 'version'].includes(site.lastRefusal)) add('refused', { c: isolated(site.lastRefusal) });
  if (silence === null) return { kind: 'bad', words: say('site.never'), text: say('site.never.text'), troubles, silence: Infinity };
  if (silence > SILENT) return { kind: silence > DEAD ? 'bad' : 'waiting', words: say('site.silent', { t: duration(silence) }), text: say('site.silent.text'), troubles, silence };
  return { kind: troubles.length ? 'waiting' : 'good', words: say('site.here'), text: '', troubles, silence };
}

const degrees = value => isolated(new Intl.NumberFormat(locale(), { style: 'unit', unit: 'celsius', maximumFractionDigits: 0 }).format(value));

function clockWords(difference) {
  if (Math.abs(difference) <= WRONG_CLOCK) return say('clock.right');
  return say(difference < 0 ? 'clock.behind' : 'clock.ahead', { t: duration(Math.abs(difference)) });
}

function siteCard(site) {
  const state = siteState(site);
  const health = site.health || {};
  const known = value => value !== undefined && value !== null;
  const fact = (key, value, warns) => known(value) && value !== false && h('div', { class: warns && 'warns' }, h('dt', {}, say(`fact.${key}`)), h('dd', {}, value));
  const has = key => state.troubles.some(trouble => trouble.key === key);
  return h('li', { class: `card sitecard ${state.kind}`, 'data-site': site.site, 'data-state': state.kind },
    h('div', { class: 'sitehead' }, h('h2', {}, own(site.title || site.site)), site.title !== site.site && h('small', { class: 'faint' }, own(site.site, { dir: 'ltr' })),
      h('p', { class: 'sitestate' }, icon(SITE_ICONS[state.kind]), h('span', {}, state.words))),
    state.text && h('p', { class: 'faint' }, state.text),
    state.troubles.length > 0 && h('ul', { class: 'trouble' }, state.troubles.map(trouble => h('li', { 'data-trouble': trouble.key }, h('strong', {}, icon('ask'), trouble.title), h('p', {}, trouble.todo)))),
    h('dl', { class: 'sitefacts' },
      fact('heard', site.lastSeen && ageMark(site.lastSeen)), fact('courier', site.lastCourier && ageMark(site.lastCourier)),
      fact('rate', known(health.rateKbit) && isolated(`${number(health.rateKbit)} kbit/s`)), fact('trip', known(health.roundTrip) && isolated(`${number(health.roundTrip)} ms`)),
      fact('queue', known(health.queueObjects) && (health.queueObjects > 0 ? say('queue.some', { n: health.queueObjects, b: size(health.queueBytes || 0) }) : say('queue.nothing'))),
      fact('oldest', health.queueObjects > 0 && known(health.oldestUnsent) && duration(health.oldestUnsent), has('oldest')),
      fact('disk', known(health.diskFree) && [size(Math.max(0, health.diskFree)), ' ', h('small', { class: 'faint' }, say('disk.reserve'))], has('disk')),
      fact('clock', known(health.clockDifference) && clockWords(health.clockDifference), has('clock')),
      fact('uptime', known(health.uptime) && duration(health.uptime)), fact('temperature', known(health.temperature) && degrees(health.temperature), has('hot')),
      fact('objects', site.objects > 0 && number(site.objects)), fact('version', site.software && own(site.software, { dir: 'ltr' })), fact('key', site.keyFingerprint && own(site.keyFingerprint, { dir: 'ltr', class: 'code' }))),
    site.healthAt && state.silence > SILENT && h('small', { class: 'faint' }, say('as.told', { t: ago(instant(site.healthAt)) })));
}

function showSites(main) {
  let shown = null;
  const count = h('p', { class: 'total', role: 'status' });
  const list = h('ul', { class: 'sitelist' });
  const message = h('div', { class: 'message' }, h('p', {}, say('loading')));
  main.replaceChildren(h('div', { class: 'head' }, h('h1', {}, say('sites')), count), list, message);
  document.title = `${say('sites')} · Rekkas`;

  function draw(sites) {
    const states = new Map(sites.map(site => [site.site, siteState(site)]));
    const order = { bad: 0, waiting: 1, good: 2 };
    const sorted = [...sites].sort((a, b) => order[states.get(a.site).kind] - order[states.get(b.site).kind] || (a.title || a.site).localeCompare(b.title || b.site, locale()));
    // Silence grows by itself: what is shown of it belongs to what makes a card another one.
    reconcile(list, sorted.map(site => ({ site, words: states.get(site.site).words, language })), item => item.site.site, item => siteCard(item.site));
    const wrong = sites.filter(site => states.get(site.site).kind !== 'good').length;
    count.textContent = sites.length ? [say('sites.count', { n: sites.length }), wrong ? say('sites.trouble', { n: wrong }) : say('sites.good')].join(' · ') : '';
    message.replaceChildren(...(sites.length ? [] : [h('h2', {}, say('sites.none')), h('p', {}, say('sites.none.text'))]));
    shown = sites;
  }

  async function load() {
    try {
      draw(await api('sites'));
      banner(null);
      return true;
    } catch (error) {
      if (!shown) message.replaceChildren();
      banner(error, load);
      return false;
    }
  }

  const watching = watch(load, { least: 5, every: 10 });
  return () => watching.stop();
}
