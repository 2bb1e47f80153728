// One image, large: browse slices or frames, windows, zoom, original.

const WINDOWS = [['auto', ''], ['soft', '40,400'], ['lung', '-600,1500'], ['bone', '400,1800'], ['brain', '40,80'], ['abdomen', '60,350']];

function showViewer(given) {
  let { instances, index } = given;
  let frame = 1, direction = 1, actual = false, playing = 0, turn = 0, windowValue = '', again = 0, waited = '';
  const pictures = new Pictures();
  const picture = h('img', { class: 'picture', alt: '', draggable: 'false' });
  const stage = h('div', { class: 'stage', tabindex: '0' }, picture);
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true });
  const bar = h('div', { class: 'busy', hidden: true });
  const badge = h('p', { class: 'onpicture', hidden: true });
  const tell = stage => tellStage(badge, stage);
  const counter = h('output', { class: 'counter' });
  const slider = h('input', { type: 'range', min: '1', step: '1', 'aria-label': say('position') });
  const button = (name, label, action) => h('button', { type: 'button', class: 'tool', title: say(label), 'aria-label': say(label), onclick: action }, icon(name));
  const back = button('back', 'previous', () => step(-1));
  const ahead = button('next', 'next', () => step(1));
  const keys = h('span', { class: 'keys' });
  const play = button('play', 'play', () => setPlaying(!playing));
  const zoom = button('actual', 'actual', () => setActual(!actual));
  const original = h('a', { class: 'tool', download: '', title: say('download'), 'aria-label': say('download') }, icon('down'), h('span', { class: 'label' }, say('download.short')));
  const windows = h('select', { class: 'windows', 'aria-label': say('window'), title: say('window'), onchange: event => setWindow(event.target.value) },
    WINDOWS.map(([name, value]) => h('option', { value }, say(`window.${name}`))));
  windows.hidden = given.modality !== 'CT';
  // The clinical question stays beside the picture where there is room, and one tap away where there is none.
  const aside = given.question ? h('aside', { class: 'beside', id: 'beside', 'aria-label': say('question') }, given.question()) : null;
  const ask = aside && h('button', { type: 'button', class: 'tool', 'aria-controls': 'beside', onclick: () => setAside(aside.hidden) }, icon('question'), h('span', { class: 'label' }, say('show.question')));
  const dialog = h('dialog', { class: 'viewer', 'aria-label': given.name },
    h('header', {}, h('button', { type: 'button', class: 'tool', title: say('close'), 'aria-label': say('close'), onclick: () => dialog.close() }, icon('close')),
      h('div', { class: 'title' }, h('span', { class: 'strong' }, own(given.name)), h('span', { class: 'which' }, given.id && own(given.id), given.id && given.description && ' · ', own(given.description))), ask, zoom, original),
    h('div', { class: 'view' }, h('div', { class: 'screen' }, stage, bar, problem, badge), aside),
    h('footer', {}, back, play, ahead, slider, counter, windows, h('p', { class: 'notice' }, say('notice'), ' ', keys)));

  const one = () => instances[index];
  const isClip = () => one().frames > 1;
  const length = () => isClip() ? one().frames : instances.length;
  const position = () => isClip() ? frame : index + 1;

  /** The address of a picture as large as it is shown, so that no byte travels in vain. */
  function address(at) {
    const instance = isClip() ? one() : instances[at - 1];
    const query = new URLSearchParams({ quality: actual ? 95 : 85 });
    if (!actual && instance.columns && instance.rows) {
      const dots = Math.min(devicePixelRatio || 1, 2);
      // In steps of 64, or every turn of a phone would ask for all pictures anew.
      const room = side => Math.max(64, Math.ceil(side * dots / 64) * 64);
      const scale = Math.min(room(stage.clientWidth) / instance.columns, room(stage.clientHeight) / instance.rows);
      if (scale < 1) query.set('viewport', `${Math.round(instance.columns * scale)},${Math.round(instance.rows * scale)}`);
    }
    if (windowValue && given.modality === 'CT') query.set('window', windowValue);
    return `${ROOT}/${path(instance.study, instance.series, instance.uid)}/frames/${isClip() ? at : 1}/rendered?${query}`;
  }

  const inStack = at => at >= 1 && at <= length();

  async function show() {
    const mine = ++turn;
    const at = position();
    const instance = one();
    const where = say(isClip() ? 'frame.n' : 'image.n', { i: at, n: length() });
    counter.replaceChildren(h('span', { class: 'long' }, where), h('span', { class: 'short', dir: 'ltr', 'aria-hidden': 'true' }, `${number(at)} / ${number(length())}`));
    slider.max = String(length());
    slider.value = String(at);
    slider.hidden = length() < 2;
    slider.setAttribute('aria-valuetext', where);
    play.hidden = length() < 2;
    back.hidden = ahead.hidden = length() < 2 && instances.length < 2;
    keys.textContent = [length() > 1 && say('keys.stack'), given.modality === 'CT' && say('keys.window'), say('keys')].filter(Boolean).join(' · ');
    back.disabled = !inStack(at - 1) && !instances[index - 1];
    ahead.disabled = !inStack(at + 1) && !instances[index + 1];
    const file = `${ROOT}/${path(instance.study, instance.series, instance.uid)}`;
    clearTimeout(again);
    offerOriginal(original, instance, file);
    zoom.disabled = !instance.columns;
    if (!instance.columns) return showDocument(file);
    const wanted = address(at);
    problem.hidden = waited !== wanted;
    const near = nearby(at).map(address);
    pictures.only([wanted, ...near]);
    let entry = pictures.ready(wanted);
    if (!entry) {
      // The small picture of the grid at once, if the large one lets wait.
      const soon = setTimeout(() => {
        if (mine !== turn) return;
        bar.hidden = false;
        if (!isClip() && !actual && waited !== wanted) {
          picture.src = `${file}/thumbnail?accept=image/jpeg&viewport=128,128`;
          picture.classList.add('coarse');
          picture.hidden = false;
          tell({ name: 'preview' });
        }
      }, 160);
      try { entry = await pictures.get(wanted); } catch (error) {
        if (error.name === 'AbortError' || mine !== turn) return;
        bar.hidden = true;
        if (error.status === 503) return wait(mine, wanted, instance, error.wait);
        picture.hidden = error.status !== undefined;
        if (picture.hidden) tell({ name: '' });
        problem.replaceChildren(error.status ? say('error.picture') : say('error.network'), h('button', { type: 'button', onclick: show }, say('retry')));
        problem.hidden = false;
        return;
      } finally { clearTimeout(soon); }
      if (mine !== turn) return;
    }
    await draw(mine, entry, instance, where);
    if (mine !== turn) return;
    // What this slice still lacks comes before what its neighbours lack.
    if (!entry.stage.final) improve(mine, wanted, 2, instance, where);
    for (const next of entry.stage.final ? near : near.slice(0, 1)) {
      if (mine !== turn) return;
      try { await pictures.get(next); } catch { return; }
    }
  }

  async function draw(mine, entry, instance, where) {
    picture.src = entry.url;
    try { await picture.decode(); } catch { /* a newer picture took its place */ }
    if (mine !== turn) return;
    waited = '';
    problem.hidden = true;
    bar.hidden = true;
    picture.hidden = false;
    picture.classList.remove('coarse');
    if (entry.stage.name) STAGES.set(instance.uid, entry.stage);
    picture.alt = [given.name, where, stageWords(entry.stage)].filter(Boolean).join(', ');
    tell(entry.stage);
    offerOriginal(original, instance, `${ROOT}/${path(instance.study, instance.series, instance.uid)}`);
    size();
  }

  /** Asks for better bytes of the picture on the screen until it is the original; it stays until they are there. */
  function improve(mine, wanted, seconds, instance, where) {
    clearTimeout(again);
    again = setTimeout(async () => {
      if (mine !== turn) return;
      let entry = null;
      if (!document.hidden && !playing) try { entry = await pictures.better(wanted); } catch { /* asked again soon */ }
      if (mine !== turn) return;
      if (entry) {
        await draw(mine, entry, instance, where);
        if (mine !== turn) return;
        announce(entry.stage.final ? say('original.note') : `${say('updated')}: ${stageWords(entry.stage)}`);
        if (entry.stage.final) return;
      }
      improve(mine, wanted, entry ? 2 : Math.min(10, seconds * 1.3), instance, where);
    }, seconds * 1000);
  }

  /** Nothing can be drawn yet: says so, and looks again. */
  function wait(mine, wanted, instance, seconds) {
    if (waited !== wanted) announce(say('coming.text'));
    waited = wanted;
    picture.hidden = true;
    picture.removeAttribute('src');
    STAGES.set(instance.uid, { name: 'coming' });
    tell({ name: '' });
    problem.replaceChildren(icon('clock'), h('strong', {}, say('coming')), say('coming.text'));
    problem.hidden = false;
    again = setTimeout(() => { if (mine === turn) show(); }, Math.min(3, seconds) * 1000);
  }

  const nearby = at => (playing ? [1, 2, 3, 4, 5, 6].map(step => (at - 1 + step) % length() + 1) : [direction, 2 * direction, -direction].map(step => at + step)).filter(inStack);

  function showDocument(file) {
    pictures.only([]);
    tell({ name: '' });
    bar.hidden = true;
    picture.hidden = true;
    problem.replaceChildren(say('noimage'), h('a', { class: 'button', href: `${file}/rendered`, target: '_blank', rel: 'noopener' }, say('open.document')));
    problem.hidden = false;
  }

  /** To a place of the stack; past a clip's end to its neighbour. */
  function go(at) {
    if (!inStack(at) || at === position()) return;
    direction = at < position() ? -1 : 1;
    if (isClip()) frame = at; else { index = at - 1; given.moved(index); }
    show();
  }

  function step(by) {
    const at = position() + by;
    if (inStack(at)) return go(at);
    if (!isClip()) return go(Math.min(Math.max(1, at), length()));
    const neighbour = index + Math.sign(by);
    if (Math.abs(by) === 1 && instances[neighbour]) turnTo(neighbour);
  }

  function turnTo(neighbour) {
    if (!instances[neighbour]) return;
    setPlaying(false);
    index = neighbour;
    frame = 1;
    given.moved(index);
    show();
  }

  function setPlaying(on) {
    clearTimeout(playing);
    playing = 0;
    play.replaceChildren(icon(on ? 'pause' : 'play'));
    play.title = say(on ? 'pause' : 'play');
    play.setAttribute('aria-label', play.title);
    if (!on) return;
    const pause = isClip() ? Math.min(1000, Math.max(16, 1000 / one().rate)) : 100;
    const tick = () => {
      if (!playing) return;
      const next = position() % length() + 1;
      // Waits for a frame that is not there yet, rather than skipping it.
      if (pictures.ready(address(next))) { direction = 1; go(next); } else pictures.get(address(next)).catch(() => {});
      playing = setTimeout(tick, pause);
    };
    playing = setTimeout(tick, pause);
    show();
  }

  function setActual(on) {
    actual = on;
    dialog.classList.toggle('actual', on);
    zoom.replaceChildren(icon(on ? 'fit' : 'actual'));
    zoom.title = say(on ? 'fit' : 'actual');
    zoom.setAttribute('aria-label', zoom.title);
    size();
    show().then(() => { if (actual) { stage.scrollLeft = (stage.scrollWidth - stage.clientWidth) / 2; stage.scrollTop = (stage.scrollHeight - stage.clientHeight) / 2; } });
  }

  /** In actual size one pixel of the image is one dot of the screen. */
  function size() {
    const dots = devicePixelRatio || 1;
    picture.style.width = actual ? `${(one().columns || picture.naturalWidth) / dots}px` : '';
    picture.style.height = actual ? `${(one().rows || picture.naturalHeight) / dots}px` : '';
  }

  function setAside(open) {
    aside.hidden = !open;
    ask.setAttribute('aria-expanded', String(open));
    if (picture.isConnected && dialog.open) setTimeout(() => { if (!actual) show(); }, 50);
  }

  function setWindow(value) {
    if (given.modality !== 'CT') return;
    windowValue = value;
    windows.value = value;
    show();
  }

  dialog.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const onSlider = event.target === slider, onSelect = event.target === windows;
    const forward = document.documentElement.dir === 'rtl' ? 'ArrowLeft' : 'ArrowRight';
    const backward = document.documentElement.dir === 'rtl' ? 'ArrowRight' : 'ArrowLeft';
    const digit = /^[0-5]$/.test(event.key) ? WINDOWS[+event.key] : null;
    if (onSelect && !digit) return;
    if (actual && event.target === stage && event.key.startsWith('Arrow')) return;
    const actions = {
      [forward]: () => step(1), [backward]: () => step(-1), ArrowDown: () => step(1), ArrowUp: () => step(-1),
      PageDown: () => isClip() ? turnTo(index + 1) : step(10), PageUp: () => isClip() ? turnTo(index - 1) : step(-10),
      Home: () => go(1), End: () => go(length()), z: () => setActual(!actual), Z: () => setActual(!actual),
    };
    let action = actions[event.key];
    if (digit) action = () => setWindow(digit[1]);
    if (event.key === ' ' && (event.target === stage || onSlider || event.target === dialog)) action = () => length() > 1 && setPlaying(!playing);
    if (!action) return;
    event.preventDefault();
    if (event.key !== ' ' && playing && !/^[z0-5]$/i.test(event.key)) setPlaying(false);
    action();
  });

  slider.addEventListener('input', () => { setPlaying(false); go(+slider.value); });

  gestures(stage, { go, step, position, length, isActual: () => actual, still: () => setPlaying(false), zoom: () => { if (one().columns) setActual(!actual); } });

  let resized = 0;
  const resize = () => { clearTimeout(resized); resized = setTimeout(() => { if (!actual) show(); }, 250); };
  addEventListener('resize', resize);
  dialog.addEventListener('close', () => {
    setPlaying(false);
    turn += 1;
    clearTimeout(again);
    removeEventListener('resize', resize);
    pictures.close();
    dialog.remove();
    given.closed();
  });
  if (aside) setAside(innerWidth >= 1100);
  document.body.append(dialog);
  dialog.showModal();
  stage.focus();
  show();
  return {
    close: () => dialog.close(),
    /** New images of the series have come: the stack grows, the reader stays where he is. */
    refresh(known) {
      const fresh = known.get(given.series)?.instances;
      if (!fresh || fresh.length === instances.length) return;
      const uid = one().uid;
      instances = fresh;
      index = Math.max(0, fresh.findIndex(instance => instance.uid === uid));
      show();
    },
  };
}
