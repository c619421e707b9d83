// One row of attention in the panel: what a query's scores become, key by key.

import { html, nothing, type TemplateResult } from 'lit';
import { card } from './card';
import { type Context, block, chosen, derived, token } from './context';
import { number } from './format';
import { pending, section, signedRow } from './pieces';
import { pathOf, spots } from './state';

const MOST_KEYS = 20;
const MOST_NEURONS = 5;

export function rowPanel(c: Context): TemplateResult {
  const { l, h, q, k } = chosen(c);
  const { heads } = c.store.facts!;
  const pattern = c.store.row(block(c, l, 'attn.hook_pattern'), q);
  const scores = c.store.row(block(c, l, 'attn.hook_attn_scores'), q);
  const keys = pattern ? pattern.length / heads : 0;
  if (!pattern) return html`<p class="sub">score, then softmax over the row, to weight</p>${pending(12)}`;
  const seen = c.store.causal ? q + 1 : keys;
  let list = Array.from({ length: seen }, (_, i) => i);
  if (seen > MOST_KEYS) list = list.sort((a, b) => pattern[h * keys + b] - pattern[h * keys + a]).slice(0, MOST_KEYS).sort((a, b) => a - b);
  const total = list.reduce((sum, i) => sum + pattern[h * keys + i], 0);
  return html`<p class="sub">score, then softmax over the row, to weight</p>
    <div class="keys">${list.map((i) => {
      const w = pattern[h * keys + i];
      return html`<button class=${'row key' + (i === k ? ' on' : '')} @click=${() => c.go({ k: i })}><span class="nm">${token(c, i)}</span><span class="num">${scores ? number(scores[(h * scores.length) / heads + i], 2) : ''}</span>
        <span class="bar1" .style=${`width:${Math.max(1, w * 90)}px;background:${c.scale.css('probability', Math.max(0.15, w))}`}></span><span>${w.toFixed(3)}</span></button>`;
    })}</div>
    <div class="row total"><span>${seen > list.length ? `${list.length} of ${seen} keys` : `${seen} keys`}</span><span>${total.toFixed(3)}</span></div>
    <div class="tools gap"><button class="btn primary" @click=${() => c.go({ view: 'number', n: pathOf([{ name: block(c, l, 'attn.hook_pattern'), index: [0, h, q, k] }]) })}>Derive this weight</button>
      ${c.state.view === 'head' ? nothing : html`<button class="btn" @click=${() => c.go({ view: 'head', l, h })}>Open head ${h}</button>`}</div>`;
}

/** The neurons that add most to the chosen token's prediction. */
export function neurons(c: Context): TemplateResult | typeof nothing {
  const { l, q } = chosen(c);
  const name = derived(l, 'neuron_logits');
  if (!c.store.has(name)) return nothing;
  const row = c.store.row(name, q);
  if (!row) return section('Neurons', 'logits added', pending(MOST_NEURONS));
  const top = [...row].map((v, i): [number, number] => [i, v]).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1])).slice(0, MOST_NEURONS);
  const largest = Math.max(...top.map(([, v]) => Math.abs(v)));
  return section('Neurons', `logits added at ${token(c, q)}`, top.map(([i, v]) => signedRow(`n ${i}`, v, largest, number(v, 2), () => c.go({ n: pathOf([{ name: block(c, l, 'mlp.hook_post'), index: [0, q, i] }]) }))));
}

/** The opened number in the panel. */
export function openedPanel(c: Context): TemplateResult {
  const path = spots(c.state.n);
  const last = path[path.length - 1];
  return html`<div class="crumbs back"><button class="lk" @click=${() => c.go({ n: '' })}>close</button>${path.length > 1 ? html` ◂ <button class="lk" @click=${() => c.go({ n: pathOf(path.slice(0, -1)) })}>one back</button>` : nothing}</div>
    ${card(c, last, { most: 8, open: (spot) => c.go({ n: pathOf([...path, spot]) }) })}
    <div class="tools gap"><button class="btn" @click=${() => c.go({ view: 'number' })}>Lay out the whole path</button></div>`;
}
