/** What people do with dishes, orders and tables, and how each can be told to be done already. */

import { exact } from './amounts.js';
import { postElsewhere, Problem, Unreachable } from './api.js';
import { Commands } from './commands.js';
import { after, ITEM, ORDER } from './lifecycles.js';
import { sendable } from './lines.js';
import { isOpen } from './store.js';

/** @typedef {import('./store.js').Thing} Thing */
/** @param {Thing | undefined} ticket @param {string} itemId */
const statusIn = (ticket, itemId) => ticket?.items.find((/** @type {any} */ item) => item.id === itemId)?.status;

/** Tell a lost answer about money from any other. @param {Promise<any>} payment */
const answered = (payment) =>
  payment.catch((error) => {
    throw error instanceof Unreachable ? new Problem(0, { code: 'payment-unanswered' }) : error;
  });

export class Actions extends Commands {
  /** @param {import('./app.js').App} app */
  constructor(app) {
    super(app);
    /** An order that was made for a table and did not get it. @type {Thing | null} */
    this.spare = null;
  }

  // Kitchen

  /** @param {Thing} ticket @param {string} itemId @param {string} action @param {object} [body] */
  item(ticket, itemId, action, body = {}) {
    const path = `kitchen-ticket-items/${itemId}/${action}`;
    const becomes = after(ITEM, statusIn(ticket, itemId), action);
    return this.on('ticket', ticket, (version) => this.api.post(path, body, version), {
      busy: itemId,
      met: (present) => statusIn(present, itemId) === becomes,
      // Two cooks work on one ticket, each on dishes of his own; that the order is cancelled is for him to see first.
      stands: (present) => present.orderCancelled === ticket.orderCancelled && statusIn(present, itemId) === statusIn(ticket, itemId),
    });
  }

  /** @param {Thing} ticket */
  rush(ticket) {
    const met = (/** @type {Thing | undefined} */ present) => present?.rush === true;
    return this.on('ticket', ticket, (version) => this.api.post(`kitchen-tickets/${ticket.id}/rush`, {}, version), { met, stands: () => true });
  }

  /** @param {Thing} ticket @param {string} reason */
  voidTicket(ticket, reason) {
    const met = (/** @type {Thing | undefined} */ present) => present?.status === 'VOIDED';
    return this.on('ticket', ticket, (version) => this.api.post(`kitchen-tickets/${ticket.id}/void`, { reason }, version), { met });
  }

  /** @param {Thing} order @param {object[]} [items] all that is unsent where none are named */
  async send(order, items) {
    const body = items ? { items } : {};
    const send = async (/** @type {number} */ version) => {
      const { body: told } = await this.api.post(`sale-orders/${order.id}/kitchen-tickets`, body, version);
      for (const ticket of told.tickets) this.app.store.meet(ticket);
      // One command is one version: what is tapped before the order was read again goes upon it.
      return { body: told, raised: version + 1 };
    };
    const met = (/** @type {Thing | undefined} */ present) => !items && present !== undefined && !sendable(present).length;
    const sent = await this.on('order', order, send, { met });
    if (sent) this.app.notices.good(this.app.t('sent'));
    await this.app.sync.refresh('order', order.id);
    return sent;
  }

  // Orders

  /** Open an order; undefined when that failed. @param {object} body @returns {Promise<Thing | undefined>} */
  async open(body) {
    const answer = await this.make(() => this.api.post('sale-orders', body));
    if (!answer) return undefined;
    // An earlier try, whose answer was lost, made this one: where people use it by now, another is wanted.
    if (answer.replayed && this.isInUse(answer.body)) return this.open(body);
    this.app.store.put('order', answer.body);
    return answer.body;
  }

  /** Tell whether something was done with an order since. @param {Thing} order */
  isInUse(order) {
    return this.app.store.newest('order', order.id) > order.version || this.app.tableOf(order.id) !== undefined;
  }

  /** @param {Thing} order @param {string} action @param {any} body */
  order(order, action, body) {
    const becomes = after(ORDER, order.status, action);
    const met = (/** @type {Thing | undefined} */ present) =>
      present !== undefined && present.status === becomes && (action !== 'checkout' || present.total === body.expectedTotal);
    return this.on('order', order, (version) => this.api.post(`sale-orders/${order.id}/${action}`, body, version), { met });
  }

  /** @param {Thing} order @param {object} item */
  add(order, item) {
    // It keeps nobody from sending next, which waits for it.
    const busy = `add:${order.id}`;
    return this.on('order', order, (version) => this.api.post(`sale-orders/${order.id}/items`, item, version), { busy });
  }

  /** Change a line by so many, counted from what earlier taps made of it. @param {Thing} order @param {any} line @param {number} by */
  adjust(order, line, by) {
    const path = `sale-orders/${order.id}/items/${line.id}`;
    return this.on('order', order, (version) => {
      const present = this.app.store.get('order', order.id)?.items.find((/** @type {any} */ each) => each.id === line.id);
      // An earlier tap has taken the last of it off.
      if (!present && by < 0) return { body: null };
      return this.api.patch(path, { quantity: Math.max(0, exact((present ?? line).quantity + by)) }, version);
    }, { busy: line.id });
  }

  /** @param {Thing} order @param {string} lineId @param {object} change */
  change(order, lineId, change) {
    const path = `sale-orders/${order.id}/items/${lineId}`;
    return this.on('order', order, (version) => this.api.patch(path, change, version), { busy: lineId });
  }

  /** Ask the demo's mq-pay to pay, which knows no versions. @param {Thing} order @param {number} amount @param {number} split */
  async pay(order, amount, split) {
    const { id } = order;
    const url = /** @type {string} */ (this.app.config.demoPayUrl);
    const paid = await this.on('order', order, async (version) => {
      const { body: present } = await this.api.get(`sale-orders/${id}`);
      if (present.version !== version) throw new Problem(412, { code: 'stale-version' });
      return { body: await answered(postElsewhere(url, { saleOrderId: id, amount, split })) };
    });
    // Also where no answer came: it may be paid all the same.
    await this.app.sync.refresh('order', id);
    return paid;
  }

  // Tables

  /** @param {Thing} order @param {string} unitId */
  async seat(order, unitId) {
    const seated = await this.on('order', order, async (version) => {
      const answer = await this.api.post(`sale-orders/${order.id}/allocations`, { unitIds: [unitId] }, version);
      for (const usage of answer.body.usages) this.app.store.put('usage', usage);
      return answer;
    });
    await this.app.sync.refresh('order', order.id);
    return seated;
  }

  /** Open an order at a table; undefined when that failed. @param {string} unitId @param {{saleChannelId: string, note?: string}} body */
  async openAt(unitId, body) {
    const order = this.takeSpare(body) ?? (await this.open(body));
    if (!order || (await this.seat(order, unitId))) return order;
    // A colleague was quicker. Not every waiter may cancel, so what was made is not thrown away but used next.
    this.spare = order;
    if (!this.isInUse(order)) this.app.notices.good(this.app.t('order.spare'));
    return undefined;
  }

  /** Take the order that found no table, if nobody has done anything with it. @param {{saleChannelId: string, note?: string}} body */
  takeSpare({ saleChannelId, note }) {
    const { spare } = this;
    this.spare = null;
    if (!spare || note || spare.saleChannelId !== saleChannelId || this.isInUse(spare)) return undefined;
    return this.app.store.get('order', spare.id);
  }

  /** @param {Thing} usage @param {'complete' | 'cancel' | 'move'} action @param {object} [body] */
  usage(usage, action, body = {}) {
    const met = (/** @type {Thing | undefined} */ present) =>
      action === 'move' ? present?.unitId === /** @type {any} */ (body).unitId : !present || !isOpen('usage', present);
    return this.on('usage', usage, (version) => this.api.post(`allocation-usages/${usage.id}/${action}`, body, version), { met });
  }
}
