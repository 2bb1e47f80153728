// The form of a case, made to be filled in under a minute: one tap takes the patient from the newest images.

/** What was typed stays when another view is looked at or the language changes; it never leaves the memory of this page. */
let draft = null;
const emptyDraft = () => ({ study: '', family: '', given: '', id: '', birthDate: '', sex: '', urgency: 'routine', question: '', context: '', consent: 'later', at: '', specialty: '', requestedBy: draft ? draft.requestedBy : '', accessionNumber: '', tail: '' });

/** "2026-11-22T09:31" on the clock of this place, as a field for date and time wants it. */
const localTime = time => new Date(time - time.getTimezoneOffset() * 60000).toISOString().slice(0, 16);

const MODALITY_SPECIALTIES = { SM: 'haematology', GM: 'haematology', ECG: 'cardiology' };

function showForm(main, { study, number }) {
  let values = emptyDraft(), known = null, busy = false, changed = false;
  const field = (name, attributes, wide) => {
    const input = h(attributes.rows ? 'textarea' : 'input', { id: name, name, dir: 'auto', autocomplete: 'off', ...attributes, type: attributes.rows ? null : attributes.type || 'text', oninput: event => { values[name] = event.target.value; changed = true; keep(); } });
    return { input, box: h('div', { class: `field${wide ? ' wide' : ''}` }, h('label', { for: name }, say(attributes.label)), input) };
  };
  const keep = () => { if (!number) draft = values; };
  const family = field('family', { label: 'family', maxlength: '60' }), given = field('given', { label: 'given', maxlength: '60' });
  const id = field('id', { label: 'patient.id', maxlength: '64' });
  const birth = field('birthDate', { label: 'born', type: 'date', max: localTime(new Date()).slice(0, 10) });
  const question = field('question', { label: 'question', rows: '3', maxlength: '2000', required: true, placeholder: say('question.hint') }, true);
  const context = field('context', { label: 'context', rows: '3', maxlength: '4000' }, true);
  const requested = field('requestedBy', { label: 'requestedBy', maxlength: '64' }), accession = field('accessionNumber', { label: 'accession', maxlength: '16', dir: 'ltr' });
  const at = field('at', { label: 'consent.time', type: 'datetime-local' });
  const specialty = h('select', { id: 'specialty', onchange: () => { values.specialty = specialty.value; changed = true; keep(); } }, h('option', { value: '' }, '–'), SPECIALTIES.map(value => h('option', { value }, say(`specialty.${value}`))));

  /** Big buttons of which one is on: radio buttons, so that keys and readers aloud know them. */
  const choice = (name, label, options, draw, then = () => {}) => {
    const inputs = options.map(value => h('input', { type: 'radio', class: 'unseen', name, id: `${name}-${value}`, value, onchange: () => { values[name] = value; changed = true; keep(); then(); } }));
    const set = h('fieldset', { class: `choice-row ${name}` }, h('legend', {}, label), inputs.map((input, i) => h('div', {}, input, h('label', { for: input.id, class: `choice ${options[i]}` }, draw(options[i])))));
    return { set, show: () => inputs.forEach(input => { input.checked = input.value === values[name]; }) };
  };
  const urgency = choice('urgency', say('urgency'), URGENCIES, value => [icon(value), h('span', {}, say(`urgency.${value}`))]);
  const sex = choice('sex', say('sex'), ['F', 'M', 'O'], value => say(`sex.${value}`));
  const later = h('small', { class: 'faint' }, say('consent.later.note'));
  const timing = () => {
    at.box.hidden = values.consent === 'later';
    later.hidden = values.consent === 'yes';
    if (values.consent !== 'later' && !values.at) { values.at = localTime(new Date()); at.input.value = values.at; }
  };
  const consent = choice('consent', say('consent.ask'), ['yes', 'no', 'later'], value => [icon({ yes: 'check', no: 'cross', later: 'clock' }[value]), h('span', {}, say(`consent.answer.${value}`))], timing);

  const picks = h('ul', { class: 'picks' });
  const pickBox = h('section', { class: 'card', hidden: true }, h('h2', {}, say('case.from')), h('p', { class: 'faint' }, say('case.from.text')), picks);
  const problem = h('p', { class: 'warning', id: 'formproblem', role: 'alert', hidden: true });
  const submit = h('button', { class: 'primary big' }, say(number ? 'save' : 'create'));
  const more = h('details', { class: 'card' }, h('summary', {}, say('more.details')), h('div', { class: 'fields' }, h('div', { class: 'field' }, h('label', { for: 'specialty' }, say('specialty')), specialty), context.box, requested.box, accession.box));
  const form = h('form', { class: 'column caseform', novalidate: true, onsubmit: send },
    h('h1', {}, number ? own(number, { dir: 'ltr' }) : say('new')), pickBox,
    h('section', { class: 'card' }, urgency.set),
    h('section', { class: 'card' }, question.box),
    h('section', { class: 'card' }, h('h2', {}, say('patient')), h('div', { class: 'fields' }, family.box, given.box, id.box, birth.box), sex.set),
    h('section', { class: 'card' }, consent.set, at.box, later), more, problem, submit);
  main.replaceChildren(backLink(), form);
  document.title = `${number || say('new')} · Rekkas`;

  function fill() {
    for (const [name, { input }] of Object.entries({ family, given, id, birthDate: birth, question, context, requestedBy: requested, accessionNumber: accession, at })) input.value = values[name];
    if (values.specialty && !SPECIALTIES.includes(values.specialty) && ![...specialty.options].some(option => option.value === values.specialty)) specialty.append(h('option', { value: values.specialty }, values.specialty));
    specialty.value = values.specialty;
    urgency.show(); sex.show(); consent.show(); timing();
    for (const button of picks.querySelectorAll('button')) button.setAttribute('aria-pressed', String(button.dataset.study === values.study));
  }

  /** Family, given, and what else a DICOM name holds, which is kept as it came. */
  function takeName(name) {
    const [alphabetic, ...groups] = (name || '').split('=');
    const [first = '', second = '', ...rest] = alphabetic.split('^');
    Object.assign(values, { family: first, given: second, tail: (rest.length ? '^' + rest.join('^') : '') + groups.map(group => '=' + group).join('') });
  }

  /** One tap: who is on these images, and they belong to the case. A second tap lets go of them. */
  async function take(entry) {
    if (values.study === entry.study) { Object.assign(values, { study: '', id: '', birthDate: '', sex: '' }); takeName(''); fill(); keep(); return; }
    values.study = entry.study;
    takeName(entry.patientName);
    Object.assign(values, { id: entry.patientID || '', accessionNumber: entry.accessionNumber || '', specialty: values.specialty || MODALITY_SPECIALTIES[(entry.modalities || [])[0]] || 'radiology' });
    fill(); keep();
    // Birth and sex stand in the images; the list of loose studies does not carry them.
    const found = await rows('studies', { StudyInstanceUID: entry.study, includefield: '00100030,00100040' }).catch(() => []);
    if (values.study !== entry.study || !found.length) return;
    values.birthDate = text(found[0], '00100030').replace(/^(\d{4})\.?(\d{2})\.?(\d{2})$/, '$1-$2-$3');
    values.sex = ['F', 'M', 'O'].includes(text(found[0], '00100040')) ? text(found[0], '00100040') : '';
    fill(); keep();
    if (!values.question) question.input.focus({ preventScroll: false });
  }

  async function send(event) {
    event.preventDefault();
    if (busy) return;
    const missing = !values.question.trim() ? ['question.required', question.input] : !values.family.trim() && !values.id.trim() ? ['patient.required', family.input] : null;
    for (const input of [question.input, family.input]) { input.removeAttribute('aria-invalid'); input.removeAttribute('aria-describedby'); }
    submit.before(problem);
    if (missing) { problem.textContent = say(missing[0]); problem.hidden = false; missing[1].setAttribute('aria-invalid', 'true'); missing[1].setAttribute('aria-describedby', problem.id); missing[1].after(problem); missing[1].focus(); return; }
    busy = true;
    submit.disabled = true;
    submit.textContent = say('saving');
    problem.hidden = true;
    try {
      const one = number ? await api(`cases/${encodeURIComponent(number)}`, { method: 'PATCH', body: { revision: known.revision, ...body() } }) : await api('cases', { method: 'POST', body: body() });
      if (!number && values.study) await api(studyPlace(one.number, values.study), { method: 'PUT' });
      if (!number) { draft = null; draft = { ...emptyDraft(), requestedBy: values.requestedBy }; }
      toast(number ? say('saved') : say('created', { c: inWords(one.number) }));
      location.hash = `#/case/${encodeURIComponent(one.number)}`;
    } catch (error) {
      problem.textContent = refusalText(error);
      problem.hidden = false;
    } finally { busy = false; submit.disabled = false; submit.textContent = say(number ? 'save' : 'create'); }
  }

  function body() {
    const words = name => values[name].trim();
    const name = words('family') || words('given') ? `${words('family')}${words('given') || values.tail.startsWith('^') ? '^' : ''}${words('given')}${values.tail}` : '';
    const answer = values.consent === 'later' ? { given: null } : { given: values.consent === 'yes', at: new Date(values.at || Date.now()).toISOString().replace(/\.\d+Z$/, 'Z') };
    return {
      urgency: values.urgency, specialty: values.specialty, question: words('question'), context: words('context'), consent: answer, requestedBy: words('requestedBy'), accessionNumber: words('accessionNumber'),
      patient: { id: words('id'), name, birthDate: values.birthDate.replace(/-/g, ''), sex: values.sex, ...(known ? { issuer: known.patient.issuer } : {}) },
    };
  }

  async function load() {
    try {
      if (number && !known) {
        known = await findCase(number);
        const state = consentState(known);
        takeName(known.patient.name);
        Object.assign(values, {
          id: known.patient.id, birthDate: known.patient.birthDate.replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3'), sex: known.patient.sex, urgency: known.urgency, question: known.question, context: known.context,
          consent: state === 'missing' ? 'later' : state, at: known.consent.at ? localTime(instant(known.consent.at)) : '', specialty: known.specialty, requestedBy: known.requestedBy, accessionNumber: known.accessionNumber,
        });
        more.open = Boolean(known.context);
        fill();
      } else if (!number) {
        const answer = await api('unassigned');
        const loose = (answer.studies || answer || []).slice().sort((a, b) => instant(b.receivedAt) - instant(a.receivedAt));
        const some = loose.slice(0, 3);
        const wanted = loose.find(entry => entry.study === study);
        if (wanted && !some.includes(wanted)) some.unshift(wanted);
        pickBox.hidden = some.length === 0;
        reconcile(picks, some.map(entry => ({ entry, language })), item => item.entry.study, (item, old) => h('li', { 'data-progress': item.entry.study }, h('button', { type: 'button', class: 'choice', 'data-study': item.entry.study, 'aria-pressed': String(values.study === item.entry.study), onclick: () => take(item.entry) },
          studyPicture(item.entry, old, 56), h('span', {}, casePatient({ patient: { id: item.entry.patientID, name: item.entry.patientName } }), h('small', {}, own(studyLabel(item.entry)), ' ', ageMark(item.entry.receivedAt))), icon('check'))));
        if (wanted && !values.study && !changed) take(wanted);
      }
      banner(null);
      return true;
    } catch (error) { banner(error, load); return false; }
  }

  if (!number && draft) values = draft;
  if (study && values.study !== study) values.study = '';
  fill();
  const watching = watch(load, { least: 2, every: 10 });
  refreshPage = load;
  return () => watching.stop();
}
