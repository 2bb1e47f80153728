// The list of studies.

const MODALITIES = ['CT', 'MR', 'DX', 'CR', 'US', 'MG', 'XA', 'NM', 'PT', 'GM', 'SM', 'XC'];
const PICTURELESS = ['SR', 'KO', 'PR', 'DOC', 'RTSTRUCT', 'RTPLAN', 'REG', 'ECG', 'HD', 'AU', 'PLAN', 'FID', 'STAIN'];
const PAGE = 25;

/** What the reader looks for; it stays when a study is opened and closed again. */
const wanted = { text: '', modality: '', date: '', from: '', to: '' };

function showList(main) {
  let shown = PAGE, studies = [], loaded = false, pending = null, typing = null, quiet = 0;
  const search = h('input', {
    type: 'search', id: 'search', placeholder: say('search.hint'), autocomplete: 'off', spellcheck: 'false', dir: 'auto', enterkeyhint: 'search',
  });
  const modality = h('select', { id: 'modality' }, h('option', { value: '' }, say('modality.all')),
    MODALITIES.map(value => h('option', { value }, say(value))));
  const date = h('select', { id: 'date' }, ['all', 'today', 'yesterday', 'week', 'month', 'range'].map(value =>
    h('option', { value: value === 'all' ? '' : value }, say(`date.${value}`))));
  const from = h('input', { type: 'date', id: 'from' });
  const to = h('input', { type: 'date', id: 'to' });
  const range = h('div', { class: 'range' }, h('label', { for: 'from' }, say('date.from')), from, h('label', { for: 'to' }, say('date.to')), to);
  const total = h('p', { class: 'total', role: 'status' });
  const list = h('ul', { class: 'studies', 'aria-label': say('studies') });
  const message = h('div', { class: 'message' });
  const more = h('button', { type: 'button', class: 'more', onclick: () => { shown += PAGE; load(); } }, say('more'));
  const titles = h('div', { class: 'titles', 'aria-hidden': 'true' }, h('span'), ['patient', 'study', 'date', 'site', 'images'].map(key => h('span', {}, say(key))));

  const form = h('form', { class: 'filters', role: 'search', onsubmit: event => { event.preventDefault(); changed(0); } },
    h('div', { class: 'field wide' }, h('label', { for: 'search' }, say('search')), h('div', { class: 'box' }, icon('search'), search)),
    h('div', { class: 'field' }, h('label', { for: 'modality' }, say('modality')), modality),
    h('div', { class: 'field' }, h('label', { for: 'date' }, say('date')), date), range);
  main.replaceChildren(h('div', { class: 'head' }, h('h1', {}, say('studies')), total), form, titles, list, message, h('div', { class: 'foot' }, more));
  document.title = `${say('studies')} · Rekkas`;

  const show = () => {
    search.value = wanted.text; modality.value = wanted.modality; date.value = wanted.date; from.value = wanted.from; to.value = wanted.to;
    range.hidden = wanted.date !== 'range';
  };
  const changed = delay => {
    Object.assign(wanted, { text: search.value.trim(), modality: modality.value, date: date.value, from: from.value, to: to.value });
    range.hidden = wanted.date !== 'range';
    clearTimeout(typing);
    typing = setTimeout(() => { shown = PAGE; load(); }, delay);
  };
  search.addEventListener('input', () => changed(300));
  for (const field of [modality, date, from, to]) field.addEventListener('change', () => changed(0));
  const clear = () => { Object.assign(wanted, { text: '', modality: '', date: '', from: '', to: '' }); show(); changed(0); search.focus(); };

  const filtered = () => Boolean(wanted.text || wanted.modality || wanted.date);

  /** Name, ID and accession are three questions to the server: asked side by side, answers joined, newest first. */
  async function ask(limit, signal) {
    const base = { includefield: '00081030,00080080,00100021', limit: limit + 1 };
    if (wanted.modality) base.ModalitiesInStudy = wanted.modality;
    const days = dateRange();
    if (days) base.StudyDate = days;
    const pattern = `*${wanted.text.replace(/[*?\\]/g, '?')}*`;
    const questions = wanted.text
      ? [{ ...base, PatientName: wanted.text, fuzzymatching: 'true' }, { ...base, PatientID: pattern }, { ...base, AccessionNumber: pattern }]
      : [base];
    const answers = await Promise.all(questions.map(question => rows('studies', question, signal)));
    const found = new Map(answers.flat().map(row => [text(row, '0020000D'), row]));
    const when = row => text(row, '00080020').replace(/\./g, '') + text(row, '00080030').replace(/:/g, '');
    const all = [...found.values()].sort((a, b) => when(a) < when(b) ? 1 : when(a) > when(b) ? -1 : 0);
    return { all: all.slice(0, limit), more: all.length > limit };
  }

  function dateRange() {
    const day = (back, at = new Date()) => { const value = new Date(at.getFullYear(), at.getMonth(), at.getDate() - back); return [value.getFullYear(), value.getMonth() + 1, value.getDate()].map((part, i) => String(part).padStart(i ? 2 : 4, '0')).join(''); };
    const picked = value => value.replace(/-/g, '');
    switch (wanted.date) {
      case 'today': return day(0);
      case 'yesterday': return day(1);
      case 'week': return `${day(6)}-`;
      case 'month': return `${day(29)}-`;
      case 'range': return wanted.from || wanted.to ? `${picked(wanted.from)}-${picked(wanted.to)}` : '';
      default: return '';
    }
  }

  async function load() {
    if (pending) pending.abort();
    const mine = pending = new AbortController();
    list.setAttribute('aria-busy', 'true');
    if (!loaded) list.replaceChildren(...Array.from({ length: 6 }, () => h('li', { class: 'skeleton', 'aria-hidden': 'true' })));
    try {
      const answer = await ask(shown, mine.signal);
      banner(null);
      const fresh = loaded && !filtered() && studies.length ? answer.all.filter(row => !studies.some(old => text(old, '0020000D') === text(row, '0020000D'))).length : 0;
      const grew = answer.all.length > studies.length && shown > PAGE && studies.length % PAGE === 0;
      studies = answer.all;
      if (!loaded) list.replaceChildren();
      loaded = true;
      draw(answer.more);
      if (fresh && !grew) announce(say('count.new', { n: fresh }));
    } catch (error) {
      if (error.name === 'AbortError') return;
      if (!loaded) list.replaceChildren();
      banner(error, load);
      return false;
    } finally {
      if (pending === mine) { pending = null; list.removeAttribute('aria-busy'); }
    }
  }

  function draw(hasMore) {
    reconcile(list, studies, row => text(row, '0020000D'), row => h('li', {}, studyRow(row)));
    titles.hidden = studies.length === 0;
    more.hidden = !hasMore;
    total.textContent = studies.length === 0 ? '' : say(hasMore ? 'count.newest' : 'count.studies', { n: studies.length });
    message.replaceChildren();
    if (studies.length) return;
    const kind = filtered() ? 'none' : 'empty';
    message.append(h('h2', {}, say(`${kind}.title`)), h('p', {}, say(`${kind}.text`)));
    if (filtered()) message.append(h('button', { type: 'button', onclick: clear }, say('clear')));
  }

  /** A cheap look at the newest few; only a change, or every sixth look, fetches the whole page again. */
  async function look() {
    if (pending) return;
    quiet = (quiet + 1) % 6;
    if (!loaded || filtered() || quiet === 0) return load();
    try {
      const { all } = await ask(4);
      banner(null);
      const mark = row => [text(row, '0020000D'), text(row, '00201208'), text(row, '00201206')].join();
      if (all.map(mark).join() !== studies.slice(0, 4).map(mark).join()) await load();
    } catch (error) { banner(error, load); return false; }
  }

  show();
  const timer = watch(look, { least: 3, every: 20 });
  return () => { timer.stop(); clearTimeout(typing); if (pending) pending.abort(); };
}

function studyRow(row) {
  const uid = text(row, '0020000D');
  const name = personName(row, '00100010');
  const when = moment(text(row, '00080020'), text(row, '00080030'));
  const modalities = values(row, '00080061').filter(value => value);
  const description = text(row, '00081030');
  const institution = text(row, '00080080');
  const issuer = text(row, '00100021');
  const series = whole(row, '00201206');
  const images = whole(row, '00201208');
  // Reports, documents and the like have nothing to show: not asked for, not missed.
  const hasPicture = !modalities.length || modalities.some(value => !PICTURELESS.includes(value));
  return h('a', { class: 'row', href: `#/study/${encodeURIComponent(uid)}`, 'data-study': uid },
    livePicture(hasPicture && `${ROOT}/${path(uid)}/thumbnail?accept=image/jpeg&viewport=128,128&n=${images}`, modalities[0] || '–', 64),
    h('span', { class: 'who' }, patientName(name), h('small', {}, patientLine(row, when))),
    h('span', { class: 'what' },
      h('span', { class: 'line' }, modalities.map(value => h('b', { class: 'badge', dir: 'ltr' }, value)), own(description || say('nodescription'), { class: description ? 'strong' : 'faint' })),
      text(row, '00080050') && h('small', {}, `${say('accession')} `, own(text(row, '00080050')))),
    h('span', { class: 'when' }, when ? [h('span', {}, showDate(when)), text(row, '00080030') && h('small', {}, showTime(when))] : h('span', { class: 'faint' }, say('nodate'))),
    h('span', { class: 'where' }, institution ? own(institution) : issuer ? own(issuer) : ''),
    h('span', { class: 'many' }, images ? h('span', {}, say(hasPicture ? 'count.images' : 'count.objects', { n: images })) : '', series ? h('small', {}, say('count.series', { n: series })) : ''));
}
