/** The kitchen: tickets with the rush on top, the oldest first; a tap takes an item one step further. */

import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { repeat } from '../vendor/lit-html/directives/repeat.js';
import { minutesSince, shortOf } from '../format.js';
import { after, ITEM } from '../lifecycles.js';
import { badge, empty, icon, notYours, oldMark } from '../parts.js';

/** @typedef {import('../app.js').App} App */
/** @typedef {import('../store.js').Thing} Thing */

const WARM_MINUTES = 8;
const LATE_MINUTES = 15;
/** A note of more letters gets the whole width of its dish. */
const LONG_NOTE = 40;

/** The way of a dish, one tap a step. */
const STEPS = ['cook', 'finish', 'serve'];

/** @param {any} item @param {string} action */
const can = (item, action) => after(ITEM, item.status, action) !== undefined;

/** Rush first, then by age. @param {Thing} one @param {Thing} other */
const byUrgency = (one, other) => Number(other.rush) - Number(one.rush) || Date.parse(one.sentAt) - Date.parse(other.sentAt);

/** @param {App} app */
export function kitchenView(app) {
  if (!app.sync.allowed.has('ticket')) return app.sync.phase === 'starting' ? nothing : notYours(app);
  const tickets = app.store.open('ticket').sort(byUrgency);
  const chosen = app.station;
  // A station that has nothing to do stays chosen: others' tickets are not its own.
  const stations = [...new Set([...tickets.map((ticket) => ticket.stationId ?? ''), ...(chosen === null ? [] : [chosen])])].sort();
  const shown = tickets.filter((ticket) => chosen === null || (ticket.stationId ?? '') === chosen);
  return html`<section class="kitchen" aria-labelledby="kitchen-title">
    <div class="bar">
      <h1 id="kitchen-title">${app.t('kitchen')}</h1>
      <span class="count">${app.t('ticket.count', shown.length)}</span>
      ${stations.length > 1 || chosen !== null ? filter(app, stations, chosen, tickets) : nothing}
    </div>
    ${shown.length
      ? html`<div class="tickets" data-rove>
          ${repeat(shown, (ticket) => ticket.id, (ticket) => card(app, ticket))}
        </div>`
      : empty(app.t('kitchen.empty'), app.t('kitchen.empty.todo'))}
  </section>`;
}

/** @param {App} app @param {string[]} stations @param {string | null} chosen @param {Thing[]} tickets */
const filter = (app, stations, chosen, tickets) => html`<div class="chips" role="group" aria-label=${app.t('stations')}>
  ${[null, ...stations].map((station) => {
    const count = tickets.filter((ticket) => station === null || (ticket.stationId ?? '') === station).length;
    return html`<button class="chip" aria-pressed=${String(station === chosen)} @click=${() => app.chooseStation(station)}>
      ${station === null ? app.t('station.all') : stationName(app, station)} <span class="chip-count">${count}</span>
    </button>`;
  })}
</div>`;

/** @param {App} app @param {string} station */
const stationName = (app, station) => app.stations?.get(station) ?? (station || app.t('station.none'));

/**
 * Tell whether nothing can be done with a ticket until its news are read. Word of what one has just done may come before its
 * answer: then the next tap is meant, and waits for that answer.
 * @param {App} app @param {Thing} ticket
 */
const isClosed = (app, ticket) => app.store.isOld('ticket', ticket) && !app.actions.isUnderWay('ticket', ticket.id);

/** @param {App} app @param {Thing} ticket */
function card(app, ticket) {
  const minutes = minutesSince(ticket.sentAt, app.now());
  const heat = minutes >= LATE_MINUTES ? 'late' : minutes >= WARM_MINUTES ? 'warm' : 'calm';
  const old = app.store.isOld('ticket', ticket);
  const closed = isClosed(app, ticket);
  const table = app.placeOf(ticket);
  return html`<article
    class="ticket ${heat} ${ticket.rush ? 'rushed' : ''} ${ticket.orderCancelled ? 'cancelled' : ''} ${old ? 'old' : ''}"
    aria-labelledby="ticket-${ticket.id}"
    data-ticket=${ticket.id}
  >
    <header>
      <h2 id="ticket-${ticket.id}">${table} <small title=${ticket.orderNumber}>${shortOf(ticket.saleOrderId)}</small></h2>
      <span class="age">
        ${icon(heat === 'late' ? 'late' : 'clock')}${app.t(heat === 'late' ? 'age.late' : 'age.minutes', minutes)}
      </span>
      <button class="more" aria-label=${app.t('ticket.more', table)} aria-disabled=${app.off(closed || app.actions.isBusy(ticket.id))}
        @click=${() => about(app, ticket)}>${icon('more')}</button>
    </header>
    <p class="about">
      ${app.station === null && ticket.stationId ? html`<span>${stationName(app, ticket.stationId)}</span>` : nothing}
      ${ticket.rush ? html`<strong class="rush-mark">${icon('rush')}${app.t('ticket.rush')}</strong>` : nothing}
      ${app.staleMark()} ${oldMark(app, (old || app.isMoving(ticket.saleOrderId)) && app.sync.live)}
    </p>
    ${ticket.orderCancelled ? html`<p class="flag">${icon('flag')}${app.t('ticket.cancelled')}</p>` : nothing}
    <ul class="items">
      ${repeat(ticket.items, (item) => item.id, (item) => row(app, ticket, item, closed))}
    </ul>
  </article>`;
}

/** @param {App} app @param {Thing} ticket @param {any} item @param {boolean} closed */
function row(app, ticket, item, closed) {
  const next = STEPS.find((action) => can(item, action));
  const busy = app.actions.isBusy(item.id);
  return html`<li class="item" data-status=${item.status} aria-busy=${String(busy)}>
    ${next
      ? html`<button
          class="step"
          data-key=${item.id}
          data-item=${item.id}
          aria-disabled=${app.off(closed || busy)}
          @click=${() => app.actions.item(ticket, item.id, next)}
        >
          ${label(app, item)}
          <span class="next">${app.t(`action.${next}`)}</span>
        </button>`
      : html`<div class="step done">${label(app, item)}</div>`}
    ${can(item, 'void')
      ? html`<button
          class="more"
          aria-label=${app.t('item.more', item.name)}
          aria-disabled=${app.off(closed || busy)}
          @click=${() => more(app, ticket, item)}
        >
          ${icon('more')}
        </button>`
      : nothing}
  </li>`;
}

/** @param {App} app @param {any} item */
function label(app, item) {
  const long = (item.note ?? '').length > LONG_NOTE;
  const note = item.note ? html`<em class=${long ? 'long' : ''}>${item.note}</em>` : nothing;
  return html`<span class="quantity">${app.format.number(item.quantity)}×</span>
    <span class="name">${item.name}${long ? nothing : note}${item.course ? html`<small>${app.t('course', item.course)}</small>` : nothing}</span>
    ${badge(app, item.status)} ${long ? note : nothing}`;
}

/** @param {App} app @param {Thing} ticket @param {any} item */
async function more(app, ticket, item) {
  const chosen = await app.ask.choice(`${app.format.number(item.quantity)}× ${item.name}`, [
    ...(can(item, 'recall') ? [{ value: 'recall', text: app.t('action.recall') }] : []),
    { value: 'void', text: app.t('action.void'), grave: true },
  ]);
  if (chosen === 'recall') await app.actions.item(ticket, item.id, 'recall');
  if (chosen === 'void') await voidItem(app, ticket, item);
}

/** @param {App} app @param {Thing} ticket @param {any} item */
async function voidItem(app, ticket, item) {
  const reason = await app.ask.reason('void', `${app.format.number(item.quantity)}× ${item.name}`);
  if (reason) await app.actions.item(ticket, item.id, 'void', { reason });
}

/** Ask what is to be done with a ticket as a whole. @param {App} app @param {Thing} ticket */
async function about(app, ticket) {
  const chosen = await app.ask.choice(`${app.placeOf(ticket)} ${shortOf(ticket.saleOrderId)}`, [
    ...(ticket.rush ? [] : [{ value: 'rush', text: app.t('ticket.rush') }]),
    { value: 'void', text: app.t('ticket.void'), grave: true },
  ]);
  if (chosen === 'rush') await app.actions.rush(ticket);
  if (chosen === 'void') await voidTicket(app, ticket);
}

/** @param {App} app @param {Thing} ticket */
async function voidTicket(app, ticket) {
  const reason = await app.ask.reason('void', `${app.placeOf(ticket)} ${shortOf(ticket.saleOrderId)}`);
  if (reason) await app.actions.voidTicket(ticket, reason);
}

/**
 * Do what a key asks of the item that has the focus.
 * @param {App} app @param {string} key @param {HTMLElement} focused
 */
export function kitchenKey(app, key, focused) {
  const id = /** @type {HTMLElement | null} */ (focused.closest('[data-ticket]'))?.dataset.ticket;
  const ticket = id ? app.store.get('ticket', id) : undefined;
  if (!ticket || app.off(isClosed(app, ticket)) === 'true') return;
  const item = ticket.items.find((/** @type {any} */ each) => each.id === focused.dataset.item);
  if (app.actions.isBusy(item ? item.id : ticket.id)) return;
  if (key === 'u' && !ticket.rush && !app.actions.isBusy(ticket.id)) void app.actions.rush(ticket);
  if (key === 'v' && item && can(item, 'void')) void voidItem(app, ticket, item);
  if (key === 'r' && item && can(item, 'recall')) void app.actions.item(ticket, item.id, 'recall');
}
