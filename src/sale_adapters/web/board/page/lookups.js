/** What is read beside an order for showing it, once per version of it: its price, its history. */

const MOST_AT_ONCE = 2;
const RETRY_MS = 5_000;

export class Lookup {
  /**
   * @param {import('./app.js').App} app
   * @param {(order: import('./store.js').Thing) => string} path
   * @param {(body: any) => any} pick
   */
  constructor(app, path, pick) {
    this.app = app;
    this.path = path;
    this.pick = pick;
    /** @type {Map<string, {version: number, found: any}>} */
    this.known = new Map();
    /** @type {Map<string, import('./store.js').Thing>} */
    this.wanted = new Map();
    this.running = 0;
  }

  /** Return what is known of this version, and ask where nothing is. @param {import('./store.js').Thing} order */
  of(order) {
    const known = this.known.get(order.id);
    if (known?.version !== order.version && this.app.sync.live) {
      this.forget();
      this.known.set(order.id, { version: order.version, found: null });
      this.wanted.set(order.id, order);
      queueMicrotask(() => void this.work());
    }
    return known?.version === order.version ? known.found : null;
  }

  /** Forget what was read beside orders that nobody sees any more. */
  forget() {
    for (const id of this.known.keys()) if (!this.app.store.get('order', id)) this.known.delete(id);
  }

  async work() {
    while (this.running < MOST_AT_ONCE && this.wanted.size) {
      const [order] = this.wanted.values();
      this.wanted.delete(order.id);
      this.running += 1;
      await this.read(order);
      this.running -= 1;
    }
  }

  /** @param {import('./store.js').Thing} order */
  async read(order) {
    const isAsked = () => this.known.get(order.id)?.version === order.version;
    try {
      const found = this.pick((await this.app.api.get(this.path(order))).body);
      if (isAsked()) this.known.set(order.id, { version: order.version, found });
    } catch {
      // Shown as unknown; the drawing after a while asks again.
      setTimeout(() => {
        if (isAsked()) this.known.delete(order.id);
        this.app.update();
      }, RETRY_MS);
    }
    this.app.update();
  }
}
