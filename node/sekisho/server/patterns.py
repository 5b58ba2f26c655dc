"""SQL's LIKE over names, in a time that no pattern can stretch."""


def is_like(name: str, pattern: str) -> bool:
    """Tell whether a name fits a pattern, in which `%` is any text and `_` any one character.

    A backslash takes the next character as it is. Letters' case does not matter, as in queries. The
    time is the product of both lengths at most: after a mismatch only the last `%` is tried again.
    """
    text, parts = name.casefold(), _parts(pattern.casefold())
    at = part = 0
    star, mark = -1, 0
    while at < len(text):
        if part < len(parts) and parts[part] == "%any":
            star, mark = part, at
            part += 1
        elif part < len(parts) and parts[part] in {text[at], "%one"}:
            at += 1
            part += 1
        elif star >= 0:
            mark += 1
            part, at = star + 1, mark
        else:
            return False
    return all(item == "%any" for item in parts[part:])


def _parts(pattern: str) -> list[str]:
    found = []
    is_escaped = False
    for character in pattern:
        if character == "\\" and not is_escaped:
            is_escaped = True
            continue
        kinds = {"%": "%any", "_": "%one"}
        found.append(character if is_escaped else kinds.get(character, character))
        is_escaped = False
    return found
