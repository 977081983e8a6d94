/** The things on the board, by id and version: a thing never goes back to an older version. */

import { OPEN } from './lifecycles.js';
import { sendable } from './lines.js';

/**
 * @typedef {'order' | 'ticket' | 'usage'} Kind
 * @typedef {{id: string, version: number, status: string} & Record<string, any>} Thing
 */

/** So long a paid order waits for its dishes to be sent: a till without a kitchen sends none, and is not to drown in them. */
const PAID_WAITS_MS = 24 * 3_600_000;

/** Tell whether a time, as the service writes it, is too long ago for a paid order to wait. @param {string} time */
export const isLongAgo = (time) => Date.parse(time) < Date.now() - PAID_WAITS_MS;

/** Tell whether an order is paid and its kitchen has not got all of it, which is sent from a paid order too (contract §5). @param {Thing} order */
export const isPaidUnsent = (order) => order.status === 'COMPLETED' && !isLongAgo(order.completedAt) && sendable(order).length > 0;

/** Tell whether something is still to be done with a thing. @param {Kind} kind @param {Thing} thing */
export const isOpen = (kind, thing) => OPEN[kind].includes(thing.status) || (kind === 'order' && isPaidUnsent(thing));

/** So many of the things that are over stay known: reads that were under way when they ended may still show them. */
const MOST_OVER = 500;

export class Store {
  /** @param {() => void} onChange */
  constructor(onChange) {
    this.onChange = onChange;
    /** @type {Record<Kind, Map<string, Thing>>} */
    this.things = { order: new Map(), ticket: new Map(), usage: new Map() };
    /** Newest version that was heard of, by kind and id. @type {Map<string, number>} */
    this.heard = new Map();
    /** The feed number that each thing is true for. @type {Map<string, number>} */
    this.seqs = new Map();
    /** Ids of ended things that are still looked at. @type {Set<string>} */
    this.kept = new Set();
    /** Tickets that are no news to anybody here; null until everything was read once. @type {Set<string> | null} */
    this.met = null;
  }

  /** @param {Kind} kind @param {string} id */
  get(kind, id) {
    return this.things[kind].get(id);
  }

  /** List the open things of a kind. @param {Kind} kind */
  open(kind) {
    return [...this.things[kind].values()].filter((thing) => isOpen(kind, thing));
  }

  /**
   * Take a thing in as the service showed it; true when it was news. What is told along with a version, as the tables of a
   * ticket are, may change without it: then what is true for a later feed number wins.
   * @param {Kind} kind @param {Thing} thing @param {number} [seq] the feed number that it is true for
   */
  put(kind, thing, seq = 0) {
    const known = this.things[kind].get(thing.id);
    // What is heard of a usage's end is all that there is to know of it: what was read before does not bring it back.
    if (kind === 'usage' && !known && this.isOld(kind, thing)) return false;
    if (known && (known.version > thing.version || (known.version === thing.version && seq <= this.seqOf(kind, thing.id)))) return false;
    this.seqs.set(`${kind}:${thing.id}`, seq);
    this.hear(kind, thing.id, thing.version);
    if (isOpen(kind, thing) || this.kept.has(thing.id)) this.things[kind].set(thing.id, thing);
    else this.things[kind].delete(thing.id);
    this.onChange();
    return true;
  }

  /** @param {Kind} kind @param {string} id */
  seqOf(kind, id) {
    return this.seqs.get(`${kind}:${id}`) ?? 0;
  }

  /** Remember that a version exists; what is older than it is no longer shown as current. @param {Kind} kind */
  hear(kind, /** @type {string} */ id, /** @type {number} */ version) {
    const key = `${kind}:${id}`;
    if ((this.heard.get(key) ?? 0) >= version) return;
    // What was heard of last stands last.
    this.heard.delete(key);
    this.heard.set(key, version);
    this.forget();
    this.onChange();
  }

  /** Forget what has been over for long. */
  forget() {
    let surplus = this.heard.size - MOST_OVER;
    for (const things of Object.values(this.things)) surplus -= things.size;
    for (const key of this.heard.keys()) {
      if (surplus <= 0) return;
      const [kind, id] = key.split(':');
      if (this.things[/** @type {Kind} */ (kind)].has(id)) continue;
      for (const kept of [this.heard, this.seqs, this.met]) kept?.delete(key);
      surplus -= 1;
    }
  }

  /** Return the newest version that was heard of; 0 when nothing was. @param {Kind} kind @param {string} id */
  newest(kind, id) {
    return this.heard.get(`${kind}:${id}`) ?? 0;
  }

  /** Tell whether a newer version is known than the one at hand. @param {Kind} kind @param {Thing} thing */
  isOld(kind, thing) {
    return this.newest(kind, thing.id) > thing.version;
  }

  /** Return the open tickets that nobody here was told of, however they came; none the first time. */
  newcomers() {
    const tickets = this.open('ticket');
    const { met } = this;
    this.met = new Set([...(met ?? []), ...tickets.map((ticket) => `ticket:${ticket.id}`)]);
    return met ? tickets.filter((ticket) => !met.has(`ticket:${ticket.id}`)) : [];
  }

  /** Take in a ticket that was sent from here, which is no news. @param {Thing} ticket */
  meet(ticket) {
    this.met?.add(`ticket:${ticket.id}`);
    this.put('ticket', ticket);
  }

  /** @param {Kind} kind @param {string} id */
  drop(kind, id) {
    if (this.things[kind].delete(id)) this.onChange();
  }

  /** Keep a thing that ends for as long as somebody looks at it; null keeps nothing. @param {string | null} id */
  keepOnly(id) {
    this.kept = new Set(id ? [id] : []);
    for (const kind of /** @type {Kind[]} */ (['order', 'ticket', 'usage'])) {
      for (const thing of this.things[kind].values()) {
        if (!isOpen(kind, thing) && !this.kept.has(thing.id)) this.things[kind].delete(thing.id);
      }
    }
  }

  clear() {
    for (const things of Object.values(this.things)) things.clear();
    this.heard.clear();
    this.seqs.clear();
    this.met = null;
    this.onChange();
  }
}
