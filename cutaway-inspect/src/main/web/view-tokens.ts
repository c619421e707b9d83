// Tokens: how the prompt becomes numbers: text, normalised, cut into words, merged piece by piece, ids, and the row of the
// embedding matrix that each id stands for.

import { html, nothing, type TemplateResult } from 'lit';
import { type Context, type ViewParts, chosen, token } from './context';
import { integer, number, shown } from './format';
import './grid';
import { pending, table } from './pieces';
import { clamp } from './scale';
import { pathOf } from './state';
import type { Part, Trace } from './types';

const ROW_H = 17;
const LABEL = 118;
const MOST_ROWS = 64;

export function tokensView(c: Context): ViewParts {
  const trace = c.store.trace(c.state.p);
  const title = 'Tokens';
  if (trace === undefined || trace instanceof Error) {
    return { title, sub: '', panel: html`${nothing}`, stage: html`<div class="tokens">${trace ? html`<p class="learn">${trace.message}</p>` : pending(12)}</div>` };
  }
  const { q } = chosen(c);
  return {
    title, sub: '', panel: html`${nothing}`, table: c.state.twin ? twin(trace) : undefined,
    stage: html`<div class="tokens">${texts(trace)}${parts(trace)}${ids(c, trace)}${rows(c, q, 'hook_embed', 'Rows of the embedding matrix', 'Each id picks one row of a learned table; that row is where the token’s stream begins.')}${
      rows(c, q, 'hook_pos_embed', 'Rows of the position table', 'A second learned table says where a token stands; its row is added to the first.')}</div>`,
  };
}

function texts(t: Trace): TemplateResult {
  return html`<section class="card"><h2 class="ph">Text</h2><p class="learn">A model reads no letters. A tokenizer first cuts the text into pieces of a fixed vocabulary.</p>
    <dl><dt>as given</dt><dd class="text">${t.text}</dd>
    <dt>normalised</dt><dd class="text">${t.normalised === t.text ? html`<span class="sub">unchanged</span>` : t.normalised}<span class="sub">${t.normaliser === 'none' ? '' : ` (${t.normaliser})`}</span></dd>
    <dt>cut into words</dt><dd>${t.parts.map((p) => html`<span class="word">${p.text}</span>`)}<div class="sub">${t.preTokenizer}</div></dd></dl></section>`;
}

function parts(t: Trace): TemplateResult {
  const seen = new Set<string>();
  const list = t.parts.filter((p) => !seen.has(p.text) && seen.add(p.text));
  return html`<section class="card"><h2 class="ph">Words into pieces <span class="sub">${t.method}</span></h2><p class="learn">${explain(list[0]?.method ?? '')} ${spaces(list)}</p>
    <div class="parts">${list.map((p) => (p.method === 'lattice' ? lattice(p) : p.method === 'merges' ? merges(p) : taken(p)))}</div></section>`;
}

/** What the sign for a space is, where the pieces have one. */
function spaces(list: Part[]): string {
  const sign = ['Ġ', '▁'].find((s) => list.some((p) => p.text.includes(s)));
  return sign ? `${sign} is how this vocabulary writes the space before a word.` : '';
}

function explain(method: string): string {
  if (method === 'merges') return 'Each word begins as its smallest pieces; the pair of neighbours that was merged earliest when the tokenizer was learned (the lowest rank) becomes one, again and again, until no known pair is left.';
  if (method === 'lattice') return 'Every known piece that fits somewhere is a candidate with a log probability; the path with the largest sum wins.';
  if (method === 'longest') return 'From the left, the longest known piece is taken, again and again.';
  return 'Each word is looked up whole.';
}

function merges(p: Part): TemplateResult {
  let now = [...p.symbols];
  const line = (at: number) => html`<span class="line">${now.map((s, i) => html`<span class=${'sy' + (i === at ? ' new' : '')}>${s}</span>`)}</span>`;
  const first = line(-1);
  const steps = p.steps.map((s) => {
    now = [...now.slice(0, s.from), s.left + s.right, ...now.slice(s.from + 2)];
    return html`<li>${line(s.from)}<span class="sub">rank ${integer(s.value)}</span></li>`;
  });
  return html`<article class="part"><h3>${p.text}</h3><ol><li>${first}<span class="sub">${p.steps.length === 0 ? 'whole in the vocabulary' : ''}</span></li>${steps}</ol><p class="sub">${p.pieces.map((x) => integer(x.id)).join(', ')}</p></article>`;
}

function lattice(p: Part): TemplateResult {
  const length = Math.max(1, ...p.steps.map((s) => s.to));
  const best = p.steps.filter((s) => s.chosen);
  const others = p.steps.filter((s) => !s.chosen).sort((a, b) => b.value - a.value).slice(0, 8);
  const one = (s: (typeof best)[number]) => html`<li class="edge"><span class=${'sy' + (s.chosen ? ' new' : '')} .style=${`margin-left:${(100 * s.from) / length}%;width:${(100 * (s.to - s.from)) / length}%`}>${s.left}</span><span class="sub">${number(s.value, 2)}</span></li>`;
  return html`<article class="part wide"><h3>${p.text}</h3><ol>${best.map(one)}${others.map(one)}</ol><p class="sub">${p.steps.length > best.length + others.length ? `${p.steps.length} candidates; ` : ''}${p.pieces.map((x) => integer(x.id)).join(', ')}</p></article>`;
}

function taken(p: Part): TemplateResult {
  return html`<article class="part"><h3>${p.text}</h3><ol>${p.steps.map((s) => html`<li><span class="sy new">${s.left}</span><span class="sub">${s.value ? `${s.value} longer ones tried` : 'the longest'}</span></li>`)}</ol><p class="sub">${p.pieces.map((x) => integer(x.id)).join(', ')}</p></article>`;
}

function ids(c: Context, t: Trace): TemplateResult {
  return html`<section class="card"><h2 class="ph">Ids</h2><p class="learn">What goes into the model is this list of numbers, and nothing else.</p>
    <div class="ids">${t.tokens.map((p, i) => html`<button class="idbox" aria-pressed=${String(i === chosen(c).q)} @click=${() => c.go({ q: i }, true)}>${shown(p.text)}<small>${integer(p.id)}</small></button>`)}</div></section>`;
}

/** A table's rows for the tokens of the prompt, coordinates across. */
function rows(c: Context, q: number, name: string, title: string, say: string): TemplateResult | typeof nothing {
  if (!c.store.has(name)) return nothing;
  const total = c.store.tokens.length;
  const n = Math.min(total, MOST_ROWS);
  const from = clamp(q - Math.floor(n / 2), 0, total - n);
  const width = c.store.tensors.get(name)!.sizes[2];
  const room = c.geometry.width - LABEL - 120;
  const pool = Math.max(1, Math.ceil(width / room));
  const cell = Math.max(1, Math.floor(room / Math.ceil(width / pool)));
  return html`<section class="card"><h2 class="ph">${title} <span class="sub mono">${name}</span></h2><p class="learn">${say}${n < total ? ` Shown: tokens ${from} to ${from + n - 1} of ${total}, around the chosen one.` : ''}</p>
    <div class="rows" .style=${`height:${n * ROW_H + 4}px`}>${Array.from({ length: n }, (_, i) => html`<div class=${'cap' + (from + i === q ? ' on' : '')} .style=${`top:${i * ROW_H + 2}px;width:${LABEL - 8}px`}>${token(c, from + i)}</div>`)}
      <cut-grid class="abs" data-tensor=${name} .style=${`left:${LABEL}px;top:0`} .scale=${c.scale} .model=${{
        key: `${c.store.revision(name)}|${n}|${from}|${q}`, label: title, rows: n, cols: width, kind: 'signed', cellW: cell, cellH: ROW_H, poolCols: pool, rowBand: q - from,
        get: (r: number, k: number) => c.store.at(name, from + r, k), describe: (r: number, k: number) => `${token(c, from + r)}, coordinate ${k}`,
        open: (r: number, k: number) => c.go({ view: 'number', n: pathOf([{ name, index: [0, from + r, k] }]) }),
      }}></cut-grid></div></section>`;
}

function twin(t: Trace): TemplateResult {
  return table('Tokens of the prompt', ['position', 'token', 'id'], t.tokens.map((p, i) => [i, shown(p.text), p.id]));
}
