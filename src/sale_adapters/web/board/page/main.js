/** Start the board. */

import { App } from './app.js';
import { listenToKeys } from './keyboard.js';
import { placeOf } from './places.js';
import { scrollTogether } from './scrolling.js';

const answer = await fetch(placeOf('board/config.json'));
const app = new App(await answer.json());

listenToKeys(app);
addEventListener('hashchange', (event) => scrollTogether(event, () => app.routed()));
// A radio that is off closes no socket by itself.
addEventListener('offline', () => app.sync.lose());
addEventListener('online', () => app.sync.retry());
// A tablet that slept heard nothing, and its socket does not know.
document.addEventListener('visibilitychange', () => document.hidden || !app.session || app.ended || app.sync.retry());
app.start();
