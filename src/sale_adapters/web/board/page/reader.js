/** Reading things: all that are open, or one until it is as new as what was heard of it. */

import { passes, pause, Problem, readAll } from './api.js';
import { OPEN } from './lifecycles.js';
import { isLongAgo, isOpen } from './store.js';

/** @typedef {import('./store.js').Kind} Kind */
/** @typedef {{again: boolean, hint: Record<string, any>, done: Promise<void>}} Reading */

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 10_000;

/** @type {Record<Kind, {topic: string, lists: string[], one: (id: string, hint: Record<string, any>) => string}>} */
const READS = {
  order: {
    topic: 'observation/sale/sale-order',
    // What is paid may still have to be sent.
    lists: [...OPEN.order, 'COMPLETED'].map((status) => `sale-orders?status=${status}`),
    one: (id) => `sale-orders/${id}`,
  },
  ticket: {
    topic: 'observation/sale/kitchen-ticket',
    lists: OPEN.ticket.map((status) => `kitchen-tickets?status=${status}`),
    one: (id) => `kitchen-tickets/${id}`,
  },
  // A usage has no place of its own: the list of its unit has it as long as it is ACTIVE.
  usage: {
    topic: 'observation/allocation/allocation-usage',
    lists: OPEN.usage.map((status) => `allocation-usages?status=${status}`),
    one: (_, hint) => `allocation-usages?limit=200${hint.unitId ? `&unitId=${encodeURIComponent(hint.unitId)}` : ''}`,
  },
};

const KINDS = /** @type {Kind[]} */ (Object.keys(READS));

/** @param {string} topic */
export const kindOf = (topic) => KINDS.find((kind) => READS[kind].topic === topic);

/** Lists begin with the newest: behind such an order nobody waits for dishes. @param {import('./store.js').Thing} thing */
const isPast = (thing) => thing.status === 'COMPLETED' && isLongAgo(thing.createdAt);

export class Reader {
  /** @param {import('./api.js').Api} api @param {import('./store.js').Store} store */
  constructor(api, store) {
    this.api = api;
    this.store = store;
    /** Kinds that the token may see. @type {Set<Kind>} */
    this.allowed = new Set();
    /** Things that are being read, whether once more, and with what was told of them last. @type {Map<string, Reading>} */
    this.reading = new Map();
    this.run = 0;
  }

  /** Forget what is under way. */
  stop() {
    this.run += 1;
    this.reading.clear();
    this.allowed.clear();
  }

  /** @param {Kind} kind @param {string} id */
  isOutdated(kind, id) {
    const thing = this.store.get(kind, id);
    return thing !== undefined && this.store.isOld(kind, thing);
  }

  get topics() {
    return [...this.allowed].map((kind) => READS[kind].topic);
  }

  /** Read all that is open; return the feed number that it is at least true for. */
  async everything() {
    const seqs = await Promise.all(KINDS.map((kind) => this.all(kind)));
    const known = seqs.filter((seq) => seq !== null);
    return known.length ? Math.min(...known) : 0;
  }

  /** Return the present feed number. @returns {Promise<number>} */
  async head() {
    const [kind] = this.allowed;
    const { seq } = await this.api.get(`${READS[kind].lists[0]}&limit=1`);
    return seq ?? 0;
  }

  /** Read the open things of a kind; null when the token may not see them. @param {Kind} kind */
  async all(kind) {
    const { run } = this;
    const before = this.store.open(kind);
    try {
      const lists = await Promise.all(READS[kind].lists.map((path) => readAll(this.api, path, isPast)));
      if (run !== this.run) return null;
      const items = lists.flatMap((list) => list.items).filter((thing) => isOpen(kind, thing));
      for (const list of lists) {
        for (const thing of list.items) if (isOpen(kind, thing)) this.store.put(kind, thing, list.seq);
      }
      const listed = new Set(items.map((thing) => thing.id));
      this.allowed.add(kind);
      const isOld = (/** @type {import('./store.js').Thing} */ thing) => this.store.isOld(kind, this.store.get(kind, thing.id) ?? thing);
      const again = [...before.filter((thing) => !listed.has(thing.id)), ...items.filter(isOld)];
      await Promise.all(again.map((thing) => this.one(kind, thing.id, thing)));
      return Math.min(...lists.map((list) => list.seq));
    } catch (error) {
      if (error instanceof Problem && [403, 404].includes(error.status)) {
        if (run === this.run) this.allowed.delete(kind);
        return null;
      }
      throw error;
    }
  }

  /**
   * Look what became of a thing that was seen.
   * @param {Kind} kind @param {import('./store.js').Thing} seen
   * @returns {Promise<import('./store.js').Thing | undefined | null>} undefined when it is over or not there, null when nobody can tell
   */
  async lookAt(kind, seen) {
    try {
      if (kind !== 'usage') return await this.once(kind, seen.id, seen);
      // It may be at another unit by now.
      return (await this.all('usage')) === null ? null : this.store.get('usage', seen.id);
    } catch (error) {
      return error instanceof Problem && error.status === 404 ? undefined : null;
    }
  }

  /**
   * Read one thing until it is as new as what was heard of it; who asks meanwhile waits for a look that began after he asked.
   * @param {Kind} kind @param {string} id @param {Record<string, any>} [hint]
   * @returns {Promise<void>}
   */
  one(kind, id, hint = {}) {
    const key = `${kind}:${id}`;
    const under = this.reading.get(key);
    if (under) {
      under.again = true;
      // Where a usage was earlier is no place to look for it.
      if (!(hint.version < under.hint.version)) under.hint = hint;
      return under.done;
    }
    const reading = { again: false, hint, done: Promise.resolve() };
    this.reading.set(key, reading);
    reading.done = this.untilNew(kind, id, reading);
    return reading.done;
  }

  /** @param {Kind} kind @param {string} id @param {Reading} reading */
  async untilNew(kind, id, reading) {
    const { run } = this;
    // A change that came while it was read is no failure of the service, and is not waited for any longer.
    for (let tried = 0; run === this.run; tried = reading.again ? 0 : tried + 1) {
      reading.again = false;
      const settled = await this.once(kind, id, reading.hint).then(() => !this.isOutdated(kind, id), (error) => !passes(error));
      if (settled && !reading.again) break;
      await pause(Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** tried));
    }
    if (run === this.run) this.reading.delete(`${kind}:${id}`);
  }

  /**
   * Read one thing now, and return what it is.
   * @param {Kind} kind @param {string} id @param {Record<string, any>} hint
   * @returns {Promise<import('./store.js').Thing | undefined>} undefined when it is not there
   */
  async once(kind, id, hint) {
    // What is read for one sign-in is not shown to the next.
    const { run } = this;
    try {
      const { body, seq } = await this.api.get(READS[kind].one(id, hint));
      if (run !== this.run) return undefined;
      const thing = kind === 'usage' ? body.items.find((/** @type {any} */ each) => each.id === id) : body;
      if (thing) this.store.put(kind, thing, seq ?? 0);
      // One that was heard to have gone to another unit is looked for there.
      else if (!this.isOutdated(kind, id)) this.store.drop(kind, id);
      return thing;
    } catch (error) {
      if (run === this.run && error instanceof Problem && (error.status === 404 || error.status === 403)) this.store.drop(kind, id);
      throw error;
    }
  }
}
