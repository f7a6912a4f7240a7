/** Who is logged in, and the way out. Where nobody is asked who they are, there is neither. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { logOut } from "../api/login.ts";
import { type Me, useMe, useOneTenant, useRole } from "../api/me.ts";
import { BUTTON, Button } from "../ui/Button.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Link } from "../ui/Link.tsx";
import { Notice } from "../ui/Notice.tsx";
import { Popup } from "../ui/Popup.tsx";

const KINDS: Record<Me["kind"], string> = { key: "API key", user: "Account", anonymous: "Nobody in particular" };

export function WhoMenu() {
  const me = useMe();
  const [open, setOpen] = useState(false);
  if (me.kind === "anonymous") return null;
  const name = me.name ?? KINDS[me.kind];
  const button = (
    <>
      <Icon name={me.kind === "key" ? "key" : "person"} />
      <span className="sr-only">Logged in as </span>
      <bdi className="hidden max-w-40 truncate md:inline">{name}</bdi>
    </>
  );
  return (
    <Popup button={button} open={open} onOpen={setOpen} side="right">
      <Inside me={me} name={name} close={() => setOpen(false)} />
    </Popup>
  );
}

function Inside({ me, name, close }: { me: Me; name: string; close: () => void }) {
  const [role, tenant] = [useRole(), useOneTenant()];
  const [queries, navigate] = [useQueryClient(), useNavigate()];
  const leave = useMutation({
    mutationFn: logOut,
    onSuccess: () => {
      navigate("/login", { replace: true });
      // Nothing of what was shown stays in this window.
      queries.clear();
    },
  });
  return (
    <div className="flex w-56 flex-col gap-2 text-xs">
      <div className="stranger">
        <p className="font-semibold">{name}</p>
        <p className="text-muted">{KINDS[me.kind]}</p>
        <p className="text-muted">
          {role === "platform" ? "platform, in every tenant" : (role ?? "no role")}
          {role !== "platform" && tenant !== null && ` in ${tenant}`}
        </p>
      </div>
      {me.kind === "user" && (
        <Link to="/account" onClick={close} className={`${BUTTON} justify-center`}>
          Your account
        </Link>
      )}
      <Button onClick={() => leave.mutate()} disabled={leave.isPending} className="justify-center">
        Log out
      </Button>
      {leave.error && <Notice tone="bad">{leave.error.message}</Notice>}
    </div>
  );
}
