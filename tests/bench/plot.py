"""The calls as a picture: one line per VM, a dot for each kind of call, on a logarithmic scale. Pure."""

import math
from html import escape

WIDTH, LEFT, RIGHT, TOP, STEP, FOOT = 900, 280, 40, 96, 54, 58
KINDS = [("echo", "bare gRPC server: the request comes back", "#8c8c8c"),
         ("info", "empty RPC", "#0072b2"),
         ("later", "OnDefineDomain, a later call", "#009e73"),
         ("new", "OnDefineDomain, a new VM's first call", "#d55e00")]
TICKS = (1, 2, 5)


def label(us):
    return f"{us:g} µs" if us < 1000 else f"{us / 1000:g} ms"


def ticks(low, high):
    for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1):
        for step in TICKS:
            if low <= step * 10 ** power <= high:
                yield step * 10 ** power


def text(x, y, words, anchor="start", size=13, extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"{extra}>{escape(words)}</text>'


def svg(figures, machine):
    """figures: [(name of the VM, {kind: microseconds})]."""
    values = [value for _, kinds in figures for value in kinds.values()]
    low, high = min(values) / 1.3, max(values) * 1.5
    height = TOP + STEP * len(figures) + FOOT

    def place(us):
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(us / low) / math.log(high / low)

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'font-family="DejaVu Sans, Arial, sans-serif" fill="#222">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        text(16, 28, "How long one call takes (median)", size=18, extra=' font-weight="bold"'),
    ]
    for number, (_, name, colour) in enumerate(KINDS):
        x, y = 16 + 400 * (number % 2), 52 + 20 * (number // 2)
        lines += [f'<circle cx="{x + 6}" cy="{y - 4.5}" r="6" fill="{colour}"/>', text(x + 18, y, name)]
    bottom = TOP + STEP * len(figures)
    for tick in ticks(low, high):
        x = place(tick)
        lines += [f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}" stroke="#e4e4e4"/>',
                  text(x, bottom + 18, label(tick), "middle", 12)]
    for number, (name, kinds) in enumerate(figures):
        y = TOP + STEP * (number + 0.5)
        lines += [text(LEFT - 14, y + 4.5, name, "end"),
                  f'<line x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}" stroke="#c8c8c8"/>']
        for kind, _, colour in KINDS:
            if kind in kinds:
                lines.append(f'<circle cx="{place(kinds[kind]):.1f}" cy="{y}" r="6" fill="{colour}" fill-opacity="0.85"/>')
        for kind in ("later", "new"):
            lines.append(text(place(kinds[kind]), y - 11 if kind == "new" else y + 20, label(float(f"{kinds[kind]:.3g}")),
                              "middle", 11))
    lines += [text(16, height - 14, f"Logarithmic scale. {machine}", size=12), "</svg>"]
    return "\n".join(lines) + "\n"
