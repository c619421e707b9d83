// One derivation: name, meaning, value, formula, the largest terms, the rest summed, the sum, and the check against what
// the run kept. All of it comes from the declaration of the operation that made the number; nothing is worked out here.

import { html, nothing, type TemplateResult } from 'lit';
import { unsafeHTML } from 'lit/directives/unsafe-html.js';
import { type Context, token } from './context';
import { integer, number } from './format';
import './grid';
import { mathml } from './latex';
import { pending, signedBar } from './pieces';
import type { Kind } from './scale';
import type { Spot } from './state';
import type { Derivation, Factor, Stored, Term } from './types';

export function kindOf(name: string): Kind {
  if (name.endsWith('hook_pattern') || name.endsWith('_probability')) return 'probability';
  if (/_logits$|logits_by/.test(name) && name.startsWith('derived.')) return 'linear';
  return /(^|\.)(hook_|ln|derived|logits|tokens|pooler)/.test(name) || name.startsWith('blocks.') ? 'signed' : 'weight';
}

/** The index with the tokens it points at: [0, 13 ‘to’, 490]. */
export function indexText(c: Context, spot: Spot): string {
  const dims = c.store.tensors.get(spot.name)?.dims ?? [];
  const parts = spot.index.map((v, i) => (['position', 'query', 'key'].includes(dims[i]) && c.store.tokens[v] ? token(c, v).replace(/^(‘.*’) (\d+)$/, '$2 $1') : String(v)));
  return `[${parts.join(', ')}]`;
}

export interface CardOptions {
  /** how many terms before the rest */
  most: number;
  /** the term that was opened */
  opened?: Spot;
  open: (spot: Spot) => void;
}

export function card(c: Context, spot: Spot, options: CardOptions): TemplateResult {
  const d = c.store.explain(spot.name, spot.index);
  const kind = kindOf(spot.name);
  const head = html`<div class="mono nm1">${spot.name} ${indexText(c, spot)}</div>`;
  const meaning = c.store.tensors.get(spot.name)?.meaning;
  if (d === undefined) return html`<div class="dcard">${head}${pending(8)}</div>`;
  if (d instanceof Error) return html`<div class="dcard">${head}<p class="learn">${d.message}</p></div>`;
  return html`<div class="dcard" data-name=${spot.name} data-value=${d.kept}>${head}${meaning ? html`<div>${meaning}</div>` : nothing}<div class="sub">${d.stored.length ? `weight, stored as ${d.stored[0].format}` : d.words}</div>
    <div class="val"><span class="chip" .style=${`background:${c.scale.css(kind, d.kept)}`}></span><span class="big">${number(d.kept, 4)}</span></div>
    ${d.latex && !d.given ? html`<div class="fm">${unsafeHTML(mathml(d.latex))}</div>` : nothing}
    ${d.terms.length ? terms(d, options) : nothing}${end(c, d)}</div>`;
}

function terms(d: Derivation, options: CardOptions): TemplateResult {
  const all = d.terms.length + d.others;
  const shownTerms = all <= options.most + 1 ? d.terms : d.terms.slice(0, options.most);
  const hidden = all - shownTerms.length;
  const rest = d.rest + d.terms.slice(shownTerms.length).reduce((sum, t) => sum + t.value, 0);
  const largest = Math.max(...shownTerms.map((t) => Math.abs(t.value)), hidden ? Math.abs(rest) : 0);
  const off = Math.abs(d.difference);
  const fine = off <= 1e-3 * Math.max(1, Math.abs(d.kept));
  return html`${shownTerms.map((t) => term(t, largest, options))}
    ${hidden ? html`<div class="term rest"><span>${hidden} others</span>${d.summed ? html`${signedBar(rest, largest)}<span class="v">${number(rest)}</span>` : nothing}</div>` : nothing}
    <div class="term tot"><span>${d.summed ? `sum of ${all}` : 'from these'}</span><span></span><span class="v">${number(d.recomputed, 4)}</span></div>
    <p class=${fine ? 'chk' : 'chk bad'}><b>${fine ? '✓' : 'differs:'}</b> run kept ${number(d.kept, 5)}; difference ${off < 1e-9 ? '0' : off.toExponential(1).replace('e-', 'e−').replace('e+', 'e')}</p>`;
}

function same(f: Factor, spot?: Spot): boolean {
  return spot !== undefined && f.name === spot.name && f.index.join() === spot.index.join();
}

function term(t: Term, largest: number, options: CardOptions): TemplateResult {
  const on = t.factors.some((f) => same(f, options.opened));
  const lone = t.factors.length === 1 && t.factors[0].openable ? t.factors[0] : undefined;
  const link = (f: Factor, text: string) =>
    f.openable ? html`<button class="lk" title=${`${f.name} [${f.index.join(', ')}] ${f.detail}`} @click=${() => options.open({ name: f.name, index: f.index })}>${text}</button>` : html`<span title=${f.detail}>${text}</span>`;
  const factors = t.factors.length > 1 || (t.factors.length === 1 && !lone);
  return html`<div class=${'term' + (on ? ' on' : '')}>
    <span>${lone ? html`${link(lone, short(lone.name))}<span class="x">${t.label}</span>` : t.label}${factors ? html`<span class="x">${t.factors.map((f, i) => html`${i ? ' × ' : ''}${link(f, `${short(f.name)} ${number(f.value)}`)}`)}</span>` : nothing}</span>
    ${signedBar(t.value, largest)}<span class="v">${number(t.value)}</span></div>`;
}

/** The last part of a name: what it is, without where. */
export function short(name: string): string {
  const parts = name.split('.');
  const last = parts[parts.length - 1];
  const plain = last === 'weight' && parts.length > 1 ? parts[parts.length - 2] : last === 'bias' ? parts.slice(-2).join(' ') : last;
  return plain.replace(/^hook_/, '').replace(/_/g, ' ');
}

const BLOCK_COLUMNS = 16;
const BLOCK_COLUMNS_LARGE = 32;

/** The block of the file that a quantised weight shares its scale with. */
function storedBlock(c: Context, w: Stored): TemplateResult {
  const n = w.codes.length;
  const cols = n > 64 ? BLOCK_COLUMNS_LARGE : BLOCK_COLUMNS;
  const size = n > 64 ? 9 : 18;
  const made = (i: number): string => `${number(w.scales[i], 4)} × ${integer(w.codes[i])}${w.offsets[i] ? ` ${w.offsets[i] < 0 ? '−' : '+'} ${number(Math.abs(w.offsets[i]), 4)}` : ''}`;
  const steps = new Set(w.scales.map((s, i) => `${s} ${w.offsets[i]}`)).size;
  return html`<div class="stored" data-codes=${w.codes.join()} data-position=${w.position}><div class="fm">${unsafeHTML(mathml(w.offsets.some((o) => o !== 0) ? 'w = d \\cdot q + m' : 'w = d \\cdot q'))}</div>
    <div>${made(w.position)}</div>
    <cut-grid .scale=${c.scale} .model=${{
      key: `${w.file} ${w.byteOffset} ${w.position}`, label: `Block ${w.block}, stored as ${w.format}`, rows: Math.ceil(n / cols), cols, cellW: size, cellH: size, kind: 'weight',
      get: (r: number, k: number) => w.values[r * cols + k] ?? NaN, selection: [Math.floor(w.position / cols), w.position % cols],
      describe: (r: number, k: number) => `element ${r * cols + k}: ${made(r * cols + k)}`,
    }}></cut-grid>
    <div class="sub">${w.detail}; block ${integer(w.block)}: ${w.bytes} bytes hold ${n} weights${steps > 1 ? ` in groups with ${steps} scales` : ' that share it'}, coloured at ten times the scale</div>
    <div class="mono">${w.format} in ${w.file}, byte ${integer(w.byteOffset)}</div></div>`;
}

function end(c: Context, d: Derivation): TemplateResult | typeof nothing {
  if (!d.given) return nothing;
  const at = (c.store.tensors.get(d.name)?.dims ?? []).indexOf('position');
  return html`${d.stored.map((w) => storedBlock(c, w))}<p class="endmark">${d.name === 'tokens' && at >= 0 ? `An input token: ${token(c, d.index[at])}.` : kindOf(d.name) === 'weight' ? 'A weight: the path ends here.' : 'The path ends here.'}</p>`;
}
