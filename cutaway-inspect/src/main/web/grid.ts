// One matrix, one focusable thing: the component that every view is made of.
//
// A cell is one pixel of image data, scaled up by the browser without smoothing; a second canvas at the screen's resolution
// holds gaps, hatching and printed numbers. What is masked or not here is transparent over hatching; zero is paper, so the
// two never look alike. When cells are drawn together, the largest by magnitude wins and keeps its sign. Hit-testing is
// arithmetic on the element's box.

import { LitElement, html } from 'lit';
import { clamp, type Kind, type Scale } from './scale';
import { number } from './format';
import { hideTip, say, showTip } from './tip';

export interface GridModel {
  /** what the drawing depends on: a grid is redrawn when its key or the scale changes */
  key: string;
  label: string;
  rows: number;
  cols: number;
  /** the value; NaN while it is not here */
  get: (row: number, col: number) => number;
  kind: Kind;
  cellW: number;
  cellH: number;
  /** rows (and columns) drawn as one */
  pool?: number;
  poolCols?: number;
  /** why a cell holds nothing, or '' */
  mask?: (row: number, col: number) => string;
  selection?: [number, number];
  rowBand?: number;
  colBand?: number;
  /** what a cell is, in words, without its value */
  describe: (row: number, col: number) => string;
  open?: (row: number, col: number) => void;
  move?: (row: number, col: number) => void;
  /** opens every row with its numbers */
  zoom?: (row: number, col: number) => void;
  /** prints the numbers; from 26 px wide unless given */
  print?: (value: number) => string;
}

const GAPS_FROM = 10;
const NUMBERS_FROM = 26;
const HATCH_STEP = 6;

export class CutGrid extends LitElement {
  static properties = { model: { attribute: false }, scale: { attribute: false } };
  declare model: GridModel;
  declare scale: Scale;
  private row = 0;
  private col = 0;
  private placed = '';
  private winners = new Int32Array(0);
  private drawn = '';

  createRenderRoot(): HTMLElement {
    return this;
  }

  connectedCallback(): void {
    super.connectedCallback();
    this.tabIndex = 0;
    this.setAttribute('role', 'application');
    this.setAttribute('aria-roledescription', 'matrix');
    this.addEventListener('pointermove', (e) => this.hover(e));
    this.addEventListener('pointerleave', () => this.leave());
    this.addEventListener('blur', () => this.leave());
    this.addEventListener('click', (e) => this.pressed(e));
    this.addEventListener('keydown', (e) => this.key(e));
  }

  private get poolR(): number { return this.model.pool ?? 1; }
  private get poolC(): number { return this.model.poolCols ?? 1; }
  private get shownRows(): number { return Math.ceil(this.model.rows / this.poolR); }
  private get shownCols(): number { return Math.ceil(this.model.cols / this.poolC); }

  shouldUpdate(): boolean {
    const { theme, knee, end } = this.scale;
    const key = [this.model.key, this.model.label, this.model.cellW, this.model.cellH, this.model.selection, theme, knee, end].join('|');
    if (key === this.drawn) return false;
    this.drawn = key;
    return true;
  }

  render() {
    return html`<canvas class="values"></canvas><canvas class="over"></canvas><i class="fr"></i><i class="band"></i><i class="sel"></i><i class="cur"></i>`;
  }

  updated(): void {
    const m = this.model;
    const width = this.shownCols * m.cellW;
    const height = this.shownRows * m.cellH;
    this.style.width = `${width}px`;
    this.style.height = `${height}px`;
    this.setAttribute('aria-label', `${m.label}, ${m.rows} rows by ${m.cols} columns. Arrow keys move${m.open ? ', Enter opens the derivation' : ''}.`);
    if (m.selection) {
      const key = m.selection.join();
      if (key !== this.placed) [this.row, this.col] = [Math.floor(m.selection[0] / this.poolR), Math.floor(m.selection[1] / this.poolC)];
      this.placed = key;
    }
    this.row = clamp(this.row, 0, this.shownRows - 1);
    this.col = clamp(this.col, 0, this.shownCols - 1);
    const holes = this.paint();
    this.paintOver(width, height, holes);
    this.bands();
  }

  // ---- drawing

  /** Paints the values; gives a flag per drawn cell that holds nothing. */
  private paint(): Uint8Array {
    const m = this.model;
    const [R, C] = [this.shownRows, this.shownCols];
    const canvas = this.querySelector<HTMLCanvasElement>('canvas.values')!;
    canvas.width = C;
    canvas.height = R;
    canvas.style.width = `${C * m.cellW}px`;
    canvas.style.height = `${R * m.cellH}px`;
    const context = canvas.getContext('2d')!;
    const image = context.createImageData(C, R);
    const holes = new Uint8Array(R * C);
    this.winners = new Int32Array(R * C);
    const lookup = this.scale.lookup(m.kind);
    for (let r = 0; r < R; r++) {
      for (let c = 0; c < C; c++) {
        const at = r * C + c;
        const winner = this.winner(r, c);
        this.winners[at] = Math.max(0, winner);
        if (winner < 0) {
          holes[at] = 1;
          continue;
        }
        const i = this.scale.offset(m.kind, m.get(Math.floor(winner / m.cols), winner % m.cols));
        image.data[at * 4] = lookup[i];
        image.data[at * 4 + 1] = lookup[i + 1];
        image.data[at * 4 + 2] = lookup[i + 2];
        image.data[at * 4 + 3] = 255;
      }
    }
    context.putImageData(image, 0, 0);
    return holes;
  }

  /** The cell (row * cols + col) whose value is largest by magnitude among those drawn at (r, c); -1 if there is none. */
  private winner(r: number, c: number): number {
    const m = this.model;
    let best = -1;
    let magnitude = -1;
    const lastRow = Math.min(m.rows, (r + 1) * this.poolR);
    const lastCol = Math.min(m.cols, (c + 1) * this.poolC);
    for (let row = r * this.poolR; row < lastRow; row++) {
      for (let col = c * this.poolC; col < lastCol; col++) {
        if (m.mask && m.mask(row, col)) continue;
        const a = Math.abs(m.get(row, col));
        if (a > magnitude) {
          best = row * m.cols + col;
          magnitude = a;
        }
      }
    }
    return best;
  }

  private paintOver(width: number, height: number, holes: Uint8Array): void {
    const m = this.model;
    const canvas = this.querySelector<HTMLCanvasElement>('canvas.over')!;
    const dpr = Math.max(1, window.devicePixelRatio || 1);
    canvas.width = Math.round(width * dpr);
    canvas.height = Math.round(height * dpr);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const g = canvas.getContext('2d')!;
    g.scale(dpr, dpr);
    const style = getComputedStyle(this);
    if (m.cellW >= GAPS_FROM && m.cellH >= GAPS_FROM) {
      g.strokeStyle = style.getPropertyValue('--panel');
      g.beginPath();
      for (let c = 1; c < this.shownCols; c++) line(g, c * m.cellW + 0.5, 0, c * m.cellW + 0.5, height);
      for (let r = 1; r < this.shownRows; r++) line(g, 0, r * m.cellH + 0.5, width, r * m.cellH + 0.5);
      g.stroke();
    }
    this.hatch(g, holes, style.getPropertyValue('--hatch'));
    if (m.cellW >= NUMBERS_FROM || m.print) this.print(g, holes, style.fontFamily);
  }

  private hatch(g: CanvasRenderingContext2D, holes: Uint8Array, colour: string): void {
    const m = this.model;
    g.save();
    g.beginPath();
    let any = false;
    for (let r = 0; r < this.shownRows; r++) {
      let start = -1;
      for (let c = 0; c <= this.shownCols; c++) {
        const hole = c < this.shownCols && holes[r * this.shownCols + c] === 1;
        if (hole && start < 0) start = c;
        if (!hole && start >= 0) {
          any = true;
          g.clearRect(start * m.cellW, r * m.cellH, (c - start) * m.cellW, m.cellH);
          g.rect(start * m.cellW, r * m.cellH, (c - start) * m.cellW, m.cellH);
          start = -1;
        }
      }
    }
    if (any) {
      g.clip();
      g.strokeStyle = colour;
      g.lineWidth = 1;
      g.beginPath();
      const [w, h] = [this.shownCols * m.cellW, this.shownRows * m.cellH];
      for (let d = 0; d < w + h; d += HATCH_STEP) line(g, d, 0, d - h, h);
      g.stroke();
    }
    g.restore();
  }

  private print(g: CanvasRenderingContext2D, holes: Uint8Array, family: string): void {
    const m = this.model;
    const text = m.print ?? ((v: number) => number(v, 2));
    g.font = `10.5px ${family}`;
    g.textAlign = 'center';
    g.textBaseline = 'middle';
    for (let r = 0; r < this.shownRows; r++) {
      for (let c = 0; c < this.shownCols; c++) {
        if (holes[r * this.shownCols + c]) continue;
        const winner = this.winners[r * this.shownCols + c];
        const v = m.get(Math.floor(winner / m.cols), winner % m.cols);
        g.fillStyle = this.scale.textOn(m.kind, v);
        g.fillText(text(v), (c + 0.5) * m.cellW, (r + 0.5) * m.cellH + 0.5);
      }
    }
  }

  private bands(): void {
    const m = this.model;
    const band = this.querySelector<HTMLElement>('.band')!;
    band.className = 'band' + (m.rowBand !== undefined ? ' rowband' : m.colBand !== undefined ? ' colband' : '');
    band.style.cssText = '';
    if (m.rowBand !== undefined) band.style.cssText = `top:${Math.floor(m.rowBand / this.poolR) * m.cellH - 1}px;height:${m.cellH + 2}px`;
    else if (m.colBand !== undefined) band.style.cssText = `left:${Math.floor(m.colBand / this.poolC) * m.cellW - 1}px;width:${m.cellW + 2}px`;
    const sel = this.querySelector<HTMLElement>('.sel')!;
    if (m.selection) this.frame(sel, Math.floor(m.selection[0] / this.poolR), Math.floor(m.selection[1] / this.poolC));
    else sel.style.display = 'none';
  }

  private frame(e: HTMLElement, r: number, c: number): void {
    const { cellW, cellH } = this.model;
    const [w, h] = [Math.max(cellW, 5), Math.max(cellH, 5)];
    e.style.cssText = `display:block;left:${c * cellW - (w - cellW) / 2 - 1}px;top:${r * cellH - (h - cellH) / 2 - 1}px;width:${w + 2}px;height:${h + 2}px`;
  }

  // ---- reading

  /** The true row and column behind a drawn cell. */
  private real(r: number, c: number): [number, number] {
    const m = this.model;
    if (this.poolR === 1 && this.poolC === 1) return [r, c];
    const winner = this.winners[r * this.shownCols + c];
    return [Math.floor(winner / m.cols), winner % m.cols];
  }

  private text(r: number, c: number): [string, string, string] {
    const m = this.model;
    const [row, col] = this.real(r, c);
    const reason = m.mask?.(row, col);
    if (reason) return [m.describe(row, col), reason, ''];
    const v = m.get(row, col);
    if (Number.isNaN(v)) return [m.describe(row, col), 'not here yet', ''];
    const pooled = this.poolR * this.poolC > 1 ? `largest of ${this.poolR > 1 ? `${this.poolR} rows` : ''}${this.poolR > 1 && this.poolC > 1 ? ' by ' : ''}${this.poolC > 1 ? `${this.poolC} columns` : ''} drawn as one${m.zoom ? '; shift-click or z: every row' : ''}` : '';
    return [m.describe(row, col), number(v, 4), pooled];
  }

  private show(r: number, c: number, x: number, y: number, aloud: boolean): void {
    this.frame(this.querySelector<HTMLElement>('.cur')!, r, c);
    const [what, value, note] = this.text(r, c);
    showTip(x, y, what, value, note);
    if (aloud) say(`${what}, ${value}`);
  }

  private hit(e: MouseEvent): [number, number] {
    const box = this.getBoundingClientRect();
    return [
      clamp(Math.floor(((e.clientY - box.top) / box.height) * this.shownRows), 0, this.shownRows - 1),
      clamp(Math.floor(((e.clientX - box.left) / box.width) * this.shownCols), 0, this.shownCols - 1),
    ];
  }

  private hover(e: PointerEvent): void {
    const [r, c] = this.hit(e);
    this.show(r, c, e.clientX, e.clientY, false);
  }

  private leave(): void {
    this.querySelector<HTMLElement>('.cur')!.style.display = 'none';
    hideTip();
  }

  private pressed(e: MouseEvent): void {
    [this.row, this.col] = this.hit(e);
    if (e.shiftKey && this.model.zoom) this.model.zoom(...this.real(this.row, this.col));
    else this.activate();
  }

  private activate(): void {
    const [row, col] = this.real(this.row, this.col);
    if (this.model.mask?.(row, col)) return;
    this.model.open?.(row, col);
  }

  private key(e: KeyboardEvent): void {
    if (e.metaKey || e.altKey) return;
    const step = e.shiftKey ? 8 : 1;
    const moves: Record<string, [number, number]> = { ArrowUp: [-step, 0], ArrowDown: [step, 0], ArrowLeft: [0, -step], ArrowRight: [0, step] };
    if (moves[e.key]) [this.row, this.col] = [this.row + moves[e.key][0], this.col + moves[e.key][1]];
    else if (e.key === 'Home') [this.row, this.col] = [e.ctrlKey ? 0 : this.row, 0];
    else if (e.key === 'End') [this.row, this.col] = [e.ctrlKey ? this.shownRows - 1 : this.row, this.shownCols - 1];
    else if (e.key === 'z' && this.model.zoom) return this.model.zoom(...this.real(this.row, this.col));
    else if (e.key === 'Enter') return this.activate();
    else return;
    e.preventDefault();
    e.stopPropagation();
    this.row = clamp(this.row, 0, this.shownRows - 1);
    this.col = clamp(this.col, 0, this.shownCols - 1);
    const box = this.getBoundingClientRect();
    this.show(this.row, this.col, box.left + (this.col + 1) * this.model.cellW, box.top + (this.row + 1) * this.model.cellH, true);
    this.model.move?.(...this.real(this.row, this.col));
  }

  // ---- for tests and for scripts on the page

  /** The value of a cell as the page holds it. */
  valueAt(row: number, col: number): number {
    return this.model.get(row, col);
  }
}

function line(g: CanvasRenderingContext2D, x0: number, y0: number, x1: number, y1: number): void {
  g.moveTo(x0, y0);
  g.lineTo(x1, y1);
}

customElements.define('cut-grid', CutGrid);
