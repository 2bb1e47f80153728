// The reader's page: cases first where there are any, the list of studies one click away.

const STUDIES = '#/studies';

const VIEWS = {
  '': showStart,
  cases: main => { tab('cases'); return showWorklist(main); },
  studies: main => { tab('studies'); return showList(main); },
  study: (main, place) => { tab('studies'); return showStudy(main, place.study, place); },
  case: (main, place) => { tab('cases'); return showCase(main, place); },
};
const TABS = [['cases', '#/cases'], ['studies', STUDIES], ['administration', 'admin']];

/** Cases, if there is one; else the studies. Decided once: what is read stays under the reader's eyes. */
function showStart(main) {
  let leave = null, left = false;
  tab('');
  main.replaceChildren(h('div', { class: 'message' }, h('p', {}, say('loading'))));
  askWorklist(CASES).catch(() => ({ cases: [], total: 0 })).then(answer => {
    if (left) return;
    const hasCases = answer.cases.length > 0 || sought.urgency;
    tab(hasCases ? 'cases' : 'studies');
    leave = hasCases ? showWorklist(main, answer) : showList(main);
  });
  return () => { left = true; if (leave) leave(); };
}

const backLink = () => place && place.view === 'case'
  ? h('a', { class: 'backlink', href: '#/cases' }, icon('back'), say('back.cases'))
  : h('a', { class: 'backlink', href: STUDIES }, icon('back'), say('back'));
