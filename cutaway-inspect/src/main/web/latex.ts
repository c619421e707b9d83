// A formula of a derivation, written in a small part of LaTeX by the operation that made the number, as native MathML.

const GREEK: Record<string, string> = {
  alpha: 'α', beta: 'β', gamma: 'γ', delta: 'δ', epsilon: 'ε', varepsilon: 'ε', zeta: 'ζ', eta: 'η', theta: 'θ', iota: 'ι', kappa: 'κ',
  lambda: 'λ', mu: 'μ', nu: 'ν', xi: 'ξ', pi: 'π', rho: 'ρ', sigma: 'σ', tau: 'τ', phi: 'φ', varphi: 'φ', chi: 'χ', psi: 'ψ', omega: 'ω',
  Gamma: 'Γ', Delta: 'Δ', Theta: 'Θ', Lambda: 'Λ', Sigma: 'Σ', Phi: 'Φ', Psi: 'Ψ', Omega: 'Ω', ell: 'ℓ', infty: '∞', partial: '∂',
};
const OPERATORS: Record<string, string> = {
  cdot: '·', odot: '⊙', times: '×', le: '≤', leq: '≤', ge: '≥', geq: '≥', lt: '<', gt: '>', ne: '≠', neq: '≠', in: '∈', pm: '±', approx: '≈',
  lVert: '‖', rVert: '‖', Vert: '‖', lvert: '|', rvert: '|', ldots: '…', dots: '…', cdots: '⋯', to: '→', mapsto: '↦', leftarrow: '←', div: '÷',
  lfloor: '⌊', rfloor: '⌋', lceil: '⌈', rceil: '⌉', oplus: '⊕', otimes: '⊗', mid: '|', sim: '∼', circ: '∘', prime: '′', lbrace: '{', rbrace: '}',
};
const FUNCTIONS = new Set(['max', 'min', 'exp', 'log', 'ln', 'cos', 'sin', 'tan', 'tanh', 'arg', 'argmax', 'softmax', 'sigmoid', 'rms', 'erf', 'silu', 'gelu', 'relu', 'mean', 'var']);
const BIG: Record<string, string> = { sum: '∑', prod: '∏', bigcup: '⋃' };
const ACCENTS: Record<string, string> = { hat: '^', tilde: '~', bar: '¯', overline: '¯', vec: '→', dot: '˙' };
const UPRIGHT = new Set(['mathrm', 'text', 'operatorname', 'mathbf', 'mathit', 'textrm']);
const SPACES: Record<string, string> = { quad: '1em', qquad: '2em', ',': '.17em', ';': '.28em', ':': '.22em', ' ': '.25em', '!': '0em' };

const escape = (s: string): string => s.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

class Reader {
  private at = 0;

  constructor(private readonly s: string) {}

  /** Items until the closing brace or the end. */
  list(end = ''): string {
    const out: string[] = [];
    while (this.at < this.s.length) {
      if (end && this.s[this.at] === end) {
        this.at++;
        break;
      }
      const item = this.scripted();
      if (item) out.push(item);
    }
    return out.length === 1 ? out[0] : `<mrow>${out.join('')}</mrow>`;
  }

  private scripted(): string {
    const big = /^\\(sum|prod|bigcup|max|min|arg)(?![a-zA-Z])/.test(this.s.slice(this.at));
    const base = this.item();
    let below = '';
    let above = '';
    while (true) {
      this.spaces();
      const c = this.s[this.at];
      if (c === '_' || c === '^') {
        this.at++;
        const script = this.item();
        if (c === '_') below = script;
        else above += script;
      } else if (c === "'") {
        this.at++;
        above += '<mo>′</mo>';
      } else break;
    }
    if (above) above = `<mrow>${above}</mrow>`;
    if (!base) return '';
    if (below && above) return big ? `<munderover>${base}${below}${above}</munderover>` : `<msubsup>${base}${below}${above}</msubsup>`;
    if (below) return big ? `<munder>${base}${below}</munder>` : `<msub>${base}${below}</msub>`;
    if (above) return `<msup>${base}${above}</msup>`;
    return base;
  }

  private item(): string {
    this.spaces();
    const c = this.s[this.at];
    if (c === undefined) return '<mrow></mrow>';
    this.at++;
    if (c === '{') return this.list('}');
    if (c === '}') return '';
    if (c === '\\') return this.command();
    if (c === '&' || c === '~') return '';
    if (/[0-9]/.test(c)) {
      const rest = /^[0-9]*(\.[0-9]+)?/.exec(this.s.slice(this.at))![0];
      this.at += rest.length;
      return `<mn>${c}${rest}</mn>`;
    }
    if (/\p{L}/u.test(c)) return `<mi>${c}</mi>`;
    if (c === '-') return '<mo>−</mo>';
    if (c === '*') return '<mo>·</mo>';
    if ('()[]|'.includes(c)) return `<mo stretchy="false">${c}</mo>`;
    return `<mo>${escape(c)}</mo>`;
  }

  private command(): string {
    const name = /^([a-zA-Z]+|.)/.exec(this.s.slice(this.at))?.[0] ?? '';
    this.at += name.length;
    if (name in GREEK) return `<mi>${GREEK[name]}</mi>`;
    if (name in BIG) return `<mo movablelimits="false">${BIG[name]}</mo>`;
    if (name in OPERATORS) return `<mo>${escape(OPERATORS[name])}</mo>`;
    if (name in SPACES) return `<mspace width="${SPACES[name]}"></mspace>`;
    if (FUNCTIONS.has(name)) return `<mi mathvariant="normal">${name}</mi>`;
    if (name in ACCENTS) return `<mover accent="true">${this.item()}<mo>${ACCENTS[name]}</mo></mover>`;
    if (UPRIGHT.has(name)) return this.upright();
    if (name === 'frac' || name === 'tfrac' || name === 'dfrac') return `<mfrac>${this.item()}${this.item()}</mfrac>`;
    if (name === 'sqrt') return `<msqrt>${this.item()}</msqrt>`;
    if (name === 'left' || name === 'right') return this.fence();
    return `<mo>${escape(name)}</mo>`;
  }

  private upright(): string {
    this.spaces();
    if (this.s[this.at] !== '{') return `<mi mathvariant="normal">${escape(this.s[this.at++] ?? '')}</mi>`;
    const end = this.s.indexOf('}', this.at);
    const text = this.s.slice(this.at + 1, end < 0 ? undefined : end).replace(/\\_/g, '_');
    this.at = end < 0 ? this.s.length : end + 1;
    return text.length === 1 ? `<mi mathvariant="normal">${escape(text)}</mi>` : `<mtext>${escape(text)}</mtext>`;
  }

  private fence(): string {
    this.spaces();
    let c = this.s[this.at++] ?? '';
    if (c === '\\') {
      const name = /^([a-zA-Z]+|.)/.exec(this.s.slice(this.at))?.[0] ?? '';
      this.at += name.length;
      c = OPERATORS[name] ?? name;
    }
    return c === '.' ? '' : `<mo>${escape(c)}</mo>`;
  }

  private spaces(): void {
    while (this.s[this.at] === ' ' || this.s[this.at] === '\n') this.at++;
  }
}

/** The formula as MathML markup; what it does not know stays visible as text. */
export function mathml(latex: string): string {
  return `<math displaystyle="true">${new Reader(latex).list()}</math>`;
}
