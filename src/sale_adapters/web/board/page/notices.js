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
    /** @type {{id: number, kind: 'good' | 'bad', text: string}[]} */
    this.shown = [];
    this.next = 1;
  }

  /** @param {string} text */
  good(text) {
    const id = this.add('good', text);
    setTimeout(() => this.dismiss(id), SHOWN_MS);
  }

  /** @param {string} text */
  bad(text) {
    this.shown = this.shown.filter((notice) => notice.text !== text);
    this.add('bad', text);
  }

  /** @param {'good' | 'bad'} kind @param {string} text */
  add(kind, text) {
    const id = this.next;
    this.next += 1;
    this.shown = [...this.shown.slice(1 - MOST), { id, kind, text }];
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
