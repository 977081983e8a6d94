/** How far each address was scrolled: what is opened begins at its top, and the way back leads to where one was. */

import { Recent } from './recent.js';

/** As wide as this, an order is beside the list, which stays where it is. */
const BESIDE = matchMedia('(min-width: 861px)');

/** @type {Recent<number>} */
const places = new Recent();

/** @param {string} url */
const viewOf = (url) => new URL(url).hash.split('/')[1];

/** Go on to another address, drawing it by `draw`. @param {HashChangeEvent} event @param {() => void} draw */
export function scrollTogether({ oldURL, newURL }, draw) {
  places.set(oldURL, scrollY);
  draw();
  if (BESIDE.matches && viewOf(oldURL) === viewOf(newURL)) return;
  requestAnimationFrame(() => scrollTo(0, places.get(newURL) ?? 0));
}
