"""What was measured, as rows of tables, with the bounds that we hold ourselves to. Pure."""

from dataclasses import dataclass, field


def time(us):
    if us < 1000:
        return f"{us:.3g} µs" if us < 100 else f"{us:.0f} µs"
    return f"{us / 1000:.3g} ms"


def memory(kib):
    return f"{kib / 1024:.1f} MiB"


def number(value):
    return f"{value:,.0f}"


@dataclass
class Row:
    """One line: `ours` and what stands beside it are texts; "" where there is nothing to compare with."""
    name: str
    ours: str
    floor: str = ""
    peer: str = ""
    ratio: float = None
    bound: float = None  # of the ratio

    def exceeded(self):
        return self.bound is not None and self.ratio > self.bound

    def verdict(self):
        """"3.1 x, ok (at most 5)"."""
        if self.ratio is None:
            return ""
        text = f"{self.ratio:.2f} x"
        return text if self.bound is None else f"{text}, {'EXCEEDED' if self.exceeded() else 'ok'} (at most {self.bound:g})"


@dataclass
class Section:
    title: str
    about: str  # what is compared with what
    rows: list = field(default_factory=list)


def cells(row, peer):
    return [row.name, row.ours, row.floor, *([row.peer] if peer else []), row.verdict()]


def header(peer):
    return ["", "kubevirt-gpu-hook", "bare gRPC server", *([peer] if peer else []), "ratio"]


def terminal(section, peer):
    """The section in aligned columns."""
    lines = [header(peer), *(cells(row, peer) for row in section.rows)]
    widths = [max(map(len, column)) for column in zip(*lines)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)


def markdown(section, peer):
    lines = [header(peer), ["---"] * len(header(peer)), *(cells(row, peer) for row in section.rows)]
    return (f"### {section.title}\n\n{section.about}\n\n" +
            "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |").replace("|  |", "| |") for line in lines))
