/** What happened to an order, oldest first. */

import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { badge } from '../parts.js';

/** @param {import('../app.js').App} app @param {import('../store.js').Thing} order */
export function historyView(app, order) {
  const rows = app.history.of(order);
  if (!rows) return html`<p class="choose">${app.t('history.loading')}</p>`;
  return html`<ol class="history">
    ${rows.map(
      (/** @type {any} */ row) => html`<li>
        <time datetime=${row.at}>${app.format.exactTime(row.at)}</time>
        <code>${row.action}</code> ${row.to ? badge(app, row.to) : nothing}
        <span>${app.t('history.by', row.by)}${row.reason ? ` · ${row.reason}` : ''}</span>
      </li>`,
    )}
  </ol>`;
}
