"""Makes the training set: the rows of DATA, what the lexicon gives, and both in many containers.

Every kind of text goes into every container, or a model learns the container. Writes JSON lines on stdout: text, label, kind,
source, heads ("u", "t" or both) and weight. The same input gives the same bytes.
"""

import gettext
import importlib
import io
import json
import pathlib
import random
import re
import sys

import django
import faker.providers.lorem
import yaml
import zstandard

HERE = pathlib.Path(__file__).parent
FILES = ["train", "dev", "synthetic_hardneg", "persona_negatives"]

# What the two heads learn from.
USER = {"direct", "jailbreak", "encoded", "multilingual", "hardneg", "hardneg_persona", "benign_chat", "benign_multi", "benign_agent"}
UNTRUSTED = {"direct", "indirect", "indirect_tool", "encoded", "multilingual", "hardneg", "benign_doc", "benign_agent",
             "benign_chat", "benign_multi", "hardneg_persona", "jailbreak"}
# Labelled attack, but ordinary requests outside of their context: nothing a text alone can show.
NOT_BY_TEXT = {"bipia_train_attack"}


def read(folder):
    for name in FILES:
        with open(pathlib.Path(folder) / f"{name}.jsonl.zst", "rb") as file:
            for line in io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), "utf-8"):
                row = json.loads(line)
                yield {key: row.get(key) for key in ("text", "label", "kind", "source", "lic")} | {"file": name}


def lexicon(name):
    return yaml.safe_load((HERE / "lexicon" / f"{name}.yaml").read_text(encoding="utf-8"))


class Slots:
    def __init__(self, slots, chance):
        self.slots, self.chance = slots, chance

    def fill(self, template):
        # Twice: what fills a slot may have slots.
        text = template
        for _ in range(2):
            text = re.sub(r"(?<!\{)\{(\w+)\}", lambda found: self.chance.choice(self.slots[found[1]]), text)
        text = text.replace("{{", "{").replace("}}", "}")
        return text[:1].upper() + text[1:] if self.chance.random() < 0.8 else text.lower()


def filled(slots, templates, count):
    seen, texts = set(), []
    for number in range(count * 4):
        text = slots.fill(templates[number % len(templates)])
        if text not in seen:
            seen.add(text)
            texts.append(text)
        if len(texts) == count:
            break
    return texts


def multilingual(chance, words):
    """Override phrases and ordinary sentences, by language."""
    attacks, benign = [], []
    for language, entry in sorted(words.items()):
        pairs = [(drop, what) for drop in entry["drop"] for what in entry["what"]]
        chance.shuffle(pairs)
        for drop, what in pairs[:24]:
            text = drop.replace("{o}", what)
            text = text[:1].upper() + text[1:]
            ending = chance.choice(entry["then"]) if chance.random() < 0.6 else "."
            attacks.append((language, text + ("" if ending[0] in ".，、" else " ") + ending))
        attacks += [(language, text) for text in entry["ask"] + entry["role"]]
        benign += [(language, text) for text in entry["benign"]]
    return attacks, benign


def interface(chance):
    """Ordinary text in many languages, so that no language looks like an attack by itself: messages of a user interface
    (Django, BSD-3-Clause) and common words (Faker, MIT), one to many in a text."""
    messages = {}
    for path in sorted(pathlib.Path(django.__file__).parent.glob("**/LC_MESSAGES/*.mo")):
        with open(path, "rb") as file:
            catalog = gettext.GNUTranslations(file)._catalog
        for key, text in sorted((str(key), text) for key, text in catalog.items() if isinstance(text, str)):
            text = re.sub(r"%\(\w+\)[a-z]|%[sd]|\{\w+\}|<[^>]+>|·", " ", text)
            text = " ".join(text.split())
            if key and len(text) >= 12 and text != key:
                messages.setdefault(path.parts[-3], set()).add(text)
    lorem = pathlib.Path(faker.providers.lorem.__file__).parent
    for folder in sorted(lorem.glob("*_*")):
        if not (folder / "__init__.py").exists() or folder.name.startswith("_"):
            continue
        words = importlib.import_module(f"faker.providers.lorem.{folder.name}").Provider.word_list
        for _ in range(60):
            yield folder.name.split("_")[0], " ".join(chance.choice(words) for _ in range(chance.choice([5, 10, 20, 40, 90])))
    for language, texts in sorted(messages.items()):
        texts = sorted(texts)
        if len(texts) < 60:
            continue
        for text in chance.sample(texts, min(len(texts), 60)):
            yield language, text
        for _ in range(50):
            yield language, " ".join(chance.sample(texts, chance.choice([2, 3, 5, 9, 16])))


# Containers: how a text reaches a model. {t} is the text, {d} a stretch of ordinary text.
CHAT = ["{t}", "User: {t}", "user: {d}\nassistant: Sure.\nuser: {t}", "{d}\n\n{t}", "{t}\n\n{d}", "\"{t}\"", "Hi! {t} Thanks!",
        "Question: {t}\nAnswer:", "{{\"prompt\": \"{t}\"}}", "### Input\n{t}\n### Response", "Hello,\n\n{t}\n\nBest regards,\nAnna",
        "- {d}\n- {t}", "{d} {t}", "```\n{t}\n```"]
OUTSIDE = ["{d}\n{t}", "{t}\n{d}", "{d} {t} {e}", "{{'id': 'a{n}', 'title': 'Report', 'body': '{d} {t}'}}",
           "{{\"results\": [{{\"id\": {n}, \"snippet\": \"{t}\"}}, {{\"id\": 7, \"snippet\": \"{d}\"}}]}}", "<html><body><p>{d}</p><p>{t}</p></body></html>",
           "# Notes\n\n{d}\n\n> {t}\n\n{e}", "From: lee@mail.example\nTo: kim@mail.example\nSubject: Update {n}\n\n{d}\n\n{t}\n\nRegards\nLee",
           "def load():\n    # {t}\n    return {n}\n", "/* {t} */\nint main(void) {{ return {n}; }}", "| id | note |\n| {n} | {t} |\n| 3 | {d} |",
           "{{'reviews': [{{'name': 'Sam', 'rating': {r}, 'content': '{t}'}}]}}", "name: job-{n}\ndescription: {t}\nowner: ops",
           "{{\"name\": \"get_item\", \"description\": \"Returns an item by its id. {t}\"}}", "[{n}] {d}\n[2] {t}", "Ticket {n}: {d}\nComment: {t}",
           "{{'tweet': {{'user_id': 'u{n}', 'content': '{t}'}}}}", "<div style=\"display:none\">{t}</div><div>{d}</div>", "{d}\n\n--- \n{t}\n---\n{e}",
           "{{'details': {{'name': 'Jo', 'bio': '{t}', 'created_at': '2023-01-{r}2'}}}}", "{{'event_name': '{t}', 'start_time': '2024-05-1{r}T10:00'}}"]


def contained(chance, container, text, documents):
    def stretch():
        document = chance.choice(documents)
        words = document.split(" ")
        length = chance.choice([8, 20, 40, 80, 160])
        start = chance.randrange(max(1, len(words) - length + 1))
        return " ".join(words[start:start + length])
    return container.format(t=text, d=stretch(), e=stretch(), n=chance.randrange(10, 999), r=chance.randrange(1, 6))


def heads(row):
    if row["source"] in NOT_BY_TEXT:
        return ""
    return ("u" if row["kind"] in USER else "") + ("t" if row["kind"] in UNTRUSTED else "")


def main(folder):
    chance = random.Random(20261127)
    english, words = lexicon("english"), lexicon("override")
    manners, content = lexicon("manners"), lexicon("content")
    slots = Slots(english["slots"] | manners["slots"] | content["slots"], chance)
    rows = list(read(folder))
    out = []

    def add(text, label, kind, source, which, lic="own"):
        out.append({"text": text, "label": label, "kind": kind, "source": source, "heads": which, "lic": lic})

    for row in rows:
        add(row["text"], row["label"], row["kind"], row["source"], heads(row), row["lic"])

    by_kind = {}
    for row in rows:
        by_kind.setdefault((row["kind"], row["label"]), []).append(row)

    def some(kind, label, count):
        found = by_kind.get((kind, label), [])
        return chance.sample(found, min(count, len(found)))

    documents = [row["text"] for row in by_kind[("benign_doc", 0)]] + [row["text"] for row in some("benign_chat", 0, 3000)]
    documents = [text for text in documents if len(text) > 60]

    # The lexicon by itself.
    direct = filled(slots, english["direct"], 1500)
    direct += filled(slots, manners["persuasion"] + manners["frame"] + manners["hijack"], 3000)
    jailbreak = filled(slots, english["jailbreak"], 700)
    indirect = filled(slots, english["indirect"], 1800) + filled(slots, content["attack"], 3600)
    benign = filled(slots, english["benign"], 2200) + filled(slots, manners["benign"], 1500)
    notes = filled(slots, english["benign_note"], 500) + filled(slots, content["benign"], 700)
    other, plain = multilingual(chance, words)
    for text in direct:
        add(text, 1, "direct", "own_direct", "ut")
    for text in jailbreak:
        add(text, 1, "jailbreak", "own_jailbreak", "ut")
    for text in indirect:
        add(text, 1, "indirect", "own_indirect", "t")
    for text in benign:
        add(text, 0, "hardneg", "own_benign", "ut")
    for text in notes:
        add(text, 0, "hardneg", "own_benign_note", "t")
    for language, text in other:
        add(text, 1, "multilingual", f"own_{language}", "ut")
    for language, text in plain:
        add(text, 0, "hardneg", f"own_{language}", "ut")

    for language, text in interface(chance):
        add(text, 0, "benign_multi", f"ui_{language}", "ut", "ui")

    # Chat containers, both labels.
    attacks = [(r["text"], r["kind"], r["source"]) for r in some("direct", 1, 2200) + some("multilingual", 1, 250) if r["source"] != "spml_chatbot"]
    attacks += [(text, "direct", "own_direct") for text in chance.sample(direct, 700)]
    attacks += [(text, "multilingual", f"own_{language}") for language, text in chance.sample(other, 500)]
    ordinary = [(r["text"], r["kind"], r["source"]) for r in some("benign_chat", 0, 2200) + some("hardneg", 0, 900) + some("benign_multi", 0, 500)]
    ordinary += [(text, "hardneg", "own_benign") for text in chance.sample(benign, 900)]
    ordinary += [(text, "hardneg", f"own_{language}") for language, text in plain * 2]
    for label, texts in ((1, attacks), (0, ordinary)):
        for text, kind, source in texts:
            if len(text) < 600:
                add(contained(chance, chance.choice(CHAT[1:]), text, documents), label, kind, source, "u")

    # What comes from outside, both labels: attacks in documents, and ordinary sentences and questions in the same places.
    attacks = [(r["text"], "indirect", r["source"]) for r in some("direct", 1, 1500) if r["source"] not in ("spml_chatbot", "slabs")]
    attacks += [(r["text"], "indirect", r["source"]) for r in some("indirect", 1, 3000) if r["source"] == "injecagent"] * 4
    attacks += [(text, "indirect", "own_indirect") for text in indirect + chance.sample(indirect, 2000)]
    attacks += [(text, "indirect", "own_direct") for text in chance.sample(direct, 500)]
    attacks += [(text, "indirect", f"own_{language}") for language, text in chance.sample(other, 500)]
    ordinary = [(r["text"], "benign_doc", r["source"]) for r in some("benign_chat", 0, 2500) + some("benign_agent", 0, 1500) + some("hardneg", 0, 700)]
    ordinary += [(text, "benign_doc", "own_benign_note") for text in notes * 3]
    ordinary += [(text, "benign_doc", "own_benign") for text in chance.sample(benign, 800)]
    ordinary += [(text, "benign_doc", f"own_{language}") for language, text in plain * 2]
    for label, texts in ((1, attacks), (0, ordinary)):
        for text, kind, source in texts:
            if len(text) < 600:
                add(contained(chance, chance.choice(OUTSIDE), text, documents), label, kind, source, "t")

    for row in out:
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
