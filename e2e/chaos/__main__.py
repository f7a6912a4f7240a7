"""Runs the cases and prints the table: `python -m chaos [--profile lite|production] [--markdown FILE] [CASE]...`.

CHAOS_SECONDS (60): how long a fault lasts. CHAOS_RATE (300): requests a second. CHAOS_KILLS (20), CHAOS_BACKLOG_BYTES (1 GiB).
"""

import argparse
import dataclasses
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from chaos.cases import CASES  # noqa: E402
from chaos.world import CannotRun, Outcome, World  # noqa: E402

HEADS = {
    "case": "case", "sent": "sent", "stored": "stored", "duplicated": "dup.", "missing": "missing", "interrupted": "interrupted",
    "shed": "shed", "client_errors": "client errors", "recovery_s": "recovery s", "peak_mib": "peak MiB",
}


def run(name: str, profile: str, rate: float, seconds: float) -> Outcome:
    work, _ = CASES[name]
    world = None
    try:
        world = World(Path(tempfile.mkdtemp(prefix="chaos-")), profile, rate, seconds)
        return work(world)
    except CannotRun as why:
        return Outcome(name, note=f"cannot run: {why}", broken=[f"cannot run: {why}"])
    except Exception as error:  # noqa: BLE001 - the other cases still run, and this one has failed
        traceback.print_exc()
        return Outcome(name, broken=[f"{type(error).__name__}: {str(error)[:600]}"])
    finally:
        if world:
            world.close()


def cells(out: Outcome) -> list[str]:
    values = dataclasses.asdict(out)
    return [f"{values[k]:.1f}" if isinstance(values[k], float) else str(values[k]) for k in HEADS]


def record(table: Path, out: Outcome):
    """Writes a case's row as it ends, in the place of its row of an earlier run."""
    rows = {row.split(" | ")[0].strip("| "): row for row in (table.read_text().splitlines()[2:] if table.exists() else [])}
    rows[out.case] = f"| {' | '.join([*cells(out), '; '.join([out.note, *(f'BROKEN: {b}' for b in out.broken)])])} |".replace("\n", " ")
    head = [f"| {' | '.join([*HEADS.values(), 'note'])} |", "|---" * (len(HEADS) + 1) + "|"]
    table.write_text("\n".join([*head, *(rows[n] for n in CASES if n in rows)]) + "\n")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--profile", choices=["lite", "production"], default=os.environ.get("CHAOS_PROFILE", "production"))
    options.add_argument("--markdown", help="file that each row is written into as its case ends; rows of other cases stay")
    options.add_argument("cases", nargs="*")
    given = options.parse_args()
    names = given.cases or [n for n, (_, profiles) in CASES.items() if given.profile in profiles]
    if unknown := [n for n in names if n not in CASES]:
        options.error(f"unknown cases {unknown}, expected {list(CASES)}")
    rate, seconds = float(os.environ.get("CHAOS_RATE", "300")), float(os.environ.get("CHAOS_SECONDS", "60"))
    print(f"profile {given.profile}, {rate:g} requests/s, faults of {seconds:g} s", flush=True)
    done = []
    for name in names:
        start = time.monotonic()
        out = run(name, given.profile, rate, seconds)
        done.append(out)
        print("  ".join(f"{h} {c}" for h, c in zip(list(HEADS.values())[1:], cells(out)[1:])), f"[{name}, {time.monotonic() - start:.0f} s] {out.note}", flush=True)
        for broken in out.broken:
            print("   BROKEN:", broken, flush=True)
        if given.markdown:
            record(Path(given.markdown), out)
    failed = sum(bool(out.broken) for out in done)
    print(f"\n{len(done) - failed} cases hold, {failed} do not")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
