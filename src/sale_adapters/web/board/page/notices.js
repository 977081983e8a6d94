/** Short messages at the edge of the screen: what was done, and what went wrong until somebody has read it. */

import { html, render } from './vendor/lit-html/lit-html.js';
import { repeat } from './vendor/lit-html/directives/repeat.js';

const SHOWN_MS = 4_000;
const MOST = 3;

export class Notices {
  /** @param {HTMLElement} place @param {() => (key: string) => string} texts */
  constructor(place, texts) {
    this.place = place;
    this.texts = texts;
    /** @type {{id: number, kind: 'good' | 'bad', text: string, passes: number}[]} */
    this.shown = [];
    this.next = 1;
  }

  /** @param {string} text */
  good(text) {
    const id = this.add('good', text);
    setTimeout(() => this.dismiss(id), SHOWN_MS);
  }

  /** @param {string} text @param {boolean} [passing] it is over once people go on working */
  bad(text, passing = false) {
    this.shown = this.shown.filter((notice) => notice.text !== text);
    this.add('bad', text, passing ? performance.now() + SHOWN_MS : Infinity);
  }

  /** Something was done: what was said of an earlier moment, and could be read, goes. */
  settle() {
    const shown = this.shown.filter((notice) => notice.passes > performance.now());
    if (shown.length === this.shown.length) return;
    this.shown = shown;
    this.draw();
  }

  /** @param {'good' | 'bad'} kind @param {string} text @param {number} [passes] from when on it may go, in ms of the page */
  add(kind, text, passes = Infinity) {
    const id = this.next;
    this.next += 1;
    this.shown = [...this.shown.slice(1 - MOST), { id, kind, text, passes }];
    this.draw();
    return id;
  }

  /** @param {number} id */
  dismiss(id) {
    this.shown = this.shown.filter((notice) => notice.id !== id);
    this.draw();
  }

  clear() {
    this.shown = [];
    this.draw();
  }

  draw() {
    const t = this.texts();
    render(
      repeat(
        this.shown,
        (/** @type {any} */ notice) => notice.id,
        (/** @type {any} */ notice) => html`<div class="notice ${notice.kind}" role=${notice.kind === 'bad' ? 'alert' : 'status'}>
          <span>${notice.text}</span>
          <button class="quiet" @click=${() => this.dismiss(notice.id)} aria-label=${t('dismiss')}>✕</button>
        </div>`,
      ),
      this.place,
    );
  }
}
