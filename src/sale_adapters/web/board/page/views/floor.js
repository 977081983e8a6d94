/** The floor: every table with its state and what its guests owe. */

import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { repeat } from '../vendor/lit-html/directives/repeat.js';
import { dueOf } from '../amounts.js';
import { minutesSince, shortOf } from '../format.js';
import { OPEN } from '../lifecycles.js';
import { badge, empty, icon, notYours, oldMark } from '../parts.js';
import { go } from '../router.js';

/** @typedef {import('../app.js').App} App */
/** @typedef {import('../store.js').Thing} Thing */
/** @typedef {{id: string, name: string, usage: Thing | undefined, ready: number}} Table `ready` dishes wait to be carried there */

/** List the tables that are known, and those that somebody sits or waits at. @param {App} app @returns {Table[]} */
export function tables(app) {
  const usages = new Map(app.store.open('usage').map((usage) => [usage.unitId, usage]));
  const ready = readyByTable(app);
  const ids = new Set([...app.config.units.map((unit) => unit.id), ...usages.keys(), ...ready.keys()]);
  return [...ids].map((id) => ({ id, name: app.unitName(id), usage: usages.get(id), ready: ready.get(id) ?? 0 }));
}

/** Count what waits to be carried out, by table: who has paid may still wait for a dish where the table counts as free. @param {App} app */
function readyByTable(app) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const ticket of app.store.open('ticket')) {
    if (ticket.orderCancelled) continue;
    const ready = ticket.items.filter((/** @type {any} */ item) => item.status === 'READY').length;
    for (const unitId of ready ? app.unitsOf(ticket) : []) counts.set(unitId, (counts.get(unitId) ?? 0) + ready);
  }
  return counts;
}

/** Name a table, and what is still to be carried there. @param {App} app @param {Table} table */
const nameOf = (app, { name, ready }) => (ready ? `${name} · ${app.t('table.ready', ready)}` : name);

/** @param {App} app */
export function floorView(app) {
  if (!app.sync.allowed.has('usage')) return app.sync.phase === 'starting' ? nothing : notYours(app);
  const all = tables(app);
  const taken = all.filter((table) => table.usage).length;
  return html`<section class="floor" aria-labelledby="floor-title">
    <div class="bar">
      <h1 id="floor-title">${app.t('floor')}</h1>
      <span class="count">${app.t('floor.taken', taken, all.length)}</span>
    </div>
    ${all.length
      ? html`<div class="tables" data-rove>${repeat(all, (table) => table.id, (table) => card(app, table))}</div>`
      : empty(app.t('floor.empty'), app.t('floor.empty.todo'))}
  </section>`;
}

/** @param {App} app @param {Table} table */
function card(app, table) {
  const { usage, ready } = table;
  const toServe = ready ? html`<span class="ready-mark">${icon('check')}${app.t('table.ready', ready)}</span>` : nothing;
  if (!usage) {
    return html`<button class="table free ${ready ? 'has-ready' : ''}" data-key=${table.id} data-table=${table.id}
      aria-disabled=${app.off(app.actions.isBusy(`table:${table.id}`))} @click=${() => seatHere(app, table)}>
      <span class="table-name">${table.name}</span>
      <span class="badge" data-status="free">${app.t('status.free')}</span>
      ${ready ? html`<span class="table-foot">${toServe} ${app.staleMark()}</span>` : nothing}
    </button>`;
  }
  const order = app.store.get('order', usage.saleOrderId);
  const old = app.store.isOld('usage', usage) || (order !== undefined && app.store.isOld('order', order));
  return html`<button class="table taken ${ready ? 'has-ready' : ''} ${old ? 'old' : ''}"
    data-key=${table.id} data-table=${table.id} data-status=${order?.status ?? nothing}
    @click=${() => attend(app, table, usage)}>
    <span class="table-name">${table.name}</span>
    <span class="table-age">${icon('clock')}${app.t('age.minutes', minutesSince(usage.startedAt, app.now()))}</span>
    ${order ? badge(app, order.status) : badge(app, usage.status)}
    <span class="amount">${amount(app, order)}</span>
    <span class="table-foot">
      ${toServe} ${app.staleMark()} ${oldMark(app, old && app.sync.live)}
    </span>
  </button>`;
}

/** @param {App} app @param {Thing | undefined} order */
function amount(app, order) {
  if (!order) return nothing;
  if (order.total !== null && order.total !== undefined) return app.format.money(dueOf(order), order.currency);
  const price = order.items.length ? app.prices.of(order) : null;
  if (!price) return nothing;
  return html`${app.format.money(price.total, price.currency)} <small>${app.t('table.estimate')}</small>`;
}

/** @param {App} app @param {Table} table */
async function seatHere(app, table) {
  const unseated = app.store.open('order').filter((order) => OPEN.order.includes(order.status) && !app.tableOf(order.id));
  const chosen = await app.ask.choice(nameOf(app, table), [
    { value: 'new', text: app.t('table.new') },
    ...unseated.map((order) => ({
      value: order.id,
      text: app.t('table.seat', `${shortOf(order.id)}${order.note ? ` · ${order.note}` : ''}`),
    })),
  ]);
  if (chosen === 'new') await app.openAt(table.id);
  const order = chosen && app.store.get('order', chosen);
  if (order) await app.actions.seat(order, table.id);
}

/** @param {App} app @param {Table} table @param {Thing} usage */
async function attend(app, table, usage) {
  const chosen = await app.ask.choice(
    table.name,
    [
      { value: 'open', text: app.t('table.open'), always: true },
      { value: 'move', text: app.t('table.move') },
      { value: 'complete', text: app.t('table.complete') },
      { value: 'cancel', text: app.t('table.cancel'), grave: true },
    ],
  );
  if (chosen === 'open') go('orders', usage.saleOrderId);
  if (chosen === 'move') {
    const unitId = await chooseFree(app, app.t('table.move.to'));
    if (unitId) await app.actions.usage(usage, 'move', { unitId });
  }
  if (chosen === 'complete' || chosen === 'cancel') await app.actions.usage(usage, chosen);
}

/** Ask for a free table; undefined when none was chosen. @param {App} app @param {string} title */
export function chooseFree(app, title) {
  const free = tables(app).filter((table) => !table.usage);
  const choices = free.map((table) => ({ value: table.id, text: nameOf(app, table) }));
  return app.ask.choice(title, choices, { other: app.t('table.other'), tiles: true });
}
