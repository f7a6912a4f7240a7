/** Why a login did not work, in words. */
import { ApiError } from "../../api/client.ts";

export function refusal(error: Error, way: "key" | "password"): string {
  if (!(error instanceof ApiError)) return "The proxy cannot be reached. Try again when it is back.";
  switch (error.status) {
    case 401:
      return way === "key"
        ? "This key opens nothing: it is unknown, has expired, or was revoked."
        : "Name or password is wrong, or the account is disabled.";
    case 429:
      return "Too many attempts have failed, from this address or for this name. Wait a minute, then try again.";
    case 503:
      return error.word === "login-busy"
        ? "Too many log in at the same time. Try again in a few seconds."
        : "This cannot be looked up now, because a store is away. Try again shortly.";
    default:
      return `${error.message}.`;
  }
}

const OIDC: Record<string, string> = {
  denied: "the provider refused",
  unknown: "nobody here has this account",
  disabled: "the account is disabled",
  expired: "it took too long",
  unavailable: "the provider cannot be reached",
};

/** What the way back from the provider says went wrong; its word is in the address, so it may be anything. */
export function cameBack(word: string | null): string | null {
  if (word === null) return null;
  const why = Object.hasOwn(OIDC, word) ? OIDC[word] : undefined;
  return `The login did not work${why ? `: ${why}` : ""}. Try again, or ask who runs this installation.`;
}
