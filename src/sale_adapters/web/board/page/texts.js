/** The board's language: the user's own where it is spoken here, else English. */

import en from './texts/en.js';
import vi from './texts/vi.js';

const KEY = 'sale.language';

/** @type {Record<string, Record<string, any>>} */
const TEXTS = { en, vi };

/** @returns {'en' | 'vi'} */
export function preferredLanguage() {
  const chosen = localStorage.getItem(KEY) ?? navigator.language;
  return chosen.toLowerCase().startsWith('vi') ? 'vi' : 'en';
}

/** Return how the language is written where the user is: `en-GB` for English, if the browser says so. @param {string} language */
export const localeOf = (language) => navigator.languages.find((locale) => locale.toLowerCase().split('-')[0] === language) ?? language;

/** @param {string} language */
export const chooseLanguage = (language) => localStorage.setItem(KEY, language);

/**
 * Return the function that says a text; texts with figures in them are functions themselves.
 * @param {string} language
 * @returns {(key: string, ...figures: any[]) => string}
 */
export function speaker(language) {
  const texts = TEXTS[language];
  return (key, ...figures) => {
    const text = texts[key] ?? en[/** @type {keyof typeof en} */ (key)] ?? key;
    return typeof text === 'function' ? text(...figures) : text;
  };
}
