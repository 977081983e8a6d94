/** Commands on things: one after the other per thing, upon the version that was seen, and what came of it. */

import { explain, isMoved, isStale } from './problems.js';
import { Recent } from './recent.js';

/** @typedef {import('./store.js').Kind} Kind */
/** @typedef {import('./store.js').Thing} Thing */
/**
 * @typedef {object} Wish what a command is for, beyond the command
 * @property {string} [busy] what shows that it is under way
 * @property {(present: Thing | undefined) => boolean} [met] a colleague has done it already, so that nothing needs saying
 * @property {(present: Thing) => boolean} [stands] what changed meanwhile has nothing to do with it, so that it is done all the same
 */

const DOUBLE_TAP_MS = 350;
const MOST_TRIES = 4;

export class Commands {
  /** @param {import('./app.js').App} app */
  constructor(app) {
    this.app = app;
    /** The last command per thing, for the next one to wait for. @type {Map<string, Promise<any>>} */
    this.queues = new Map();
    /** Ids whose command is on its way, or has only just come back. @type {Set<string>} */
    this.busy = new Set();
    /** The versions that commands of this screen alone led through, per thing. @type {Recent<{from: number, to: number}>} */
    this.own = new Recent();
  }

  /** @param {string} id */
  isBusy(id) {
    return this.busy.has(id);
  }

  /** Tell whether an answer to a command on a thing is awaited. @param {Kind} kind @param {string} id */
  isUnderWay(kind, id) {
    return this.queues.has(`${kind}:${id}`);
  }

  /**
   * Run a command on a thing upon the version that was seen; true when it was done.
   * @param {Kind} kind @param {Thing} seen the thing as it was shown when its button was tapped or its question asked
   * @param {(version: number) => Promise<any>} command
   * @param {Wish} [wish]
   */
  async on(kind, seen, command, wish = {}) {
    const { busy = seen.id } = wish;
    this.busy.add(busy);
    this.app.update();
    const key = `${kind}:${seen.id}`;
    const mine = (this.queues.get(key) ?? Promise.resolve()).then(() => this.attempt(kind, seen, command, wish));
    this.queues.set(key, mine);
    const done = await mine;
    if (this.queues.get(key) === mine) this.queues.delete(key);
    // A colleague's change that was heard of meanwhile closes what stood open for one's own.
    this.app.update();
    // A second tap of the same finger is no second wish.
    setTimeout(() => {
      this.busy.delete(busy);
      this.app.update();
    }, DOUBLE_TAP_MS);
    return done;
  }

  /** @param {Kind} kind @param {Thing} seen @param {(version: number) => Promise<any>} command @param {Wish} wish */
  async attempt(kind, seen, command, { met, stands }) {
    let version = this.upon(kind, seen);
    for (let tried = 1; ; tried += 1) {
      try {
        this.took(kind, seen, version, await command(version));
        return true;
      } catch (error) {
        const present = isMoved(error) ? await this.app.sync.lookAt(kind, seen) : null;
        if (present !== null && met?.(present)) return true;
        if (!present || !isStale(error) || !stands?.(present) || tried === MOST_TRIES) {
          this.app.notices.bad(explain(error, this.app.t, this.app.format), isMoved(error));
          return false;
        }
        ({ version } = present);
      }
    }
  }

  /**
   * Return the version to act upon: what one has done oneself since one looked is no surprise, what a colleague did is refused.
   * @param {Kind} kind @param {Thing} seen
   */
  upon(kind, seen) {
    const own = this.own.get(`${kind}:${seen.id}`);
    return own && own.from <= seen.version && seen.version <= own.to ? own.to : seen.version;
  }

  /**
   * Take in what a command made of a version.
   * @param {Kind} kind @param {Thing} seen @param {number} version
   * @param {{body: any, raised?: number}} answer `raised` is the thing's new version where the answer does not show the thing
   */
  took(kind, { id }, version, { body, raised }) {
    const shown = body?.id === id && 'version' in body;
    const to = shown ? body.version : raised;
    const [key, own] = [`${kind}:${id}`, this.own.get(`${kind}:${id}`)];
    if (to !== undefined) this.own.set(key, { from: own?.to === version ? own.from : version, to });
    if (shown) this.app.store.put(kind, body);
    this.app.notices.settle();
  }

  /** Wait for what is under way on a thing. @param {Kind} kind @param {string} id */
  async idle(kind, id) {
    await this.queues.get(`${kind}:${id}`);
  }

  /**
   * Do something that takes a while, once at a time; undefined while it is under way already.
   * @template T @param {string} busy what shows that it is @param {() => Promise<T>} job @returns {Promise<T | undefined>}
   */
  async once(busy, job) {
    if (this.busy.has(busy)) return undefined;
    this.busy.add(busy);
    this.app.update();
    try {
      return await job();
    } finally {
      this.busy.delete(busy);
      this.app.update();
    }
  }

  /** Run a command on nothing that exists yet; undefined when it failed. @param {() => Promise<import('./api.js').Answer>} command */
  async make(command) {
    try {
      return await command();
    } catch (error) {
      this.app.notices.bad(explain(error, this.app.t, this.app.format));
      return undefined;
    }
  }

  get api() {
    return this.app.api;
  }
}
