/** Keys: arrows move within a group, single letters act, and the focus never gets lost when a thing goes away. */

import { go } from './router.js';
import { Steadiness } from './steady.js';
import { help } from './views/help.js';
import { kitchenKey } from './views/kitchen.js';

const KEY = 'sale.single-keys';
const ARROWS = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'];
const VIEWS = ['kitchen', 'floor', 'orders'];

export const singleKeys = () => localStorage.getItem(KEY) !== 'off';

export const switchSingleKeys = () => localStorage.setItem(KEY, singleKeys() ? 'off' : 'on');

/** @typedef {{key: string, place: number, group: Element}} Last */

/** @param {import('./app.js').App} app */
export function listenToKeys(app) {
  /** The group and place that had the focus last. @type {Last | null} */
  let last = null;
  const steadiness = new Steadiness();

  document.addEventListener('focusin', (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const group = target.closest('[data-rove]');
    last = group && target.dataset.key ? { key: target.dataset.key, place: members(group).indexOf(target), group } : null;
    if (group) rove(group, target);
  });

  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = /** @type {HTMLElement} */ (event.target);
    // A key that is held down is one wish, not one for each dish that the focus passes.
    if (event.repeat && event.key === 'Enter') event.preventDefault();
    if (ARROWS.includes(event.key)) step(event, target);
    else if (!isTyping(target)) act(app, event, target);
  });

  // One place keeps everything quiet that says that it is off; it keeps its focus, as a disabled button would not.
  document.addEventListener('click', (event) => quieten(event, steadiness), true);

  app.drawn = () => {
    for (const group of document.querySelectorAll('[data-rove]')) rove(group, null);
    if (last && document.activeElement === document.body) recover(last, steadiness);
    steadiness.look();
  };
}

/** @param {Element} group */
const members = (group) => /** @type {HTMLElement[]} */ ([...group.querySelectorAll('[data-key]')]);

/** Keep one member of a group in the tab order. @param {Element} group @param {HTMLElement | null} focused */
function rove(group, focused) {
  const all = members(group);
  const current = focused && all.includes(focused) ? focused : all.find((member) => member.tabIndex === 0 && member.hasAttribute('tabindex'));
  for (const member of all) member.tabIndex = member === (current ?? all[0]) ? 0 : -1;
}

/** A thing that had the focus is gone: its neighbour gets it. @param {Last} last @param {Steadiness} steadiness */
function recover(last, steadiness) {
  if (!last.group.isConnected || document.querySelector('dialog[open]')) return;
  const all = members(last.group);
  const same = all.find((member) => member.dataset.key === last.key);
  const heir = same ?? all[Math.min(last.place, all.length - 1)];
  if (!heir) return;
  if (!same) steadiness.receive(heir);
  heir.focus();
}

/** Go to the nearest member in the direction of an arrow. @param {KeyboardEvent} event @param {HTMLElement} target */
function step(event, target) {
  const group = target.closest('[data-rove]');
  if (!group || !target.dataset.key) return;
  const from = centre(target);
  let [best, nearest] = [/** @type {HTMLElement | null} */ (null), Infinity];
  for (const member of members(group)) {
    const to = centre(member);
    const [along, across] = distances(event.key, to.x - from.x, to.y - from.y);
    if (along > 2 && along + 3 * across < nearest) [best, nearest] = [member, along + 3 * across];
  }
  if (!best) return;
  event.preventDefault();
  best.focus();
}

/** @param {HTMLElement} member */
function centre(member) {
  const box = member.getBoundingClientRect();
  return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
}

/** @param {string} key @param {number} x @param {number} y */
function distances(key, x, y) {
  const sign = key === 'ArrowLeft' || key === 'ArrowUp' ? -1 : 1;
  const sideways = key === 'ArrowLeft' || key === 'ArrowRight';
  return sideways ? [sign * x, Math.abs(y)] : [sign * y, Math.abs(x)];
}

/** @param {HTMLElement} target */
const isTyping = (target) => target.matches('input:not([type=checkbox]), textarea, select');

/** @param {import('./app.js').App} app @param {KeyboardEvent} event @param {HTMLElement} target */
function act(app, event, target) {
  if (!app.session || document.querySelector('dialog[open]')) return;
  const key = event.key.toLowerCase();
  if (key === 'escape' && app.route.id) go('orders');
  if (key === '?') void help(app);
  if (!singleKeys() || event.repeat) return;
  if (VIEWS[Number(key) - 1]) go(VIEWS[Number(key) - 1]);
  if (key === 'm') app.toggleSound();
  if (key === 'n' && app.off() === 'false') {
    event.preventDefault();
    void app.startOrder();
  }
  if (key === 's') /** @type {HTMLElement | null} */ (document.querySelector('[data-do=send]'))?.click();
  if ('vru'.includes(key)) {
    event.preventDefault();
    kitchenKey(app, key, target);
  }
}

/** @param {MouseEvent} event @param {Steadiness} steadiness */
function quieten(event, steadiness) {
  const target = /** @type {Element} */ (event.target);
  if (!target.closest?.('[aria-disabled=true]') && !steadiness.swallows(event)) return;
  event.preventDefault();
  event.stopPropagation();
}
