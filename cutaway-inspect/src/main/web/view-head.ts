// Head: every head of every layer as a small picture, the chosen one over the sentence and as a grid with its numbers.

import { LitElement, html, svg, nothing, type TemplateResult } from 'lit';
import './grid';
import { type Context, type ViewParts, block, chosen, labelled, token } from './context';
import { percent, shown } from './format';
import { scores } from './layer-tiles';
import { learn, section, shareRow } from './pieces';
import { clamp } from './scale';
import { openedPanel, rowPanel } from './row-panel';
import { hideTip, say, showTip } from './tip';
import { twin } from './view-layer';

const PITCH = 22;
const LEFT = 14;
const ARCS = 128;
const LABELS = 74;
const FAINT = 0.04;
const MOST_ARCS = 40;
const MOST_PIXELS = 36;
const WORD_W = 72;

/** All heads, layers in step with the spine. Drawn from what is here; the rest follows while the reader looks. */
export class CutHeads extends LitElement {
  static properties = { ctx: { attribute: false } };
  declare ctx: Context;

  createRenderRoot(): HTMLElement {
    return this;
  }

  render() {
    const { heads, layers } = this.ctx.store.facts!;
    return html`<div tabindex="0" role="application" aria-label=${`All ${heads * layers} attention patterns, ${layers} layers by ${heads} heads. Arrow keys move.`}
      @pointermove=${(e: PointerEvent) => { const [l, h] = this.hit(e); showTip(e.clientX, e.clientY, `layer ${l}, head ${h}`); }} @pointerleave=${hideTip}
      @click=${(e: MouseEvent) => { const [l, h] = this.hit(e); this.ctx.go({ l, h }); }} @keydown=${(e: KeyboardEvent) => this.key(e)}><canvas></canvas></div>`;
  }

  private hit(e: MouseEvent): [number, number] {
    const box = this.getBoundingClientRect();
    const { heads, layers } = this.ctx.store.facts!;
    return [clamp(Math.floor((e.clientY - box.top) / this.ctx.geometry.rowH), 0, layers - 1), clamp(Math.floor((e.clientX - box.left) / this.pitch), 0, heads - 1)];
  }

  private get pitch(): number {
    return Math.min(PITCH, Math.floor(230 / this.ctx.store.facts!.heads));
  }

  private key(e: KeyboardEvent): void {
    const moves: Record<string, [number, number]> = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const move = moves[e.key];
    if (!move) return;
    e.preventDefault();
    const { l, h } = chosen(this.ctx);
    const { heads, layers } = this.ctx.store.facts!;
    const to = { l: clamp(l + move[0], 0, layers - 1), h: clamp(h + move[1], 0, heads - 1) };
    this.ctx.go(to, true);
    say(`layer ${to.l}, head ${to.h}`);
  }

  updated(): void {
    const { store, scale, geometry } = this.ctx;
    const { heads, layers } = store.facts!;
    const size = Math.min(18, this.pitch - 3, geometry.rowH - 3);
    const canvas = this.querySelector('canvas')!;
    const dpr = Math.max(1, devicePixelRatio || 1);
    const [w, h] = [heads * this.pitch, layers * geometry.rowH];
    canvas.width = w * dpr;
    canvas.height = h * dpr;
    canvas.style.cssText = `width:${w}px;height:${h}px`;
    const g = canvas.getContext('2d')!;
    g.scale(dpr, dpr);
    g.imageSmoothingEnabled = false;
    const one = document.createElement('canvas');
    const og = one.getContext('2d')!;
    const lookup = scale.lookup('probability');
    const style = getComputedStyle(this);
    for (let l = 0; l < layers; l++) {
      const pattern = store.small(block(this.ctx, l, 'attn.hook_pattern'), MOST_PIXELS);
      for (let b = 0; b < heads; b++) {
        const [x, y] = [b * this.pitch, l * geometry.rowH + (geometry.rowH - size) / 2];
        if (!pattern || pattern instanceof Error) {
          g.strokeStyle = style.getPropertyValue('--rule');
          g.strokeRect(x + 0.5, y + 0.5, size - 1, size - 1);
          continue;
        }
        const [, , n, keys] = pattern.shape;
        one.width = keys;
        one.height = n;
        const image = og.createImageData(keys, n);
        for (let q = 0; q < n; q++) {
          for (let k = 0; k <= (store.causal ? q : keys - 1); k++) {
            const i = scale.offset('probability', pattern.values[(b * n + q) * keys + k]);
            const at = (q * keys + k) * 4;
            image.data[at] = lookup[i];
            image.data[at + 1] = lookup[i + 1];
            image.data[at + 2] = lookup[i + 2];
            image.data[at + 3] = 255;
          }
        }
        og.putImageData(image, 0, 0);
        g.drawImage(one, x, y, size, size);
      }
    }
    const at = chosen(this.ctx);
    g.strokeStyle = style.getPropertyValue('--sec');
    g.lineWidth = 2;
    g.strokeRect(at.h * this.pitch - 1, at.l * geometry.rowH + (geometry.rowH - size) / 2 - 1, size + 2, size + 2);
  }
}

customElements.define('cut-heads', CutHeads);

export function headView(c: Context): ViewParts {
  const { l, h, q } = chosen(c);
  const { heads, keyValueHeads } = c.store.facts!;
  const name = block(c, l, 'attn.hook_pattern');
  return {
    title: `Layer ${l}, head ${h}`, sub: `query ${token(c, q)}; KV head ${Math.floor(h / Math.max(1, heads / keyValueHeads))}`,
    stage: html`<div class="head"><cut-heads class="abs" .style=${`left:${LEFT}px;top:${c.geometry.top}px`} .ctx=${c}></cut-heads>${drawing(c, name, 262)}</div>`,
    table: c.state.twin ? twin(c, l, h) : undefined,
    panel: c.state.n ? openedPanel(c) : html`${rowPanel(c)}${looks(c, name, h)}${learn('A head is one way of looking back. The arcs show which earlier tokens each token takes its mixture from; the chosen token’s arcs are green.')}`,
  };
}

function looks(c: Context, name: string, h: number) {
  const n = c.store.tokens.length;
  const heads = c.store.facts!.heads;
  const sums = [0, 0, 0];
  let count = 0;
  for (let q = 2; q < n; q++) {
    const row = c.store.row(name, q);
    if (!row) return nothing;
    const keys = row.length / heads;
    [0, q, q - 1].forEach((k, i) => { sums[i] += row[h * keys + k]; });
    count++;
  }
  if (count === 0) return nothing;
  const shares = sums.map((s) => s / count);
  const rest = 1 - shares[0] - shares[1] - shares[2];
  return section('Where this head looks', 'mean of all queries', [['token 0', shares[0]], ['itself', shares[1]], ['one before', shares[2]], ['others', rest]].map(([what, v]) => shareRow(c, what as string, v as number, percent(v as number))));
}

function drawing(c: Context, name: string, left: number): TemplateResult {
  const { l, h, q, k } = chosen(c);
  const n = c.store.tokens.length;
  const width = c.geometry.width - left - 14;
  const cellW = Math.max(1, Math.floor((width - LABELS - 2) / n));
  const top = ARCS + 76;
  const cellH = Math.max(1, Math.min(38, Math.floor((c.geometry.height - top - 14) / n)));
  const pool = cellW > 1 && cellH > 1 ? 1 : Math.ceil(Math.max(n / (width - LABELS), n / Math.max(1, c.geometry.height - top - 14)));
  const model = scores(c, name, h, q, k, cellW, cellH, pool, `Attention weights, layer ${l} head ${h}`, cellW >= 26 && cellH >= 13);
  const step = Math.max(1, Math.ceil(13 / (cellH / pool)));
  const stepX = Math.max(1, Math.ceil(34 / (cellW / pool)));
  const wide = Math.max(34, cellW);
  const at = (i: number): number => left + LABELS + (i / pool) * cellW + (cellW - wide) / 2;
  const tokens = c.store.tokens;
  return html`${arcs(c, name, h, q, left, width)}
    <cut-grid class="abs" data-tensor=${name} .style=${`left:${left + LABELS}px;top:${top}px`} .scale=${c.scale} .model=${model}></cut-grid>
    ${tokens.map((t, i) => (labelled(i, q, step) ? html`<div class=${'cap lab' + (i === q ? ' on' : '')} .style=${`left:${left}px;top:${top + (i / pool) * cellH + cellH / 2 - 7}px;width:${LABELS - 8}px`}>${shown(t.text)}</div>` : nothing))}
    ${tokens.map((t, i) => (labelled(i, k, stepX) ? html`<div class=${'cap top' + (i === k ? ' on' : '')} .style=${`left:${at(i)}px;top:${top - 16}px;width:${wide}px`}>${shown(t.text)}</div>` : nothing))}`;
}

/** Arcs over the sentence, only from a weight on; the chosen query's in viridian. */
function arcs(c: Context, name: string, h: number, q: number, left: number, width: number): TemplateResult {
  const tokens = c.store.tokens;
  const n = tokens.length;
  const heads = c.store.facts!.heads;
  const x = (i: number): number => ((i + 0.5) / n) * width;
  const parts = [];
  for (let a = 0; a < n; a++) {
    if (n > MOST_ARCS && a !== q) continue;
    const row = c.store.row(name, a);
    if (!row) continue;
    const keys = row.length / heads;
    for (let b = 0; b < keys; b++) {
      const v = row[h * keys + b];
      if (b === a || v < FAINT || (c.store.causal && b > a)) continue;
      const on = a === q;
      const rise = Math.min(ARCS - 8, 8 + Math.abs(x(a) - x(b)) * 0.3) * 1.3;
      parts.push(svg`<path d=${`M${x(a)} ${ARCS}C${x(a)} ${ARCS - rise} ${x(b)} ${ARCS - rise} ${x(b)} ${ARCS}`} stroke=${on ? 'var(--prob)' : 'var(--ink3)'} stroke-width=${on ? Math.max(1, v * 9) : Math.max(0.5, v * 3)} opacity=${on ? 0.35 + 0.65 * v : 0.12 + 0.2 * v}></path>`);
    }
  }
  const row = c.store.row(name, q);
  const keys = row ? row.length / heads : 0;
  const step = n > MOST_ARCS ? Math.ceil(n / (width / WORD_W)) : Math.max(1, Math.ceil(n / (width / 40)));
  return html`<svg class="abs arcs" .style=${`left:${left}px;top:6px`} width=${width} height=${ARCS + 44} aria-hidden="true"><g fill="none">${parts}</g>
    ${tokens.map((t, i) => (labelled(i, q, step) ? svg`<text x=${x(i)} y=${ARCS + 17} class=${i === q ? 'on' : i > q && c.store.causal ? 'later' : ''}>${shown(t.text).slice(0, 10)}</text>${row && row[h * keys + i] >= 0.005 && (i <= q || !c.store.causal) ? svg`<text class="p" x=${x(i)} y=${ARCS + 32}>${row[h * keys + i].toFixed(2).replace(/^0/, '')}</text>` : nothing}` : nothing))}</svg>`;
}
