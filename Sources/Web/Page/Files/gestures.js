// Wheel, finger and mouse on the viewer's stage.

/** `to`: go(position), step(by), position(), length(), isActual(), still() (ends playing), zoom(). */
function gestures(stage, to) {
  let wheel = 0;
  stage.addEventListener('wheel', event => {
    if (event.ctrlKey || to.isActual()) return;
    event.preventDefault();
    wheel += event.deltaMode === 1 ? event.deltaY * 33 : event.deltaY;
    const steps = Math.trunc(wheel / 50);
    if (!steps) return;
    wheel -= steps * 50;
    to.still();
    const at = Math.min(Math.max(1, to.position() + Math.sign(steps) * Math.min(3, Math.abs(steps))), to.length());
    to.go(at);
  }, { passive: false });

  // A finger: sideways to the next image, up and down through the stack. A mouse in actual size moves the picture.
  let touch = null;
  stage.addEventListener('pointerdown', event => {
    if (!event.isPrimary || event.button) { touch = null; return; }
    if (to.isActual() && event.pointerType !== 'mouse') return;
    touch = { x: event.clientX, y: event.clientY, at: to.position(), left: stage.scrollLeft, top: stage.scrollTop, axis: '' };
    if (event.pointerType === 'mouse') stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener('pointermove', event => {
    if (!touch || !event.isPrimary) return;
    const dx = event.clientX - touch.x, dy = event.clientY - touch.y;
    if (to.isActual()) { stage.scrollLeft = touch.left - dx; stage.scrollTop = touch.top - dy; return; }
    if (!touch.axis && Math.hypot(dx, dy) > 10) touch.axis = Math.abs(dx) > Math.abs(dy) ? 'x' : 'y';
    if (touch.axis === 'y') {
      to.still();
      to.go(Math.min(Math.max(1, touch.at + Math.round(dy / Math.max(6, 240 / to.length()))), to.length()));
    }
  });
  const lift = event => {
    if (!touch) return;
    const dx = event.clientX - touch.x;
    const forward = document.documentElement.dir === 'rtl' ? dx > 0 : dx < 0;
    if (touch.axis === 'x' && Math.abs(dx) > 40) { to.still(); to.step(forward ? 1 : -1); }
    touch = null;
  };
  stage.addEventListener('pointerup', lift);
  stage.addEventListener('pointercancel', () => { touch = null; });
  stage.addEventListener('dblclick', to.zoom);
}
