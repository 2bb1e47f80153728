// One image, large: browse slices or frames, windows, zoom, original.

const WINDOWS = [['auto', ''], ['soft', '40,400'], ['lung', '-600,1500'], ['bone', '400,1800'], ['brain', '40,80'], ['abdomen', '60,350']];

function showViewer(given) {
  let { instances, index } = given;
  let frame = 1, direction = 1, actual = false, playing = 0, turn = 0, windowValue = '';
  const pictures = new Pictures();
  const picture = h('img', { class: 'picture', alt: '', draggable: 'false' });
  const stage = h('div', { class: 'stage', tabindex: '0' }, picture);
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true });
  const bar = h('div', { class: 'busy', hidden: true });
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
  const dialog = h('dialog', { class: 'viewer', 'aria-label': given.name },
    h('header', {}, h('button', { type: 'button', class: 'tool', title: say('close'), 'aria-label': say('close'), onclick: () => dialog.close() }, icon('close')),
      h('div', { class: 'title' }, h('span', { class: 'strong' }, own(given.name)), h('span', { class: 'which' }, given.id && own(given.id), given.id && given.description && ' · ', own(given.description))), zoom, original),
    h('div', { class: 'view' }, stage, bar, problem),
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
    original.href = `${file}?accept=application/dicom`;
    original.download = `${instance.uid}.dcm`;
    zoom.disabled = !instance.columns;
    problem.hidden = true;
    if (!instance.columns) return showDocument(file);
    const wanted = address(at);
    const near = nearby(at).map(address);
    pictures.only([wanted, ...near]);
    let entry = pictures.ready(wanted);
    if (!entry) {
      // The small picture of the grid at once, if the large one lets wait.
      const soon = setTimeout(() => {
        if (mine !== turn) return;
        bar.hidden = false;
        if (!isClip() && !actual) { picture.src = `${file}/thumbnail?accept=image/jpeg&viewport=128,128`; picture.classList.add('coarse'); picture.hidden = false; }
      }, 160);
      try { entry = await pictures.get(wanted); } catch (error) {
        if (error.name === 'AbortError' || mine !== turn) return;
        bar.hidden = true;
        picture.hidden = error.status !== undefined;
        problem.replaceChildren(error.status ? say('error.picture') : say('error.network'), h('button', { type: 'button', onclick: show }, say('retry')));
        problem.hidden = false;
        return;
      } finally { clearTimeout(soon); }
      if (mine !== turn) return;
    }
    picture.src = entry.url;
    try { await picture.decode(); } catch { /* a newer picture took its place */ }
    if (mine !== turn) return;
    bar.hidden = true;
    picture.hidden = false;
    picture.classList.remove('coarse');
    picture.alt = `${given.name}, ${where}`;
    size();
    for (const next of near) {
      if (mine !== turn) return;
      try { await pictures.get(next); } catch { return; }
    }
  }

  const nearby = at => (playing ? [1, 2, 3, 4, 5, 6].map(step => (at - 1 + step) % length() + 1) : [direction, 2 * direction, -direction].map(step => at + step)).filter(inStack);

  function showDocument(file) {
    pictures.only([]);
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

  let wheel = 0;
  stage.addEventListener('wheel', event => {
    if (event.ctrlKey || actual) return;
    event.preventDefault();
    wheel += event.deltaMode === 1 ? event.deltaY * 33 : event.deltaY;
    const steps = Math.trunc(wheel / 50);
    if (!steps) return;
    wheel -= steps * 50;
    setPlaying(false);
    const at = Math.min(Math.max(1, position() + Math.sign(steps) * Math.min(3, Math.abs(steps))), length());
    go(at);
  }, { passive: false });

  // A finger: sideways to the next image, up and down through the stack. A mouse in actual size moves the picture.
  let touch = null;
  stage.addEventListener('pointerdown', event => {
    if (!event.isPrimary || event.button) { touch = null; return; }
    if (actual && event.pointerType !== 'mouse') return;
    touch = { x: event.clientX, y: event.clientY, at: position(), left: stage.scrollLeft, top: stage.scrollTop, axis: '' };
    if (event.pointerType === 'mouse') stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener('pointermove', event => {
    if (!touch || !event.isPrimary) return;
    const dx = event.clientX - touch.x, dy = event.clientY - touch.y;
    if (actual) { stage.scrollLeft = touch.left - dx; stage.scrollTop = touch.top - dy; return; }
    if (!touch.axis && Math.hypot(dx, dy) > 10) touch.axis = Math.abs(dx) > Math.abs(dy) ? 'x' : 'y';
    if (touch.axis === 'y') {
      setPlaying(false);
      go(Math.min(Math.max(1, touch.at + Math.round(dy / Math.max(6, 240 / length()))), length()));
    }
  });
  const lift = event => {
    if (!touch) return;
    const dx = event.clientX - touch.x;
    const forward = document.documentElement.dir === 'rtl' ? dx > 0 : dx < 0;
    if (touch.axis === 'x' && Math.abs(dx) > 40) { setPlaying(false); step(forward ? 1 : -1); }
    touch = null;
  };
  stage.addEventListener('pointerup', lift);
  stage.addEventListener('pointercancel', () => { touch = null; });
  stage.addEventListener('dblclick', () => { if (one().columns) setActual(!actual); });

  let resized = 0;
  const resize = () => { clearTimeout(resized); resized = setTimeout(() => { if (!actual) show(); }, 250); };
  addEventListener('resize', resize);
  dialog.addEventListener('close', () => {
    setPlaying(false);
    turn += 1;
    removeEventListener('resize', resize);
    pictures.close();
    dialog.remove();
    given.closed();
  });
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
