// What was not taken, what stopped on its way, and what is kept aside: why, and what to do.

/** Days without a byte from which on a transfer is listed; the first is what the server calls abandoned. */
const QUIET_DAYS = [45, 7, 1, 0];
const REASONS = ['conflict', 'damaged', 'unusable'];

function reasonWords(reason) {
  const known = REASONS.includes(reason) ? reason : { mismatch: 'unusable', corrupt: 'damaged' }[reason] || (reason.startsWith('unparsable') ? 'unusable' : 'other');
  return { title: say(`why.${known}`, { c: isolated(reason) }), todo: say(`why.${known}.do`) };
}

/** One object: what is wrong, what to do, what is known of it. */
function arrivalRow(key, { title, todo, site, at, study, instance, facts, detail, actions }) {
  return h('li', { class: 'card arrival', 'data-arrival': key },
    h('p', { class: 'strong' }, icon('ask'), title), todo && h('p', {}, h('b', {}, say('what.to.do')), ' ', todo),
    h('p', { class: 'faint' }, [site && own(site), ageMark(at), ...facts].filter(Boolean).flatMap((part, i) => i ? [' · ', part] : [part])),
    h('details', {}, h('summary', {}, say('details')), h('ul', { class: 'code' }, [detail, instance && `SOP Instance UID ${instance}`, study && `Study Instance UID ${study}`, key].filter(Boolean).map(line => h('li', {}, own(line, { dir: 'ltr' }))))),
    (study || actions) && h('div', { class: 'actions' }, study && h('a', { class: 'button', href: `./#/study/${encodeURIComponent(study)}` }, say('open.study')), actions));
}

function showArrivals(main) {
  let days = QUIET_DAYS[0], shown = false;
  const message = h('div', { class: 'message' }, h('p', {}, say('loading')));
  const quiet = h('select', { id: 'quiet', onchange: () => { days = Number(quiet.value); load(); } }, QUIET_DAYS.map(n => h('option', { value: String(n) }, n ? say('arrivals.days', { n }) : say('arrivals.any'))));
  const part = (name, extra) => {
    const list = h('ul', { class: 'arrivals', 'data-list': name });
    const none = h('p', { class: 'faint' }, say('arrivals.none'));
    const total = h('span', { class: 'total' });
    const box = h('section', { class: 'box-section', hidden: true }, h('div', { class: 'head' }, h('h2', {}, say(`arrivals.${name}`)), total), h('p', { class: 'faint' }, say(`arrivals.${name}.text`)), extra, list, none);
    return { box, fill(rows, make) {
      box.hidden = false;
      none.hidden = rows.length > 0;
      total.textContent = rows.length ? number(rows.length) : '';
      reconcile(list, rows.map(row => ({ ...row, language })), row => `${row.site || ''} ${row.digest}`, make);
    } };
  };
  const refused = part('refused');
  const abandoned = part('abandoned', h('div', { class: 'field quiet-days' }, h('label', { for: 'quiet' }, say('arrivals.quiet')), quiet));
  const quarantine = part('quarantine');
  main.replaceChildren(h('div', { class: 'head' }, h('h1', {}, say('to.check'))), message, h('div', { class: 'column' }, refused.box, abandoned.box, quarantine.box));
  document.title = `${say('to.check')} · Rekkas`;

  async function load() {
    try {
      const answer = await api(`arrivals?days=${days}`);
      shown = true;
      banner(null);
      draw(answer);
      return true;
    } catch (error) {
      if (!shown) message.replaceChildren();
      banner(error, load);
      return false;
    }
  }

  async function remove(what, words) {
    try {
      await api(`arrivals/${what}`, { method: 'DELETE' });
      toast(words);
    } catch (error) { toast(error.status === 404 ? say('gone.already') : refusalText(error)); }
    load();
  }

  function confirm(one) {
    const dialog = sheet(say('discard.title'), h('p', {}, own(one.site), ' · ', own(one.instance, { dir: 'ltr', class: 'code' })), h('p', {}, say('discard.text')),
      h('button', { type: 'button', class: 'danger', onclick: () => { dialog.close(); remove(one.digest, say('discard.done')); } }, say('discard.yes')));
  }

  function draw({ refused: no, abandoned: left, quarantine: aside }) {
    message.replaceChildren(...(no.length + left.length + aside.length ? [] : [h('h2', {}, say('arrivals.all.good')), h('p', {}, say('arrivals.all.good.text'))]));
    refused.fill(no, one => arrivalRow(one.digest, { ...reasonWords(one.reason), site: one.site, at: one.lastAt, study: one.study, instance: one.instance, facts: [say('times', { n: one.times })], detail: one.text,
      actions: h('button', { type: 'button', onclick: () => remove(`${one.digest}/refusal`, say('take.off.done')) }, say('take.off')) }));
    abandoned.fill(left, one => arrivalRow(one.digest, { title: say('here.of', { a: size(one.bytesHere), b: size(one.size) }), site: one.site, at: one.lastArrivalAt, study: one.study, instance: one.instance, facts: [],
      actions: h('button', { type: 'button', class: 'danger', onclick: () => confirm(one) }, say('discard')) }));
    quarantine.fill(aside, one => arrivalRow(one.digest, { ...reasonWords(one.reason), site: one.from, at: one.lastAt, facts: [say('times', { n: one.times }), size(one.size)], detail: `${one.id}: ${one.reason}: ${one.detail}` }));
  }

  const watching = watch(load, { least: 3, every: 15 });
  return () => watching.stop();
}
