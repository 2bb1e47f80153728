// Whether the centre has a case, and why it does not take one.

/** Where to find the field that the centre does not like: the words of the form. */
const FIELD_WORDS = { question: 'question', context: 'context', specialty: 'specialty', requestedBy: 'requestedBy', accessionNumber: 'accession', studies: 'images', 'patient.id': 'patient.id', 'patient.name': 'family', 'patient.birthDate': 'born', 'patient.sex': 'sex' };
const REFUSALS = ['invalid', 'number', 'foreign', 'unreadable'];

/** Shape and word: with the centre, or not yet. What is refused says so at length. */
function deliveryMark(one) {
  const state = one.delivery?.state;
  if (state === 'arrived') return h('small', { class: 'delivery arrived' }, icon('check'), say('delivery.arrived'));
  if (state === 'waiting') return h('small', { class: 'delivery waiting' }, icon('clock'), say('delivery.waiting'));
  return null;
}

function refusalWords(refusal) {
  const code = REFUSALS.includes(refusal.code) ? refusal.code : 'unknown';
  const field = FIELD_WORDS[refusal.field];
  return { title: say(`refused.${code}`, { f: field ? say(field) : refusal.field || '–', c: refusal.text || refusal.code }), todo: say(`refused.${code}.do`) };
}

/** Why the centre does not take a case, what to do, and the way there. */
function refusalTrouble(refusal, number) {
  return h('div', { class: 'refusal', 'data-refused': number }, trouble(refusalWords(refusal),
    h('small', {}, ageMark(refusal.at), refusal.text && [' · ', own(refusal.text, { dir: 'ltr' })]),
    h('div', { class: 'actions' }, h('a', { class: 'button', href: `#/edit/${encodeURIComponent(number)}` }, say('edit')), h('button', { type: 'button', onclick: tryNow }, say('aside.retry')))));
}

/** The cases that the centre does not take, over everything else: they would wait for ever without a word. */
function refusedCard(status) {
  const refused = status?.refusedCases || [];
  return refused.length > 0 && h('section', { class: 'card refused', role: 'status' }, h('h2', {}, icon('cross'), say('refused.count', { n: refused.length })),
    h('ul', {}, refused.slice(0, 20).map(one => h('li', {}, h('a', { href: `#/case/${encodeURIComponent(one.number)}` }, own(one.number, { dir: 'ltr', class: 'number-of-case' })), ' · ', refusalWords(one).title))));
}
