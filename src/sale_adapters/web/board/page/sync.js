/** Snapshot and stream joined without a hole: what is on the board is current, or says that it is not. */

import { pause, Problem } from './api.js';
import { OPEN } from './lifecycles.js';
import { kindOf, Reader } from './reader.js';
import { Stream } from './stream.js';

/** @typedef {import('./store.js').Kind} Kind */
/** @typedef {'starting' | 'catching-up' | 'live' | 'down' | 'blind'} Phase blind: the role may see nothing of it */

const QUIET_MS = 400;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

export class Sync {
  /**
   * @param {object} parts
   * @param {import('./api.js').Api} parts.api
   * @param {import('./store.js').Store} parts.store
   * @param {() => {token: string, merchantId: string}} parts.session
   * @param {() => void} parts.onChange
   * @param {(tickets: import('./store.js').Thing[]) => void} parts.onTickets tickets have come
   * @param {(time: string) => void} parts.onClock
   * @param {() => boolean} parts.onRefused the stream refuses the token; true when that was its end
   */
  constructor({ api, store, session, onChange, onTickets, onClock, onRefused }) {
    this.reader = new Reader(api, store);
    this.store = store;
    this.session = session;
    this.onChange = onChange;
    this.onTickets = onTickets;
    this.onClock = onClock;
    this.onRefused = onRefused;
    this.phase = /** @type {Phase} */ ('starting');
    /** When the board was last known to be current: when the stream last said anything, in ms. */
    this.since = Date.now();
    /** @type {Stream | null} */
    this.stream = null;
    /** The feed number from which on the board is live. */
    this.head = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.quiet = undefined;
    this.run = 0;
  }

  get live() {
    return this.phase === 'live';
  }

  get allowed() {
    return this.reader.allowed;
  }

  /** Read everything, then follow; whatever went on before is over. */
  async start() {
    this.stop();
    await this.reread((seq) => this.follow(seq));
  }

  /** Go on from where the stream was, now instead of later. */
  retry() {
    if (this.stream) this.stream.retry();
    else void this.start();
  }

  stop() {
    this.run += 1;
    clearTimeout(this.quiet);
    this.stream?.close();
    this.stream = null;
    this.reader.stop();
    this.phase = 'starting';
  }

  /** Believe that nothing new can be heard, before the socket knows. */
  lose() {
    this.stream?.lose();
  }

  /** @param {Kind} kind @param {string} id @param {Record<string, any>} [hint] */
  refresh(kind, id, hint) {
    return this.reader.one(kind, id, hint);
  }

  /** Look what became of a thing, as `Reader.lookAt` says. @param {Kind} kind @param {import('./store.js').Thing} seen */
  lookAt(kind, seen) {
    return this.reader.lookAt(kind, seen);
  }

  /** Read everything, however long it takes, and go on from there. @param {(seq: number) => void} then */
  async reread(then) {
    const run = this.run;
    for (let tried = 0; run === this.run; tried += 1) {
      try {
        const seq = await this.reader.everything();
        if (run !== this.run) return;
        this.greet();
        then(seq);
        return;
      } catch (error) {
        if (error instanceof Problem && error.status === 401) return;
        if (run === this.run && tried > 0) this.move('down');
        await pause(Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** tried));
      }
    }
  }

  /** @param {number} seq */
  follow(seq) {
    this.move(this.allowed.size ? 'catching-up' : 'blind');
    if (!this.allowed.size) return;
    this.stream = new Stream(this.session, this.reader.topics, seq, {
      connected: this.onClock,
      subscribed: () => void this.catchUp(),
      frame: (frame) => this.hear(frame),
      resync: () => void this.again(),
      refused: () => void this.prove(),
      forbidden: () => void this.narrow(),
      down: () => this.move('down'),
    });
  }

  /** Learn how far the feed is: once the stream has told as much, the board is live. */
  async catchUp() {
    const socket = this.stream?.socket;
    this.head = Infinity;
    this.move('catching-up');
    try {
      const head = await this.reader.head();
      if (socket !== this.stream?.socket) return;
      this.head = head;
      this.look();
    } catch {
      if (socket === this.stream?.socket) this.lose();
    }
  }

  look() {
    clearTimeout(this.quiet);
    if (this.phase !== 'catching-up' || !this.stream?.socket || this.head === Infinity) return;
    if (this.stream.last >= this.head) this.move('live');
    else this.quiet = setTimeout(() => void this.makeSure(), QUIET_MS);
  }

  /** The rest may be changes that this token is not told of, or late: a look at everything settles it. */
  async makeSure() {
    const socket = this.stream?.socket;
    await this.reread(() => {
      if (socket && socket === this.stream?.socket) this.move('live');
    });
  }

  /** @param {import('./stream.js').Frame} frame */
  hear(frame) {
    this.look();
    const kind = kindOf(frame.topic);
    const { id, version, status, saleOrderId } = frame.data;
    if (kind === 'usage') this.reseat(saleOrderId);
    if (!kind || this.store.newest(kind, id) >= version) return;
    this.store.hear(kind, id, version);
    if (kind === 'usage' && !OPEN.usage.includes(status)) {
      const known = this.store.get(kind, id);
      if (known) this.store.put(kind, { ...known, status, version });
      return;
    }
    const { run } = this;
    void this.refresh(kind, id, frame.data).then(() => run === this.run && this.greet());
  }

  /** Read an order's tickets again, which tell its tables but get no frame when guests move or leave. @param {string} orderId */
  reseat(orderId) {
    for (const ticket of this.store.open('ticket')) if (ticket.saleOrderId === orderId) void this.refresh('ticket', ticket.id);
  }

  /** Tell of tickets that came, by a frame or found in a list. */
  greet() {
    const tickets = this.store.newcomers();
    if (tickets.length) this.onTickets(tickets);
  }

  /** Something was missed: read everything again, not all screens at the same moment, and follow from there. */
  async again() {
    const run = this.run;
    this.stream?.close();
    this.stream = null;
    this.move('catching-up');
    await pause(Math.random() * FIRST_WAIT_MS);
    if (run === this.run) await this.reread((seq) => this.follow(seq));
  }

  /** The stream refused the token: an ordinary call tells whether that is its end; else try again. */
  async prove() {
    if (this.onRefused()) return;
    const run = this.run;
    await this.reader.head().catch(() => 0);
    await pause(LONGEST_WAIT_MS / 2);
    if (run === this.run) this.retry();
  }

  /** Something may not be seen any more: read what may, and follow that; not at once, for it may be refused again. */
  async narrow() {
    const { run, stream } = this;
    await pause(LONGEST_WAIT_MS / 2);
    if (run === this.run && stream === this.stream) await this.again();
  }

  /** @param {Phase} phase */
  move(phase) {
    if (this.phase === 'live' && phase !== 'live') this.since = this.stream?.heardOn ?? Date.now();
    this.phase = phase;
    this.onChange();
  }
}
