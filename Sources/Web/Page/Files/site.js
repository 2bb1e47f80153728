// The page of the health centre: what came in, what is safe, what is sent, what is wrong and what to do about it.

const STUDIES = '#/';
/** Asks for everything again, whatever is shown: set by the view that is open. */
let refreshPage = () => {};

const VIEWS = {
  '': main => { tab('home'); return showHome(main); },
  new: (main, place) => { tab('new'); return showForm(main, { study: place.study }); },
  edit: (main, place) => { tab('home'); return showForm(main, { number: place.study }); },
  study: (main, place) => { tab('home'); return showStudy(main, place.study, place); },
  case: (main, place) => { tab('home'); return showSiteCase(main, place); },
};
const TABS = [['home', '#/'], ['new', '#/new']];
const backLink = () => h('a', { class: 'backlink', href: '#/' }, icon('back'), say('home'));

function showHome(main) {
  let known = null, state = '', complete = new Set();
  const link = h('div', { class: 'linkplace' });
  const loose = h('ul', { class: 'looselist' });
  const looseBox = h('section', { class: 'box-section', hidden: true }, h('h2', {}, say('unassigned')), h('p', { class: 'faint' }, say('unassigned.text')), loose);
  const list = h('ol', { class: 'cases' });
  const none = h('div', { class: 'message' }, h('p', {}, say('loading')));
  const below = h('div', { class: 'below' });
  main.replaceChildren(h('div', { class: 'sitepage' }, h('div', { class: 'status' }, link, h('a', { class: 'button primary big', href: '#/new' }, icon('plus'), say('new'))),
    looseBox, h('section', { class: 'box-section' }, h('h2', {}, say('cases.open')), list, none), below));
  document.title = 'Rekkas';

  async function load() {
    try {
      known = await siteNow();
      banner(null);
      draw();
      return true;
    } catch (error) {
      if (error.name !== 'AbortError') banner(error, load);
      if (!known) none.replaceChildren();
      return false;
    }
  }

  function draw() {
    const { status, cases, unassigned, sending } = known;
    document.title = [status?.site, 'Rekkas'].filter(Boolean).join(' · ');
    // A disk that is nearly full is not to be looked for below.
    const low = diskIsLow(status);
    refresh(link, () => [linkCard(status), refusedCard(status), low && diskCard(status)].filter(Boolean));
    if (state && status?.link?.state && status.link.state !== state && status.link.state in LINK_STATES) announce(say(`link.${status.link.state}`));
    state = status?.link?.state || '';
    looseBox.hidden = unassigned.length === 0;
    reconcile(loose, unassigned.map(entry => ({ entry, sending: sending.get(entry.study) || null, language })), item => item.entry.study, unassignedRow);
    reconcile(list, cases.map(one => ({ one, sending: caseStudies(one).map(entry => sending.get(entry.study)).filter(Boolean), language })), item => item.one.number, siteCaseRow);
    none.replaceChildren(...(cases.length ? [] : [h('h2', {}, say('cases.none')), h('p', {}, say('cases.none.text'))]));
    refresh(below, () => status ? [queueCard(status), !low && diskCard(status)].filter(Boolean) : []);
    LIVE.hurry();
    const finished = [...sending.values()].filter(entry => entry.stage === 'complete').map(entry => entry.study);
    if (complete.size && finished.some(study => !complete.has(study))) announce(say('send.complete'));
    complete = new Set(finished.length ? finished : ['']);
  }

  const watching = watch(load, { least: 1.5, every: 4 });
  refreshPage = load;
  return () => watching.stop();
}
