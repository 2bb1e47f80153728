// One case at its site: what was asked, consent in one tap, its images on their way, closing, late images.

function showSiteCase(main, place) {
  const number = place.number;
  let stopped = false, now = null;
  const top = h('section', { class: 'card' });
  const images = h('ul', { class: 'parts' });
  const foot = h('div', { class: 'actions wide' });
  main.replaceChildren(backLink(), h('div', { class: 'column' }, top, h('h2', {}, say('studies.of')), images, foot));
  document.title = `${number} · Rekkas`;

  async function load() {
    try {
      const [one, rest] = await Promise.all([findCase(number), siteNow()]);
      if (stopped) return true;
      banner(null);
      now = { one, ...rest };
      draw();
      return true;
    } catch (error) {
      if (error.status === 404 || error.status === 400) { main.replaceChildren(backLink(), h('div', { class: 'message' }, h('h2', {}, say('case.missing')))); return true; }
      banner(error, load);
      return false;
    }
  }

  async function answer(given) {
    try {
      await api(`cases/${encodeURIComponent(number)}`, { method: 'PATCH', body: { revision: now.one.revision, consent: { given } } });
      toast(say('saved'));
      load();
    } catch (error) { toast(refusalText(error)); load(); }
  }

  function draw() {
    const { one, sending } = now;
    const asks = consentState(one) === 'missing';
    reconcile(top, [{ one, asks, language }], () => 'top', () => h('div', {}, one.delivery?.state === 'refused' && refusalTrouble(one.delivery, number), caseFacts(one), deliveryMark(one),
      asks && h('fieldset', { class: 'consentask' }, h('legend', {}, say('consent.ask')), h('div', { class: 'choice-row' },
        h('button', { type: 'button', onclick: () => answer(true) }, icon('check'), say('consent.answer.yes')),
        h('button', { type: 'button', onclick: () => answer(false) }, icon('cross'), say('consent.answer.no'))), h('small', {}, say('consent.later.note'))),
      h('a', { class: 'button', href: `#/edit/${encodeURIComponent(number)}` }, say('edit'))));
    reconcile(images, caseStudies(one).map(entry => ({ entry, sending: sending.get(entry.study) || null, language })), item => item.entry.study, (item, old) => h('li', { class: 'card' },
      siteStudy(item.entry, item.sending, old, h('button', { type: 'button', class: 'quiet', onclick: () => partStudy(number, item.entry.study) }, say('remove')))));
    LIVE.hurry();
    const sealed = Boolean(one.sealed);
    reconcile(foot, [{ sealed, loose: now.unassigned.map(entry => entry.study), any: caseStudies(one).length > 0, language }], () => 'foot', item => h('div', { class: 'actions wide' },
      item.any && !item.sealed && h('button', { type: 'button', class: 'primary', onclick: () => askSeal(now.one) }, icon('check'), say('seal')),
      h('button', { type: 'button', onclick: () => chooseStudies(now.one, now.unassigned) }, icon('plus'), say(item.sealed ? 'seal.late' : 'add.images'))));
  }

  const watching = watch(load, { least: 2, every: 5 });
  refreshPage = load;
  return () => { stopped = true; watching.stop(); };
}
