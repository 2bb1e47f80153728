// Joining studies to cases by tap, closing a case, and taking it back.

const studyPlace = (number, study) => `cases/${encodeURIComponent(number)}/studies/${encodeURIComponent(study)}`;

async function joinStudy(number, study) {
  try {
    await api(studyPlace(number, study), { method: 'PUT' });
    refreshPage();
    toast(say('joined', { c: inWords(number) }), () => partStudy(number, study, true));
  } catch (error) { toast(refusalText(error)); }
}

async function partStudy(number, study, isUndo) {
  try {
    await api(studyPlace(number, study), { method: 'DELETE' });
    refreshPage();
    if (isUndo) toast(say('undone')); else toast(say('unjoined', { c: inWords(number) }), () => joinStudy(number, study));
  } catch (error) { toast(refusalText(error)); }
}

/** Asks which case a study belongs to. */
async function chooseCase(entry) {
  let cases;
  try { cases = (await api('cases?state=open&limit=100')).cases || []; } catch (error) { toast(refusalText(error)); return; }
  // The same patient's cases stand first: that is nearly always the answer.
  const same = one => one.patient && one.patient.id && one.patient.id === entry.patientID ? 0 : 1;
  const sorted = [...cases].sort((a, b) => same(a) - same(b));
  const dialog = sheet(say('join.to'), sorted.length ? h('ul', { class: 'choices' }, sorted.map(one => h('li', {},
    h('button', { type: 'button', class: 'choice', onclick: () => { dialog.close(); confirmJoin(one, entry); } }, urgencyMark(one.urgency), caseNumber(one), casePatient(one), questionLine(one))))) : h('p', {}, say('join.none')));
}

/** Joins at once where the patient is the same, and asks first where it seems to be another. */
function confirmJoin(one, entry) {
  if (!isSomebodyElse(one.patient || {}, entry.patientID, entry.patientName)) { joinStudy(one.number, entry.study); return; }
  const dialog = sheet(say('stranger'), h('div', {}, h('b', {}, say('images')), casePatient({ patient: { id: entry.patientID, name: entry.patientName } })), h('div', {}, h('b', {}, caseNumber(one)), casePatient(one)),
    h('button', { type: 'button', class: 'danger', onclick: () => { dialog.close(); joinStudy(one.number, entry.study); } }, say('join.anyway')));
}

/** Asks which of the loose studies belong to a case. */
function chooseStudies(one, unassigned) {
  const dialog = sheet(say('add.images'), unassigned.length ? h('ul', { class: 'choices' }, unassigned.map(entry => h('li', {},
    h('button', { type: 'button', class: 'choice', onclick: () => { dialog.close(); confirmJoin(one, entry); } }, studyPicture(entry, null, 56), casePatient({ patient: { id: entry.patientID, name: entry.patientName } }), own(studyLabel(entry)), h('small', {}, ageMark(entry.receivedAt)))))) : h('p', {}, say('unassigned.none')));
}

/** Says to the centre that a case is complete, after a look at what it has. */
function askSeal(one) {
  const images = caseStudies(one).length;
  const dialog = sheet(say('seal.title'), h('p', {}, caseNumber(one), ' · ', say('count.studies', { n: images })), h('p', {}, say('seal.text')),
    h('button', { type: 'button', class: 'primary', onclick: async () => {
      dialog.close();
      try { await api(`cases/${encodeURIComponent(one.number)}/seal`, { method: 'POST' }); refreshPage(); toast(say('seal.done')); } catch (error) { toast(refusalText(error)); }
    } }, icon('check'), say('seal.yes')));
}
