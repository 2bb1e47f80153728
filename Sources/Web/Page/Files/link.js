// The link in words: how it is, what is wrong, what to do about it; the queue, what stepped aside, the disk.

learn(LINK_TEXTS);
learn(SITE_TEXTS);

/** What the sender's words are called here; others are said as they are. */
const PROBLEMS = ['unreachable', 'interrupted', 'portal', 'certificate', 'key', 'hub-full', 'refused', 'budget', 'calendar', 'archive'];
const LINK_STATES = { connected: 'good', sending: 'good', retrying: 'waiting', offline: 'bad', refused: 'bad', paused: 'waiting' };
const LINK_ICONS = { good: 'check', waiting: 'clock', bad: 'cross' };

const secondsTo = time => Math.max(0, (time - serverNow()) / 1000);

const rateWords = kbit => `\u2066${kbit < 10000 ? `${number(Math.round(kbit))} kbit/s` : `${number(Math.round(kbit / 1000))} Mbit/s`}\u2069`;

/** The card that one looks at first: a shape, a word, a sentence, and a way out. */
function linkCard(status) {
  const link = status?.link || {};
  const state = link.state in LINK_STATES ? link.state : 'unknown';
  const kind = link.problem && LINK_STATES[state] === 'good' ? 'waiting' : LINK_STATES[state] || 'waiting';
  const since = instant(link.since), next = instant(link.nextTry);
  const waits = (status?.queue?.objects || 0) > 0;
  const facts = [
    since && kind !== 'good' && say('link.since', { t: duration(Math.max(5, (serverNow() - since) / 1000)) }),
    next && secondsTo(next) > 0 && say('link.next', { t: duration(secondsTo(next)) }),
    link.rateKbit > 0 && say('link.rate', { r: rateWords(link.rateKbit) }), link.rttMs > 0 && say('link.rtt', { r: `\u2066${number(Math.round(link.rttMs))} ms\u2069` }),
    link.monthBytes > 0 && (link.monthBudget > 0 ? say('link.month', { a: size(link.monthBytes), b: size(link.monthBudget) }) : say('link.month.only', { a: size(link.monthBytes) })),
  ].filter(Boolean);
  const problem = link.problem && link.problem !== 'clock' && problemText(link.problem);
  const clock = link.clock?.isWrong && clockText(link.clock.difference);
  return h('section', { class: `card link ${kind}`, 'aria-labelledby': 'linkstate' },
    h('p', { class: 'eyebrow' }, say('link'), status?.hub && [' · ', own(status.hub, { dir: 'ltr' })]),
    h('h2', { id: 'linkstate' }, icon(LINK_ICONS[kind]), say(`link.${state}`)),
    problem ? trouble(problem) : h('p', {}, state === 'unknown' ? '' : waits ? queueWords(status.queue) : say('link.idle')),
    clock && h('div', { 'data-problem': 'clock' }, trouble(clock)),
    kind === 'bad' && h('p', {}, say('link.safe')),
    facts.length > 0 && h('ul', { class: 'facts' }, facts.map(fact => h('li', {}, fact))),
    (kind === 'bad' || state === 'retrying') && h('button', { type: 'button', onclick: tryNow }, say('link.now')));
}

function problemText(code) {
  const known = PROBLEMS.includes(code) ? code : 'unknown';
  return { title: say(`problem.${known}`), todo: say(`problem.${known}.do`, { c: code }) };
}

/** What is wrong, and what to do about it. */
const trouble = (text, ...more) => h('div', { class: 'trouble' }, h('strong', {}, text.title), h('p', {}, h('b', {}, say('what.to.do')), ' ', text.todo), ...more);

/** Seconds by which the box is ahead of the centre, or behind. */
const clockText = difference => typeof difference !== 'number' ? { title: say('problem.clock.unset'), todo: say('problem.clock.unset.do') } : ({ title: say(difference < 0 ? 'problem.clock.behind' : 'problem.clock.ahead', { t: duration(Math.abs(difference)) }), todo: say('problem.clock.do') });

const queueWords = queue => [say('queue.objects', { n: queue.objects }), queue.bytes > 0 && (queue.etaSeconds > 0 ? say('queue.left', { b: size(queue.bytes), t: duration(queue.etaSeconds) }) : size(queue.bytes))].filter(Boolean).join(' · ');

async function tryNow(event) {
  const button = event.currentTarget;
  button.disabled = true;
  try { await api('site/retry', { method: 'POST', body: {} }); toast(say('aside.retried')); } catch (error) { toast(refusalText(error)); }
  button.disabled = false;
}

/** The queue, and what could not be sent. */
function queueCard(status) {
  const queue = status.queue || {};
  const aside = status.aside || [];
  const oldest = instant(queue.oldest);
  return h('section', { class: 'card queue' }, h('h2', {}, say('queue')),
    h('p', {}, queue.objects > 0 ? queueWords(queue) : say('queue.empty')),
    queue.objects > 0 && oldest && h('p', {}, say('queue.oldest', { t: ago(oldest) })),
    aside.length > 0 && h('div', { class: 'trouble', role: 'status' }, h('strong', {}, icon('ask'), say('aside.count', { n: aside.length })), h('p', {}, say('aside.text')),
      ASIDE_CODES.map(code => [code, aside.filter(item => item.code === code)]).filter(([, some]) => some.length).map(([code, some]) => h('div', { 'data-aside': code },
        h('p', {}, h('b', {}, say(`aside.${code}`), ' '), say(`aside.${code}.do`)),
        h('details', {}, h('summary', {}, say('aside.details', { n: some.length })), h('ul', {}, some.slice(0, 20).map(item => h('li', {}, own(item.instance, { dir: 'ltr' }), h('small', {}, ' · ', own(item.reason, { dir: 'ltr' })))))))),
      h('button', { type: 'button', onclick: tryNow }, say('aside.retry'))));
}

const ASIDE_CODES = ['conflict', 'refused', 'damaged', 'unreadable'];

/** Soon no image will be taken any more. */
const diskIsLow = status => Boolean(status?.disk?.reserve > 0 && status.disk.free < 2 * status.disk.reserve);

/** How much room is left: the bar fills up. */
function diskCard(status) {
  const disk = status.disk;
  if (!disk) return null;
  const low = diskIsLow(status);
  const words = say('storage.free', { b: size(disk.free) });
  const advice = low && { title: say('problem.disk-full'), todo: say('problem.disk-full.do') };
  return h('section', { class: `card disk${low ? ' low' : ''}` }, h('h2', {}, say('storage')),
    h('p', { class: 'state' }, low && icon('ask'), h('span', { class: 'words' }, low ? `${say('storage.low')} · ${words}` : words)),
    disk.size > 0 && drawBar([['original', 1 - disk.free / disk.size]], say('storage'), words, 1 - disk.free / disk.size),
    disk.reserve > 0 && h('small', {}, say('storage.reserve', { b: size(disk.reserve) })),
    advice && h('div', { class: 'trouble', role: 'status' }, h('strong', {}, advice.title), h('p', {}, h('b', {}, say('what.to.do')), ' ', advice.todo)));
}
