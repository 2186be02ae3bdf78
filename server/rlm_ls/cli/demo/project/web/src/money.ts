/** Cents as people read them: 1234 → "12,34 €". */
export function euros(cents: number): string {
  const sign = cents < 0 ? "-" : "";
  const whole = Math.floor(Math.abs(cents) / 100);
  const rest = String(Math.abs(cents) % 100).padStart(2, "0");
  return `${sign}${whole},${rest} €`;
}

/** The other way round; null for what is no amount. */
export function cents(text: string): number | null {
  const found = /^\s*(\d+)(?:[.,](\d{1,2}))?\s*€?\s*$/.exec(text);
  if (!found) return null;
  return Number(found[1]) * 100 + Number((found[2] ?? "0").padEnd(2, "0"));
}
