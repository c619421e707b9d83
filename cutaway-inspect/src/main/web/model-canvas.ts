// The drawing of the whole model. Tokens run left to right, layers top to bottom; a pipe per token is the residual stream.
// The canvas covers what is visible and is redrawn when the stage scrolls, so that long texts and deep models cost no more.

import { LitElement, html } from 'lit';
import { type Context, chosen, derived, token, x, y } from './context';
import { fit, number, percent } from './format';
import { clamp } from './scale';
import { hideTip, say, showTip } from './tip';

const FOOT = 52;
const PIPE_BASE = 1.5;
const PIPE_PER_OCTAVE = 0.62;
const CHOSEN_FROM = 0.03;
const OTHERS_FROM = 0.1;

interface Ink { ink: string; ink3: string; rule: string; rule2: string; panel: string; sec: string; prob: string; hatch: string; font: string }

export class CutModel extends LitElement {
  static properties = { ctx: { attribute: false } };
  declare ctx: Context;
  private frame = 0;
  private readonly onscroll_ = (): void => {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.paint());
  };

  createRenderRoot(): HTMLElement {
    return this;
  }

  connectedCallback(): void {
    super.connectedCallback();
    this.parentElement?.addEventListener('scroll', this.onscroll_);
  }

  disconnectedCallback(): void {
    this.parentElement?.removeEventListener('scroll', this.onscroll_);
    super.disconnectedCallback();
  }

  render() {
    const c = this.ctx;
    const n = c.store.tokens.length;
    const w = Math.max(c.geometry.width, 16 + c.geometry.colW * n);
    const h = Math.max(c.geometry.height, c.geometry.bottom + FOOT);
    return html`<div class="sheet" tabindex="0" role="application" .style=${`width:${w}px;height:${h}px`}
      aria-label=${`The whole model: ${c.store.facts!.layers} layers by ${n} tokens. Arrow keys move, Enter opens the layer.`}
      @pointermove=${(e: PointerEvent) => this.hover(e)} @pointerleave=${hideTip} @click=${(e: MouseEvent) => this.choose(e)}
      @dblclick=${(e: MouseEvent) => this.choose(e, 'layer')} @keydown=${(e: KeyboardEvent) => this.key(e)}><canvas></canvas></div>`;
  }

  updated(): void {
    this.paint();
  }

  // ---- the numbers

  private value(layer: number, name: string, t: number): number {
    return this.ctx.store.at(derived(layer, name), t);
  }

  /** Norm of the stream into a layer; after the last, out of it. */
  private norm(layer: number, t: number): number {
    const layers = this.ctx.store.facts!.layers;
    return layer < layers ? this.value(layer, 'resid_pre_norm', t) : this.value(layers - 1, 'resid_post_norm', t);
  }

  private pipe(layer: number, t: number): number {
    const norm = this.norm(layer, t);
    return PIPE_BASE + (norm > 1 ? Math.log2(norm) * PIPE_PER_OCTAVE : 0);
  }

  // ---- painting

  private paint(): void {
    const stage = this.parentElement;
    const canvas = this.querySelector('canvas');
    if (!stage || !canvas) return;
    const c = this.ctx;
    const [w, h] = [stage.clientWidth, stage.clientHeight];
    const [left, top] = [stage.scrollLeft, stage.scrollTop];
    const dpr = Math.max(1, devicePixelRatio || 1);
    canvas.width = Math.round(w * dpr);
    canvas.height = Math.round(h * dpr);
    canvas.style.cssText = `position:absolute;width:${w}px;height:${h}px;left:${left}px;top:${top}px`;
    const g = canvas.getContext('2d')!;
    g.scale(dpr, dpr);
    g.translate(-left, -top);
    const style = getComputedStyle(this);
    const css = (name: string): string => style.getPropertyValue(name).trim();
    const ink: Ink = {
      ink: css('--ink'), ink3: css('--ink3'), rule: css('--rule'), rule2: css('--rule2'), panel: css('--panel'),
      sec: css('--sec'), prob: css('--prob'), hatch: css('--hatch'), font: style.fontFamily,
    };
    const from = Math.max(0, Math.floor((left - 8) / c.geometry.colW));
    const to = Math.min(c.store.tokens.length, Math.ceil((left + w) / c.geometry.colW));
    this.rules(g, ink, left, w);
    this.weft(g, ink, from, to);
    this.pipes(g, ink, from, to);
    this.ribs(g, ink, from, to);
    if (c.state.lens) this.lens(g, ink, from, to);
    this.selection(g, ink);
    this.foot(g, ink, from, to);
    this.loop(g, ink, from, to);
  }

  private rules(g: CanvasRenderingContext2D, ink: Ink, left: number, w: number): void {
    const { geometry: geo } = this.ctx;
    const layers = this.ctx.store.facts!.layers;
    const { l, q } = chosen(this.ctx);
    g.fillStyle = ink.sec + '12';
    g.fillRect(left, y(geo, l), w, geo.rowH);
    g.strokeStyle = ink.rule;
    g.lineWidth = 1;
    for (let i = 0; i <= layers; i++) {
      g.globalAlpha = i % 5 ? 0.45 : 1;
      g.beginPath();
      g.moveTo(left, y(geo, i) + 0.5);
      g.lineTo(left + w, y(geo, i) + 0.5);
      g.stroke();
    }
    g.globalAlpha = 1;
    g.fillStyle = ink.sec + '0E';
    g.fillRect(x(geo, q) - geo.colW / 2 + 1, 0, geo.colW - 2, geo.bottom + FOOT);
  }

  /** What tokens read, under the pipes: the chosen token's reads in viridian, the others' in ink. */
  private weft(g: CanvasRenderingContext2D, ink: Ink, from: number, to: number): void {
    const c = this.ctx;
    const { q: chosenToken } = chosen(c);
    const layers = c.store.facts!.layers;
    const rest: number[] = [];
    for (let q = from; q < to; q++) if (q !== chosenToken) rest.push(q);
    for (const q of [...rest, chosenToken]) {
      const marked = q === chosenToken;
      for (let l = 0; l < layers; l++) {
        const row = c.store.row(derived(l, 'attn_write_by_source'), q);
        const norm = this.value(l, 'resid_mid_norm', q);
        if (!row || Number.isNaN(norm)) continue;
        for (let k = c.state.sink ? 0 : 1; k < Math.min(q, row.length); k++) this.read(g, ink, l, q, k, row[k] / norm, marked);
      }
    }
    g.globalAlpha = 1;
  }

  private read(g: CanvasRenderingContext2D, ink: Ink, l: number, q: number, k: number, share: number, marked: boolean): void {
    if (share < (marked ? CHOSEN_FROM : OTHERS_FROM)) return;
    const geo = this.ctx.geometry;
    const [x0, x1] = [x(geo, k), x(geo, q)];
    const at = y(geo, l) + geo.rowH * 0.28;
    const bend = Math.min(18, (x1 - x0) * 0.4);
    g.beginPath();
    g.moveTo(x0, at - Math.min(14, geo.rowH * 0.55));
    g.bezierCurveTo(x0, at, x0 + bend * 0.3, at, x0 + bend, at);
    g.lineTo(x1 - 4, at);
    g.strokeStyle = marked ? ink.prob : ink.ink;
    g.globalAlpha = marked ? clamp(0.25 + share * 2, 0.25, 1) : clamp(share * 0.55, 0.05, 0.24);
    g.lineWidth = marked ? clamp(share * 11, 0.8, 5) : clamp(share * 4, 0.6, 2.2);
    g.stroke();
  }

  private pipes(g: CanvasRenderingContext2D, ink: Ink, from: number, to: number): void {
    const { geometry: geo } = this.ctx;
    const layers = this.ctx.store.facts!.layers;
    const { q } = chosen(this.ctx);
    for (let t = from; t < to; t++) {
      const at = x(geo, t);
      const here = !Number.isNaN(this.norm(0, t));
      const widths = Array.from({ length: layers + 1 }, (_, l) => (here ? this.pipe(l, t) : PIPE_BASE));
      g.beginPath();
      g.moveTo(at - widths[0], 0);
      widths.forEach((w, l) => g.lineTo(at - w, y(geo, l)));
      g.lineTo(at - widths[layers], geo.bottom + 10);
      g.lineTo(at + widths[layers], geo.bottom + 10);
      for (let l = layers; l >= 0; l--) g.lineTo(at + widths[l], y(geo, l));
      g.lineTo(at + widths[0], 0);
      g.closePath();
      g.fillStyle = ink.panel;
      g.fill();
      if (!here) this.hatchColumn(g, ink, at);
      g.strokeStyle = t === q ? ink.sec : ink.rule2;
      g.lineWidth = t === q ? 1.4 : 1;
      g.stroke();
    }
  }

  /** A token whose numbers are not here yet. */
  private hatchColumn(g: CanvasRenderingContext2D, ink: Ink, at: number): void {
    const geo = this.ctx.geometry;
    const [left, w, h] = [at - geo.colW / 2 + 4, geo.colW - 8, geo.bottom - geo.top];
    g.save();
    g.beginPath();
    g.rect(left, geo.top, w, h);
    g.clip();
    g.beginPath();
    for (let d = 0; d < w + h; d += 6) {
      g.moveTo(left + d, geo.top);
      g.lineTo(left + d - h, geo.top + h);
    }
    g.strokeStyle = ink.hatch;
    g.lineWidth = 1;
    g.stroke();
    g.restore();
  }

  private ribs(g: CanvasRenderingContext2D, ink: Ink, from: number, to: number): void {
    const { geometry: geo, scale, state, store } = this.ctx;
    const { q } = chosen(this.ctx);
    const longest = (geo.colW - 10) / 2 - 5;
    const tall = Math.min(16, Math.max(4, Math.round(geo.rowH * 0.3)));
    const dim = state.lens ? 0.25 : 1;
    const rib = (t: number, left: boolean, share: number, top: number, pipe: number, logits: number): void => {
      const w = longest * Math.sqrt(Math.min(1, share));
      if (!(w >= 0.7)) return;
      const x0 = left ? x(geo, t) - pipe - w : x(geo, t) + pipe;
      g.globalAlpha = dim;
      g.fillStyle = scale.css('linear', logits);
      g.fillRect(x0, top, w, tall);
      g.strokeStyle = t === q ? ink.ink : ink.ink3;
      g.globalAlpha = dim * (t === q ? 1 : Math.abs(logits) < 0.12 ? 0.45 : 0.8);
      g.lineWidth = 0.8;
      g.strokeRect(x0, top, w, tall);
      g.globalAlpha = dim;
      if (share <= 1) return;
      g.beginPath();
      g.moveTo(x0 + (left ? 3 : w - 3), top - 1);
      g.lineTo(x0 + (left ? 0 : w), top + tall + 1);
      g.stroke();
    };
    for (let l = 0; l < store.facts!.layers; l++) {
      for (let t = from; t < to; t++) {
        const pipe = this.pipe(l, t);
        rib(t, true, this.value(l, 'attn_out_norm', t) / this.value(l, 'resid_pre_norm', t), y(geo, l) + Math.round(geo.rowH * 0.14), pipe, this.value(l, 'attn_logits', t));
        rib(t, false, this.value(l, 'mlp_out_norm', t) / this.value(l, 'resid_mid_norm', t), y(geo, l) + Math.round(geo.rowH * 0.56), pipe, this.value(l, 'mlp_logits', t));
      }
    }
    g.globalAlpha = 1;
  }

  private lens(g: CanvasRenderingContext2D, ink: Ink, from: number, to: number): void {
    const { geometry: geo, scale, store } = this.ctx;
    const [w, h] = [geo.colW - 8, Math.min(30, geo.rowH - 2)];
    g.textBaseline = 'middle';
    g.textAlign = 'center';
    for (let l = 0; l < store.facts!.layers; l++) {
      for (let t = from; t < to; t++) {
        const id = this.value(l, 'lens_token', t);
        const p = this.value(l, 'lens_probability', t);
        const left = Math.round(x(geo, t) - w / 2);
        const top = y(geo, l) + 1 + Math.floor((geo.rowH - 2 - h) / 2);
        const final = id === store.at('derived.prediction_token', t);
        g.fillStyle = ink.panel;
        g.fillRect(left, top, w, h);
        g.strokeStyle = final ? ink.ink : ink.rule;
        g.lineWidth = 1;
        if (Number.isNaN(id)) {
          g.strokeRect(left + 0.5, top + 0.5, w - 1, h - 1);
          continue;
        }
        g.fillStyle = scale.css('probability', p);
        g.fillRect(left, top + h - 3, w * p, 3);
        g.strokeRect(left + 0.5, top + 0.5, w - 1, h - 1);
        g.font = `${final ? '650 ' : ''}11px ${ink.font}`;
        g.fillStyle = final ? ink.ink : ink.ink3;
        g.fillText(fit(g, store.words.text(id), w - 4), x(geo, t), top + h / 2 - 1);
      }
    }
  }

  private selection(g: CanvasRenderingContext2D, ink: Ink): void {
    const geo = this.ctx.geometry;
    const { l, q } = chosen(this.ctx);
    g.strokeStyle = ink.sec;
    g.lineWidth = 2;
    g.strokeRect(x(geo, q) - geo.colW / 2 + 2, y(geo, l) + 0.5, geo.colW - 4, geo.rowH);
  }

  /** The predicted word, its probability and a bar, at the foot of each column. */
  private foot(g: CanvasRenderingContext2D, ink: Ink, from: number, to: number): void {
    const { geometry: geo, scale, store } = this.ctx;
    const { q } = chosen(this.ctx);
    g.textAlign = 'center';
    g.textBaseline = 'alphabetic';
    for (let t = from; t < to; t++) {
      const [left, top, w] = [x(geo, t) - geo.colW / 2 + 3, geo.bottom + 10, geo.colW - 6];
      const id = store.at('derived.prediction_token', t);
      const p = store.at('derived.prediction_probability', t);
      g.fillStyle = ink.panel;
      g.fillRect(left, top, w, 36);
      if (!Number.isNaN(p)) {
        g.fillStyle = scale.css('probability', p);
        g.fillRect(left, top + 32, w * p, 4);
      }
      g.strokeStyle = t === q ? ink.sec : ink.rule2;
      g.lineWidth = t === q ? 2 : 1;
      g.strokeRect(left + 0.5, top + 0.5, w - 1, 35);
      if (Number.isNaN(id)) continue;
      g.fillStyle = ink.ink;
      g.font = `${t >= store.prompted - 1 ? '600 ' : ''}12px ${ink.font}`;
      g.fillText(fit(g, store.words.text(id), w - 4), x(geo, t), top + 15);
      g.font = `10.5px ${ink.font}`;
      g.fillStyle = ink.ink3;
      if (!Number.isNaN(p)) g.fillText(p >= 0.995 ? '1.00' : p.toFixed(2).slice(1), x(geo, t), top + 27);
    }
  }

  /** From the foot of a column to the head of the next: the token that was generated. */
  private loop(g: CanvasRenderingContext2D, ink: Ink, from: number, to: number): void {
    const { geometry: geo, store } = this.ctx;
    g.strokeStyle = ink.ink3;
    g.lineWidth = 1;
    for (let t = Math.max(from, store.prompted) - 1; t + 1 < to; t++) {
      if (t < 0 || t + 1 < store.prompted) continue;
      const right = x(geo, t) + geo.colW / 2;
      const head = x(geo, t + 1) - this.pipe(0, t + 1);
      g.setLineDash([3, 3]);
      g.beginPath();
      g.moveTo(right - 3, geo.bottom + 26);
      g.lineTo(right + 0.5, geo.bottom + 26);
      g.lineTo(right + 0.5, 10);
      g.lineTo(head - 4, 10);
      g.stroke();
      g.setLineDash([]);
      g.beginPath();
      g.moveTo(head - 9, 7);
      g.lineTo(head - 3, 10);
      g.lineTo(head - 9, 13);
      g.stroke();
    }
    g.setLineDash([]);
  }

  // ---- reading

  private hit(e: MouseEvent): [number, number] {
    const { geometry: geo, store } = this.ctx;
    const box = this.querySelector('.sheet')!.getBoundingClientRect();
    return [
      clamp(Math.floor((e.clientY - box.top - geo.top) / geo.rowH), 0, store.facts!.layers - 1),
      clamp(Math.floor((e.clientX - box.left - 8) / geo.colW), 0, store.tokens.length - 1),
    ];
  }

  private text(l: number, t: number): [string, string] {
    const c = this.ctx;
    const attn = this.value(l, 'attn_out_norm', t) / this.value(l, 'resid_pre_norm', t);
    const mlp = this.value(l, 'mlp_out_norm', t) / this.value(l, 'resid_mid_norm', t);
    if (Number.isNaN(attn)) return [`layer ${l}, ${token(c, t)}`, 'being computed'];
    const lines = [
      `attention writes ${percent(attn)} of the stream, adds ${number(this.value(l, 'attn_logits', t), 2)} logits`,
      `the MLP writes ${percent(mlp)}, adds ${number(this.value(l, 'mlp_logits', t), 2)}`,
    ];
    if (c.state.lens) lines.push(`lens: ${c.store.words.text(this.value(l, 'lens_token', t))} ${percent(this.value(l, 'lens_probability', t))}`);
    return [`layer ${l}, ${token(c, t)}`, lines.join('\n')];
  }

  private hover(e: PointerEvent): void {
    const [l, t] = this.hit(e);
    const [what, note] = this.text(l, t);
    showTip(e.clientX, e.clientY, what, '', note);
  }

  private choose(e: MouseEvent, view?: 'layer'): void {
    const [l, q] = this.hit(e);
    hideTip();
    this.ctx.go(view ? { view, l, q, k: -1 } : { l, q, k: -1 });
  }

  private key(e: KeyboardEvent): void {
    const c = this.ctx;
    const { l, q } = chosen(c);
    const step = e.shiftKey ? 8 : 1;
    const last = c.store.tokens.length - 1;
    const to: Record<string, [number, number]> = {
      ArrowUp: [l - step, q], ArrowDown: [l + step, q], ArrowLeft: [l, q - step], ArrowRight: [l, q + step], Home: [l, 0], End: [l, last],
    };
    if (e.key === 'Enter') return c.go({ view: 'layer', l, q });
    if (!to[e.key]) return;
    e.preventDefault();
    const [l2, q2] = [clamp(to[e.key][0], 0, c.store.facts!.layers - 1), clamp(to[e.key][1], 0, last)];
    c.go({ l: l2, q: q2, k: -1 }, true);
    say(this.text(l2, q2).join(', ').replace(/\n/g, ', '));
  }

  /** The numbers behind a cell, for tests and scripts on the page. */
  cell(l: number, t: number): Record<string, number> {
    const names = ['resid_pre_norm', 'attn_out_norm', 'mlp_out_norm', 'attn_logits', 'mlp_logits'];
    return Object.fromEntries(names.map((name) => [name, this.value(l, name, t)]));
  }
}

customElements.define('cut-model', CutModel);
