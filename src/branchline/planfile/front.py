"""Front matter: where it ends, and its plain fields."""


def front_matter_end(lines: list[str]) -> int:
    """Say on which line (1-based) front matter ends; 0 when there is none."""
    if not lines or lines[0].rstrip() != "---":
        return 0
    for number in range(1, len(lines)):
        if lines[number].rstrip() in ("---", "..."):
            return number + 1
    return 0


def front_matter(lines: list[str]) -> dict[str, str]:
    """Read the plain `key: value` lines; nested values stay with the key above them, unread."""
    front: dict[str, str] = {}
    for line in lines:
        key, colon, value = line.partition(":")
        if colon and key and not key[0].isspace() and key[0] not in "-#":
            front.setdefault(key.strip(), value.strip().strip("\"'"))
    return front
