/** Where things are: the service answers at the place that this page came from. */

const base = new URL('..', import.meta.url);

/** @param {string} path below the service's base, such as `sale-orders` */
export const placeOf = (path) => new URL(path, base).href;

/** The live stream, as ws: or wss: like the page itself. */
export function streamPlace() {
  const place = new URL('stream', base);
  place.protocol = place.protocol === 'https:' ? 'wss:' : 'ws:';
  return place.href;
}
