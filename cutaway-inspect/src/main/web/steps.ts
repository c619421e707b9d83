// The strip of a training run: which saved step all views show, and the button that plays them one after the other.

import { html, nothing } from 'lit';
import type { Context } from './context';
import { integer } from './format';

const WIDE = 1000;

export function steps(c: Context) {
  const t = c.store.training;
  if (!t || t.saved.length === 0) return nothing;
  const { saved } = t;
  const wanted = t.nearest(c.state.step)!;
  const at = saved.indexOf(wanted);
  const to = (i: number): void => c.replay.to(saved[Math.max(0, Math.min(saved.length - 1, i))].step);
  const key = (e: KeyboardEvent): void => {
    const moves: Record<string, number> = { ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1, PageDown: at - 8, PageUp: at + 8, Home: 0, End: saved.length - 1 };
    if (moves[e.key] === undefined) return;
    e.preventDefault();
    to(moves[e.key]);
  };
  const kind = wanted.result ? `${wanted.kind}, the result` : wanted.kind;
  const words = `step ${integer(wanted.step)}`;
  const behind = c.store.shown && c.store.shown.step !== wanted.step ? `, showing ${integer(c.store.shown.step)}` : '';
  const path = saved.map((s) => `M${(WIDE * s.step) / Math.max(1, t.steps)} 0v4`).join('');
  return html`<nav id="steps" aria-label="Step of the training">
    <button class="btn ic" aria-label=${c.replay.playing ? 'Pause' : 'Play all saved steps'} title=${c.replay.playing ? 'Pause' : 'Play all saved steps, with the same text'} ?disabled=${saved.length < 2} @click=${() => c.replay.play()}>${c.replay.playing ? '❚❚' : '▶'}</button>
    <button class="btn ic" aria-label="The saved step before" title="The saved step before" ?disabled=${at === 0} @click=${() => to(at - 1)}>‹</button>
    <button class="btn ic" aria-label="The saved step after" title="The saved step after" ?disabled=${at === saved.length - 1} @click=${() => to(at + 1)}>›</button>
    <div class="slide"><svg viewBox=${`0 0 ${WIDE} 4`} preserveAspectRatio="none" aria-hidden="true"><path d=${path} vector-effect="non-scaling-stroke"></path></svg>
      <input type="range" aria-label="Saved step" aria-valuetext=${`${words} of ${t.steps}, ${kind}`} min="0" max=${Math.max(1, t.steps)} step="1" .value=${String(wanted.step)}
        @input=${(e: Event) => c.replay.to(Number((e.target as HTMLInputElement).value))} @change=${(e: Event) => { (e.target as HTMLInputElement).value = String(t.nearest(c.state.step)?.step ?? 0); }} @keydown=${key}></div>
    <span class="at"><b>${words}</b> <span>of ${integer(t.steps)}<span class="opt">; ${saved.length} saved, ${kind}${behind}</span></span></span>
    <button class="btn" aria-pressed=${String(c.state.step < 0)} title="Always show the newest saved step" @click=${() => c.replay.to(-1)}>Newest</button>
  </nav>`;
}
