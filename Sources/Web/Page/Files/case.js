// One case: the question and its context beside the images, and a door that stays shut without consent.

function showCase(main, place) {
  const number = place.number;
  let one = null, inner = null, shown = '', stopped = false, open = place;
  const facts = h('aside', { class: 'facts', 'aria-label': say('question') });
  const pick = h('nav', { class: 'pick', 'aria-label': say('studies.of'), hidden: true });
  const content = h('div', { class: 'content' });
  main.replaceChildren(backLink(), h('div', { class: 'casepage' }, facts, h('div', { class: 'side' }, pick, content)));
  content.append(h('div', { class: 'message' }, h('p', {}, say('loading'))));
  document.title = `${number} · Rekkas`;

  async function load() {
    try {
      one = await findCase(number);
      if (stopped) return true;
      banner(null);
      draw();
      return true;
    } catch (error) {
      if (error.status === 404 || error.status === 400) {
        facts.replaceChildren();
        content.replaceChildren(h('div', { class: 'message' }, h('h2', {}, say('case.missing')), h('a', { class: 'button', href: '#/' }, say('back.cases'))));
        return true;
      }
      banner(error, load);
      return false;
    }
  }

  const chosen = () => { const studies = caseStudies(one); return (studies.find(entry => entry.study === open.study) || studies[0] || {}).study || ''; };
  const isShut = () => consentState(one) !== 'yes' && !one.overridden;

  function draw() {
    refresh(facts, () => [caseFacts(one), progressList(), consentState(one) !== 'yes' && one.overridden && h('p', { class: 'warning' }, icon('ask'), say('closed.logged'))]);
    const studies = caseStudies(one);
    const now = chosen();
    pick.hidden = studies.length < 2;
    pick.replaceChildren(...studies.map((entry, i) => h('a', { class: 'button', href: `#/case/${encodeURIComponent(number)}/${encodeURIComponent(entry.study)}`, 'aria-current': entry.study === now && 'true' }, own(studyLabel(entry) || say('study.n', { i: i + 1 })))));
    const wanted = isShut() ? 'shut' : now || 'none';
    if (wanted === shown) return;
    shown = wanted;
    if (inner) { inner(); inner = null; }
    if (wanted === 'shut') return shut();
    if (!now) { content.replaceChildren(h('div', { class: 'message' }, h('p', {}, say('case.nostudy')))); return; }
    inner = showStudy(content, now, open.study === now || !open.study ? open : { ...open, series: '', index: 1 }, {
      base: `#/case/${encodeURIComponent(number)}/${encodeURIComponent(now)}`, question: () => h('div', {}, caseFacts(one)), patient: one.patient,
      closed: () => { shown = 'shut'; shut(); },
    });
  }

  function progressList() {
    return caseStudies(one).filter(entry => entry.progress).map(entry => h('div', { 'data-progress': entry.study }, drawProgress(entry.study, entry.progress, studyLabel(entry))));
  }

  /** Without consent no picture: the page says why, and an emergency has a way in that is written down. */
  function shut() {
    const refused = consentState(one) === 'no';
    const reason = h('input', { id: 'reason', required: true, minlength: '3', maxlength: '200', dir: 'auto', autocomplete: 'off' });
    const problem = h('p', { class: 'warning', role: 'alert', hidden: true });
    const form = h('form', { class: 'override', hidden: true, onsubmit: async event => {
      event.preventDefault();
      try {
        one = { ...one, ...await api(`cases/${encodeURIComponent(number)}/override`, { method: 'POST', body: { reason: reason.value.trim() } }), overridden: true };
        draw();
      } catch (error) { problem.textContent = refusalText(error); problem.hidden = false; }
    } }, h('label', { for: 'reason' }, say('closed.reason')), reason, h('button', { class: 'danger' }, say('closed.confirm')));
    const ask = h('button', { type: 'button', onclick: () => { ask.hidden = true; form.hidden = false; reason.focus(); } }, icon('emergency'), say('closed.emergency'));
    // A refusal is only set aside where life is at stake.
    ask.hidden = refused && one.urgency !== 'emergency';
    content.replaceChildren(h('div', { class: 'message shut', role: 'status' }, icon('lock'), h('h2', {}, say('closed.title')), h('p', {}, say(refused ? 'closed.no' : 'closed.text')), ask, form, problem));
  }

  const watching = watch(load, { least: 2, every: 8 });
  const leave = () => { stopped = true; watching.stop(); if (inner) inner(); };
  leave.move = target => {
    open = target;
    if (inner && one && shown === chosen()) inner.move(target); else if (one) draw();
  };
  return leave;
}
