// What is said in passing, and what is asked before something is done.

learn(SHEET_TEXTS);

/** A line at the bottom that says what was done, with a way back where there is one. */
let toastTimer = 0;
function toast(words, undo) {
  clearTimeout(toastTimer);
  const bar = document.getElementById('toast') || document.body.appendChild(h('div', { id: 'toast', role: 'status' }));
  const hide = () => { bar.hidden = true; };
  bar.hidden = false;
  bar.replaceChildren(h('span', {}, words), ...(undo ? [h('button', { type: 'button', onclick: () => { hide(); undo(); } }, icon('undo'), say('undo'))] : []));
  // Time enough to read and to reach for the way back; it stays while a finger or the focus is on it.
  const later = () => { toastTimer = setTimeout(() => { if (bar.matches(':hover, :focus-within')) later(); else hide(); }, undo ? 12000 : 5000); };
  later();
}

/** A sheet from below with a heading and what is put into it; Escape and "back" close it. */
function sheet(title, ...children) {
  const dialog = h('dialog', { class: 'sheet', 'aria-labelledby': 'sheettitle' }, h('h2', { id: 'sheettitle' }, title), children,
    h('button', { type: 'button', class: 'quiet', onclick: () => dialog.close() }, say('cancel')));
  dialog.addEventListener('click', event => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener('close', () => dialog.remove());
  // The one before says that it is closed only a moment later.
  for (const old of document.querySelectorAll('dialog.sheet')) old.remove();
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
