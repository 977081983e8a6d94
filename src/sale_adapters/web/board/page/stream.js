/** The live stream (contract §8): sign in, subscribe since a feed number, prove that nothing was missed, come back. */

import { streamPlace } from './places.js';

const HEARTBEAT_MS = 25_000;
/** The service gives a sign of life every 30 s (contract §8). */
const SILENCE_MS = 40_000;
const LOOK_MS = 5_000;
const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 10_000;
const REFUSED = 4003;
const FORBIDDEN = 403;

/**
 * @typedef {{topic: string, data: Record<string, any>, seq: number, prev: number}} Frame
 * @typedef {object} Listener
 * @property {(time: string) => void} connected the server's clock
 * @property {() => void} subscribed what happened since is on its way
 * @property {(frame: Frame) => void} frame
 * @property {() => void} resync something was missed: read everything again
 * @property {() => void} refused the token is no good any more
 * @property {() => void} forbidden one of the topics may not be seen any more: nothing is followed
 * @property {() => void} down
 */

export class Stream {
  /**
   * @param {() => {token: string, merchantId: string}} session
   * @param {string[]} topics
   * @param {number} since the feed number that what is at hand is true for
   * @param {Listener} listener
   */
  constructor(session, topics, since, listener) {
    this.session = session;
    this.topics = topics;
    this.last = since;
    this.listener = listener;
    this.tries = 0;
    this.heardAt = 0;
    /** When something was last heard, in ms by the clock on the wall; null when nothing was. @type {number | null} */
    this.heardOn = null;
    this.beatAt = 0;
    this.closed = false;
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.waiting = undefined;
    this.looking = setInterval(() => this.look(), LOOK_MS);
    this.open();
  }

  /** Connect now, whatever the back-off says. */
  retry() {
    this.tries = 0;
    // A socket that seems open may long be dead, and one that connects may never get through.
    this.lose();
    this.open();
  }

  /** Believe that the connection is gone before the socket notices. */
  lose() {
    if (this.socket) this.lost(this.socket);
  }

  close() {
    this.closed = true;
    clearInterval(this.looking);
    clearTimeout(this.waiting);
    this.socket?.close();
    this.socket = null;
  }

  open() {
    clearTimeout(this.waiting);
    const socket = new WebSocket(streamPlace());
    this.socket = socket;
    this.heardAt = this.beatAt = performance.now();
    socket.onopen = () => {
      const { token, merchantId } = this.session();
      this.say('authenticate', { type: 'Bearer', token, merchantId });
    };
    socket.onmessage = (message) => {
      if (this.socket === socket) this.hear(JSON.parse(message.data));
    };
    socket.onclose = (event) => this.lost(socket, event.code);
  }

  /** @param {string} event @param {object} [data] */
  say(event, data) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ event, data }));
  }

  /** @param {any} message */
  hear(message) {
    this.heardAt = performance.now();
    this.heardOn = Date.now();
    if (message.topic) this.follow(message);
    else if (message.event === 'connected') this.greeted(message.data);
    else if (message.event === 'subscribed') this.joined();
    else if (message.event === 'resync') this.listener.resync();
    else if (message.event === 'error') this.declined(message.data);
  }

  /** @param {{time: string}} data */
  greeted(data) {
    this.listener.connected(data.time);
    this.say('subscribe', { topics: this.topics, since: this.last });
  }

  /** Nothing is followed, and nothing more will be said of it. @param {{status: number}} problem */
  declined(problem) {
    console.warn('stream', problem);
    if (this.socket) this.lost(this.socket, problem.status);
  }

  joined() {
    this.tries = 0;
    this.listener.subscribed();
  }

  /** @param {Frame} frame */
  follow(frame) {
    if (frame.prev > this.last) {
      this.listener.resync();
      return;
    }
    this.last = Math.max(this.last, frame.seq);
    this.listener.frame(frame);
  }

  look() {
    const now = performance.now();
    if (!this.socket) return;
    if (now - this.heardAt > SILENCE_MS) this.lose();
    else if (now - this.beatAt > HEARTBEAT_MS) {
      this.beatAt = now;
      this.say('heartbeat');
    }
  }

  /** @param {WebSocket} socket @param {number} [code] what it was closed with, or the status of what it said */
  lost(socket, code) {
    if (this.socket !== socket || this.closed) return;
    this.socket = null;
    socket.close();
    this.listener.down();
    if (code === REFUSED) {
      this.listener.refused();
      return;
    }
    if (code === FORBIDDEN) {
      this.listener.forbidden();
      return;
    }
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.tries) * (0.5 + Math.random() / 2);
    this.tries += 1;
    this.waiting = setTimeout(() => this.open(), wait);
  }
}
