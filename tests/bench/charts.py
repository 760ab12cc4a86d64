# SPDX-License-Identifier: MIT
"""Plots of compare.py's figures as SVG, written by hand: a panel per figure, value over bytes (or
over ranks), both logarithmic, a line per MPI, and a band between the quartiles."""

import collections
import html
import math
import os

COLOURS = {"ours": "#d1491b", "openmpi": "#2f6db3", "mpich": "#3a8f5c"}
WIDTH, HEIGHT, COLUMNS = 300, 210, 4
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 26, 30


def size_name(size):
    for limit, suffix in ((1 << 20, "M"), (1 << 10, "K")):
        if size >= limit:
            return f"{size / limit:g}{suffix}"
    return str(size)


def powers_of_ten(low, high):
    return [10.0 ** p for p in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]


def panel(title, unit, series, across, x, y):
    """series: {mpi: [(position, q1, median, q3), ...]}"""
    points = [point for line in series.values() for point in line]
    ticks = sorted({point[0] for point in points})
    lows, highs = zip(*((point[1], point[3]) for point in points))
    scale = powers_of_ten(min(lows), max(highs))
    if len(scale) < 2:
        scale.append(scale[0] * 10)

    def at_x(position):
        # Bytes start at 0, which has no logarithm: half of the next one.
        return x + LEFT + (WIDTH - LEFT - RIGHT) * logarithm(position, ticks)

    def at_y(value):
        low, high = math.log10(scale[0]), math.log10(scale[-1])
        part = (math.log10(value) - low) / (high - low)
        return y + HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * part

    parts = [f'<text x="{x + LEFT}" y="{y + 16}" class="title">{html.escape(title)}, '
             f'{html.escape(unit)}</text>']
    for value in scale:
        parts.append(f'<line x1="{x + LEFT}" x2="{x + WIDTH - RIGHT}" y1="{at_y(value):.1f}" '
                     f'y2="{at_y(value):.1f}" class="grid"/><text x="{x + LEFT - 4}" '
                     f'y="{at_y(value) + 3:.1f}" text-anchor="end">{value:g}</text>')
    for tick in thinned(ticks):
        name = size_name(tick) if across == "bytes" else str(tick)
        parts.append(f'<text x="{at_x(tick):.1f}" y="{y + HEIGHT - BOTTOM + 14}" '
                     f'text-anchor="middle">{name}</text>')
    for mpi, line in series.items():
        colour = COLOURS.get(mpi, "#777777")
        band = [f"{at_x(p[0]):.1f},{at_y(p[3]):.1f}" for p in line]
        band += [f"{at_x(p[0]):.1f},{at_y(p[1]):.1f}" for p in reversed(line)]
        curve = " ".join(f"{at_x(p[0]):.1f},{at_y(p[2]):.1f}" for p in line)
        parts.append(f'<polygon points="{" ".join(band)}" fill="{colour}" opacity="0.2"/>'
                     f'<polyline points="{curve}" fill="none" stroke="{colour}" '
                     'stroke-width="1.5"/>')
        parts += [f'<circle cx="{at_x(p[0]):.1f}" cy="{at_y(p[2]):.1f}" r="2.2" fill="{colour}"/>'
                  for p in line]
    return "\n".join(parts)


def logarithm(position, ticks):
    """Where a position lies between the first and the last tick, from 0 to 1."""
    def log(value):
        above = [tick for tick in ticks if tick > 0]
        return math.log2(value if value > 0 else above[0] / 2)
    low, high = log(ticks[0]), log(ticks[-1])
    return (log(position) - low) / (high - low) if high > low else 0.5


def thinned(ticks):
    return [tick for i, tick in enumerate(ticks) if len(ticks) <= 6 or i % 2 == 0]


def write(path, panels, mpis):
    rows = (len(panels) + COLUMNS - 1) // COLUMNS
    width, height = WIDTH * min(COLUMNS, len(panels)), HEIGHT * rows + 30
    body = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}">',
            "<style>text{font:10px sans-serif;fill:#333}.title{font-weight:bold;font-size:11px}"
            ".grid{stroke:#ddd}</style>",
            f'<rect width="{width}" height="{height}" fill="white"/>']
    for i, mpi in enumerate(mpis):
        body.append(f'<rect x="{12 + 90 * i}" y="8" width="10" height="10" '
                    f'fill="{COLOURS.get(mpi, "#777777")}"/><text x="{26 + 90 * i}" y="17">'
                    f'{html.escape(mpi)}</text>')
    for i, (title, unit, series, across) in enumerate(panels):
        body.append(panel(title, unit, series, across, i % COLUMNS * WIDTH,
                          30 + i // COLUMNS * HEIGHT))
    body.append("</svg>")
    with open(path, "w") as file:
        file.write("\n".join(body) + "\n")


def draw(figures, mpis, folder):
    """A file per situation and direction: over bytes with two ranks, over ranks for the others."""
    by_file = collections.defaultdict(dict)
    for (where, figure, size, ranks), row in figures.items():
        across = "bytes" if ranks == 2 and size else "ranks"
        title = figure if across == "bytes" or not size else f"{figure} of {size} bytes"
        panels = by_file[where, across]
        unit, series = panels.setdefault(title, (row["unit"], {}))
        for mpi in mpis:
            if mpi in row["mpis"]:
                low, middle, high, _ = row["mpis"][mpi]
                series.setdefault(mpi, []).append((size if across == "bytes" else ranks, low,
                                                   middle, high))
    paths = []
    for (where, across), found in by_file.items():
        panels = [(title, unit, {mpi: sorted(line) for mpi, line in series.items()}, across)
                  for title, (unit, series) in found.items()
                  if max(len(line) for line in series.values()) > 1]
        if panels:
            paths.append(os.path.join(folder, f"{where}-{across}.svg"))
            write(paths[-1], panels, mpis)
    return paths
