/** What is read beside an order for showing it, once per version of it: its price, its history. */

const MOST_AT_ONCE = 2;

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

  /** Return what is known of this version, else what was known before it, and ask. @param {import('./store.js').Thing} order */
  of(order) {
    const known = this.known.get(order.id);
    if (known?.version !== order.version && this.app.sync.live) {
      this.known.set(order.id, { version: order.version, found: known?.found });
      this.wanted.set(order.id, order);
      queueMicrotask(() => void this.work());
    }
    return known?.found;
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
    let found = null;
    try {
      found = this.pick((await this.app.api.get(this.path(order))).body);
    } catch {
      // Shown as unknown; the next version of the order asks again.
    }
    if (this.known.get(order.id)?.version === order.version) this.known.set(order.id, { version: order.version, found });
    this.app.update();
  }
}
