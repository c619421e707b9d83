// The sheet of a training run: loss, norm of the gradient and learning rate over the steps, and under them the norms of each part of the
// model. One step axis for all; what is not yet trained is hatched. Lines go through numbers of the run's file and nothing else.

import { LitElement, html } from 'lit';
import type { Context } from './context';
import { fit, integer, number, percent } from './format';
import { clamp } from './scale';
import { hideTip, say, showTip } from './tip';
import { GRADIENT, LOSS, MEASURES, RATE, SPEED, STEP, type Column, type Row, type Training, type Valid } from './training';

const LEFT = 64;
const RIGHT = 18;
const TOP = 8;
const HEAD = 26;
const FOOT = 40;
const LEGEND = 84;
/** of the buttons above the sheet */
const CONTROLS = 48;
const FAINTEST = 0.1;
const HATCH = 6;
/** in place of a row's column: the share of right labels, which is measured now and then */
const RIGHTS = -1;
const DASHES = [[], [5, 3], [1.5, 3]];

interface Axis { low: number; high: number; log: boolean; ticks: number[] }
interface Plot { top: number; height: number; column: number; axis: Axis; title: string; note: string }
interface Layout { width: number; height: number; plots: Plot[]; heat: { top: number; rowH: number; low: number; high: number } }
interface Ink { ink: string; ink2: string; ink3: string; rule: string; rule2: string; sec: string; prob: string; panel: string; hatch: string; font: string }

export class CutCurves extends LitElement {
  static properties = { ctx: { attribute: false } };
  declare ctx: Context;
  private cursor = -1;
  private layout_?: Layout;

  createRenderRoot(): HTMLElement {
    return this;
  }

  private get training(): Training {
    return this.ctx.store.training!;
  }

  render() {
    const at = this.layout();
    const t = this.training;
    return html`<div class="sheet" tabindex="0" role="application" .style=${`width:${at.width}px;height:${at.height}px`}
      aria-label=${`Curves of the training over ${t.steps} steps: loss, ${t.counted.length ? 'share of right labels, ' : ''}norm of the gradient, learning rate, and norms of ${t.parts.length} parts. Arrow keys move through the steps, Enter opens the nearest saved model.`}
      @pointermove=${(e: PointerEvent) => this.hover(e)} @pointerleave=${() => this.leave()} @blur=${() => this.leave()}
      @click=${(e: MouseEvent) => this.choose(e)} @keydown=${(e: KeyboardEvent) => this.key(e)}><canvas></canvas><canvas class="over"></canvas></div>`;
  }

  // ---- geometry

  private layout(): Layout {
    const t = this.training;
    const width = Math.max(360, this.ctx.geometry.width);
    const parts = t.columns.length ? t.parts.length : 0;
    const rights = t.counted.length > 0;
    const heads = (rights ? 4 : 3) * HEAD + (parts ? HEAD : 0);
    const inside = Math.max(420, this.ctx.geometry.height - CONTROLS) - TOP - FOOT - heads;
    const rowH = parts ? clamp(Math.floor((inside * 0.32) / parts), 10, 18) : 0;
    const rest = Math.max(260, inside - parts * rowH);
    const heights = (rights ? [0.42, 0.24, 0.19, 0.15] : [0.56, 0.24, 0.2]).map((f) => Math.floor(rest * f));
    const values = (column: number): number[] => t.rows.map((r) => r[column]).filter((v): v is number => v !== null);
    const held = t.valid.map(([, v]) => v).filter((v): v is number => v !== null);
    const log = !!this.ctx.state.ylog;
    const kinds: { column: number; axis: Axis; title: string; note: string }[] = [
      { column: LOSS, axis: axis([...values(LOSS), ...held], log, 5), title: 'Loss', note: log ? 'log scale' : '' },
      { column: GRADIENT, axis: axis(values(GRADIENT), true, 3), title: 'Norm of the gradient', note: 'before clipping, log scale' },
      { column: RATE, axis: axis([0, ...values(RATE)], false, 2), title: 'Learning rate', note: '' },
    ];
    if (rights) kinds.splice(1, 0, { column: RIGHTS, axis: { low: 0, high: 1, log: false, ticks: [0, 0.5, 1] }, title: 'Right on held-out data', note: 'share of the labels that are the likeliest' });
    let top = TOP;
    const plots = kinds.map((kind, i) => {
      const plot = { ...kind, top: top + HEAD, height: heights[i] };
      top += HEAD + heights[i];
      return plot;
    });
    let [low, high] = [Infinity, 0];
    for (const c of t.columns) {
      for (const v of c.measures[this.ctx.state.nm] ?? []) {
        if (v === null || v <= 0) continue;
        low = Math.min(low, v);
        high = Math.max(high, v);
      }
    }
    const heat = { top: top + (parts ? HEAD : 0), rowH, low, high };
    this.layout_ = { width, height: heat.top + parts * rowH + FOOT, plots, heat };
    return this.layout_;
  }

  private x(step: number): number {
    return LEFT + ((this.layout_!.width - LEFT - RIGHT) * step) / Math.max(1, this.training.steps);
  }

  private step(x: number): number {
    return ((x - LEFT) / (this.layout_!.width - LEFT - RIGHT)) * Math.max(1, this.training.steps);
  }

  // ---- painting

  updated(): void {
    const at = this.layout_!;
    const [base, over] = [...this.querySelectorAll('canvas')];
    const dpr = Math.max(1, devicePixelRatio || 1);
    for (const canvas of [base, over]) {
      canvas.width = Math.round(at.width * dpr);
      canvas.height = Math.round(at.height * dpr);
      canvas.style.cssText = `position:absolute;left:0;top:0;width:${at.width}px;height:${at.height}px`;
    }
    const g = base.getContext('2d')!;
    g.scale(dpr, dpr);
    const ink = this.ink();
    for (const plot of at.plots) this.frame(g, ink, plot);
    for (const plot of at.plots) {
      if (plot.column === RIGHTS) this.rights(g, ink, plot);
      else this.line(g, ink, plot);
    }
    this.held(g, ink, at.plots[0]);
    this.heat(g, ink, at);
    this.steps(g, ink, at);
    this.shown(g, ink, at);
    this.paintCursor();
  }

  private ink(): Ink {
    const style = getComputedStyle(this);
    const css = (name: string): string => style.getPropertyValue(name).trim();
    return {
      ink: css('--ink'), ink2: css('--ink2'), ink3: css('--ink3'), rule: css('--rule'), rule2: css('--rule2'), sec: css('--sec'), prob: css('--prob'),
      panel: css('--panel'), hatch: css('--hatch'), font: style.fontFamily,
    };
  }

  private frame(g: CanvasRenderingContext2D, ink: Ink, plot: Plot): void {
    const right = this.layout_!.width - RIGHT;
    const bottom = plot.top + plot.height;
    this.caption(g, ink, plot.top - 9, plot.title, plot.note);
    this.future(g, ink, plot.top, plot.height);
    g.lineWidth = 1;
    g.font = `10.5px ${ink.font}`;
    g.textAlign = 'right';
    let last = Infinity;
    for (const v of plot.axis.ticks) {
      const y = Math.round(this.y(plot, v)) + 0.5;
      g.strokeStyle = ink.rule;
      g.beginPath();
      g.moveTo(LEFT, y);
      g.lineTo(right, y);
      g.stroke();
      if (last - y < 13) continue;
      last = y;
      g.fillStyle = ink.ink3;
      g.fillText(tick(v), LEFT - 7, y + 3.5);
    }
    g.strokeStyle = ink.rule2;
    g.beginPath();
    g.moveTo(LEFT, bottom + 0.5);
    g.lineTo(right, bottom + 0.5);
    g.stroke();
  }

  private caption(g: CanvasRenderingContext2D, ink: Ink, y: number, title: string, note: string): number {
    g.textAlign = 'left';
    g.font = `600 11.5px ${ink.font}`;
    g.fillStyle = ink.ink;
    g.fillText(title, LEFT, y);
    const x = LEFT + g.measureText(title).width + 7;
    g.font = `11.5px ${ink.font}`;
    g.fillStyle = ink.ink3;
    g.fillText(note, x, y);
    return x + g.measureText(note).width;
  }

  /** What is not there yet is hatched, as everywhere. */
  private future(g: CanvasRenderingContext2D, ink: Ink, top: number, height: number): void {
    const [left, right] = [this.x(this.training.step), this.layout_!.width - RIGHT];
    if (right - left < 1 || this.training.finished) return;
    g.save();
    g.beginPath();
    g.rect(left, top, right - left, height);
    g.clip();
    g.strokeStyle = ink.hatch;
    g.lineWidth = 1;
    g.beginPath();
    const apart = HATCH * Math.SQRT2;
    for (let d = Math.floor((left - height) / apart) * apart; d < right; d += apart) {
      g.moveTo(d, top + height);
      g.lineTo(d + height, top);
    }
    g.stroke();
    g.restore();
  }

  private y(plot: Plot, v: number): number {
    const { low, high, log } = plot.axis;
    const part = log ? Math.log(v / low) / Math.log(high / low) : (v - low) / (high - low);
    return plot.top + plot.height * (1 - clamp(part, 0, 1));
  }

  private line(g: CanvasRenderingContext2D, ink: Ink, plot: Plot): void {
    const t = this.training;
    g.strokeStyle = plot.column === LOSS ? ink.ink2 : ink.ink;
    g.lineWidth = plot.column !== RATE && t.rows.length > 300 ? 0.9 : 1.2;
    g.lineJoin = 'round';
    g.beginPath();
    let pen = false;
    for (const row of t.rows) {
      const v = row[plot.column];
      if (v === null || (plot.axis.log && v <= 0)) {
        pen = false;
        continue;
      }
      const [x, y] = [this.x(row[STEP]!), this.y(plot, v)];
      if (pen) g.lineTo(x, y);
      else g.moveTo(x, y);
      pen = true;
    }
    g.stroke();
    if (t.rows.length !== 1) return;
    const v = t.rows[0][plot.column];
    g.fillStyle = ink.ink;
    if (v !== null) g.fillRect(this.x(t.rows[0][STEP]!) - 1.5, this.y(plot, v) - 1.5, 3, 3);
  }

  /** Lines between measurements, a mark at each. */
  private marks(g: CanvasRenderingContext2D, ink: Ink, points: number[][], dash: number[]): void {
    g.strokeStyle = g.fillStyle = ink.prob;
    g.lineWidth = 1.6;
    g.setLineDash(dash);
    g.beginPath();
    points.forEach(([x, y], i) => (i ? g.lineTo(x, y) : g.moveTo(x, y)));
    g.stroke();
    g.setLineDash([]);
    if (points.length >= 200) return;
    for (const [x, y] of points) {
      g.fillStyle = ink.panel;
      g.fillRect(x - 3.5, y - 3.5, 7, 7);
      g.fillStyle = ink.prob;
      g.fillRect(x - 2.5, y - 2.5, 5, 5);
    }
  }

  /** The share of right labels, a line for each kind of label; and which is which, if there are several. */
  private rights(g: CanvasRenderingContext2D, ink: Ink, plot: Plot): void {
    const t = this.training;
    let x = this.layout_!.width - RIGHT;
    t.counted.forEach((name, i) => {
      const dash = DASHES[i % DASHES.length];
      this.marks(g, ink, t.valid.filter(([, , r]) => r?.[name] !== undefined).map(([s, , r]) => [this.x(s), this.y(plot, r![name])]), dash);
      if (t.counted.length === 1) return;
      g.textAlign = 'right';
      g.font = `11.5px ${ink.font}`;
      g.fillStyle = g.strokeStyle = ink.prob;
      g.fillText(name, x, plot.top - 9);
      x -= g.measureText(name).width + 6;
      g.setLineDash(dash);
      g.beginPath();
      g.moveTo(x - 16, plot.top - 13);
      g.lineTo(x, plot.top - 13);
      g.stroke();
      g.setLineDash([]);
      x -= 32;
    });
  }

  /** The held-out loss, a mark at each measurement; and which line is which. */
  private held(g: CanvasRenderingContext2D, ink: Ink, plot: Plot): void {
    const t = this.training;
    const points = t.valid.filter(([, v]) => v !== null && (!plot.axis.log || v > 0)).map(([s, v]) => [this.x(s), this.y(plot, v!)]);
    this.marks(g, ink, points, []);
    g.textAlign = 'right';
    g.font = `600 11.5px ${ink.font}`;
    const right = this.layout_!.width - RIGHT;
    let x = right;
    if (points.length) {
      g.fillText('held-out loss', x, plot.top - 9);
      x -= g.measureText('held-out loss').width + 6;
      g.fillRect(x - 16, plot.top - 14, 16, 1.6);
      g.fillRect(x - 10, plot.top - 15.2, 4, 4);
      x -= 32;
    }
    g.font = `11.5px ${ink.font}`;
    g.fillStyle = ink.ink2;
    g.fillText('training loss', x, plot.top - 9);
    g.fillRect(x - g.measureText('training loss').width - 22, plot.top - 13.5, 16, 1);
  }

  private heat(g: CanvasRenderingContext2D, ink: Ink, at: Layout): void {
    const t = this.training;
    const { top, rowH, low, high } = at.heat;
    if (!rowH) return;
    const measure = this.ctx.state.nm;
    const words = MEASURES[measure] === 'update' ? 'Norm of each update by part' : `Norm of the ${MEASURES[measure]} by part`;
    this.caption(g, ink, top - 9, words, 'log scale');
    this.legend(g, ink, top - 17, low, high);
    const lookup = this.ctx.scale.lookup('probability');
    const entries = lookup.length / 3 - 1;
    this.future(g, ink, top, t.parts.length * rowH);
    t.columns.forEach((c, i) => {
      // Whole pixels: parts of one would let the ground show between two cells.
      const dpr = Math.max(1, devicePixelRatio || 1);
      const [left, right] = this.span(c, i).map((x) => Math.round(x * dpr) / dpr);
      for (let p = 0; p < t.parts.length; p++) {
        const v = c.measures[measure]?.[p] ?? null;
        if (v === null) continue;
        const k = 3 * Math.round(entries * this.shade(v));
        g.fillStyle = `rgb(${lookup[k]},${lookup[k + 1]},${lookup[k + 2]})`;
        g.fillRect(left, top + p * rowH, right - left, rowH - 1);
      }
    });
    g.font = `10.5px ${ink.font}`;
    g.textAlign = 'right';
    g.fillStyle = ink.ink2;
    const every = Math.ceil(12 / rowH);
    t.parts.forEach((part, p) => {
      if (p % every === 0) g.fillText(fit(g, short(part), LEFT - 11), LEFT - 7, top + p * rowH + rowH / 2 + 3);
    });
  }

  /** Where a number lies between paper and ink; zero alone is paper. */
  private shade(v: number): number {
    const { low, high } = this.layout_!.heat;
    if (!(v > 0)) return 0;
    return FAINTEST + (1 - FAINTEST) * (high > low ? Math.log(v / low) / Math.log(high / low) : 1);
  }

  private legend(g: CanvasRenderingContext2D, ink: Ink, top: number, low: number, high: number): void {
    if (!(high > 0)) return;
    const right = this.layout_!.width - RIGHT;
    g.font = `10.5px ${ink.font}`;
    g.textAlign = 'right';
    g.fillStyle = ink.ink2;
    const [least, most] = [number(low, 3), number(high, 3)];
    g.fillText(most, right, top + 8);
    const x = right - g.measureText(most).width - 6 - LEGEND;
    for (let i = 0; i < LEGEND; i++) {
      g.fillStyle = this.ctx.scale.css('probability', (FAINTEST + (1 - FAINTEST) * (i / (LEGEND - 1))) ** 2);
      g.fillRect(x + i, top, 1.5, 9);
    }
    g.fillStyle = ink.ink2;
    g.fillText(least, x - 6, top + 8);
  }

  /** A measurement is drawn from its step to the next one's. */
  private span(c: Column, i: number): [number, number] {
    const { columns } = this.training;
    const next = columns[i + 1]?.first ?? c.last + (i > 0 ? columns[i].first - columns[i - 1].first : 1);
    return [this.x(c.first), Math.min(this.x(next), this.layout_!.width - RIGHT)];
  }

  private steps(g: CanvasRenderingContext2D, ink: Ink, at: Layout): void {
    const y = at.height - FOOT + 15;
    g.font = `10.5px ${ink.font}`;
    g.fillStyle = ink.ink3;
    g.strokeStyle = ink.rule2;
    for (const v of nice(0, this.training.steps, at.width > 700 ? 8 : 5)) {
      const x = Math.round(this.x(v)) + 0.5;
      g.beginPath();
      g.moveTo(x, y - 13);
      g.lineTo(x, y - 9);
      g.stroke();
      g.textAlign = x > at.width - 40 ? 'right' : 'center';
      g.fillText(integer(v), x > at.width - 40 ? at.width - 4 : x, y + 2);
    }
    g.textAlign = 'left';
    g.fillText('step', 8, y + 2);
  }

  /** The step whose model the other views show. */
  private shown(g: CanvasRenderingContext2D, ink: Ink, at: Layout): void {
    const step = this.ctx.store.shown?.step;
    if (step === undefined) return;
    const x = Math.round(this.x(step));
    g.fillStyle = ink.sec;
    g.fillRect(x - 0.75, TOP + HEAD - 4, 1.5, at.height - FOOT - TOP - HEAD + 6);
    g.fillStyle = ink.ink;
    g.fillRect(x - 3.5, at.height - FOOT + 1, 7, 9);
  }

  // ---- reading

  private paintCursor(): void {
    const over = this.querySelectorAll('canvas')[1];
    const at = this.layout_!;
    const dpr = Math.max(1, devicePixelRatio || 1);
    const g = over.getContext('2d')!;
    g.setTransform(dpr, 0, 0, dpr, 0, 0);
    g.clearRect(0, 0, at.width, at.height);
    const row = this.training.rows[this.cursor];
    if (!row) return;
    const ink = this.ink();
    const x = Math.round(this.x(row[STEP]!)) + 0.5;
    g.strokeStyle = ink.ink3;
    g.beginPath();
    g.moveTo(x, TOP + HEAD - 4);
    g.lineTo(x, at.height - FOOT);
    g.stroke();
    for (const plot of at.plots) {
      const v = plot.column === RIGHTS ? null : row[plot.column];
      if (v === null || (plot.axis.log && v <= 0)) continue;
      g.fillStyle = ink.panel;
      g.strokeStyle = ink.ink;
      g.beginPath();
      g.arc(x, this.y(plot, v), 3, 0, 2 * Math.PI);
      g.fill();
      g.stroke();
    }
  }

  private hover(e: PointerEvent): void {
    const t = this.training;
    if (t.rows.length === 0) return;
    const box = this.querySelector('.sheet')!.getBoundingClientRect();
    const [x, y] = [e.clientX - box.left, e.clientY - box.top];
    this.cursor = t.row(this.step(x));
    this.paintCursor();
    const { top, rowH } = this.layout_!.heat;
    const part = rowH ? Math.floor((y - top) / rowH) : -1;
    const column = part >= 0 && part < t.parts.length ? t.columns.findIndex((c, i) => { const [l, r] = this.span(c, i); return x >= l && x < r; }) : -1;
    if (column >= 0) {
      const c = t.columns[column];
      const lines = MEASURES.map((m, i) => `${m} ${five(c.measures[i]?.[part] ?? null)}`);
      if (c.count > 1) lines.push(`largest of ${c.count} measured in steps ${integer(c.first)} to ${integer(c.last)}`);
      showTip(e.clientX, e.clientY, `step ${integer(c.first)}, ${t.parts[part]}`, '', lines.join('\n'));
    } else {
      const row = t.rows[this.cursor];
      showTip(e.clientX, e.clientY, `step ${integer(row[STEP]!)}`, '', this.words(row).join('\n'));
    }
  }

  private words(row: Row): string[] {
    const t = this.training;
    const held = t.valid.find(([s]) => s === row[STEP]);
    const lines = [`loss ${five(row[LOSS])}`];
    if (held) lines.push(`held-out loss ${five(held[1])}`, ...rightOf(held));
    lines.push(`norm of the gradient ${five(row[GRADIENT])}`, `learning rate ${five(row[RATE])}`, `${whole(row[SPEED])} tokens/s`);
    if (t.width > 1) lines.push(`of every ${t.width} steps the first, the last and the extremes are drawn`);
    return lines;
  }

  private leave(): void {
    this.cursor = -1;
    hideTip();
    if (this.layout_) this.paintCursor();
  }

  private choose(e: MouseEvent): void {
    const box = this.querySelector('.sheet')!.getBoundingClientRect();
    this.ctx.replay.to(this.step(e.clientX - box.left));
  }

  private key(e: KeyboardEvent): void {
    const { rows } = this.training;
    const by = e.shiftKey ? 8 : 1;
    const at = this.cursor < 0 ? rows.length - 1 : this.cursor;
    const to: Record<string, number> = { ArrowLeft: at - by, ArrowRight: at + by, Home: 0, End: rows.length - 1 };
    if (e.key === 'Enter' && rows[at]) return this.ctx.replay.to(rows[at][STEP]!);
    if (to[e.key] === undefined || rows.length === 0) return;
    e.preventDefault();
    this.cursor = clamp(to[e.key], 0, rows.length - 1);
    this.paintCursor();
    const row = rows[this.cursor];
    const x = this.getBoundingClientRect().left + this.x(row[STEP]!);
    showTip(x, this.getBoundingClientRect().top + 60, `step ${integer(row[STEP]!)}`, '', this.words(row).join('\n'));
    say([`step ${row[STEP]}`, ...this.words(row)].join(', '));
  }

  /** What is drawn at a step, for tests and scripts on the page: y of the loss in pixels, and the number. */
  point(step: number): { step: number; loss: number | null; x: number; y: number } {
    const row = this.training.rows[this.training.row(step)];
    const plot = this.layout_!.plots[0];
    return { step: row[STEP]!, loss: row[LOSS], x: this.x(row[STEP]!), y: this.y(plot, row[LOSS] ?? NaN) };
  }
}

customElements.define('cut-curves', CutCurves);

/** The shares of right labels in words. */
export function rightOf([, , right]: Valid): string[] {
  return Object.entries(right ?? {}).map(([name, v]) => `held-out ${name} right ${percent(v)}`);
}

/** A number as it stands in the file, to six digits. */
export function five(v: number | null): string {
  return v === null ? 'not a number' : String(Number(v.toPrecision(6))).replace('-', '−').replace('e−', 'e−');
}

export function whole(v: number | null): string {
  return v === null ? '' : integer(Math.round(v));
}

function tick(v: number): string {
  if (v === 0) return '0';
  if (Math.abs(v) < 1e-3 || Math.abs(v) >= 1e5) return v.toExponential(0).replace('e-', 'e−').replace('e+', 'e');
  return String(Number(v.toPrecision(4))).replace('-', '−');
}

function nice(low: number, high: number, count: number): number[] {
  const raw = (high - low) / Math.max(1, count);
  if (!(raw > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(raw));
  const by = power * ([1, 2, 5, 10].find((f) => f * power >= raw) ?? 10);
  const out = [];
  for (let i = Math.ceil(low / by - 1e-9); i * by <= high + by * 1e-9; i++) out.push(Number((i * by).toPrecision(12)));
  return out;
}

function axis(values: number[], log: boolean, count: number): Axis {
  const good = log ? values.filter((v) => v > 0) : values;
  if (good.length === 0) return { low: log ? 0.1 : 0, high: 1, log, ticks: log ? [0.1, 1] : [0, 1] };
  let [low, high] = [Infinity, -Infinity];
  for (const v of good) {
    low = Math.min(low, v);
    high = Math.max(high, v);
  }
  if (log) {
    if (high / low < 1.5) [low, high] = [low / 1.25, high * 1.25];
    const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
    const digits = last - first > 3 ? [1] : last - first > 2 ? [1, 3] : [1, 2, 5];
    const ticks = [];
    for (let p = first; p <= last; p++) for (const d of digits) ticks.push(Number((d * 10 ** p).toPrecision(3)));
    return { low: low / 1.05, high: high * 1.05, log, ticks: ticks.filter((v) => v >= low / 1.05 && v <= high * 1.05) };
  }
  if (low > 0 && low < 0.5 * high) low = 0;
  const margin = (high - low || Math.abs(high) || 1) * 0.04;
  [low, high] = [low === 0 ? 0 : low - margin, high + margin];
  return { low, high, log, ticks: nice(low, high, count) };
}

/** A part's name without what all names begin with. */
function short(part: string): string {
  const [, place, index] = part.match(/(\w+)\.(\d+)$/) ?? [];
  if (index === undefined) return part.split('.').pop()!;
  return ['layers', 'layer', 'h', 'blocks', 'block'].includes(place) ? `layer ${index}` : `${place} ${index}`;
}
