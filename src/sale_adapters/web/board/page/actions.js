/** What people do: one command after the other per thing, upon the version that they saw, and what came of it. */

import { postElsewhere, Problem, Unreachable } from './api.js';
import { explain, isMoved } from './problems.js';

/** @typedef {import('./store.js').Kind} Kind */
/** @typedef {import('./store.js').Thing} Thing */

const DOUBLE_TAP_MS = 350;

/** Tell a lost answer about money from any other. @param {Promise<any>} payment */
const answered = (payment) =>
  payment.catch((error) => {
    throw error instanceof Unreachable ? new Problem(0, { code: 'payment-unanswered' }) : error;
  });

export class Actions {
  /** @param {import('./app.js').App} app */
  constructor(app) {
    this.app = app;
    /** The last command per thing, for the next one to wait for. @type {Map<string, Promise<any>>} */
    this.queues = new Map();
    /** Ids whose command is on its way, or has only just come back. @type {Set<string>} */
    this.busy = new Set();
    /** The versions that commands of this screen alone led through, per thing. @type {Map<string, {from: number, to: number}>} */
    this.own = new Map();
    /** An order that was made for a table and did not get it. @type {Thing | null} */
    this.spare = null;
  }

  /** @param {string} id */
  isBusy(id) {
    return this.busy.has(id);
  }

  /** Tell whether an answer to a command on a thing is awaited. @param {Kind} kind @param {string} id */
  isUnderWay(kind, id) {
    return this.queues.has(`${kind}:${id}`);
  }

  /**
   * Run a command on a thing upon the version that was seen; true when it was done.
   * @param {Kind} kind @param {Thing} seen the thing as it was shown when its button was tapped or its question asked
   * @param {(version: number) => Promise<any>} command
   * @param {string} [busy] what shows that something is under way
   */
  async on(kind, seen, command, busy = seen.id) {
    this.busy.add(busy);
    this.app.update();
    const key = `${kind}:${seen.id}`;
    const mine = (this.queues.get(key) ?? Promise.resolve()).then(() => this.attempt(kind, seen, command));
    this.queues.set(key, mine);
    const done = await mine;
    if (this.queues.get(key) === mine) this.queues.delete(key);
    // A colleague's change that was heard of meanwhile closes what stood open for one's own.
    this.app.update();
    // A second tap of the same finger is no second wish.
    setTimeout(() => {
      this.busy.delete(busy);
      this.app.update();
    }, DOUBLE_TAP_MS);
    return done;
  }

  /** @param {Kind} kind @param {Thing} seen @param {(version: number) => Promise<any>} command */
  async attempt(kind, { id, version: seen }, command) {
    const key = `${kind}:${id}`;
    const own = this.own.get(key);
    // What one has done oneself since one looked is no surprise; what a colleague did in between is refused.
    const version = own && own.from <= seen && seen <= own.to ? own.to : seen;
    try {
      const { body } = await command(version);
      if (body?.id === id && 'version' in body) {
        this.own.set(key, { from: own?.to === version ? own.from : version, to: body.version });
        this.app.store.put(kind, body);
      }
      return true;
    } catch (error) {
      this.app.notices.bad(explain(error, this.app.t, this.app.format));
      if (isMoved(error)) await this.app.sync.refresh(kind, id, this.app.store.get(kind, id));
      return false;
    }
  }

  /** Run a command on nothing that exists yet; undefined when it failed. @param {() => Promise<import('./api.js').Answer>} command */
  async make(command) {
    try {
      return await command();
    } catch (error) {
      this.app.notices.bad(explain(error, this.app.t, this.app.format));
      return undefined;
    }
  }

  get api() {
    return this.app.api;
  }

  // Kitchen

  /** @param {Thing} ticket @param {string} itemId @param {string} action @param {object} [body] */
  item(ticket, itemId, action, body = {}) {
    const path = `kitchen-ticket-items/${itemId}/${action}`;
    return this.on('ticket', ticket, (version) => this.api.post(path, body, version), itemId);
  }

  /** @param {Thing} ticket */
  rush(ticket) {
    return this.on('ticket', ticket, (version) => this.api.post(`kitchen-tickets/${ticket.id}/rush`, {}, version));
  }

  /** @param {Thing} ticket @param {string} reason */
  voidTicket(ticket, reason) {
    return this.on('ticket', ticket, (version) => this.api.post(`kitchen-tickets/${ticket.id}/void`, { reason }, version));
  }

  /** @param {Thing} order @param {object[]} [items] all that is unsent where none are named */
  async send(order, items) {
    const body = items ? { items } : {};
    const sent = await this.on('order', order, async (version) => {
      const answer = await this.api.post(`sale-orders/${order.id}/kitchen-tickets`, body, version);
      for (const ticket of answer.body.tickets) this.app.store.meet(ticket);
      return answer;
    });
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

  /** @param {Thing} order @param {string} action @param {object} body */
  order(order, action, body) {
    return this.on('order', order, (version) => this.api.post(`sale-orders/${order.id}/${action}`, body, version));
  }

  /** @param {Thing} order @param {object} item */
  add(order, item) {
    return this.order(order, 'items', item);
  }

  /** Change a line by so many, counted from what earlier taps made of it. @param {Thing} order @param {any} line @param {number} by */
  adjust(order, line, by) {
    const path = `sale-orders/${order.id}/items/${line.id}`;
    return this.on('order', order, (version) => {
      const present = this.app.store.get('order', order.id)?.items.find((/** @type {any} */ each) => each.id === line.id) ?? line;
      return this.api.patch(path, { quantity: Math.max(0, present.quantity + by) }, version);
    }, line.id);
  }

  /** @param {Thing} order @param {string} lineId @param {object} change */
  change(order, lineId, change) {
    const path = `sale-orders/${order.id}/items/${lineId}`;
    return this.on('order', order, (version) => this.api.patch(path, change, version), lineId);
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
    return this.on('usage', usage, (version) => this.api.post(`allocation-usages/${usage.id}/${action}`, body, version));
  }
}
