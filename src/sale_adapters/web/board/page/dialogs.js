/** One question at a time, over everything else; Escape answers no. */

import { html, nothing, render } from './vendor/lit-html/lit-html.js';

export class Dialogs {
  /** @param {HTMLDialogElement} place */
  constructor(place) {
    this.place = place;
    /** @type {{view: () => unknown, done: (answer: any) => void} | null} */
    this.open = null;
    // The event comes late: by then the next question may be open.
    place.addEventListener('close', () => place.open || this.answer(undefined));
    place.addEventListener('click', (event) => {
      if (event.target === place) this.answer(undefined);
    });
  }

  /**
   * Show a view until it is answered.
   * @param {(answer: (value?: any) => void) => unknown} view drawn again on every change of the board
   * @returns {Promise<any>} undefined when it was closed
   */
  ask(view) {
    this.answer(undefined);
    return new Promise((done) => {
      this.open = { view: () => view((value) => this.answer(value)), done };
      this.draw();
      this.place.showModal();
      /** @type {HTMLElement | null} */ (this.place.querySelector('[autofocus]'))?.focus();
    });
  }

  draw() {
    if (this.open) render(this.open.view(), this.place);
  }

  /** @param {any} value */
  answer(value) {
    const open = this.open;
    if (!open) return;
    this.open = null;
    if (this.place.open) this.place.close();
    render(nothing, this.place);
    open.done(value);
  }
}

/**
 * The frame of every question.
 * @param {object} parts
 * @param {string} parts.title
 * @param {unknown} parts.body
 * @param {unknown} parts.buttons
 * @param {() => void} [parts.submit]
 */
export const question = ({ title, body, buttons, submit }) => html`<form
  method="dialog"
  aria-labelledby="dialog-title"
  @submit=${(/** @type {Event} */ event) => {
    event.preventDefault();
    submit?.();
  }}
>
  <h2 id="dialog-title">${title}</h2>
  ${body}
  <div class="buttons">${buttons}</div>
</form>`;
