// Values to colours. One scale for the whole drawing, never per vector: see the legends of the title block, which are drawn
// by the same functions. Zero is paper, blue is negative, orange is positive; probabilities go from paper to viridian ink.

export type Kind = 'signed' | 'probability' | 'linear' | 'weight';

const STOPS = {
  light: {
    signed: '#08336C #12549E #4284C5 #86B7E1 #C7DEF0 #F5F6F3 #F2DABF #EEAE7B #DD7B38 #B04C13 #782C0C',
    probability: '#F5F6F3 #D0E8DC #A2D0BD #6FB19C #3E8D7B #1B685E #0A4744 #052A2C',
  },
  dark: {
    signed: '#8FD3FF #62B3F2 #3D8BD0 #285F97 #193D5D #131E22 #52311A #8A4C22 #C06B2B #E6933F #FFC072',
    probability: '#131E22 #1C3937 #265A51 #39806E #56A88A #7ECEAA #B3EACB #E8FBEB',
  },
};

export type Theme = keyof typeof STOPS;

const SIGNED_ENTRIES = 511;
const PROBABILITY_ENTRIES = 256;
const WEIGHT_MAGNIFICATION = 10;
export const LOGIT_END = 2;

export const clamp = (x: number, low: number, high: number): number => Math.max(low, Math.min(high, x));

function table(stops: string, entries: number): Uint8Array {
  const colours = stops.split(' ').map((hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)));
  const out = new Uint8Array(entries * 3);
  for (let i = 0; i < entries; i++) {
    const x = (i / (entries - 1)) * (colours.length - 1);
    const left = Math.min(colours.length - 2, Math.floor(x));
    for (let j = 0; j < 3; j++) {
      out[i * 3 + j] = Math.round(colours[left][j] * (1 - (x - left)) + colours[left + 1][j] * (x - left));
    }
  }
  return out;
}

/** The colours of a theme and the two numbers of the signed scale, a property of the model. */
export class Scale {
  private readonly signed: Uint8Array;
  private readonly probability: Uint8Array;
  private readonly top: number;

  constructor(
    readonly theme: Theme,
    readonly knee: number,
    readonly end: number,
  ) {
    this.signed = table(STOPS[theme].signed, SIGNED_ENTRIES);
    this.probability = table(STOPS[theme].probability, PROBABILITY_ENTRIES);
    this.top = Math.asinh(end / knee);
  }

  /** Where a value lies on the signed scale, -1 to 1. */
  place(x: number): number {
    return clamp(Math.asinh(x / this.knee) / this.top, -1, 1);
  }

  /** The value at a place of the signed scale. */
  value(place: number): number {
    return this.knee * Math.sinh(place * this.top);
  }

  lookup(kind: Kind): Uint8Array {
    return kind === 'probability' ? this.probability : this.signed;
  }

  /** Offset of a value's colour in the kind's table. */
  offset(kind: Kind, x: number): number {
    if (kind === 'probability') return 3 * Math.round((PROBABILITY_ENTRIES - 1) * Math.sqrt(clamp(x, 0, 1)));
    const place =
      kind === 'linear' ? clamp(x / LOGIT_END, -1, 1) : this.place(kind === 'weight' ? x * WEIGHT_MAGNIFICATION : x);
    const half = (SIGNED_ENTRIES - 1) / 2;
    return 3 * Math.round(half + half * place);
  }

  css(kind: Kind, x: number): string {
    const lookup = this.lookup(kind);
    const i = this.offset(kind, x);
    return `rgb(${lookup[i]},${lookup[i + 1]},${lookup[i + 2]})`;
  }

  /** Dark or light text, whichever is readable on the value's colour. */
  textOn(kind: Kind, x: number): string {
    const lookup = this.lookup(kind);
    const i = this.offset(kind, x);
    const luminance = 0.3 * lookup[i] + 0.59 * lookup[i + 1] + 0.11 * lookup[i + 2];
    return luminance > 114 ? '#14242B' : '#F4F6F3';
  }
}
