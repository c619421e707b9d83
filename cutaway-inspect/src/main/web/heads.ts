// Small pictures of a layer's heads, stacked by the keys and values they share.

import { LitElement, html, nothing, type TemplateResult } from 'lit';
import { type Context, block } from './context';

/** One head's attention weights, a pixel per pair. */
export class CutThumb extends LitElement {
  static properties = { ctx: { attribute: false }, layer: { attribute: false }, head: { attribute: false }, size: { attribute: false } };
  declare ctx: Context;
  declare layer: number;
  declare head: number;
  declare size: number;
  private drawn = '';

  createRenderRoot(): HTMLElement {
    return this;
  }

  shouldUpdate(): boolean {
    const { store, scale } = this.ctx;
    const key = [store.revision(block(this.ctx, this.layer, 'attn.hook_pattern')), store.tokens.length, this.layer, this.head, this.size, scale.theme].join();
    if (key === this.drawn) return false;
    this.drawn = key;
    return true;
  }

  render() {
    return html`<canvas></canvas>`;
  }

  updated(): void {
    const { store, scale } = this.ctx;
    const n = store.tokens.length;
    const canvas = this.querySelector('canvas')!;
    canvas.width = canvas.height = n;
    canvas.style.cssText = `width:${this.size}px;height:${this.size}px;image-rendering:pixelated`;
    const g = canvas.getContext('2d')!;
    const image = g.createImageData(n, n);
    const lookup = scale.lookup('probability');
    const name = block(this.ctx, this.layer, 'attn.hook_pattern');
    let whole = true;
    for (let q = 0; q < n; q++) {
      const row = store.row(name, q);
      if (!row) {
        whole = false;
        continue;
      }
      const keys = row.length / store.facts!.heads;
      const last = store.causal ? q + 1 : keys;
      for (let k = 0; k < last; k++) {
        const i = scale.offset('probability', row[this.head * keys + k]);
        const at = (q * n + k) * 4;
        image.data[at] = lookup[i];
        image.data[at + 1] = lookup[i + 1];
        image.data[at + 2] = lookup[i + 2];
        image.data[at + 3] = 255;
      }
    }
    g.putImageData(image, 0, 0);
    this.classList.toggle('hatchbox', !whole);
  }
}

customElements.define('cut-thumb', CutThumb);

const WIDEST = 114;
const TALLEST = 250;
const LARGEST = 36;
const SMALLEST = 8;

/** Columns and size of so many pictures in the place for them. */
function fitHeads(heads: number): [number, number] {
  for (let size = LARGEST; size > SMALLEST; size--) {
    const columns = Math.floor(WIDEST / (size + 2));
    if (Math.ceil(heads / columns) * (size + 6) <= TALLEST) return [columns, size];
  }
  return [Math.floor(WIDEST / (SMALLEST + 2)), SMALLEST];
}

export function headChooser(c: Context, l: number, h: number, x: number, y: number): TemplateResult {
  const { heads, keyValueHeads } = c.store.facts!;
  const grouped = keyValueHeads < heads;
  const per = Math.max(1, Math.floor(heads / keyValueHeads));
  const [free, freeSize] = fitHeads(heads);
  const columns = grouped ? Math.min(keyValueHeads, 11) : free;
  const size = grouped ? Math.min(LARGEST, Math.floor(WIDEST / columns) - 2) : freeSize;
  const place = (i: number): [number, number] => (grouped ? [Math.floor(i / per) % columns, (i % per) + per * Math.floor(i / per / columns)] : [i % columns, Math.floor(i / columns)]);
  const words = grouped ? (per === 1 ? '' : `${per} share a K, V`) : 'one K, V each';
  return html`<div class="cap" .style=${`left:${x}px;top:${y - 38}px`}><b>${heads} query heads</b></div><div class="cap" .style=${`left:${x}px;top:${y - 22}px`}><span>${words}</span></div>
    ${Array.from({ length: heads }, (_, i) => {
      const [col, row] = place(i);
      return html`<button class=${'thumb abs' + (i === h ? ' on' : '')} .style=${`left:${x + col * (size + 2)}px;top:${y + row * (size + 6)}px;width:${size}px;height:${size}px`}
        title=${`head ${i}`} aria-label=${`head ${i}`} aria-pressed=${String(i === h)} @click=${() => c.go({ h: i })}><cut-thumb .ctx=${c} .layer=${l} .head=${i} .size=${size}></cut-thumb></button>`;
    })}
    ${grouped && size >= 28 ? Array.from({ length: columns }, (_, i) => html`<div class="cap" .style=${`left:${x + i * (size + 2)}px;top:${y + per * (size + 6)}px;width:${size}px;text-align:center`}>${Math.floor(h / per) === i ? html`<b>KV ${i}</b>` : html`<span>KV ${i}</span>`}</div>`) : nothing}`;
}
