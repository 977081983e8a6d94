/** What happened to an order, oldest first. */

import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { badge } from '../parts.js';

/** @typedef {import('../app.js').App} App */

/** Name what was done; what is new here is shown as the service says it. @param {App} app @param {string} action */
const told = (app, action) => app.t(`did.${action}`).replace(/^did\./, '');

/** @param {App} app @param {import('../store.js').Thing} order */
export function historyView(app, order) {
  const rows = app.history.of(order);
  if (!rows) return html`<p class="choose">${app.t('history.loading')}</p>`;
  return html`<ol class="history">
    ${rows.map(
      (/** @type {any} */ row) => html`<li>
        <time datetime=${row.at}>${app.format.exactTime(row.at)}</time>
        <strong>${told(app, row.action)}</strong> ${row.to ? badge(app, row.to) : nothing}
        <span>${app.t('history.by', row.by)}${row.reason ? ` · ${row.reason}` : ''}</span>
      </li>`,
    )}
  </ol>`;
}
