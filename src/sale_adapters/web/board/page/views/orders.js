/** The orders that are open, and beside them the one that is looked at. */

import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { repeat } from '../vendor/lit-html/directives/repeat.js';
import { dueOf } from '../amounts.js';
import { shortOf } from '../format.js';
import { sumOf } from '../lines.js';
import { empty, icon, notYours, oldMark, orderBadge } from '../parts.js';
import { addressOf } from '../router.js';
import { orderView } from './order.js';

/** @typedef {import('../app.js').App} App */
/** @typedef {import('../store.js').Thing} Thing */

/** @param {Thing} one @param {Thing} other */
const newestFirst = (one, other) => (one.id < other.id ? 1 : -1);

/** @param {App} app */
export function ordersView(app) {
  if (!app.sync.allowed.has('order')) return app.sync.phase === 'starting' ? nothing : notYours(app);
  const orders = app.store.open('order').sort(newestFirst);
  const chosen = app.route.id;
  return html`<section class="orders ${chosen ? 'has-chosen' : ''}" aria-labelledby="orders-title">
    <h1 id="orders-title" class="hidden">${app.t('orders')}</h1>
    <div class="list">
      <div class="bar">
        <h2>${app.t('orders.list')}</h2>
        <button class="primary" aria-disabled=${app.off(app.actions.isBusy('new-order'))} @click=${() => app.startOrder()}>
          ${icon('plus')}${app.t('orders.new')}
        </button>
      </div>
      ${orders.length
        ? html`<nav class="order-list" aria-label=${app.t('orders.list')} data-rove>
            ${repeat(orders, (order) => order.id, (order) => entry(app, order, order.id === chosen))}
          </nav>`
        : empty(app.t('orders.empty'), app.t('orders.empty.todo'))}
    </div>
    <div class="detail">
      ${chosen ? orderView(app, chosen) : html`<p class="choose">${app.t('orders.choose')}</p>`}
    </div>
  </section>`;
}

/** @param {App} app @param {Thing} order @param {boolean} chosen */
function entry(app, order, chosen) {
  const old = app.store.isOld('order', order);
  const quantity = sumOf(order.items, (line) => (line.leadItemId ? 0 : line.quantity));
  const name = app.tableOf(order.id) ?? order.note ?? app.t('ticket.takeaway');
  return html`<a class="entry ${old ? 'old' : ''}" href=${addressOf('orders', order.id)} data-key=${order.id}
    data-order=${order.id} aria-current=${chosen ? 'true' : nothing}>
    <span class="entry-name" title=${name}><span>${name}</span> <small>${shortOf(order.id)}</small></span>
    ${orderBadge(app, order)}
    <span class="entry-about">${app.format.time(order.createdAt)} · ${app.t('order.items', quantity)}
      ${app.staleMark()} ${oldMark(app, old && app.sync.live)}</span>
    <span class="amount">${order.total === null || order.total === undefined ? nothing : app.format.money(dueOf(order), order.currency)}</span>
  </a>`;
}
