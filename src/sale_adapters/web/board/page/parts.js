/** Small pieces that every view is made of. */

import { html, nothing, svg } from './vendor/lit-html/lit-html.js';
import { unsentIn } from './lines.js';
import { isPaidUnsent } from './store.js';

const DRAWINGS = {
  kitchen: svg`<path d="M5 10h14v3a7 7 0 0 1-14 0zM8 4v3M12 3v4M16 4v3M4 20h16" />`,
  floor: svg`<path d="M3 9h18M6 9v11M18 9v11M3 9l2-4h14l2 4M10 14h4" />`,
  orders: svg`<path d="M6 3h12v18l-3-2-3 2-3-2-3 2zM9 8h6M9 12h6" />`,
  sound: svg`<path d="M4 10v4h4l5 4V6L8 10zM16 9a4 4 0 0 1 0 6M18.500 6.500a8 8 0 0 1 0 11" />`,
  muted: svg`<path d="M4 10v4h4l5 4V6L8 10zM16 10l5 5M21 10l-5 5" />`,
  clock: svg`<circle cx="12" cy="12" r="8" /><path d="M12 8v4l3 2" />`,
  late: svg`<path d="M12 4 2.500 20h19zM12 10v5M12 17.200v.600" />`,
  rush: svg`<path d="M13 2 5 13h6l-1 9 9-12h-6z" />`,
  more: svg`<path d="M5 12h.01M12 12h.01M19 12h.01" stroke-width="3.500" />`,
  plus: svg`<path d="M12 5v14M5 12h14" />`,
  minus: svg`<path d="M5 12h14" />`,
  back: svg`<path d="m14 5-7 7 7 7" />`,
  flag: svg`<path d="M6 21V4h12l-3 4 3 4H6" />`,
  help: svg`<path d="M9 9a3 3 0 1 1 4.200 2.800c-.800.400-1.200 1-1.200 2.200M12 17.500v.500" /><circle cx="12" cy="12" r="9" />`,
  out: svg`<path d="M14 4h5v16h-5M4 12h10M10 8l4 4-4 4" />`,
  check: svg`<path d="m5 12 5 5 9-10" />`,
};

/** @param {keyof typeof DRAWINGS} name */
export const icon = (name) => html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${DRAWINGS[name]}</svg>`;

/** A status in words and colour. @param {import('./app.js').App} app @param {string} status */
export const badge = (app, status) => html`<span class="badge" data-status=${status}>${app.t(`status.${status}`)}</span>`;

/** An order's status; that it is paid hides nothing that the kitchen has not got. @param {import('./app.js').App} app @param {import('./store.js').Thing} order */
export const orderBadge = (app, order) =>
  isPaidUnsent(order)
    ? html`<span class="badge unsent" data-status=${order.status}>${app.t('order.paid-unsent', app.format.number(unsentIn(order)))}</span>`
    : badge(app, order.status);

/** The mark of what is not current. @param {import('./app.js').App} app @param {boolean} old */
export const oldMark = (app, old) => (old ? html`<span class="old-mark">${app.t('updating')}</span>` : nothing);

/** @param {string} title @param {string} text */
export const empty = (title, text) => html`<div class="empty">
  <p class="empty-title">${title}</p>
  <p>${text}</p>
</div>`;

/** What is said of a view whose things the token may not see. @param {import('./app.js').App} app */
export const notYours = (app) => empty(app.t('not-yours'), app.t('not-yours.todo'));
