/** What went wrong, as a sentence for the person at the screen, with what to do about it. */

import { Problem, Unreachable } from './api.js';

/**
 * @param {unknown} error
 * @param {(key: string, ...figures: any[]) => string} t
 * @param {ReturnType<import('./format.js').createFormat>} format
 */
export function explain(error, t, format) {
  if (error instanceof Unreachable) return t('problem.unreachable');
  if (!(error instanceof Problem)) return t('problem.bug', String(error));
  const { code, body } = error;
  if (code === 'illegal-transition') {
    return t('problem.illegal-transition', t(`status.${body.currentStatus ?? body.illegalTransition?.status ?? ''}`));
  }
  if (code === 'price-changed') {
    const [was, is] = [body.expectedTotal, body.actualTotal].map((sum) => format.money(sum, body.currency));
    return t('problem.price-changed', was, is);
  }
  if (code === 'invalid' && body.errors?.length) {
    return t('problem.invalid', body.errors.map((/** @type {any} */ each) => `${each.pointer}: ${each.detail}`).join('; '));
  }
  if (code === 'sister-refused') return t('problem.sister-refused', body.reason ?? body.detail);
  const known = t(`problem.${code}`);
  if (known !== `problem.${code}`) return known;
  return error.status >= 500 ? t('problem.unavailable') : t('problem.other', body.detail ?? code);
}

/** Tell whether it was refused for nothing but a change since it was seen. @param {unknown} error */
export const isStale = (error) => error instanceof Problem && error.status === 412;

/** Tell whether the thing must be read again before anything else is done with it. @param {unknown} error */
export const isMoved = (error) => error instanceof Problem && [404, 409, 412].includes(error.status);
