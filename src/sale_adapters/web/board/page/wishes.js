/** What was asked for and never answered: asked again, it carries the same key, so that it is done once (contract §9). */

import { Recent } from './recent.js';

export class Wishes {
  constructor() {
    /** What was asked for, by the key that it carried. @type {Recent<string>} */
    this.unanswered = new Recent();
  }

  /**
   * Return the key to ask with. While it is under way it is nobody else's: two equal wishes at a time are two.
   * @param {string} wish what makes two requests the same
   */
  take(wish) {
    const [key] = [...this.unanswered].find(([, other]) => other === wish) ?? [newKey()];
    this.unanswered.delete(key);
    return key;
  }

  /** Remember a key that nobody answered. @param {string} key @param {string} wish */
  keep(key, wish) {
    this.unanswered.set(key, wish);
  }
}

/** Pages that came over plain HTTP from another machine have no randomUUID. */
const newKey = () =>
  crypto.randomUUID ? crypto.randomUUID() : Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('-');
