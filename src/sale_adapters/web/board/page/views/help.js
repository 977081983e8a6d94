/** The keys, and whether single letters act. */

import { html } from '../vendor/lit-html/lit-html.js';
import { question } from '../dialogs.js';
import { singleKeys, switchSingleKeys } from '../keyboard.js';

/** @param {import('../app.js').App} app */
export function help(app) {
  const rows = /** @type {[string, string][]} */ (/** @type {unknown} */ (app.t('keys')));
  return app.dialogs.ask((answer) =>
    question({
      title: app.t('keys.title'),
      submit: () => answer(),
      body: html`<dl class="keys">
          ${rows.map(([key, does]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${does}</dd></div>`)}
        </dl>
        <label class="switch"><input type="checkbox" .checked=${singleKeys()} @change=${switchSingleKeys} /><span>${app.t('keys.switch')}</span></label>`,
      buttons: html`<button class="primary" autofocus>${app.t('close')}</button>`,
    }),
  );
}
