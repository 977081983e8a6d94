/** A tap that was meant for what stood there a moment ago goes nowhere. */

import { Recent } from './recent.js';

const UNSTEADY_MS = 350;

/** @typedef {{x: number, y: number, width: number, height: number}} Place */

export class Steadiness {
  constructor() {
    /** Where each button that acts on a dish was drawn last, within its group. @type {Map<string, Place>} */
    this.places = new Map();
    /** Ids of buttons that took another's place, and until when they are deaf to taps. @type {Recent<number>} */
    this.moved = new Recent();
    /** Ids that got the focus without anybody's wish, and until when they are deaf to keys. @type {Recent<number>} */
    this.focused = new Recent();
  }

  /** Look which buttons came to stand where another was. */
  look() {
    const before = this.places;
    this.places = new Map();
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('button[data-item]'))) {
      const id = button.dataset.item ?? '';
      const place = placeOf(button);
      this.places.set(id, place);
      if ([...before].some(([other, was]) => other !== id && holds(was, place))) this.moved.set(id, performance.now() + UNSTEADY_MS);
    }
  }

  /** Remember that the focus went to a button by itself. @param {HTMLElement} button */
  receive(button) {
    if (button.dataset.item) this.focused.set(button.dataset.item, performance.now() + UNSTEADY_MS);
  }

  /** Tell whether a click is the rest of one that was meant for another. @param {MouseEvent} event */
  swallows(event) {
    const id = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest?.('button[data-item]'))?.dataset.item;
    if (!id) return false;
    // Keys click without a count, and go to where the focus is, wherever that moved to.
    const deaf = event.detail === 0 ? this.focused : this.moved;
    return (deaf.get(id) ?? 0) > performance.now();
  }
}

/** Tell whether what stands at a place is now in the middle of where another was. @param {Place} was @param {Place} now */
function holds(was, now) {
  const [right, down] = [now.x + now.width / 2 - was.x, now.y + now.height / 2 - was.y];
  return right > 0 && right < was.width && down > 0 && down < was.height;
}

/** Where a button stands within its group, however far that is scrolled. @param {HTMLElement} button @returns {Place} */
function placeOf(button) {
  const group = button.closest('[data-rove], .lines')?.getBoundingClientRect();
  const box = button.getBoundingClientRect();
  return { x: box.left - (group?.left ?? 0), y: box.top - (group?.top ?? 0), width: box.width, height: box.height };
}
