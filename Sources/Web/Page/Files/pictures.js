// Pictures fetched for the viewer and kept in memory, so that browsing back costs no round trip; previews until their better comes.

const KEPT_BYTES = 48e6;

/** Pictures fetched once and kept: the wanted one first, its neighbours while the link is free. */
class Pictures {
  constructor() { this.kept = new Map(); this.running = new Map(); this.bytes = 0; }

  ready(address) {
    const entry = this.kept.get(address);
    if (entry) { this.kept.delete(address); this.kept.set(address, entry); }
    return entry;
  }

  /** Lets go of what is under way for other addresses: on a thin link only what is looked at counts. */
  only(addresses) {
    for (const [address, job] of this.running) if (!addresses.includes(address)) job.abort.abort();
  }

  get(address) {
    const entry = this.ready(address);
    if (entry) return Promise.resolve(entry);
    const known = this.running.get(address);
    if (known) return known.promise;
    const abort = new AbortController();
    const promise = this.fetch(address, abort.signal).finally(() => {
      if (this.running.get(address)?.abort === abort) this.running.delete(address);
    });
    this.running.set(address, { abort, promise });
    return promise;
  }

  async fetch(address, signal) {
    const response = await fetch(address, { headers: { Accept: 'image/jpeg' }, signal });
    if (!response.ok) throw Object.assign(new Error('refused'), { status: response.status, wait: retryAfter(response) });
    return this.keep(address, response, signal);
  }

  /** A better picture than the one that is kept; null while there is none. */
  async better(address) {
    const old = this.kept.get(address);
    const response = await fetch(address, { headers: { Accept: 'image/jpeg', ...(old?.tag ? { 'If-None-Match': old.tag } : {}) }, cache: 'no-store' });
    if (!response.ok) return null;
    return this.keep(address, response);
  }

  async keep(address, response, signal) {
    const blob = await response.blob();
    if (signal?.aborted) throw new DOMException('', 'AbortError');
    const old = this.kept.get(address);
    const entry = { url: URL.createObjectURL(blob), size: blob.size, stage: stageOf(response), tag: response.headers.get('ETag') };
    this.kept.delete(address);
    this.kept.set(address, entry);
    this.bytes += entry.size;
    if (old) { this.bytes -= old.size; setTimeout(() => URL.revokeObjectURL(old.url), 5000); }
    for (const [past, { url, size }] of this.kept) {
      if (this.bytes <= KEPT_BYTES || past === address) break;
      this.kept.delete(past);
      this.bytes -= size;
      URL.revokeObjectURL(url);
    }
    return entry;
  }

  close() {
    this.only([]);
    for (const { url } of this.kept.values()) URL.revokeObjectURL(url);
    this.kept.clear();
  }
}

/** What the picture is, written on it: a preview must never pass for an original. */
function tellStage(badge, stage) {
  const words = stageWords(stage);
  badge.hidden = !words;
  badge.className = `onpicture ${stage.name}`;
  badge.title = stage.name === 'preview' ? say('preview.note') : stage.name === 'original' ? say('original.note') : '';
  badge.replaceChildren(icon(stage.name === 'original' ? 'check' : 'clock'), h('span', {}, words));
}

/** The file itself can be had once it is whole. */
function offerOriginal(link, instance, file) {
  const stage = STAGES.get(instance.uid);
  const whole = stage ? stage.name === 'original' || !stage.name : !instance.coming;
  link.setAttribute('aria-disabled', String(!whole));
  link.title = say(whole ? 'download' : 'download.later');
  link.setAttribute('aria-label', link.title);
  if (!whole) { link.removeAttribute('href'); link.removeAttribute('download'); return; }
  link.href = `${file}?accept=application/dicom`;
  link.download = `${instance.uid}.dcm`;
}
