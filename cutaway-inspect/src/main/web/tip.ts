// The tip under the pointer and the region that a screen reader hears. Hovering never changes state.

let timer = 0;

/** Shows a tip near a point: what it is, its value, a note. */
export function showTip(x: number, y: number, what: string, value = '', note = ''): void {
  const tip = document.getElementById('tip');
  if (!tip) return;
  tip.replaceChildren();
  const line = document.createElement('div');
  line.append(value ? `${what}: ` : what);
  if (value) {
    const b = document.createElement('b');
    b.textContent = value;
    line.append(b);
  }
  tip.append(line);
  for (const text of note ? note.split('\n') : []) {
    const small = document.createElement('small');
    small.textContent = text;
    tip.append(small);
  }
  tip.style.display = 'block';
  const box = tip.getBoundingClientRect();
  const left = x + 14 + box.width > innerWidth - 8 ? x - box.width - 12 : x + 14;
  const top = y + 16 + box.height > innerHeight - 8 ? y - box.height - 12 : y + 16;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${Math.max(4, top)}px`;
}

export function hideTip(): void {
  const tip = document.getElementById('tip');
  if (tip) tip.style.display = 'none';
}

/** Says a sentence to a screen reader, politely. */
export function say(text: string): void {
  clearTimeout(timer);
  timer = window.setTimeout(() => {
    const live = document.getElementById('live');
    if (live) live.textContent = text;
  }, 60);
}
