// Small tools: building elements (text only ever as text), words, and DICOM JSON.

let language = document.documentElement.lang;

/** Adds the texts of a further subject. */
function learn(table) { for (const tongue in table) Object.assign(TEXTS[tongue], table[tongue]); }

/** The text of a key; {n}, {i} are filled in. Tables of plural forms choose by n. */
function say(key, values = {}) {
  let text = TEXTS[language][key];
  if (typeof text === 'object') text = text[new Intl.PluralRules(locale()).select(values.n)] || text.other;
  return text.replace(/\{(\w)\}/g, (_, name) => typeof values[name] === 'number' ? number(values[name]) : values[name]);
}

const locale = () => ({ fr: 'fr', ar: 'ar-MA-u-nu-latn', en: 'en-GB' })[language];
const number = value => new Intl.NumberFormat(locale()).format(value);

/** An element with attributes, listeners (on…) and children; strings become text nodes, never markup. */
function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

const ICONS = {
  back: 'M15 5l-7 7 7 7', next: 'M9 5l7 7-7 7', play: 'M8 5v14l11-7z', pause: 'M8 5v14M16 5v14',
  close: 'M6 6l12 12M18 6L6 18', down: 'M12 4v11m-5-5l5 5 5-5M5 20h14', document: 'M7 3h7l4 4v14H7zM14 3v4h4M10 12h5M10 16h5',
  fit: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5', actual: 'M7 7v10M17 7v10M12 9.500v.01M12 14.500v.01', 
  question: 'M5 5h14v11h-8l-4 4v-4H5zM9 9h6M9 12h4', clock: 'M12 4a8 8 0 100 16 8 8 0 000-16zM12 8v4l3 2', check: 'M5 13l4.500 4.500L19 7', cross: 'M6 6l12 12M18 6L6 18',
  ask: 'M9 9a3 3 0 115 2c-1 .8-2 1.300-2 3M12 18v.01', lock: 'M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 017 0v3', plus: 'M12 5v14M5 12h14', undo: 'M9 7L4 12l5 5M4 12h10a5 5 0 010 10h-2',
  emergency: 'M8 3h8l5 5v8l-5 5H8l-5-5V8zM12 7.500v5.500M12 16.500v.01', urgent: 'M12 4l9.500 16h-19zM12 10v4M12 17v.01', routine: 'M12 5a7 7 0 100 14 7 7 0 000-14z',
  search: 'M11 5a6 6 0 100 12 6 6 0 000-12zM15.500 15.500L20 20',
};
function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', `icon icon-${name}`);
  svg.setAttribute('aria-hidden', 'true');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/** Text whose direction is its own, whatever surrounds it: names, numbers, descriptions. */
const own = (text, attributes) => h('bdi', { dir: 'auto', ...attributes }, text);

/** Brings the children of a list in line with the items, touching only what changed. */
function reconcile(parent, items, key, make) {
  const known = new Map([...parent.children].map(child => [child.dataset.key, child]));
  let place = null;
  for (const item of items) {
    const name = key(item);
    const mark = JSON.stringify(item);
    let child = known.get(name);
    known.delete(name);
    if (!child || child.mark !== mark) {
      const fresh = make(item, child);
      fresh.dataset.key = name;
      fresh.mark = mark;
      if (child && child !== fresh) {
        const focused = child.contains(document.activeElement);
        child.replaceWith(fresh);
        if (focused) (fresh.matches('a,button') ? fresh : fresh.querySelector('a,button'))?.focus();
      }
      child = fresh;
    }
    const after = place ? place.nextSibling : parent.firstChild;
    if (after !== child) parent.insertBefore(child, after);
    place = child;
  }
  for (const child of known.values()) child.remove();
}

const announce = text => { document.getElementById('announce').textContent = text; };

// ---- DICOM JSON (PS3.18 F)

const values = (row, tag) => (row[tag] && row[tag].Value) || [];
const first = (row, tag) => { const value = values(row, tag)[0]; return value === undefined || value === null ? '' : value; };
const text = (row, tag) => String(first(row, tag)).trim();
const whole = (row, tag) => { const value = parseInt(first(row, tag), 10); return Number.isFinite(value) ? value : 0; };

/** "BENALI^Zoé^^Dr" → "Dr BENALI Zoé"; further spellings (ideographic, phonetic) behind. */
function personName(row, tag) {
  const name = first(row, tag) || {};
  const spelled = group => {
    const [family, given, middle, prefix, suffix] = (name[group] || '').split('^').map(part => part.trim());
    return [prefix, family, given, middle, suffix].filter(Boolean).join(' ');
  };
  const [main, ...others] = ['Alphabetic', 'Ideographic', 'Phonetic'].map(spelled).filter(Boolean);
  return { main: main || '', others: [...new Set(others)].filter(other => other !== main) };
}

/** A DICOM date (and time) as a Date of the reader's clock: DICOM times are local to the site. */
function moment(date, time = '') {
  const day = /^(\d{4})[.-]?(\d{2})[.-]?(\d{2})/.exec(date);
  if (!day) return null;
  const clock = /^(\d{2}):?(\d{2})?/.exec(time) || [];
  const value = new Date(+day[1], +day[2] - 1, +day[3], +(clock[1] || 0), +(clock[2] || 0));
  return Number.isNaN(+value) ? null : value;
}

const DAY = { day: 'numeric', month: 'short', year: 'numeric' };
const CLOCK = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
const showDate = (value, withTime) => new Intl.DateTimeFormat(locale(), withTime ? { ...DAY, ...CLOCK } : DAY).format(value);
const showTime = value => new Intl.DateTimeFormat(locale(), CLOCK).format(value);

/** Age in years on a day; in months below two years. */
function age(birth, day) {
  if (!birth || !day || day < birth) return '';
  let months = (day.getFullYear() - birth.getFullYear()) * 12 + day.getMonth() - birth.getMonth();
  if (day.getDate() < birth.getDate()) months -= 1;
  const [value, unit] = months < 24 ? [Math.max(0, months), 'month'] : [Math.floor(months / 12), 'year'];
  return months > 130 * 12 ? '' : new Intl.NumberFormat(locale(), { style: 'unit', unit, unitDisplay: 'long' }).format(value);
}

/** A small picture; a mark stands there until it has come, or for good if there is none. */
function thumbnail(source, mark, size) {
  const frame = h('span', { class: 'thumb' }, h('span', { class: 'mark', 'aria-hidden': 'true' }, mark));
  if (!source) return frame;
  const picture = h('img', { src: source, alt: '', width: size, height: size, loading: 'lazy', decoding: 'async' });
  picture.addEventListener('load', () => frame.classList.add('ready'));
  picture.addEventListener('error', () => picture.remove());
  frame.append(picture);
  return frame;
}

function patientName(name) {
  return h('span', { class: 'name' }, own(name.main || say('noname'), { class: name.main ? '' : 'faint' }),
    name.others.map(other => own(other, { class: 'other' })));
}

/** ID (with who issued it), sex and age, each isolated from its neighbours' direction. */
function patientLine(row, when) {
  const id = text(row, '00100020');
  const issuer = text(row, '00100021');
  const sex = text(row, '00100040');
  const years = age(moment(text(row, '00100030')), when || new Date());
  const parts = [id && own(issuer ? `${id} (${issuer})` : id), ['F', 'M', 'O'].includes(sex) && say(`sex.${sex}`), years].filter(Boolean);
  return parts.flatMap((part, i) => i ? [' · ', part] : [part]);
}
