/** A JSON value, indented; a string stays the text that it is. */
import { LongText } from "./LongText.tsx";

export function Json({ value }: { value: unknown }) {
  return <LongText mono text={typeof value === "string" ? value : JSON.stringify(value, null, 2)} />;
}
