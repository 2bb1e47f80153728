// One study: its images as a grid, series by series.

const FEW = 24;
const BATCH = 500;
const INSTANCE_FIELDS = '00080008,00080016,00080018,00080056,00200013,00201041,00280008,00280010,00280011,00181063,00180040,00082144';

/** `given` is for a study inside a case: its address, where "back" leads, the question for the viewer, what to do without consent. */
function showStudy(main, uid, open, given = {}) {
  const base = given.base || `#/study/${encodeURIComponent(uid)}`;
  const known = new Map();
  const expanded = new Set();
  let study = null, stopped = false, viewer = null, loading = false, asked = false, shut = false;
  const abort = new AbortController();
  const head = h('div', { class: 'studyhead' });
  const coming = h('div', { class: 'coming' });
  const body = h('div', { class: 'serieslist' });
  const message = h('div', { class: 'message' }, h('p', {}, say('loading')));
  main.replaceChildren(...(given.base ? [] : [backLink()]), head, coming, body, message);

  async function load() {
    if (loading) return;
    loading = true;
    try {
      const [found, series] = await Promise.all([
        rows('studies', { StudyInstanceUID: uid, includefield: '00081030,00080080,00100021,00100030,00100040' }, abort.signal),
        rows(`${path(uid)}/series`, { includefield: '0008103E,00080021,00080031,00200011,00180015,00080080' }, abort.signal),
      ]);
      banner(null);
      if (!found.length) return missing();
      study = found[0];
      drawHead();
      if (shut || !asked) { asked = true; if (await isClosed()) return true; shut = false; }
      tellProgress();
      series.sort((a, b) => whole(a, '00200011') - whole(b, '00200011'));
      for (const row of series) {
        const id = text(row, '0020000E');
        const old = known.get(id);
        if (!old || old.count !== text(row, '00201209')) {
          known.set(id, { row, count: text(row, '00201209'), instances: old ? old.instances : null });
          draw(series);
          known.get(id).instances = await instances(id);
        }
        draw(series);
      }
      message.replaceChildren();
      if (viewer) viewer.refresh(known);
    } catch (error) {
      if (error.name === 'AbortError') return;
      if (error.status === 404 || error.status === 400) return missing();
      if (!study) message.replaceChildren();
      banner(error, load);
      return false;
    } finally { loading = false; }
    if (!stopped && !viewer && open.series) openViewer(open.series, open.index);
  }

  /** How far a study has come over the link; inside a case the case tells it. */
  async function tellProgress() {
    if (given.base) return;
    const progress = await api(`studies/${encodeURIComponent(uid)}/progress`, { signal: abort.signal }).catch(() => null);
    if (!stopped) refresh(coming, () => progress?.link && !progress.isComplete && progress.visible > 0 ? [drawProgress(uid, progress, '')] : []);
  }

  async function instances(series) {
    const all = [];
    for (;;) {
      const some = await rows(`${path(uid, series)}/instances`, { includefield: INSTANCE_FIELDS, limit: BATCH, offset: all.length }, abort.signal);
      all.push(...some);
      if (some.length < BATCH) break;
    }
    return all.map(row => ({
      uid: text(row, '00080018'), series, study: uid, number: whole(row, '00200013'), frames: Math.max(1, whole(row, '00280008')),
      columns: whole(row, '00280011'), rows: whole(row, '00280010'), location: text(row, '00201041'),
      coming: text(row, '00080056') === 'NEARLINE',
      rate: parseFloat(first(row, '00082144')) || parseFloat(first(row, '00180040')) || 1000 / parseFloat(first(row, '00181063')) || 10,
    })).sort((a, b) => a.number - b.number);
  }

  function missing() {
    message.replaceChildren(h('h2', {}, say('error.missing')), h('a', { class: 'button', href: STUDIES }, say('back')));
  }

  /** The server keeps the pictures shut, as the patient's consent is not there: the case says more, and may open them. */
  function closed(number) {
    if (given.closed) return given.closed();
    shut = true;
    body.replaceChildren();
    message.replaceChildren(icon('lock'), h('h2', {}, say('closed.title')), h('p', {}, say('closed.text')), number ? h('a', { class: 'button', href: `#/case/${encodeURIComponent(number)}` }, say('case'), ' ', own(number, { dir: 'ltr' })) : '');
  }

  /** Whether the pictures may be seen: searches are answered without consent, pictures are not. */
  async function isClosed() {
    const answer = await fetch(`${ROOT}/${path(uid)}/thumbnail?accept=image/jpeg&viewport=128,128`, { signal: abort.signal }).catch(() => null);
    if (answer?.status !== 403) return false;
    const { error } = await answer.json().catch(() => ({}));
    closed(error?.case || '');
    return true;
  }

  function drawHead() {
    const name = personName(study, '00100010');
    const when = moment(text(study, '00080020'), text(study, '00080030'));
    const birth = moment(text(study, '00100030'));
    if (!given.base) document.title = `${name.main || say('noname')} · Rekkas`;
    const fact = (label, value) => value && h('div', {}, h('dt', {}, label), h('dd', {}, value));
    // DICOM writes spellings as an object of groups; a case as one text.
    const spelled = Object.values(first(study, '00100010') || {}).join('=');
    const stranger = given.patient && isSomebodyElse(given.patient, text(study, '00100020'), spelled);
    head.replaceChildren(
      stranger ? h('p', { class: 'warning stranger', role: 'alert' }, icon('urgent'), say('stranger')) : '',
      h('h1', {}, patientName(name)),
      h('p', { class: 'line' }, values(study, '00080061').map(value => h('b', { class: 'badge', dir: 'ltr' }, value)),
        own(text(study, '00081030') || say('nodescription'), { class: 'strong' })),
      h('dl', {},
        fact(say('patient'), patientLine(study, when)),
        birth && fact(say('born'), showDate(birth)),
        when && fact(say('date'), showDate(when, Boolean(text(study, '00080030')))),
        fact(say('accession'), text(study, '00080050') && own(text(study, '00080050'))),
        fact(say('site'), text(study, '00080080') && own(text(study, '00080080'))),
        fact(say('images'), [say('count.series', { n: whole(study, '00201206') || known.size }), ' · ', say('count.images', { n: whole(study, '00201208') })])));
  }

  function draw(series) {
    const items = series.filter(row => known.has(text(row, '0020000E'))).map(row => {
      const id = text(row, '0020000E');
      const entry = known.get(id);
      return { id, number: text(row, '00200011'), modality: text(row, '00080060'), description: text(row, '0008103E'), part: text(row, '00180015'), instances: entry.instances, open: expanded.has(id), language };
    });
    reconcile(body, items, item => item.id, (item, old) => drawSeries(item, old, series));
  }

  function drawSeries(item, old, series) {
    const section = old || h('section', { class: 'series' }, h('header', {}), h('div', { class: 'grid' }), h('div', { class: 'foot' }));
    const [title, grid, foot] = section.children;
    const all = item.instances || [];
    const frames = all.reduce((sum, instance) => sum + instance.frames, 0);
    title.replaceChildren(
      h('h2', {}, h('b', { class: 'badge', dir: 'ltr' }, item.modality || '?'), own(item.description || `${say('series')} ${item.number}`)),
      h('small', {}, [item.description && item.number && `${say('series')} ${item.number}`, item.instances && say(all.some(instance => instance.columns) ? 'count.images' : 'count.objects', { n: all.length }), frames > all.length && say('count.frames', { n: frames })].filter(Boolean).join(' · ')));
    const some = item.open || all.length <= FEW ? all : all.slice(0, FEW);
    reconcile(grid, item.instances ? some.map((instance, index) => ({ ...instance, index, modality: item.modality, language })) : [], one => one.uid, tile);
    foot.replaceChildren();
    if (all.length > FEW) {
      const toggle = () => { if (!expanded.delete(item.id)) expanded.add(item.id); draw(series); };
      foot.append(h('button', { type: 'button', onclick: toggle, 'aria-expanded': String(item.open) }, item.open ? say('show.less') : say('show.all', { n: all.length })));
    }
    return section;
  }

  function tile(instance, old) {
    const label = instance.number || instance.index + 1;
    const address = `${ROOT}/${path(uid, instance.series, instance.uid)}`;
    const isImage = instance.columns > 0;
    // A picture that is being made better stays where it is, whatever else changes around it.
    const live = old?.querySelector('.live');
    const source = `${address}/thumbnail?accept=image/jpeg&viewport=128,128`;
    const picture = () => instance.coming ? livePicture(source, instance.modality || '–', 112, instance.uid) : thumbnail(source, instance.modality || '–', 112);
    return h('a', { class: 'tile', 'data-instance': instance.uid, href: `${base}/${encodeURIComponent(instance.series)}/${instance.index + 1}`, 'aria-label': isImage ? say('open.image', { i: String(label) }) : say('document') },
      isImage ? live || picture() : h('span', { class: 'thumb' }, icon('document')),
      h('span', { class: 'number', 'aria-hidden': 'true' }, number(label)),
      instance.frames > 1 && h('span', { class: 'frames' }, icon('play'), number(instance.frames)));
  }

  function openViewer(series, index) {
    const entry = known.get(series);
    if (!entry || !entry.instances || !entry.instances.length) return;
    viewer = showViewer({
      instances: entry.instances, index: Math.min(Math.max(1, index || 1), entry.instances.length) - 1,
      modality: text(entry.row, '00080060'), description: text(entry.row, '0008103E'), series,
      name: personName(study, '00100010').main || say('noname'), id: text(study, '00100020'),
      question: given.question,
      moved: at => history.replaceState(null, '', `${base}/${encodeURIComponent(series)}/${at + 1}`),
      closed: () => { viewer = null; if (!stopped) leaveViewer(base); },
    });
  }

  const timer = watch(async () => { const good = await load(); LIVE.hurry(); return good; }, { least: 3, every: 20 });
  const leave = () => { stopped = true; timer.stop(); abort.abort(); if (viewer) viewer.close(); };
  /** The address changed inside this study: a viewer opens or closes, the grid stays as it is. */
  leave.move = target => {
    open = target;
    if (!target.series) { if (viewer) { const old = viewer; viewer = null; old.close(); } return; }
    if (!viewer) openViewer(target.series, target.index);
  };
  return leave;
}
