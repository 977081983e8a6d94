/** What people do: one command after the other per thing, upon the version that they saw, and what came of it. */

import { postElsewhere } from './api.js';
import { explain, isMoved } from './problems.js';

/** @typedef {import('./store.js').Kind} Kind */

const DOUBLE_TAP_MS = 350;

export class Actions {
  /** @param {import('./app.js').App} app */
  constructor(app) {
    this.app = app;
    /** The last command per thing, for the next one to wait for. @type {Map<string, Promise<any>>} */
    this.queues = new Map();
    /** Ids whose command is on its way, or has only just come back. @type {Set<string>} */
    this.busy = new Set();
  }

  /** @param {string} id */
  isBusy(id) {
    return this.busy.has(id);
  }

  /**
   * Run a command on a thing with the version at hand; true when it was done.
   * @param {Kind} kind @param {string} id
   * @param {(version: number) => Promise<any>} command
   * @param {string} [busy] what shows that something is under way
   */
  async on(kind, id, command, busy = id) {
    this.busy.add(busy);
    this.app.update();
    const key = `${kind}:${id}`;
    const mine = (this.queues.get(key) ?? Promise.resolve()).then(() => this.attempt(kind, id, command));
    this.queues.set(key, mine);
    const done = await mine;
    if (this.queues.get(key) === mine) this.queues.delete(key);
    // A second tap of the same finger is no second wish.
    setTimeout(() => {
      this.busy.delete(busy);
      this.app.update();
    }, DOUBLE_TAP_MS);
    return done;
  }

  /** @param {Kind} kind @param {string} id @param {(version: number) => Promise<any>} command */
  async attempt(kind, id, command) {
    try {
      const version = this.app.store.get(kind, id)?.version;
      const { body } = await command(/** @type {number} */ (version));
      if (body?.id === id && 'version' in body) this.app.store.put(kind, body);
      return true;
    } catch (error) {
      this.app.notices.bad(explain(error, this.app.t, this.app.format));
      if (isMoved(error)) await this.app.sync.refresh(kind, id, this.app.store.get(kind, id));
      return false;
    }
  }

  /** Run a command on nothing that exists yet; undefined when it failed. @param {() => Promise<any>} command */
  async make(command) {
    try {
      return (await command()).body;
    } catch (error) {
      this.app.notices.bad(explain(error, this.app.t, this.app.format));
      return undefined;
    }
  }

  get api() {
    return this.app.api;
  }

  // Kitchen

  /** @param {string} ticketId @param {string} itemId @param {string} action @param {object} [body] */
  item(ticketId, itemId, action, body = {}) {
    const path = `kitchen-ticket-items/${itemId}/${action}`;
    return this.on('ticket', ticketId, (version) => this.api.post(path, body, version), itemId);
  }

  /** @param {string} id */
  rush(id) {
    return this.on('ticket', id, (version) => this.api.post(`kitchen-tickets/${id}/rush`, {}, version));
  }

  /** @param {string} id @param {string} reason */
  voidTicket(id, reason) {
    return this.on('ticket', id, (version) => this.api.post(`kitchen-tickets/${id}/void`, { reason }, version));
  }

  /** @param {string} orderId @param {object[]} [items] all that is unsent where none are named */
  async send(orderId, items) {
    const body = items ? { items } : {};
    const sent = await this.on('order', orderId, async (version) => {
      const answer = await this.api.post(`sale-orders/${orderId}/kitchen-tickets`, body, version);
      for (const ticket of answer.body.tickets) this.app.store.put('ticket', ticket);
      return answer;
    });
    if (sent) this.app.notices.good(this.app.t('sent'));
    await this.app.sync.refresh('order', orderId);
    return sent;
  }

  // Orders

  /** @param {object} body */
  async open(body) {
    const order = await this.make(() => this.api.post('sale-orders', body));
    if (order) this.app.store.put('order', order);
    return order;
  }

  /** @param {string} id @param {string} action @param {object} body */
  order(id, action, body) {
    return this.on('order', id, (version) => this.api.post(`sale-orders/${id}/${action}`, body, version));
  }

  /** @param {string} id @param {object} item */
  add(id, item) {
    return this.order(id, 'items', item);
  }

  /** @param {string} id @param {string} lineId @param {object} change */
  change(id, lineId, change) {
    const path = `sale-orders/${id}/items/${lineId}`;
    return this.on('order', id, (version) => this.api.patch(path, change, version), lineId);
  }

  /** Ask the demo's mq-pay to pay. @param {string} id @param {number} amount @param {number} split */
  async pay(id, amount, split) {
    const url = /** @type {string} */ (this.app.config.demoPayUrl);
    const paid = await this.on('order', id, async () => ({
      body: await postElsewhere(url, { saleOrderId: id, amount, split }),
    }));
    if (paid) await this.app.sync.refresh('order', id);
    return paid;
  }

  // Tables

  /** @param {string} orderId @param {string} unitId */
  async seat(orderId, unitId) {
    const seated = await this.on('order', orderId, async (version) => {
      const answer = await this.api.post(`sale-orders/${orderId}/allocations`, { unitIds: [unitId] }, version);
      for (const usage of answer.body.usages) this.app.store.put('usage', usage);
      return answer;
    });
    await this.app.sync.refresh('order', orderId);
    return seated;
  }

  /** @param {string} id @param {'complete' | 'cancel' | 'move'} action @param {object} [body] */
  usage(id, action, body = {}) {
    return this.on('usage', id, (version) => this.api.post(`allocation-usages/${id}/${action}`, body, version));
  }
}
