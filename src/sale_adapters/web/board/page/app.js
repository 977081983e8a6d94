/** The board as one: who is signed in, what is known, what is shown. Views read it and ask it to act. */

import { nothing, html, render } from './vendor/lit-html/lit-html.js';
import { Actions } from './actions.js';
import { createApi, Problem } from './api.js';
import { Ask } from './ask.js';
import { Dialogs } from './dialogs.js';
import { createFormat } from './format.js';
import { Lookup } from './lookups.js';
import { Notices } from './notices.js';
import { Recent } from './recent.js';
import { currentRoute, go } from './router.js';
import { forget, isOver, remember, rememberedSession } from './session.js';
import { Chime } from './sound.js';
import { Store } from './store.js';
import { Sync } from './sync.js';
import { chooseLanguage, localeOf, preferredLanguage, speaker } from './texts.js';
import { frameView } from './views/frame.js';

/** @typedef {{id: string, name: string}} Named */
/** @typedef {{demoSignInUrl?: string, demoPayUrl?: string, channels: Named[], items: Named[], units: Named[]}} Config */

const STATION_KEY = 'sale.station';
const TICK_MS = 10_000;

/** @param {string} id */
const byId = (id) => /** @type {any} */ (document.getElementById(id));

export class App {
  /** @param {Config} config */
  constructor(config) {
    this.config = config;
    this.session = rememberedSession();
    /** Why the token proves nothing any more, as the key of a text; empty while it does. */
    this.ended = '';
    this.language = preferredLanguage();
    this.t = speaker(this.language);
    this.format = createFormat(localeOf(this.language));
    this.clockOffset = 0;
    this.drawing = false;
    this.heardPhase = '';
    /** What follows every drawing. @type {() => void} */
    this.drawn = () => {};
    this.route = currentRoute() ?? { view: 'kitchen', id: null };
    this.station = sessionStorage.getItem(STATION_KEY);
    /** Names of kitchen stations by id; null where the role may not know them. @type {Map<string, string> | null} */
    this.stations = new Map();
    /** @type {string | null} */
    this.historyOf = null;
    /** Ids of orders that are not there. @type {Recent<true>} */
    this.soughtInVain = new Recent();
    this.chime = new Chime();
    this.store = new Store(() => this.update());
    this.api = createApi(() => this.session, () => this.expire());
    this.sync = new Sync({
      api: this.api,
      store: this.store,
      session: () => /** @type {any} */ (this.session),
      onChange: () => this.phaseMoved(),
      onTickets: (tickets) => this.announce(tickets),
      onClock: (time) => (this.clockOffset = Date.parse(time) - Date.now()),
      onRefused: () => this.refused(),
    });
    this.actions = new Actions(this);
    this.ask = new Ask(this);
    this.dialogs = new Dialogs(byId('dialog'));
    this.notices = new Notices(byId('notices'), () => this.t);
    this.prices = new Lookup(this, (order) => `sale-orders/${order.id}/pricing-preview`, (body) => body);
    this.history = new Lookup(this, (order) => `sale-orders/${order.id}/history`, (body) => body.items);
    setInterval(() => this.update(), TICK_MS);
  }

  start() {
    document.documentElement.lang = this.language;
    if (this.session) this.begin();
    else this.routed();
    this.update();
  }

  // What views ask

  /** Now by the server's clock, in ms. */
  now() {
    return Date.now() + this.clockOffset;
  }

  /** Return what aria-disabled must say: nothing can be done while the board cannot be trusted. */
  off(also = false) {
    return String(also || !this.sync.live || this.ended !== '');
  }

  /** The mark on everything that may be out of date. */
  staleMark() {
    if (this.sync.phase !== 'down') return nothing;
    return html`<span class="old-mark">${this.t('stale', this.format.time(this.sync.since))}</span>`;
  }

  /** @param {string} unitId */
  unitName(unitId) {
    return this.config.units.find((unit) => unit.id === unitId)?.name ?? unitId;
  }

  /** Name the tables that an order's guests sit at; undefined when they sit nowhere. @param {string} orderId */
  tableOf(orderId) {
    return this.named(this.seatsOf(orderId).map((usage) => usage.unitId)) || undefined;
  }

  /** Tell whether an order's guests are changing tables: the new one is not read yet. @param {string} orderId */
  isMoving(orderId) {
    return this.seatsOf(orderId).some((usage) => this.store.isOld('usage', usage));
  }

  /** @param {string} orderId */
  seatsOf(orderId) {
    return this.store.open('usage').filter((usage) => usage.saleOrderId === orderId);
  }

  /** Name some tables as one; empty when there are none. @param {string[]} unitIds */
  named(unitIds) {
    const names = unitIds.map((unitId) => this.unitName(unitId));
    return names.sort((one, other) => one.localeCompare(other, this.language, { numeric: true })).join(' + ');
  }

  /**
   * List where a ticket's dishes go: where its guests sit now, else where they sat last.
   * @param {import('./store.js').Thing} ticket @returns {string[]}
   */
  unitsOf(ticket) {
    const seats = this.seatsOf(ticket.saleOrderId);
    return seats.length ? seats.map((usage) => usage.unitId) : (ticket.units ?? []);
  }

  /** @param {import('./store.js').Thing} ticket */
  placeOf(ticket) {
    return this.named(this.unitsOf(ticket)) || this.t('ticket.takeaway');
  }

  /** Tell whether an order was looked for and is not there. @param {string} id */
  lookedFor(id) {
    return this.soughtInVain.has(id);
  }

  // What people do

  /** @param {import('./session.js').Session} session */
  signIn(session) {
    const same = this.session && this.session.merchantId === session.merchantId && this.session.userId === session.userId;
    this.session = session;
    this.ended = '';
    remember(session);
    this.notices.clear();
    if (!same) this.store.clear();
    this.stations = new Map();
    // Read everything, even after the same person's break: reads that met the end of the token found nothing.
    this.begin();
    this.update();
  }

  /** Sign out once that is confirmed: a new token is not at hand wherever a finger slips. */
  async signOut() {
    if ((await this.ask.choice(this.t('sign-out.sure'), [{ value: 'out', text: this.t('sign-out'), always: true }])) !== 'out') return;
    forget();
    this.session = null;
    this.ended = '';
    this.sync.stop();
    this.store.clear();
    this.update();
  }

  /** The token proves nothing any more: ask for another, and keep the place. */
  expire() {
    if (this.ended || !this.session) return;
    this.ended = this.isOver() ? 'sign-in.expired' : 'sign-in.refused';
    this.sync.lose();
    this.update();
  }

  /** The stream refuses the token: true when its time is over. */
  refused() {
    if (!this.isOver()) return false;
    this.expire();
    return true;
  }

  /** Tell whether the token's time is over; the clocks may differ by the time that an answer takes. */
  isOver() {
    return this.session !== null && isOver(this.session.token, this.now() + 1_000);
  }

  /** @param {string | null} station null is all of them */
  chooseStation(station) {
    this.station = station;
    if (station === null) sessionStorage.removeItem(STATION_KEY);
    else sessionStorage.setItem(STATION_KEY, station);
    this.update();
  }

  /** @param {'en' | 'vi'} language */
  speak(language) {
    this.language = language;
    this.t = speaker(language);
    this.format = createFormat(localeOf(language));
    document.documentElement.lang = language;
  }

  switchLanguage() {
    this.speak(this.language === 'vi' ? 'en' : 'vi');
    chooseLanguage(this.language);
    this.update();
  }

  toggleSound() {
    this.chime.toggle();
    this.update();
  }

  /** @param {string} id */
  showHistory(id) {
    this.historyOf = this.historyOf === id ? null : id;
    this.update();
  }

  /** Open an order at a table with the usual channel; asks where there is none. @param {string} unitId */
  async openAt(unitId) {
    const [channel] = this.config.channels;
    const body = channel ? { saleChannelId: channel.id } : await this.ask.newOrder();
    if (body) await this.opening(`table:${unitId}`, () => this.actions.openAt(unitId, body));
  }

  async startOrder() {
    if (this.actions.isBusy('new-order')) return;
    const body = await this.ask.newOrder();
    if (body) await this.opening('new-order', () => this.actions.open(body));
  }

  /**
   * Open an order, and go there unless people have gone on to something else while the answer took its time.
   * @param {string} busy @param {() => Promise<import('./store.js').Thing | undefined>} open
   */
  async opening(busy, open) {
    // Each visit has a route of its own: who has been elsewhere meanwhile, and is back, has gone on too.
    const { hash } = location, { route } = this;
    const order = await this.actions.once(busy, open);
    if (order && this.route === route && location.hash === hash && !this.dialogs.open) go('orders', order.id);
  }

  // What happens

  /** Go to the address, and read what it names if it is not at hand. */
  routed() {
    this.route = currentRoute() ?? this.route;
    const { id } = this.route;
    this.store.keepOnly(id);
    if (id && this.session) void this.find(id);
    if (this.route.view === 'kitchen' && this.session) void this.nameStations();
    document.title = `${this.t(this.route.view)} · Sale`;
    this.update();
  }

  /** @param {string} id */
  async find(id) {
    if (this.store.get('order', id)) return;
    await this.sync.refresh('order', id);
    if (!this.store.get('order', id)) this.soughtInVain.set(id, true);
    this.update();
  }

  /** Read and follow what the token may see. */
  begin() {
    void this.sync.start().then(() => this.land());
    // What the address names is read for whoever is signed in now.
    this.soughtInVain.clear();
    this.routed();
  }

  /** Learn how the stations are called; until that is known they go by their ids. */
  async nameStations() {
    if (!this.stations) return;
    const { session } = this;
    const stations = await this.api.get('kitchen-stations').then(
      ({ body }) => new Map(body.stations.map((/** @type {Named} */ station) => [station.id, station.name])),
      (error) => (error instanceof Problem && error.status === 403 ? null : this.stations),
    );
    if (session !== this.session) return;
    this.stations = stations;
    this.update();
  }

  /** Begin where the role may see something, unless the address says where. */
  land() {
    const { allowed } = this.sync;
    if (currentRoute() || !allowed.size) return;
    const roles = this.session?.roles ?? [];
    const view = roles.includes('cook') ? 'kitchen' : roles.includes('waiter') ? 'floor' : 'orders';
    const seen = { kitchen: 'ticket', floor: 'usage', orders: 'order' }[view];
    go(allowed.has(/** @type {any} */ (seen)) ? view : 'kitchen');
  }

  phaseMoved() {
    const { phase } = this.sync;
    if (this.heardPhase === 'live' && phase === 'down') this.hear('heard.down');
    if (this.heardPhase === 'down' && phase === 'live') this.hear('heard.live');
    if (phase === 'live' || phase === 'down') this.heardPhase = phase;
    this.update();
  }

  /** @param {import('./store.js').Thing[]} tickets */
  announce(tickets) {
    if (tickets.some(({ stationId }) => stationId && !this.stations?.has(stationId))) void this.nameStations();
    const mine = tickets.filter((ticket) => this.station === null || (ticket.stationId ?? '') === this.station);
    if (!mine.length) return;
    byId('heard').textContent = mine.map((ticket) => this.t('ticket.new', this.placeOf(ticket), ticket.items.length)).join('. ');
    this.chime.ring();
  }

  /** Say it to screen readers. @param {string} key @param {any[]} figures */
  hear(key, ...figures) {
    byId('heard').textContent = this.t(key, ...figures);
  }

  /** Draw again, once for all that happens in this turn. */
  update() {
    if (this.drawing) return;
    this.drawing = true;
    queueMicrotask(() => {
      this.drawing = false;
      render(frameView(this), byId('board'));
      this.dialogs.draw();
      this.drawn();
    });
  }
}
