"""What a page of docs/guide gives its reader to type: commands and YAML."""

import re
import textwrap

from chart import ROOT

PROGRAMS = "cd|curl|docker|helm|kubectl"


def text_of(page: str) -> str:
    return (ROOT / "docs" / "guide" / f"{page}.md").read_text()


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks, without the indentation of the list that they stand in."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```$", text_of(page), re.S | re.M)
    return [textwrap.dedent(body) for _, body in found]


def commands(page: str) -> list[str]:
    """Every command on one line and without its comment, those within sentences as well."""
    lines = [line for block in blocks(page, "sh") for line in block.replace("\\\n", " ").splitlines()]
    plain = [" ".join(re.sub(r"(^|\s)# .*", "", line).split()) for line in lines]
    prose = re.sub(r"^ *```.*?^ *```$", "", text_of(page), flags=re.S | re.M)
    return [line for line in plain if line] + re.findall(rf"`((?:{PROGRAMS}) [^`]+)`", prose)
