/** The questions that sending, checking out and paying ask. */

import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { dueOf } from '../amounts.js';
import { question } from '../dialogs.js';
import { sendable, unsentIn, unsentOf } from '../lines.js';
import { explain } from '../problems.js';

/** @typedef {import('../app.js').App} App */
/** @typedef {import('../store.js').Thing} Thing */

/** Ask which quantities go to the kitchen now. @param {App} app @param {Thing} order */
export async function sendSome(app, order) {
  const lines = sendable(order);
  const wanted = new Map(lines.map((/** @type {any} */ line) => [line.id, unsentOf(line)]));
  const set = (/** @type {string} */ id) => (/** @type {any} */ event) => wanted.set(id, Number(event.target.value));
  const items = await app.dialogs.ask((answer) =>
    question({
      title: app.t('send.title'),
      submit: () => app.sync.live && answer([...wanted].filter(([, n]) => n > 0).map(([saleOrderItemId, quantity]) => ({ saleOrderItemId, quantity }))),
      body: html`<ul class="choose-lines">
        ${lines.map((/** @type {any} */ line) => html`<li><label>
          <span>${line.name}${line.note ? html`<em>${line.note}</em>` : nothing}</span>
          <input type="number" inputmode="decimal" min="0" step="any" max=${unsentOf(line)} .value=${String(wanted.get(line.id))} @input=${set(line.id)} />
        </label></li>`)}
      </ul>`,
      buttons: html`<button type="button" @click=${() => answer()}>${app.t('cancel')}</button>
        <button class="primary" autofocus aria-disabled=${app.off()}>${app.t('send.go')}</button>`,
    }),
  );
  if (items?.length) await app.actions.send(order, items);
}

/** Say what the kitchen has not got: neither checking out nor paying sends it. @param {App} app @param {string} id */
function unsent(app, id) {
  const order = app.store.get('order', id);
  const count = order ? unsentIn(order) : 0;
  return count ? html`<p class="unsent">${app.t('order.unsent', app.format.number(count))}</p>` : nothing;
}

/** Show what it costs, and check out for exactly that. @param {App} app @param {Thing} order */
export async function checkOut(app, order) {
  await app.actions.idle('order', order.id);
  const price = await app.actions.once(order.id, () => preview(app, order.id));
  if (!price) return;
  const money = (/** @type {number} */ sum) => app.format.money(sum, price.currency);
  const confirmed = await app.dialogs.ask((answer) =>
    question({
      title: app.t('checkout.title'),
      submit: () => app.sync.live && answer(true),
      body: html`<dl class="sums">
          ${price.discount ? html`<div><dt>${app.t('order.discount')}</dt><dd>−${money(price.discount)}</dd></div>` : nothing}
          ${price.tax ? html`<div><dt>${app.t('order.tax')}</dt><dd>${money(price.tax)}</dd></div>` : nothing}
          <div class="order-total"><dt>${app.t('order.total')}</dt><dd>${money(price.total)}</dd></div>
        </dl>
        ${unsent(app, order.id)}
        <p>${app.t('checkout.hint')}</p>`,
      buttons: html`<button type="button" @click=${() => answer()}>${app.t('cancel')}</button>
        <button class="primary" autofocus aria-disabled=${app.off()}>${app.t('checkout.go', money(price.total))}</button>`,
    }),
  );
  if (confirmed) await app.actions.order(order, 'checkout', { expectedTotal: price.total });
}

/** @param {App} app @param {string} id */
async function preview(app, id) {
  try {
    return (await app.api.get(`sale-orders/${id}/pricing-preview`)).body;
  } catch (error) {
    app.notices.bad(explain(error, app.t, app.format));
    return null;
  }
}

/** Ask how much is paid, in how many parts. @param {App} app @param {Thing} order */
export async function pay(app, order) {
  let [amount, split] = [dueOf(order), 1];
  const wanted = await app.dialogs.ask((answer) =>
    question({
      title: app.t('pay.title'),
      submit: () => app.sync.live && amount > 0 && answer({ amount, split }),
      body: html`${unsent(app, order.id)}<label><span>${app.t('pay.amount')} (${order.currency})</span>
          <input type="number" inputmode="decimal" min="0" step="any" .value=${String(amount)}
            @input=${(/** @type {any} */ event) => { amount = Number(event.target.value); app.dialogs.draw(); }} /></label>
        <label><span>${app.t('pay.split')}</span>
          <input type="number" inputmode="numeric" min="1" max="9" .value=${String(split)}
            @input=${(/** @type {any} */ event) => { split = Math.max(1, Math.floor(Number(event.target.value))); }} /></label>`,
      buttons: html`<button type="button" @click=${() => answer()}>${app.t('cancel')}</button>
        <button class="primary" autofocus aria-disabled=${app.off(!(amount > 0))}>${app.t('pay.go')} ${app.format.money(amount, order.currency)}</button>`,
    }),
  );
  if (wanted) await app.actions.pay(order, wanted.amount, wanted.split);
}
