/** Words that must be in what was said. Its key is `/`. */
import type { Ref } from "react";
import { useSearchParams } from "react-router";
import { withParam } from "../lib/params.ts";
import { Icon } from "./Icon.tsx";
import { Input } from "./Input.tsx";

export function SearchBox({ ref }: { ref: Ref<HTMLInputElement> }) {
  const [params, setParams] = useSearchParams();
  const kept = params.get("text") ?? "";
  return (
    <search className="w-full max-w-md">
      <form
        action={(form) => setParams(withParam(params, "text", String(form.get("text") ?? "").trim()))}
        className="relative"
      >
        <span className="absolute top-1.5 left-2 text-faint">
          <Icon name="search" />
        </span>
        <Input
          key={kept}
          ref={ref}
          type="search"
          name="text"
          defaultValue={kept}
          aria-label="Search in what was said"
          placeholder="Search in prompts and answers   /"
          className="pl-7"
        />
      </form>
    </search>
  );
}
