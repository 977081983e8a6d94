/** Signing in: with a token, or in the demo with one click per role. */

import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { postElsewhere } from '../api.js';
import { explain } from '../problems.js';
import { sessionOf } from '../session.js';

/** @typedef {import('../app.js').App} App */

const ROLES = { cashier: 'lan', waiter: 'minh', cook: 'hoa', admin: 'an' };

/** @param {App} app */
export const signInView = (app) => html`<main class="sign-in" id="content">
  <h1><img src="board/icon.svg" alt="" width="40" height="40" /> Sale</h1>
  ${ways(app)}
  <button class="quiet" lang=${app.language === 'vi' ? 'en' : 'vi'} @click=${() => app.switchLanguage()}>${app.t('language')}</button>
</main>`;

/** Over a board that keeps its place. @param {App} app */
export const signInAgain = (app) => html`<section class="down sign-in-again" aria-labelledby="again-title">
  <strong id="again-title" role="alert">${app.t(app.ended)}</strong>
  ${app.session?.demoRole && app.config.demoSignInUrl
    ? html`<button class="primary" @click=${() => demo(app, /** @type {any} */ (app.session?.demoRole))}>${app.t('sign-in.again')}: ${app.t(`role.${app.session.demoRole}`)}</button>`
    : withToken(app)}
</section>`;

/** @param {App} app */
const ways = (app) => html`${app.config.demoSignInUrl
    ? html`<section class="roles" aria-labelledby="demo-title">
        <h2 id="demo-title">${app.t('sign-in.demo')}</h2>
        ${Object.keys(ROLES).map((role) => html`<button class="role" @click=${() => demo(app, role)}>
          <strong>${app.t(`role.${role}`)}</strong><span>${app.t(`role.${role}.does`)}</span></button>`)}
      </section>`
    : nothing}
  ${withToken(app)}`;

/** @param {App} app */
const withToken = (app) => html`<form class="with-token" @submit=${(/** @type {Event} */ event) => submit(app, event)}>
  <label><span>${app.t('sign-in.token')}</span><textarea name="token" rows="3" required spellcheck="false" autocomplete="off"></textarea></label>
  <label><span>${app.t('sign-in.merchant')}</span><input name="merchant" autocomplete="off" placeholder=${app.t('sign-in.merchant.hint')} /></label>
  <button class=${app.config.demoSignInUrl ? '' : 'primary'}>${app.t('sign-in.with-token')}</button>
</form>`;

/** @param {App} app @param {Event} event */
function submit(app, event) {
  event.preventDefault();
  const fields = new FormData(/** @type {HTMLFormElement} */ (event.target));
  const session = sessionOf(String(fields.get('token')).trim(), String(fields.get('merchant')).trim());
  if (session.merchantId) app.signIn(session);
  else app.notices.bad(app.t('sign-in.bad'));
}

/** @param {App} app @param {string} role */
async function demo(app, role) {
  const userId = ROLES[/** @type {keyof typeof ROLES} */ (role)];
  try {
    const answer = await postElsewhere(/** @type {string} */ (app.config.demoSignInUrl), { userId, roles: [role] });
    app.signIn(sessionOf(answer.access_token, undefined, role));
  } catch (error) {
    app.notices.bad(explain(error, app.t, app.format));
  }
}
