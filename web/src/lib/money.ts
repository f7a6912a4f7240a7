/** Exact sums of money: decimal strings in, nano-dollars in between. */

/** A decimal string as a whole number of `10^-places`; null where it has more places, or is none. */
export function scaled(decimal: string, places: number): bigint | null {
  const parts = /^(-?)(\d+)(?:\.(\d+))?$/.exec(decimal);
  if (!parts) return null;
  const [, sign = "", digits = "", fraction = ""] = parts;
  if (fraction.replace(/0+$/, "").length > places) return null;
  const value = BigInt(digits + fraction.slice(0, places).padEnd(places, "0"));
  return sign ? -value : value;
}

/**
 * What the tokens of each bucket cost, if by these prices they cost exactly what was recorded; null where they do not (long
 * prompts, service tiers, pieces beside tokens).
 */
export function costByBucket(
  usage: Record<string, number>,
  usdPerMillion: Record<string, string>,
  recordedUsd: string,
): Map<string, number> | null {
  // A price of up to 12 places per million tokens makes 18 places per token.
  const costs = new Map<string, bigint>();
  for (const [bucket, tokens] of Object.entries(usage)) {
    if (bucket === "total" || tokens === 0) continue;
    const price = scaled(usdPerMillion[bucket] ?? "", 12);
    if (price === null) return null;
    costs.set(bucket, price * BigInt(tokens));
  }
  const recorded = scaled(recordedUsd, 9);
  const sum = [...costs.values()].reduce((total, cost) => total + cost, 0n);
  // Recorded money is rounded up once, to the nano-dollar.
  const nano = 10n ** 9n;
  if (recorded === null || (sum + nano - 1n) / nano !== recorded) return null;
  return new Map([...costs].map(([bucket, cost]) => [bucket, Number(cost) / 1e18]));
}
