// One row per layer at the same height in every view. Left bar: what attention writes at the chosen token; right bar: what
// the MLP writes; length is the root of its share of the stream, colour the logits it adds.

import { html, nothing } from 'lit';
import { type Context, chosen, derived, y } from './context';

const AXIS = 62;
const LONGEST = 24;

export function spine(c: Context) {
  const { store, geometry: g, state } = c;
  const layers = store.facts?.layers ?? 0;
  const { l, q } = chosen(c);
  const tall = Math.min(14, Math.max(4, Math.floor(g.rowH * 0.36)));
  const bar = (left: number, width: number, top: number, colour: string) =>
    html`<em class="bar" .style=${`left:${left}px;width:${width}px;top:${top}px;height:${tall}px;background:${colour}`}></em>`;
  return html`
    ${Array.from({ length: layers }, (_, i) => {
      const attn = store.at(derived(i, 'attn_out_norm'), q) / store.at(derived(i, 'resid_pre_norm'), q);
      const mlp = store.at(derived(i, 'mlp_out_norm'), q) / store.at(derived(i, 'resid_mid_norm'), q);
      const wa = Math.max(1.5, LONGEST * Math.sqrt(Math.min(1, attn)));
      const wm = Math.max(1.5, LONGEST * Math.sqrt(Math.min(1, mlp)));
      return html`<button class="lr" .style=${`top:${y(g, i)}px;height:${g.rowH}px`} aria-current=${i === l ? 'true' : nothing} title=${`layer ${i}`} aria-label=${`layer ${i}`}
        @click=${() => c.go({ l: i })}><span>${i}</span><em .style=${`left:${AXIS}px;width:1px;top:0;bottom:0;background:var(--ink3)`}></em>
        ${Number.isNaN(attn) ? nothing : bar(AXIS - wa, wa, Math.floor(g.rowH / 2 - tall), c.scale.css('linear', store.at(derived(i, 'attn_logits'), q)))}
        ${Number.isNaN(mlp) ? nothing : bar(AXIS + 1, wm, Math.floor(g.rowH / 2), c.scale.css('linear', store.at(derived(i, 'mlp_logits'), q)))}
      </button>`;
    })}
    <div class="cap sh" .style=${`left:36px;top:${g.top - 20}px;width:54px;text-align:center;font-size:10.5px;color:var(--ink3)`}>attn│mlp</div>
    ${state.view === 'model' ? html`<div class="cap sh" .style=${`left:8px;top:${g.bottom + 20}px;width:76px;text-align:right;font-size:11px;color:var(--ink3)`}>next token</div>` : nothing}
    <div class="abs" .style=${`top:${g.bottom + 56}px;height:1px;width:1px`}></div>`;
}
