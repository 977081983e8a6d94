/** What is worth remembering for a while: a map that forgets what was set longest ago, so that a shift fills no memory. */

const MOST = 1_000;

/** @template Value @extends {Map<string, Value>} */
export class Recent extends Map {
  /** @param {string} key @param {Value} value */
  set(key, value) {
    this.delete(key);
    super.set(key, value);
    const [oldest] = this.keys();
    if (this.size > MOST) this.delete(oldest);
    return this;
  }
}
