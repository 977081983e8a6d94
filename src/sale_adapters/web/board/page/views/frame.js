/** What surrounds every view: where one is, who one is, and whether what is shown is live. */

import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { empty, icon } from '../parts.js';
import { addressOf } from '../router.js';
import { floorView } from './floor.js';
import { help } from './help.js';
import { kitchenView } from './kitchen.js';
import { ordersView } from './orders.js';
import { signInAgain, signInView } from './sign-in.js';

/** @typedef {import('../app.js').App} App */

const VIEWS = /** @type {const} */ (['kitchen', 'floor', 'orders']);
const SHOWN = { kitchen: kitchenView, floor: floorView, orders: ordersView };

/** @param {App} app */
export function frameView(app) {
  if (!app.session) return signInView(app);
  const { phase } = app.sync;
  return html`<a class="skip" href="#content" @click=${skip}>${app.t('skip')}</a>
    <header class="top">
      <span class="brand"><img src="board/icon.svg" alt="" width="28" height="28" /> <span>Sale</span></span>
      ${tabs(app)}
      <span class="live" data-phase=${app.ended ? 'down' : phase}><i></i><span>${app.t(phase === 'live' ? 'live' : `live.${phase}`)}</span></span>
      <div class="tools">
        <button class="quiet square" aria-pressed=${String(!app.chime.muted)} aria-label=${app.t(app.chime.muted ? 'sound.off' : 'sound.on')}
          title=${app.t(app.chime.muted ? 'sound.off' : 'sound.on')} @click=${() => app.toggleSound()}>${icon(app.chime.muted ? 'muted' : 'sound')}</button>
        <button class="quiet square" lang=${app.language === 'vi' ? 'en' : 'vi'} aria-label=${app.t('language')} title=${app.t('language')}
          @click=${() => app.switchLanguage()}>${app.language === 'vi' ? 'EN' : 'VI'}</button>
        <button class="quiet square" aria-label=${app.t('help')} title=${app.t('help')} @click=${() => help(app)}>${icon('help')}</button>
        <button class="quiet square" aria-label=${app.t('sign-out')} title=${`${app.t('sign-out')} (${app.session.userId})`} @click=${() => void app.signOut()}>${icon('out')}</button>
      </div>
    </header>
    ${phase === 'down' && !app.ended ? down(app) : nothing} ${app.ended ? signInAgain(app) : nothing}
    <main id="content" tabindex="-1" class=${phase === 'live' && !app.ended ? '' : 'not-live'} data-phase=${phase} aria-busy=${String(phase === 'starting')}>
      ${phase === 'blind' ? empty(app.t('blind'), app.t('blind.todo')) : SHOWN[app.route.view](app)}
    </main>`;
}

/** @param {App} app */
const tabs = (app) => html`<nav class="tabs" aria-label=${app.t('views')}>
  ${VIEWS.map((view) => html`<a href=${addressOf(view)} aria-current=${app.route.view === view ? 'page' : nothing}>${icon(view)}<span>${app.t(view)}</span></a>`)}
</nav>`;

/** @param {App} app */
const down = (app) => html`<div class="down" role="status">
  <strong>${app.t('down.title', app.format.exactTime(app.sync.since))}</strong>
  <span>${app.t('down.todo')}</span>
  <button @click=${() => app.sync.retry()}>${app.t('down.retry')}</button>
</div>`;

/** The address names the view, so a link may not change it. @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById('content')?.focus();
}
