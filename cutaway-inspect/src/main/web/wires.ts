// Wires of a drawing: orthogonal, an open arrowhead, a dot where they branch, weights as framed boxes, operators in rings.

import { svg, type SVGTemplateResult, html, type TemplateResult } from 'lit';

export class Wires {
  private readonly parts: SVGTemplateResult[] = [];

  constructor(
    private readonly width: number,
    private readonly height: number,
  ) {}

  line(d: string): void {
    this.parts.push(svg`<path class="wire" d=${d}></path>`);
  }

  arrow(d: string): void {
    this.parts.push(svg`<path class="wire" d=${d} marker-end="url(#arrow)"></path>`);
  }

  /** A token's residual stream between two tiles. */
  strand(x: number, from: number, to: number, chosen: boolean): void {
    this.parts.push(svg`<path class=${chosen ? 'strand on' : 'strand'} d=${`M${x} ${from}V${to}`}></path>`);
  }

  operator(x: number, y: number, sign: string): void {
    this.parts.push(svg`<circle class="ring" cx=${x} cy=${y} r="9"></circle><text class="sign" x=${x} y=${y + 4.5}>${sign}</text>`);
  }

  weight(x: number, y: number, w: number, index: string): void {
    this.parts.push(svg`<rect class="ring" x=${x} y=${y} width=${w} height="20"></rect><text class="w" x=${x + w / 2} y=${y + 13.5}>W<tspan dy="3">${index}</tspan></text>`);
  }

  dot(x: number, y: number): void {
    this.parts.push(svg`<circle class="dot" cx=${x} cy=${y} r="2"></circle>`);
  }

  text(x: number, y: number, text: string): void {
    this.parts.push(svg`<text class="say" x=${x} y=${y}>${text}</text>`);
  }

  svg(): TemplateResult {
    return html`<svg class="abs over wires" width=${this.width} height=${this.height} aria-hidden="true">
      <defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 .8L7 4L0 7.2" class="wire"></path></marker></defs>${this.parts}</svg>`;
  }
}
