"""Puts the figures of a training between the marks of a Markdown file: card.py FIGURES FILE…"""

import json
import sys

BEGIN, END = "<!-- figures: written by training/card.py -->", "<!-- end of figures -->"
HEADS = {"u": "User text", "t": "Untrusted content"}


def percent(row):
    return f"{100 * row['share']:.1f} ({100 * row['low']:.1f}–{100 * row['high']:.1f})"


def table(rows, first):
    out = [f"| {first} | kind | source | texts | reported, % (95 %) |", "|---|---|---|---|---|"]
    for row in rows:
        source = "**all**" if row["source"] == "all" else row["source"]
        what = "recall" if row["label"] else "false positives"
        out.append(f"| {what} | {row['kind']} | {source} | {row['count']} | {percent(row)} |")
    return "\n".join(out)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        figures = json.load(file)["figures"]
    parts = []
    for head, name in HEADS.items():
        rows = [row for row in figures if row["head"] == head]
        rows.sort(key=lambda row: (-row["label"], row["kind"], row["source"] != "all", row["source"]))
        parts.append(f"### {name}\n\n{table(rows, 'measure')}")
    text = "\n\n".join(parts)
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as file:
            page = file.read()
        head, rest = page.split(BEGIN, 1)
        _, tail = rest.split(END, 1)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}")


if __name__ == "__main__":
    main()
