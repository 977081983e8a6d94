/** The questions that several views ask: one of some, a reason, a text. */

import { html, nothing } from './vendor/lit-html/lit-html.js';
import { question } from './dialogs.js';

/** @typedef {{value: string, text: string, grave?: boolean, always?: boolean}} Choice */

export class Ask {
  /** @param {import('./app.js').App} app */
  constructor(app) {
    this.app = app;
  }

  /**
   * Ask for one of some; undefined when it was closed.
   * @param {string} title @param {Choice[]} choices
   * @param {{other?: string, tiles?: boolean}} [how] `other` lets something else be typed
   * @returns {Promise<string | undefined>}
   */
  choice(title, choices, { other, tiles } = {}) {
    const { app } = this;
    let typed = '';
    return app.dialogs.ask((answer) =>
      question({
        title,
        submit: () => app.sync.live && typed && answer(typed),
        body: html`<div class="choices ${tiles ? 'tiles' : ''}" data-rove>
            ${choices.map(
              ({ value, text, grave, always }, place) => html`<button
                type="button"
                class=${grave ? 'grave' : ''}
                data-key=${value}
                ?autofocus=${place === 0}
                aria-disabled=${always ? 'false' : app.off()}
                @click=${() => answer(value)}
              >
                <span>${text}</span>
              </button>`,
            )}
          </div>
          ${other
            ? html`<label><span>${other}</span
                ><input maxlength="500" autocomplete="off" @input=${(/** @type {any} */ event) => (typed = event.target.value.trim())}
              /></label>`
            : nothing}`,
        buttons: html`<button type="button" @click=${() => answer()}>${app.t('cancel')}</button>`,
      }),
    );
  }

  /**
   * Ask why; undefined when it was closed.
   * @param {'void' | 'cancel'} what @param {string} about
   * @returns {Promise<string | undefined>}
   */
  reason(what, about) {
    const { app } = this;
    let reason = '';
    const set = (/** @type {string} */ text) => {
      reason = text;
      app.dialogs.draw();
    };
    return app.dialogs.ask((answer) =>
      question({
        title: app.t(`reason.${what}`),
        submit: () => app.sync.live && reason.trim() && answer(reason.trim()),
        body: html`<p class="about">${about}</p>
          <div class="choices" data-rove>
            ${/** @type {string[]} */ (/** @type {unknown} */ (app.t(`reason.${what}.quick`))).map(
              (text, place) => html`<button type="button" data-key=${text} ?autofocus=${place === 0}
                aria-pressed=${String(reason === text)} @click=${() => set(text)}>${text}</button>`,
            )}
          </div>
          <label><span>${app.t('reason')}</span
            ><input name="reason" maxlength="500" autocomplete="off" .value=${reason}
              @input=${(/** @type {any} */ event) => set(event.target.value)}
          /></label>`,
        buttons: html`<button type="button" @click=${() => answer()}>${app.t('cancel')}</button>
          <button class="grave solid" aria-disabled=${app.off(!reason.trim())}>
            ${app.t(what === 'void' ? 'action.void' : 'order.cancel')}
          </button>`,
      }),
    );
  }

  /**
   * Ask for a text; undefined when it was closed, empty when it was emptied.
   * @param {string} title @param {string} text
   * @returns {Promise<string | undefined>}
   */
  text(title, text) {
    const { app } = this;
    return app.dialogs.ask((answer) =>
      question({
        title,
        submit: () => app.sync.live && answer(text.trim()),
        body: html`<label><span>${app.t('order.note')}</span
          ><input maxlength="500" autofocus autocomplete="off" .value=${text} @input=${(/** @type {any} */ event) => (text = event.target.value)}
        /></label>`,
        buttons: html`<button type="button" @click=${() => answer()}>${app.t('cancel')}</button>
          <button class="primary" aria-disabled=${app.off()}>${app.t('save')}</button>`,
      }),
    );
  }

  /**
   * Ask what a new order begins with; undefined when it was closed.
   * @returns {Promise<{saleChannelId: string, note?: string} | undefined>}
   */
  newOrder() {
    const { app } = this;
    const { channels } = app.config;
    let [saleChannelId, note] = [channels[0]?.id ?? '', ''];
    return app.dialogs.ask((answer) =>
      question({
        title: app.t('orders.new'),
        submit: () => app.sync.live && saleChannelId && answer(note.trim() ? { saleChannelId, note: note.trim() } : { saleChannelId }),
        body: html`<label><span>${app.t('order.channel')}</span>
            ${channels.length
              ? html`<select @change=${(/** @type {any} */ event) => (saleChannelId = event.target.value)}>
                  ${channels.map(({ id, name }) => html`<option value=${id}>${name}</option>`)}
                </select>`
              : html`<input autocomplete="off" @input=${(/** @type {any} */ event) => (saleChannelId = event.target.value.trim())} />`}
          </label>
          <label><span>${app.t('order.note')}</span
            ><input maxlength="500" autofocus autocomplete="off" @input=${(/** @type {any} */ event) => (note = event.target.value)}
          /></label>`,
        buttons: html`<button type="button" @click=${() => answer()}>${app.t('cancel')}</button>
          <button class="primary" aria-disabled=${app.off()}>${app.t('order.start')}</button>`,
      }),
    );
  }
}
