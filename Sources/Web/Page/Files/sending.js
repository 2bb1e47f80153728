// How far the site's studies have come on their way to the centre.

/** What is true of a study at the centre, in one sentence: how many can be read there, not how many should be. */
function sendWords(entry) {
  if (entry.stage === 'complete') return say('send.complete');
  if (entry.readable > 0 && entry.readable < entry.objects) return say('send.readable', { n: entry.readable, i: entry.objects });
  if (entry.readable > 0) return say('send.preview');
  if (entry.stage === 'partial' || (entry.prepared < entry.objects && entry.stage !== 'waiting')) return say('send.preparing');
  return ['waiting', 'headers', 'thumbnails', 'original'].includes(entry.stage) ? say(`send.${entry.stage}`) : '';
}

/** The progress of one study at its site: received and safe, prepared, sent. */
function drawSending(entry, label) {
  const isComplete = entry.stage === 'complete';
  const part = isComplete ? 1 : Math.min(0.99, (entry.percent || 0) / 100);
  const words = isComplete ? say('complete') : typeof entry.etaSeconds === 'number' && entry.etaSeconds > 0 ? say('left', { p: percent(part), t: duration(entry.etaSeconds) }) : percent(part);
  const all = Math.max(1, entry.objects || 0);
  return h('div', { class: `progress${isComplete ? ' complete' : ''}` },
    h('p', { class: 'state' }, isComplete && icon('check'), label && own(label, { class: 'label' }), h('span', { class: 'words' }, words)),
    drawBar(isComplete ? [['original', 1]] : [['thumbnail', (entry.prepared || 0) / all], ['original', part]], `${say('progress')} ${label || ''}`.trim(), words, part),
    h('p', { class: 'sendstage' }, sendWords(entry)),
    entry.aside > 0 && h('p', { class: 'warning' }, icon('ask'), say('aside.count', { n: entry.aside })),
    h('ul', { class: 'steps' }, [['received', entry.objects], ['prepared', entry.prepared], ['sent', entry.sent]].map(([name, value]) => h('li', { class: name }, h('b', {}, number(value || 0)), ' ', say(name)))));
}

/** What the page knows at one time: the link, the cases, what belongs to none. What does not answer is null. */
async function siteNow(signal) {
  const problems = [];
  const ask = place => api(place, { signal }).catch(error => { if (error.name === 'AbortError') throw error; problems.push(error); return null; });
  const [status, cases, unassigned] = await Promise.all([ask('site'), ask('cases?state=open&limit=100'), ask('unassigned')]);
  if (problems.length === 3) throw problems[0];
  const sending = new Map((status?.studies || []).map(entry => [entry.study, entry]));
  return { status, cases: cases?.cases || [], unassigned: unassigned?.studies || (Array.isArray(unassigned) ? unassigned : []), sending };
}

/** A study of the site: its picture, which leads to all of them, what it is, how far it has come. */
function siteStudy(entry, sending, old, ...actions) {
  const label = studyLabel(sending ? { modality: sending.modality, description: sending.description, ...entry } : entry);
  return h('div', { class: 'one', 'data-progress': entry.study },
    h('a', { class: 'look', href: `#/study/${encodeURIComponent(entry.study)}`, 'aria-label': `${say('images')}: ${label}` }, studyPicture({ modality: sending?.modality, ...entry }, old, 56)),
    sending ? drawSending(sending, label) : h('p', { class: 'state' }, own(label || say('study'), { class: 'label' }), entry.instances > 0 && h('span', { class: 'words' }, say('count.images', { n: entry.instances }))),
    actions.filter(Boolean).length > 0 && h('div', { class: 'actions' }, actions));
}

/** A case on the home view. */
function siteCaseRow(item, old) {
  const { one, sending } = item;
  return h('li', { class: `case ${one.urgency}`, 'data-case': one.number },
    h('div', { class: 'mark' }, urgencyMark(one.urgency), ageMark(one.createdAt)),
    h('div', { class: 'who' }, h('h3', {}, h('a', { class: 'stretch', href: `#/case/${encodeURIComponent(one.number)}` }, caseNumber(one))), casePatient(one)),
    h('div', { class: 'what' }, h('p', { class: 'clamp' }, questionLine(one)), consentMark(one), deliveryMark(one)),
    h('div', { class: 'how' }, one.delivery?.state === 'refused' && refusalTrouble(one.delivery, one.number), caseStudies(one).length ? caseStudies(one).map(entry => siteStudy(entry, sending.find(known => known.study === entry.study), old)) : h('small', { class: 'faint' }, say('case.nostudy')), sealMark(one)));
}

/** A study without a case: who it seems to be, and what can be done with it. */
function unassignedRow(item, old) {
  const { entry, sending } = item;
  const patient = { patient: { id: entry.patientID, name: entry.patientName, birthDate: entry.patientBirthDate || entry.birthDate, sex: entry.patientSex || entry.sex } };
  return h('li', { class: 'loose', 'data-unassigned': entry.study }, casePatient(patient),
    h('small', { class: 'faint' }, say('received.at'), ' ', ageMark(entry.receivedAt)),
    siteStudy(entry, sending, old),
    h('div', { class: 'actions' },
      h('a', { class: 'button primary', href: `#/new/${encodeURIComponent(entry.study)}` }, icon('plus'), say('open.with')),
      h('button', { type: 'button', onclick: () => chooseCase(entry) }, say('join'))));
}
