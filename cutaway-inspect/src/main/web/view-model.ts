// Model: what every layer writes for every token, and what the chosen token reads.

import { html, nothing } from 'lit';
import './model-canvas';
import { type Context, type ViewParts, block, chosen, derived, token } from './context';
import { number, percent, quoted } from './format';
import { learn, pending, section, shareRow, signedRow, table } from './pieces';

export function modelView(c: Context): ViewParts {
  const { l, q } = chosen(c);
  const at = (name: string): number => c.store.at(derived(l, name), q);
  const sub = `norm of the stream ${number(at('resid_pre_norm'), 1)} → ${number(at('resid_post_norm'), 1)}`;
  if (!c.store.has(derived(0, 'resid_pre_norm'))) return { stage: absent(c), title: c.store.facts!.name, sub: c.store.facts!.family, panel: absentPanel(c) };
  return { stage: html`<cut-model .ctx=${c}></cut-model>`, title: `Layer ${l}, ${token(c, q)}`, sub, panel: panel(c, l, q), table: c.state.twin ? twin(c, q) : undefined };
}

function absent(c: Context) {
  return html`<section class="card first"><div class="ph">The writes of ${c.store.facts!.name} are not drawn</div>
    <p class="sub">This view draws what each layer adds to a decoder’s next token. A model of the family “${c.store.facts!.family}” has no next token; its layers can be opened.</p></section>`;
}

function absentPanel(c: Context) {
  return html`<button class="btn primary" @click=${() => c.go({ view: 'layer' })}>Open a layer</button>`;
}

function panel(c: Context, l: number, q: number) {
  return html`
    <div class="tools">
      <button class="btn primary" @click=${() => c.go({ view: 'layer', l, q })}>Open layer ${l}</button>
      <div class="seg" role="group" aria-label="What the cells show"><button aria-pressed=${String(!c.state.lens)} @click=${() => c.go({ lens: 0 })}>Writes</button><button aria-pressed=${String(!!c.state.lens)} @click=${() => c.go({ lens: 1 })}>Lens words</button></div>
    </div>
    ${reads(c, l, q)}${logits(c, l, q)}${lens(c, l, q)}${sink(c, l, q)}
    ${learn(c.state.lens
      ? 'Reading the drawing: each cell names the word the model would predict if it stopped after that layer; the bar is its probability, a bold frame marks where it is already the final answer.'
      : 'Reading the drawing: each token is a pipe that carries a vector down through the layers, its width the log of the vector’s length. Attention (left boxes) and MLP (right boxes) add to it; a box’s length is the root of its share of the stream, its colour the logits it adds to the column’s own next token. Green lines: what the chosen token reads from earlier ones.')}`;
}

function reads(c: Context, l: number, q: number) {
  const row = c.store.row(derived(l, 'attn_write_by_source'), q);
  const share = c.store.at(derived(l, 'attn_out_norm'), q) / c.store.at(derived(l, 'resid_pre_norm'), q);
  if (!row) return section('Attention writes', '', pending(6));
  const sources = [...row].slice(0, q + 1).map((v, k): [number, number] => [k, v]);
  const total = sources.reduce((a, [, v]) => a + v, 0);
  sources.sort((a, b) => b[1] - a[1]);
  return section('Attention writes', `${percent(share)} of the stream`, html`<p class="sub">read from, by norm of what each token sends</p>
    ${sources.slice(0, 5).map(([k, v]) => shareRow(c, token(c, k), v / total, percent(v / total)))}`);
}

function logits(c: Context, l: number, q: number) {
  const heads = c.store.row(derived(l, 'head_logits'), q);
  const mlp = c.store.at(derived(l, 'mlp_logits'), q);
  const attn = c.store.at(derived(l, 'attn_logits'), q);
  const id = c.store.at('derived.prediction_token', q);
  const title = `Logits added to ${Number.isNaN(id) ? 'the next token' : quoted(c.store.words.text(id))}`;
  if (!heads || Number.isNaN(mlp)) return section(title, '', pending(10));
  const largest = Math.max(0.5, Math.abs(mlp), ...[...heads].map(Math.abs));
  const share = c.store.at(derived(l, 'mlp_out_norm'), q) / c.store.at(derived(l, 'resid_mid_norm'), q);
  return section(title, `heads ${number(attn, 2)}`,
    [...heads].map((v, h) => signedRow(`head ${h}`, v, largest, number(v, 2), () => c.go({ view: 'head', l, h, q }))),
    signedRow('MLP', mlp, largest, number(mlp, 2)), html`<p class="sub">the MLP writes ${percent(share)} of the stream</p>`);
}

function lens(c: Context, l: number, q: number) {
  const ids = c.store.row(derived(l, 'lens_token'), q);
  const ps = c.store.row(derived(l, 'lens_probability'), q);
  if (!ids || !ps) return section('If the model stopped here', 'logit lens', pending(3));
  return section('If the model stopped here', 'logit lens', [...ids].map((id, i) => shareRow(c, c.store.words.text(id), ps[i], percent(ps[i]))));
}

function sink(c: Context, l: number, q: number) {
  const row = c.store.row(block(c, l, 'attn.hook_pattern'), q);
  const heads = c.store.facts!.heads;
  let sum = 0;
  if (row) for (let h = 0; h < heads; h++) sum += row[(h * row.length) / heads];
  return html`<div class="sec sub"><label class="tog"><input type="checkbox" .checked=${!!c.state.sink} @change=${(e: Event) => c.go({ sink: (e.target as HTMLInputElement).checked ? 1 : 0 })}>Draw reads from token 0</label>
    ${row && q > 0 ? html`<p>In this layer token 0 takes ${percent(sum / heads)} of the chosen token’s attention${sum / heads > 0.3 ? ' and acts as a rest position' : ''}${c.state.sink ? '' : '; its lines are left out'}.</p>` : nothing}</div>`;
}

function twin(c: Context, q: number) {
  const layers = c.store.facts!.layers;
  const at = (l: number, name: string): number => c.store.at(derived(l, name), q);
  const rows = Array.from({ length: layers }, (_, l) => [
    l, number(at(l, 'resid_pre_norm'), 1), percent(at(l, 'attn_out_norm') / at(l, 'resid_pre_norm')), number(at(l, 'attn_logits'), 2),
    percent(at(l, 'mlp_out_norm') / at(l, 'resid_mid_norm')), number(at(l, 'mlp_logits'), 2), c.store.words.text(at(l, 'lens_token')), percent(at(l, 'lens_probability')),
  ]);
  return table(`Writes per layer at ${token(c, q)}`, ['layer', 'stream norm', 'attention share', 'attention logits', 'MLP share', 'MLP logits', 'lens', 'its probability'], rows);
}
