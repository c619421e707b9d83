// Number: where a number comes from, level by level, a column each, down to a weight or an input token.

import { html, nothing, type TemplateResult } from 'lit';
import { card, short } from './card';
import { type Context, type ViewParts, block, chosen } from './context';
import { number } from './format';
import { pending } from './pieces';
import './grid';
import { kindOf } from './card';
import { type Spot, pathOf, spots } from './state';
import { axisOf } from './store';

const TERMS = 8;
const MAP_WIDTH = 288;

export function numberView(c: Context): ViewParts {
  let path = spots(c.state.n);
  if (path.length === 0) {
    const begin = first(c);
    if (!begin) return { title: 'Number', sub: '', panel: html`${nothing}`, stage: html`<div class="number">${pending(12)}</div>` };
    path = begin;
  }
  const open = (level: number, spot: Spot) => c.go({ n: pathOf([...path.slice(0, level + 1), spot]) });
  const value = (s: Spot): string => {
    const d = c.store.explain(s.name, s.index);
    return d && !(d instanceof Error) ? number(d.kept, 2) : '';
  };
  return {
    title: 'Number', sub: '', panel: html`${nothing}`,
    stage: html`<div class="number">
      <nav class="crumbs path" aria-label="Path" tabindex="0"><span class="ask">Where does this number come from?</span>${path.map((s, i) => html`${i ? html`<i>◂</i>` : nothing}${
        i === path.length - 1 ? html`<b>${short(s.name)}</b>` : html`<button class="lk" @click=${() => c.go({ n: pathOf(path.slice(0, i + 1)) })}>${short(s.name)}</button>`} ${value(s)}`)}</nav>
      <div class="levels" tabindex="0" aria-label="Levels of the derivation" role="group">${path.map((s, i) => html`<section class=${'level' + (i === path.length - 1 ? ' last' : '')} tabindex="0" aria-label=${`level ${i + 1}`}>
        <div class="sub lv"><span>level ${i + 1}</span>${i < path.length - 1 ? html`<span class="op">opened ▸</span>` : nothing}</div>
        ${card(c, s, { most: TERMS, opened: path[i + 1], open: (spot) => open(i, spot) })}
        ${place(c, s)}</section>`)}
        ${path.length === 1 ? html`<p class="learn hint">Every underlined name opens the number it stands for, one level further in, until a weight of the file or a token of the prompt is reached.</p>` : nothing}</div></div>`,
  };
}

/** Without a path: the logit of the predicted token at the chosen position; nothing until it is known which that is. */
function first(c: Context): Spot[] | undefined {
  const { q, l } = chosen(c);
  const id = c.store.at('derived.prediction_token', q);
  if (c.store.has('logits') && !Number.isNaN(id)) return [{ name: c.store.has('derived.logits_by_writer') ? 'derived.logits_by_writer' : 'logits', index: [0, q, id] }];
  if (c.store.has('derived.prediction_token')) return undefined;
  return [{ name: block(c, l, 'hook_resid_post'), index: [0, q, 0] }];
}

/** Where the number lies among the others of its tensor at its position. */
function place(c: Context, s: Spot): TemplateResult | typeof nothing {
  const tensor = c.store.tensors.get(s.name);
  if (!tensor || s.index.length !== tensor.dims.length || tensor.dims.length < 3) return nothing;
  const axis = axisOf(tensor.dims);
  const row = c.store.row(s.name, s.index[axis]);
  const others = tensor.dims.map((_, i) => i).filter((i) => i !== axis && i !== 0);
  const sizes = others.map((i) => tensor.sizes[i]);
  const offset = others.reduce((sum, i, k) => sum * sizes[k] + s.index[i], 0);
  const total = sizes.reduce((a, b) => a * b, 1);
  if (total < 8 || total > 16384) return nothing;
  const inner = sizes[sizes.length - 1];
  const cols = others.length > 1 && inner <= 96 ? inner : Math.min(32, total);
  const rows = Math.ceil(total / cols);
  const size = Math.max(1, Math.min(9, Math.floor(MAP_WIDTH / cols)));
  const pool = Math.max(1, Math.ceil((rows * size) / 360));
  return html`<div class="place"><div class="sub">its place among the ${total} values at position ${s.index[axis]}</div>
    <cut-grid .scale=${c.scale} .model=${{
      key: c.store.revision(s.name) + s.index.join(), label: `${s.name} at position ${s.index[axis]}`, rows, cols, cellW: size, cellH: size, pool, kind: kindOf(s.name),
      get: (r: number, k: number) => row?.[r * cols + k] ?? NaN, mask: (r: number, k: number) => (r * cols + k >= total ? 'no such element' : ''),
      selection: [Math.floor(offset / cols), offset % cols], describe: (r: number, k: number) => `element ${r * cols + k}`,
    }}></cut-grid></div>`;
}
