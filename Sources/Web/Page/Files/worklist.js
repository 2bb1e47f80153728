// The reader's worklist: cases by urgency and age, each with how far its studies have come.

/** What the reader looks for among the cases; it stays when a case is opened and closed again. */
const sought = { text: '', urgency: '' };
const CASES = 50;

async function askWorklist(limit, signal) {
  const query = new URLSearchParams({ limit });
  if (sought.urgency) query.set('urgency', sought.urgency);
  const answer = await api(`worklist?${query}`, { signal });
  return { cases: answer.cases || [], total: answer.total ?? (answer.cases || []).length };
}

function showWorklist(main, first) {
  let shown = CASES, cases = [], total = 0, loaded = false, pending = null, typing = null;
  const search = h('input', { type: 'search', id: 'search', placeholder: say('cases.search'), autocomplete: 'off', spellcheck: 'false', dir: 'auto', enterkeyhint: 'search', value: sought.text });
  const urgency = h('select', { id: 'urgency' }, h('option', { value: '' }, say('urgency.all')), URGENCIES.map(value => h('option', { value }, say(`urgency.${value}`))));
  urgency.value = sought.urgency;
  const count = h('p', { class: 'total', role: 'status' });
  const list = h('ol', { class: 'cases', 'aria-label': say('cases') });
  const message = h('div', { class: 'message' });
  const more = h('button', { type: 'button', class: 'more', hidden: true, onclick: () => { shown += CASES; load(); } }, say('more'));
  const form = h('form', { class: 'filters', role: 'search', onsubmit: event => { event.preventDefault(); load(); } },
    h('div', { class: 'field wide' }, h('label', { for: 'search' }, say('search')), h('div', { class: 'box' }, icon('search'), search)),
    h('div', { class: 'field' }, h('label', { for: 'urgency' }, say('urgency')), urgency));
  main.replaceChildren(h('div', { class: 'head' }, h('h1', {}, say('cases')), count), form, list, message, h('div', { class: 'foot' }, more));
  document.title = `${say('cases')} · Rekkas`;

  search.addEventListener('input', () => { sought.text = search.value.trim(); clearTimeout(typing); typing = setTimeout(seek, 150); });
  urgency.addEventListener('change', () => { sought.urgency = urgency.value; loaded = false; load(); });

  /** Names are looked for here, so that none stands in an address; for that all cases must be here. */
  function seek() {
    if (sought.text && cases.length < total) { shown = 500; load(); }
    draw();
  }

  async function load() {
    if (pending) pending.abort();
    const mine = pending = new AbortController();
    if (!loaded) list.replaceChildren(...Array.from({ length: 4 }, () => h('li', { class: 'skeleton', 'aria-hidden': 'true' })));
    try {
      take(await askWorklist(shown, mine.signal));
      banner(null);
    } catch (error) {
      if (error.name === 'AbortError') return true;
      if (!loaded) list.replaceChildren();
      banner(error, load);
      return false;
    } finally { if (pending === mine) pending = null; }
    return true;
  }

  function take(answer) {
    const fresh = loaded ? answer.cases.filter(one => !cases.some(old => old.number === one.number)) : [];
    const finished = loaded ? answer.cases.filter(one => isComplete(one) && cases.some(old => old.number === one.number && !isComplete(old))) : [];
    cases = answer.cases;
    total = answer.total;
    if (!loaded) list.replaceChildren();
    loaded = true;
    draw();
    LIVE.hurry();
    if (fresh.length) announce(say('count.cases.new', { n: fresh.length }));
    else if (finished.length) announce(finished.map(one => `${one.number}: ${say('complete')}`).join('. '));
  }

  function draw() {
    const plain = value => String(value || '').normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
    const words = plain(sought.text).split(/\s+/).filter(Boolean);
    const fits = one => { const text = plain([one.number, one.site, one.question, one.patient?.name, one.patient?.id, one.accessionNumber].join(' ')); return words.every(word => text.includes(word)); };
    const some = cases.filter(fits);
    reconcile(list, some.map(one => ({ ...one, language })), one => one.number, caseRow);
    more.hidden = cases.length >= total;
    count.textContent = some.length ? say('count.cases', { n: words.length ? some.length : total }) : '';
    message.replaceChildren();
    if (some.length) return;
    const searching = words.length || sought.urgency;
    message.append(h('h2', {}, say(searching ? 'cases.none.title' : 'cases.empty.title')), h('p', {}, say(searching ? 'none.text' : 'cases.empty.text')));
    if (searching) message.append(h('button', { type: 'button', onclick: () => { Object.assign(sought, { text: '', urgency: '' }); search.value = urgency.value = ''; loaded = false; load(); search.focus(); } }, say('clear')));
  }

  if (first) take(first);
  const watching = watch(load, { least: 2, every: 6 });
  return () => { watching.stop(); clearTimeout(typing); if (pending) pending.abort(); };
}

/** Whether every study of a case is here, and its site said that nothing more comes. */
const isComplete = one => { const studies = caseStudies(one); return studies.length > 0 && studies.every(entry => entry.progress?.isComplete); };

/** A case as one row: the whole of it leads to its images. */
function caseRow(one, old) {
  const studies = caseStudies(one);
  const closed = consentState(one) !== 'yes' && !one.overridden;
  return h('li', { class: `case ${URGENCIES.includes(one.urgency) ? one.urgency : 'routine'}`, 'data-case': one.number },
    h('div', { class: 'mark' }, urgencyMark(one.urgency), ageMark(caseSince(one))),
    h('div', { class: 'who' }, h('h2', {}, h('a', { class: 'stretch', href: `#/case/${encodeURIComponent(one.number)}` }, caseNumber(one))), casePatient(one),
      h('small', { class: 'from' }, [own(one.site), one.specialty && own(specialtyName(one.specialty))].filter(Boolean).flatMap((part, i) => i ? [' · ', part] : [part]))),
    h('div', { class: 'what' }, h('p', { class: 'clamp' }, questionLine(one)), consentMark(one)),
    h('div', { class: 'how' }, studies.length ? studies.map(entry => h('div', { class: 'one', 'data-progress': entry.study }, !closed && studyPicture(entry, old, 56),
      entry.progress ? drawProgress(entry.study, entry.progress, studyLabel(entry)) : h('span', {}, studyLabel(entry) || say('study'), ' ', h('small', { class: 'faint' }, say('coming'))))) : h('small', { class: 'faint' }, say('case.nostudy')), sealMark(one)));
}
