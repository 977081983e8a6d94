/** A short chime for a new ticket: silent until the first touch, as browsers ask, and whenever it is muted. */

const KEY = 'sale.muted';

export class Chime {
  constructor() {
    this.muted = localStorage.getItem(KEY) === 'yes';
    /** @type {AudioContext | null} */
    this.context = null;
    // At every touch: a tablet that slept, or took a call, has put the sound to sleep too.
    const wake = () => {
      this.context ??= new AudioContext();
      if (this.context.state !== 'running') void this.context.resume();
    };
    addEventListener('pointerdown', wake);
    addEventListener('keydown', wake);
  }

  toggle() {
    this.muted = !this.muted;
    localStorage.setItem(KEY, this.muted ? 'yes' : 'no');
  }

  ring() {
    if (this.muted || this.context?.state !== 'running') return;
    const start = this.context.currentTime;
    for (const [pitch, delay] of [[880, 0], [1174.7, 0.16]]) this.tone(this.context, pitch, start + delay);
  }

  /** @param {AudioContext} context @param {number} pitch @param {number} at */
  tone(context, pitch, at) {
    const tone = new OscillatorNode(context, { frequency: pitch, type: 'triangle' });
    const volume = new GainNode(context, { gain: 0 });
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.25, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, at + 0.5);
    tone.connect(volume).connect(context.destination);
    tone.start(at);
    tone.stop(at + 0.55);
  }
}
