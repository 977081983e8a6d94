/** One order: its lines, what can be done with it, what it costs. */

import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { repeat } from '../vendor/lit-html/directives/repeat.js';
import { dueOf } from '../amounts.js';
import { shortOf } from '../format.js';
import { after, OPEN, ORDER } from '../lifecycles.js';
import { sendable, unsentIn } from '../lines.js';
import { empty, icon, oldMark, orderBadge } from '../parts.js';
import { isOpen } from '../store.js';
import { addressOf } from '../router.js';
import { checkOut, pay, sendSome } from './order-dialogs.js';
import { chooseFree } from './floor.js';
import { historyView } from './history.js';

/** @typedef {import('../app.js').App} App */
/** @typedef {import('../store.js').Thing} Thing */

/** @param {Thing} order @param {string} action */
const can = (order, action) => after(ORDER, order.status, action) !== undefined;

/** @param {App} app @param {string} id */
export function orderView(app, id) {
  const order = app.store.get('order', id);
  if (!order) return app.lookedFor(id) ? empty(app.t('order.gone'), '') : html`<p class="choose">${app.t('live.starting')}…</p>`;
  const old = app.store.isOld('order', order);
  const editable = can(order, 'edit');
  // Word of what one has just done may come before its answer: the next tap is meant, and waits for that answer.
  const closed = old && !app.actions.isUnderWay('order', id);
  const price = editable && order.items.length ? app.prices.of(order) : null;
  return html`<article class="order ${old ? 'old' : ''}" aria-labelledby="order-title" data-order-detail=${order.id}>
    <header>
      <a class="back" href=${addressOf('orders')} aria-label=${app.t('order.back')}>${icon('back')}</a>
      <h2 id="order-title" title=${order.orderNumber}>${app.tableOf(id) ?? app.t('order', shortOf(id))}
        <small>${app.tableOf(id) ? shortOf(id) : ''}</small></h2>
      ${orderBadge(app, order)} ${app.staleMark()} ${oldMark(app, old && app.sync.live)}
    </header>
    ${order.note ? html`<p class="order-note">${order.note}</p>` : nothing}
    ${isOpen('order', order) ? nothing : html`<p class="closed">${app.t('order.closed')} ${order.cancelReason ?? ''}</p>`}
    ${editable ? adding(app, order, closed) : nothing}
    ${order.items.length
      ? html`<ul class="lines">${repeat(order.items, (/** @type {any} */ line) => line.id, (/** @type {any} */ line) => lineRow(app, order, line, price, editable && !closed))}</ul>`
      : html`<p class="choose">${app.t('order.empty')}</p>`}
    ${sums(app, order, price)} ${actions(app, order, closed)}
    ${app.historyOf === id ? historyView(app, order) : nothing}
  </article>`;
}

/** @param {App} app @param {Thing} order @param {any} line @param {any} price @param {boolean} editable */
function lineRow(app, order, line, price, editable) {
  const off = app.off(!editable);
  const priced = price?.items.find((/** @type {any} */ each) => each.lineId === line.id);
  const total = line.total ?? priced?.total;
  const fixed = !can(order, 'edit') || line.leadItemId;
  const quantity = app.format.number(line.quantity);
  const adjust = (/** @type {number} */ by) => app.actions.adjust(order, line, by);
  return html`<li class="line ${line.leadItemId ? 'child' : ''}" data-line=${line.id}>
    ${fixed
      ? html`<span class="line-quantity">${quantity}×</span>`
      : html`<span class="stepper" role="group" aria-label=${app.t('line.quantity')}>
          <button data-item="${line.id} less" aria-label=${app.t('line.less', line.name)} aria-disabled=${off} @click=${() => adjust(-1)}>${icon('minus')}</button>
          <span class="line-quantity">${quantity}</span>
          <button data-item="${line.id} more" aria-label=${app.t('line.more', line.name)} aria-disabled=${off} @click=${() => adjust(1)}>${icon('plus')}</button>
        </span>`}
    <span class="line-name">${line.name}
      ${line.sentQuantity > 0
        ? html`<small class="line-sent">${icon('check')}${app.t('line.sent', app.format.number(line.sentQuantity), quantity)}</small>`
        : nothing}
      ${fixed
        ? line.note ? html`<em>${line.note}</em>` : nothing
        : html`<button class="note" aria-label=${app.t('line.note', line.name)} aria-disabled=${off}
            @click=${() => changeNote(app, order, line)}>${line.note ?? app.t('line.note.none')}</button>`}
    </span>
    <span class="line-total">${total === undefined || total === null || line.leadItemId ? nothing : app.format.money(total, order.currency)}</span>
  </li>`;
}

/** @param {App} app @param {Thing} order @param {any} line */
async function changeNote(app, order, line) {
  const note = await app.ask.text(app.t('line.note', line.name), line.note ?? '');
  if (note !== undefined) await app.actions.change(order, line.id, { note: note || null });
}

/** @param {App} app @param {Thing} order @param {boolean} closed */
function adding(app, order, closed) {
  /** What was refused is typed for the next try, unless something else was typed since. @param {string} itemId @param {HTMLInputElement[]} fields */
  const add = async (itemId, ...fields) => {
    const typed = fields.map((field) => field.value);
    const note = typed[0].trim();
    for (const field of fields) field.value = '';
    if (await app.actions.add(order, note ? { itemId, note } : { itemId })) return;
    for (const [place, field] of fields.entries()) field.value ||= typed[place];
  };
  const noteField = () => /** @type {HTMLInputElement} */ (document.getElementById('add-note'));
  const byId = (/** @type {Event} */ event) => {
    event.preventDefault();
    const field = /** @type {HTMLInputElement} */ (document.getElementById('add-id'));
    if (field.value.trim() && app.sync.live) void add(field.value.trim(), noteField(), field);
  };
  // Another order gets fields of its own: a note never goes along.
  return repeat([order], () => order.id, () => html`<div class="adding">
    <div class="quick" role="group" aria-label=${app.t('order.add')} data-rove>
      ${app.config.items.map((item) => html`<button data-key=${item.id} aria-disabled=${app.off(closed)} @click=${() => add(item.id, noteField())}>${item.name}</button>`)}
    </div>
    <form class="by-id" @submit=${byId}>
      <label><span>${app.t('order.add.note')}</span><input id="add-note" maxlength="500" autocomplete="off" /></label>
      <label><span>${app.t('order.add.id')}</span><input id="add-id" maxlength="500" autocomplete="off" autocapitalize="off" spellcheck="false" /></label>
      <button aria-disabled=${app.off(closed)}>${app.t('order.add')}</button>
    </form>
  </div>`);
}

/** @param {App} app @param {Thing} order @param {any} price */
function sums(app, order, price) {
  const told = order.total === null || order.total === undefined ? price : order;
  if (!told) return nothing;
  const money = (/** @type {number} */ sum) => app.format.money(sum, order.currency);
  const rows = [
    ...(told.discount ? [['order.subtotal', money(told.subtotal)], ['order.discount', `−${money(told.discount)}`]] : []),
    ...(told.tax ? [['order.tax', money(told.tax)]] : []),
    [order.status === 'DRAFT' ? 'order.total.now' : 'order.total', money(told.total)],
    ...(order.paid ? [['order.paid', money(order.paid)]] : []),
    ...(order.status === 'PARTIAL' ? [['order.due', money(dueOf(order))]] : []),
    ...(order.unallocated ? [['order.unallocated', money(order.unallocated)]] : []),
  ];
  return html`<dl class="sums">${rows.map(([key, sum]) => html`<div class=${key.replaceAll('.', '-')}><dt>${app.t(key)}</dt><dd>${sum}</dd></div>`)}</dl>`;
}

/** @param {App} app @param {Thing} order @param {boolean} closed */
function actions(app, order, closed) {
  const { status } = order;
  const busy = closed || app.actions.isBusy(order.id);
  const unsent = sendable(order);
  const count = unsentIn(order);
  const toPay = can(order, 'pay fully');
  return html`${status === 'CANCELLED' || !order.items.length ? nothing : html`<div class="actions sending">
      <button class=${unsent.length ? 'primary' : ''} data-do="send" aria-disabled=${app.off(busy || !unsent.length)}
        @click=${() => app.actions.send(order)}>
        ${unsent.length ? app.t('order.send', app.format.number(count)) : app.t('order.send.none')}</button>
      ${unsent.length && count > 1 ? html`<button aria-disabled=${app.off(busy)} @click=${() => sendSome(app, order)}>${app.t('order.send.some')}</button>` : nothing}
    </div>`}
    <div class="actions">
    ${can(order, 'checkout') && order.items.length ? html`<button class=${unsent.length ? '' : 'primary'} aria-disabled=${app.off(busy)} @click=${() => checkOut(app, order)}>${app.t('order.checkout')}</button>` : nothing}
    ${toPay && app.config.demoPayUrl ? html`<button class=${unsent.length ? '' : 'primary'} aria-disabled=${app.off(busy)} @click=${() => pay(app, order)}>${app.t('order.pay')}</button>` : nothing}
    ${can(order, 'revert') && !order.paid ? html`<button aria-disabled=${app.off(busy)} @click=${() => app.actions.order(order, 'revert', {})}>${app.t('order.revert')}</button>` : nothing}
    ${OPEN.order.includes(status) && !app.tableOf(order.id) && app.sync.allowed.has('usage') ? html`<button aria-disabled=${app.off(busy)} @click=${() => seat(app, order)}>${app.t('order.seat')}</button>` : nothing}
    <button aria-expanded=${String(app.historyOf === order.id)} @click=${() => app.showHistory(order.id)}>${app.t('order.history')}</button>
    ${can(order, 'cancel') ? html`<button class="grave" aria-disabled=${app.off(busy)} @click=${() => cancel(app, order)}>${app.t('order.cancel')}</button>` : nothing}
  </div>`;
}

/** @param {App} app @param {Thing} order */
async function seat(app, order) {
  const unitId = await chooseFree(app, app.t('order.seat'));
  if (unitId) await app.actions.seat(order, unitId);
}

/** @param {App} app @param {Thing} order */
async function cancel(app, order) {
  const named = [app.tableOf(order.id), app.t('order', shortOf(order.id))].filter(Boolean).join(' · ');
  const reason = await app.ask.reason('cancel', named);
  if (reason) await app.actions.order(order, 'cancel', { reason });
}
