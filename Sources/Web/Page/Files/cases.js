// A case as both pages show it: urgency, consent, age, patient; and how its JSON is read.

learn(CASE_TEXTS);

const URGENCIES = ['emergency', 'urgent', 'routine'];
const SPECIALTIES = ['radiology', 'haematology', 'neurology', 'cardiology', 'pulmonology', 'trauma', 'obstetrics', 'paediatrics', 'dermatology', 'other'];

/** Colour, word and shape say it, so that nobody needs to see the colour. */
function urgencyMark(urgency) {
  const known = URGENCIES.includes(urgency) ? urgency : 'routine';
  return h('span', { class: `urgency ${known}` }, icon(known), h('span', {}, say(`urgency.${known}`)));
}

const specialtyName = value => SPECIALTIES.includes(value) ? say(`specialty.${value}`) : value || '';

/** 'yes', 'no' or 'missing': only a recorded answer is an answer. */
function consentState(one) {
  const given = one.consent ? one.consent.given : null;
  return given === true ? 'yes' : given === false ? 'no' : 'missing';
}

function consentMark(one) {
  const state = consentState(one);
  const at = one.consent && instant(one.consent.at);
  const words = state === 'yes' && at ? say('consent.yes.at', { d: showDate(at, true) }) : say(`consent.${state}`);
  return h('span', { class: `consent ${state}` }, icon({ yes: 'check', no: 'cross', missing: 'ask' }[state]), h('span', {}, words));
}

/** A time of the server: ISO 8601, or seconds since 1970. */
function instant(value) {
  if (value === null || value === undefined || value === '') return null;
  const time = new Date(typeof value === 'number' ? value * 1000 : value);
  return Number.isNaN(+time) ? null : time;
}

/** "il y a 4 min"; days and more as the word for it. */
function ago(time) {
  // A box without a battery wakes up in 1970: nobody knows when that was.
  if (time.getUTCFullYear() < 2020) return say('time.unknown');
  const seconds = Math.max(0, (serverNow() - time) / 1000);
  if (seconds < 45) return say('now');
  const [value, unit] = seconds < 3570 ? [seconds / 60, 'minute'] : seconds < 86400 ? [seconds / 3600, 'hour'] : [seconds / 86400, 'day'];
  return new Intl.RelativeTimeFormat(locale(), { style: language === 'ar' ? 'long' : 'short' }).format(-Math.max(1, Math.round(value)), unit);
}

/** An age that goes on by itself while it is on the page. */
function ageMark(value) {
  const time = instant(value);
  return time && h('time', { class: 'age', datetime: time.toISOString(), title: showDate(time, true) }, ago(time));
}
setInterval(() => {
  if (document.hidden) return;
  for (const mark of document.querySelectorAll('time.age')) {
    const fresh = ago(new Date(mark.dateTime));
    if (mark.textContent !== fresh) mark.textContent = fresh;
  }
}, 15000);

/** Since when a case waits: a site's clock may be ahead, then it waits since it was heard of. */
const caseSince = one => one.receivedAt && instant(one.receivedAt) < instant(one.createdAt) ? one.receivedAt : one.createdAt;

/** "Benali^Zoé=زكية" as people write it: the spelling first, further ones behind. */
function caseName(patient) {
  const [Alphabetic, Ideographic, Phonetic] = ((patient && patient.name) || '').split('=');
  return personName({ name: { Value: [{ Alphabetic, Ideographic, Phonetic }] } }, 'name');
}

/** ID (with its issuer), sex and age, each in its own direction. */
function casePatient(one) {
  const patient = one.patient || {};
  const birth = moment(patient.birthDate || '');
  const parts = [
    patient.id && own(patient.issuer ? `${patient.id} (${patient.issuer})` : patient.id),
    ['F', 'M', 'O'].includes(patient.sex) && say(`sex.${patient.sex}`), age(birth, new Date()),
  ].filter(Boolean);
  return h('span', { class: 'patient' }, patientName(caseName(patient)),
    parts.length > 0 && h('small', {}, parts.flatMap((part, i) => i ? [' · ', part] : [part])));
}

/** Whether images seem to be of somebody else: another number, and no word of the name in common. What is not known is not held against it. */
function isSomebodyElse(patient, id, name) {
  const words = value => value.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().match(/[\p{L}\p{N}]+/gu) || [];
  const plain = value => (value || '').trim().toLowerCase().replace(/^0+/, '');
  const [ours, theirs] = [words(patient.name || ''), words(name || '')];
  if (plain(patient.id) && plain(patient.id) === plain(id)) return false;
  if (ours.length && theirs.length) return !ours.some(word => word.length > 1 && theirs.includes(word));
  return Boolean(plain(patient.id) && plain(id));
}

const questionLine = one => one.question ? own(one.question, { class: 'asked' }) : h('span', { class: 'faint' }, say('question.missing'));
/** A number inside a sentence: in its own direction, and in one piece. */
const inWords = number => `\u2068${number.replace(/-/g, '\u2011')}\u2069`;
const caseNumber = one => own(one.number, { class: 'number-of-case', dir: 'ltr' });

/** What is known of each study of a case. One that came by another way than a link is whole. */
function caseStudies(one) {
  const known = new Map((one.progress || []).map(entry => [entry.study, entry]));
  return (one.studies || []).map(study => {
    const progress = known.get(study);
    if (!progress) return { study, progress: null };
    const isHere = progress.instances > 0 || progress.visible > 0;
    return { study, modalities: progress.modalities, description: progress.description, progress: isHere ? { ...progress, isComplete: progress.isComplete ?? progress.link === false } : null };
  });
}

/** The words for what the server answered to a change: its own where it has some. */
function refusalText(error) {
  if (!error.status) return say('error.network');
  if (error.code === 'changed') return say('error.changed');
  if (error.words) return [error.words, error.way].filter(Boolean).join(' ');
  return say('error.refused', { n: String(error.status) });
}

/** A case with the progress of its studies. */
const findCase = number => api(`cases/${encodeURIComponent(number)}`);

/** Draws anew, but only what is different, so that nothing flickers and nothing loses the focus in vain. */
function refresh(element, make) {
  const fresh = h('div', {}, make());
  const nodes = [...fresh.childNodes];
  nodes.forEach((node, i) => {
    const old = element.childNodes[i];
    if (!old) element.append(node); else if (!old.isEqualNode(node)) old.replaceWith(node);
  });
  while (element.childNodes.length > nodes.length) element.lastChild.remove();
}

/** The picture of a study; one that is on the page already stays, whatever changes around it. */
const studyPicture = (entry, old, side) => old?.querySelector(`[data-progress="${entry.study}"] .live`)
  || livePicture(`${ROOT}/${path(entry.study)}/thumbnail?accept=image/jpeg&viewport=128,128`, (entry.modalities || [entry.modality])[0] || '–', side);

const studyLabel = entry => [(entry.modalities || [entry.modality]).filter(Boolean).join(' '), entry.description].filter(Boolean).join(' · ');

/** Who said that a case is complete, and whether images came later. */
function sealMark(one) {
  const parts = [one.sealed && h('small', { class: 'seal' }, icon('lock'), say(one.sealed.by === 'timer' ? 'sealed.timer' : 'sealed')), one.addenda > 0 && h('small', { class: 'seal' }, icon('plus'), say('addendum'))].filter(Boolean);
  return parts.length ? h('div', { class: 'seals' }, parts) : null;
}

/** Everything that the case says in words. */
function caseFacts(one) {
  const fact = (label, value) => value && h('div', {}, h('dt', {}, label), h('dd', {}, value));
  return h('div', { class: 'casefacts' },
    h('h1', {}, caseNumber(one)), h('p', { class: 'marks' }, urgencyMark(one.urgency), ageMark(caseSince(one))),
    h('p', { class: 'question' }, questionLine(one)), consentMark(one),
    h('dl', {},
      fact(say('patient'), casePatient(one)), fact(say('context'), one.context && own(one.context, { class: 'written' })),
      fact(say('site'), own(one.site)), fact(say('specialty'), one.specialty && own(specialtyName(one.specialty))),
      fact(say('requestedBy'), one.requestedBy && own(one.requestedBy)), fact(say('accession'), one.accessionNumber && own(one.accessionNumber))),
    one.madeBy === 'rule' && h('small', { class: 'faint' }, say('byRule')), sealMark(one));
}
