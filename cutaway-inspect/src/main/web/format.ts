// Numbers and tokens as text: a real minus sign, thousands set off by a space, three to four digits on the sheet.

export function number(x: number, digits = 3): string {
  if (Number.isNaN(x)) return '';
  if (!Number.isFinite(x)) return x < 0 ? '−∞' : '∞';
  const a = Math.abs(x);
  let text: string;
  if (a === 0) text = '0';
  else if (a >= 10000) text = integer(Math.round(a));
  else if (a >= 1000) text = a.toFixed(0);
  else if (a >= 100) text = a.toFixed(1);
  else if (a >= 10) text = a.toFixed(2);
  else if (a >= 0.0095) text = a.toFixed(digits);
  else if (a >= 1e-4) text = a.toFixed(digits + 2);
  else text = a.toExponential(1).replace('e-', 'e−');
  return (x < 0 ? '−' : '') + text;
}

export function integer(x: number): string {
  return String(x).replace(/\B(?=(\d{3})+(?!\d))/g, ' ').replace('-', '−');
}

export function percent(x: number): string {
  if (Number.isNaN(x)) return '';
  if (x > 1.0005) return (100 * x).toFixed(0) + ' %';
  if (x >= 0.9995) return '100 %';
  if (x >= 0.0995) return (100 * x).toFixed(1) + ' %';
  if (x >= 0.0001) return (100 * x).toFixed(2) + ' %';
  return x === 0 ? '0 %' : '< 0.01 %';
}

/** A probability in a cell: `.69`. */
export function probability(x: number): string {
  if (x >= 0.995) return '1.0';
  return x >= 0.005 ? x.toFixed(2).slice(1) : '';
}

/** A token as it is drawn: without its leading space, never empty. */
export function shown(text: string): string {
  const plain = text.replace(/\u00a0/g, 'nbsp').replace(/\n/g, '⏎').replace(/\t/g, '⇥').replace(/^ /, '');
  return plain.trim() === '' ? '␣' : plain;
}

export function quoted(text: string): string {
  return `‘${shown(text)}’`;
}

/** Cuts a text to a width in pixels. */
export function fit(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  const letters = [...text];
  while (letters.length > 1 && context.measureText(letters.join('') + '…').width > width) letters.pop();
  return letters.join('') + '…';
}
