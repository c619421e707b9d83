// The title block: what is drawn, and the scales it is drawn to.

import { LitElement, html, nothing } from 'lit';
import type { Context } from './context';
import { integer } from './format';
import { LOGIT_END, type Kind, type Scale, clamp } from './scale';

const CLOSEST = 20;
const SIGNED_TICKS = [-100, -10, -1, -0.1, -0.01, 0, 0.01, 0.1, 1, 10, 100];
const PROBABILITY_TICKS = [0, 0.01, 0.1, 0.25, 0.5, 1];

export class CutLegend extends LitElement {
  static properties = { scale: { attribute: false }, kind: { attribute: false }, wide: { attribute: false } };
  declare scale: Scale;
  declare kind: Kind;
  declare wide: number;

  createRenderRoot(): HTMLElement {
    return this;
  }

  private ticks(): [number, string][] {
    const tick = (v: number): string => (v < 0 ? '−' : '') + String(Math.abs(v)).replace(/^0\./, '.');
    if (this.kind === 'probability') return PROBABILITY_TICKS.map((v) => [Math.sqrt(v), tick(v)]);
    if (this.kind === 'linear') return [-LOGIT_END, 0, LOGIT_END].map((v) => [(v / LOGIT_END + 1) / 2, tick(v)]);
    const places = SIGNED_TICKS.filter((v) => Math.abs(v) <= this.scale.end).map((v): [number, string] => [(this.scale.place(v) + 1) / 2, tick(v)]);
    // Next to zero there may be no room for both ones.
    return places.filter(([at]) => at === 0.5 || Math.abs(at - 0.5) * this.wide > CLOSEST);
  }

  render() {
    return html`<canvas height="9" width=${this.wide} .style=${`width:${this.wide}px`}></canvas>
      <div class="tx" .style=${`width:${this.wide}px`}>${this.ticks().map(([at, text]) => html`<i .style=${`left:${clamp(at, 0, 1) * this.wide}px`}>${text}</i>`)}</div>`;
  }

  updated(): void {
    const g = this.querySelector('canvas')!.getContext('2d')!;
    for (let i = 0; i < this.wide; i++) {
      const f = i / (this.wide - 1);
      const v = this.kind === 'probability' ? f * f : this.kind === 'linear' ? (2 * f - 1) * LOGIT_END : this.scale.value(2 * f - 1);
      g.fillStyle = this.scale.css(this.kind, v);
      g.fillRect(i, 0, 1.5, 9);
    }
  }
}

customElements.define('cut-legend', CutLegend);

export function titleBlock(c: Context) {
  const { facts, agreement } = c.store;
  const cell = (label: string, text: unknown, optional = false) => html`<div class=${optional ? 'opt' : ''}><div class="l">${label}</div><div>${text}</div></div>`;
  const legend = (label: string, kind: Kind, wide: number) => html`<div class="lg"><div class="l">${label}</div><cut-legend .scale=${c.scale} .kind=${kind} .wide=${wide}></cut-legend></div>`;
  const grouped = facts && facts.keyValueHeads !== facts.heads ? ` (${facts.keyValueHeads} KV)` : '';
  return html`<footer id="title" aria-label="Model and scales">
    ${facts ? html`${cell('Model', facts.name)}${cell('Shape', `${facts.layers} layers × ${facts.heads} heads${grouped} · ${facts.width} · ${facts.hidden}`, true)}${cell('Parameters', integer(facts.parameters), true)}` : nothing}
    ${legend('Signed values, one scale for every tensor', 'signed', 210)}
    ${legend('Probabilities and attention weights', 'probability', 170)}
    ${legend('Logits added to the prediction', 'linear', 120)}
    ${Number.isNaN(agreement) ? nothing : cell('Run and recomputed', html`max |Δ logit| ${agreement === 0 ? '0' : agreement.toExponential(1).replace('e-', 'e−').replace('e+', 'e')}`, true)}
  </footer>`;
}
