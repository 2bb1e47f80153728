// Pictures that become better while one looks: a preview stays until its better is there, and says that it is one.

/** What is known of each instance: nothing, a preview, or the original. */
const STAGES = new Map();

/** What an answer says about its picture: `preview; layers=2/5`, `original`; a server that says nothing is not doubted, nor quoted. */
function stageOf(response) {
  const said = (response.headers.get('Rekkas-Stage') || '').trim();
  if (!said) return { name: '', final: true };
  if (/^original\b/.test(said)) return { name: 'original', final: true };
  const layers = /layers=(\d+)\/(\d+)/.exec(said);
  return { name: 'preview', final: false, layer: layers ? +layers[1] : 0, of: layers ? +layers[2] : 0 };
}

const stageWords = stage => stage.name === 'preview'
  ? stage.of ? say('preview.layers', { i: stage.layer, n: stage.of }) : say('preview')
  : stage.name === 'coming' ? say('coming') : stage.name === 'original' ? say('original') : '';

/** Seconds that the server asks to wait, within what a reader may be asked. */
const retryAfter = response => Math.min(20, Math.max(2, parseInt(response.headers.get('Retry-After'), 10) || 3));

/** Asks again for what is visible and not yet final, a few at a time, ever more seldom while nothing comes. */
const LIVE = {
  frames: new Set(), busy: 0, timer: 0, most: 4, longest: 20,
  eye: new IntersectionObserver(entries => {
    for (const entry of entries) entry.target.live.visible = entry.isIntersecting;
    LIVE.turn();
  }, { rootMargin: '120px' }),

  add(frame) { LIVE.frames.add(frame); LIVE.eye.observe(frame); },

  drop(frame) {
    LIVE.frames.delete(frame);
    LIVE.eye.unobserve(frame);
  },

  /** Something has arrived: what is looked at may be better now. */
  hurry() {
    for (const { live } of LIVE.frames) if (live.visible) { live.wait = 2; live.due = Math.min(live.due, Math.max(Date.now(), live.asked + 2000)); }
    LIVE.turn();
  },

  turn() {
    clearTimeout(LIVE.timer);
    if (document.hidden) { LIVE.timer = setTimeout(LIVE.turn, 5000); return; }
    const now = Date.now();
    let next = Infinity;
    for (const frame of LIVE.frames) {
      const live = frame.live;
      if (!frame.isConnected && now - live.born > 2000) { LIVE.drop(frame); continue; }
      if (!live.visible || live.running) continue;
      if (live.due <= now && LIVE.busy < LIVE.most) LIVE.ask(frame);
      else next = Math.min(next, Math.max(live.due, now + 200));
    }
    if (next < Infinity) LIVE.timer = setTimeout(LIVE.turn, next - now);
  },

  async ask(frame) {
    const live = frame.live;
    live.running = true;
    live.asked = Date.now();
    LIVE.busy += 1;
    try {
      const headers = { Accept: 'image/jpeg', ...(live.tag ? { 'If-None-Match': live.tag } : {}) };
      const response = await fetch(live.source, live.tag ? { headers, cache: 'no-store' } : { headers });
      if (response.status === 200) await LIVE.show(frame, response);
      else if (response.status === 304) live.wait = Math.min(LIVE.longest, live.wait * 1.5);
      else if (response.status === 503) { LIVE.mark(frame, { name: 'coming', final: false }); live.wait = Math.min(LIVE.longest, Math.max(retryAfter(response), live.wait * 1.3)); }
      else { LIVE.mark(frame, { name: response.status === 403 ? 'closed' : '', final: true }); LIVE.drop(frame); }
    } catch { live.wait = Math.min(LIVE.longest, live.wait * 2); }
    live.due = Date.now() + live.wait * 1000;
    live.running = false;
    LIVE.busy -= 1;
    LIVE.turn();
  },

  async show(frame, response) {
    const live = frame.live;
    const stage = stageOf(response);
    const url = URL.createObjectURL(await response.blob());
    const picture = new Image(live.size, live.size);
    picture.alt = '';
    picture.src = url;
    // The better picture takes the place of the other only when it can be drawn.
    try { await picture.decode(); } catch { live.wait = LIVE.longest; return; } finally { URL.revokeObjectURL(url); }
    frame.querySelector('img')?.remove();
    frame.prepend(picture);
    frame.classList.add('ready');
    live.tag = response.headers.get('ETag');
    live.wait = 2;
    LIVE.mark(frame, stage);
    if (stage.final) LIVE.drop(frame);
  },

  mark(frame, stage) {
    const { badge, instance } = frame.live;
    if (instance && stage.name && stage.name !== 'closed') STAGES.set(instance, stage);
    frame.dataset.stage = stage.name;
    // In the grid only what is not the original needs a word.
    badge.hidden = stage.name !== 'preview' && stage.name !== 'coming';
    if (stage.name === 'coming') badge.replaceChildren(icon('clock'), h('span', { class: 'unseen' }, say('coming')));
    else badge.replaceChildren(frame.live.size < 80 && stage.name === 'preview' ? say('preview') : stageWords(stage));
    if (stageWords(stage)) frame.closest('a')?.setAttribute('aria-description', stageWords(stage));
  },
};
document.addEventListener('visibilitychange', () => { if (!document.hidden) LIVE.turn(); });

/** A small picture that is fetched when it is seen, and again until it is the original. */
function livePicture(source, mark, size, instance) {
  const badge = h('span', { class: 'rung', hidden: true });
  const frame = h('span', { class: 'thumb live' }, h('span', { class: 'mark', 'aria-hidden': 'true' }, mark), badge);
  if (!source) return frame;
  frame.live = { source, size, instance, badge, visible: false, running: false, due: 0, asked: 0, wait: 2, tag: null, born: Date.now() };
  LIVE.add(frame);
  return frame;
}
