// Pictures fetched for the viewer and kept in memory, so that browsing back costs no round trip.

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
    if (!response.ok) throw Object.assign(new Error('refused'), { status: response.status });
    const blob = await response.blob();
    if (signal.aborted) throw new DOMException('', 'AbortError');
    const entry = { url: URL.createObjectURL(blob), size: blob.size };
    this.kept.set(address, entry);
    this.bytes += entry.size;
    for (const [old, { url, size }] of this.kept) {
      if (this.bytes <= KEPT_BYTES || old === address) break;
      this.kept.delete(old);
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
