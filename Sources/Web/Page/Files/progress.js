// How far a study has come: a bar, and words for it.

const percent = value => new Intl.NumberFormat(locale(), { style: 'percent' }).format(value);

/** 250 → "4 min"; 4,800 → "1 h 20 min". Long Arabic words, as the short ones are seldom read. */
function duration(seconds) {
  const unit = (value, name) => new Intl.NumberFormat(locale(), { style: 'unit', unit: name, unitDisplay: language === 'ar' ? 'long' : 'short', maximumFractionDigits: 0 }).format(value);
  if (seconds < 55) return unit(Math.max(5, Math.ceil(seconds / 5) * 5), 'second');
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return unit(minutes, 'minute');
  if (minutes >= 730 * 1440) return unit(Math.round(minutes / 525960), 'year');
  if (minutes >= 48 * 60) return unit(Math.round(minutes / 1440), 'day');
  const rest = minutes % 60;
  return [unit(Math.floor(minutes / 60), 'hour'), rest && minutes < 600 && unit(rest, 'minute')].filter(Boolean).join(' ');
}

/** 1,234,567 → "1,2 Mo". */
function size(bytes) {
  const [value, unit] = bytes < 1e6 ? [bytes / 1e3, 'kilobyte'] : bytes < 1e9 ? [bytes / 1e6, 'megabyte'] : [bytes / 1e9, 'gigabyte'];
  return new Intl.NumberFormat(locale(), { style: 'unit', unit, unitDisplay: language === 'ar' ? 'long' : 'short', maximumFractionDigits: value < 10 && value > 0 ? 1 : 0 }).format(value);
}

/** What of a study was seen here when: the page tells the time that is left from it, if the server does not. */
const samples = new Map();
function secondsLeft(study, here, expected) {
  const now = Date.now() / 1000;
  const past = (samples.get(study) || []).filter(sample => now - sample.at < 60);
  const last = past[past.length - 1];
  if (!last || last.here !== here) past.push({ at: now, here });
  samples.set(study, past);
  const oldest = past[0];
  if (now - oldest.at < 4 || here <= oldest.here) return null;
  return (expected - here) * (now - oldest.at) / (here - oldest.here);
}

/** What of a study is here, as one number from 0 to 1. */
function share(progress) {
  if (progress.isComplete) return 1;
  const part = progress.percent !== undefined ? progress.percent / 100 : progress.bytesExpected > 0 ? progress.bytesHere / progress.bytesExpected : progress.expected > 0 ? progress.whole / progress.expected : 0;
  // 100 % is only what is complete.
  return Math.min(0.99, Math.max(0, part || 0));
}

function progressWords(study, progress, seconds) {
  if (progress.isComplete) return say('complete');
  const part = share(progress);
  const left = typeof seconds === 'number' ? seconds : secondsLeft(study, progress.bytesHere || 0, progress.bytesExpected || 0);
  return left === null ? percent(part) : say('left', { p: percent(part), t: duration(left) });
}

/** A bar whose parts grow from the side where reading begins. `parts`: name and share of each, longest first. */
function drawBar(parts, label, words, now) {
  const bar = h('div', { class: 'bar', role: 'progressbar', 'aria-label': label, 'aria-valuemin': '0', 'aria-valuemax': '100', 'aria-valuenow': String(Math.round(now * 100)), 'aria-valuetext': words });
  for (const [name, part] of parts) {
    const piece = h('span', { class: `part ${name}` });
    piece.style.inlineSize = `${Math.min(1, Math.max(0, part || 0)) * 100}%`;
    bar.append(piece);
  }
  return bar;
}

/** The progress of one study at the hub: bytes as a bar, pictures as counts. */
function drawProgress(study, progress, label) {
  const words = progressWords(study, progress, progress.etaSeconds);
  const all = Math.max(progress.expected || 0, progress.visible || 0, 1);
  const counts = [['expected', progress.expected], ['visible', progress.visible], ['thumbnails', progress.withThumbnail], ['previews', progress.withPreview], ['originals', progress.whole]];
  return h('div', { class: `progress${progress.isComplete ? ' complete' : ''}` },
    h('p', { class: 'state' }, progress.isComplete && icon('check'), label && own(label, { class: 'label' }), h('span', { class: 'words' }, words)),
    drawBar(progress.isComplete ? [['original', 1]] : [['thumbnail', (progress.withThumbnail || 0) / all], ['preview', (progress.withPreview || 0) / all], ['original', (progress.whole || 0) / all]],
      `${say('progress')} ${label || ''}`.trim(), words, share(progress)),
    progress.isComplete ? h('small', {}, say('count.images', { n: progress.whole || 0 }))
      : h('ul', { class: 'steps' }, counts.map(([name, value]) => h('li', { class: name }, h('b', {}, number(value || 0)), ' ', say(`stage.${name}`)))));
}
