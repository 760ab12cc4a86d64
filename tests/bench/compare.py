#! /usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares this library with Open MPI and MPICH on this machine.

Each benchmark is one source, built with each MPI's compiler. A round runs every figure with every
MPI, one after the other and in another order each time. Every batch of a figure comes with the time
that a cache line took between the two CPUs just then, because virtual CPUs move: batches with near
and with far CPUs are told apart, and those in which they moved are left out. What is printed are
medians over all batches, with quartiles, and the ratio of our time to that of the better of the
others: below 1 ours is faster, for speeds too.

    make bench [BENCH="latency bandwidth --rounds 3"]

Written to the folder of the results: batches.csv (every batch), figures.csv (the table) and plots.
"""
# Read next: bench.h (what a line of a benchmark's output says), charts.py (the plots).

import argparse
import collections
import csv
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import threading
import time

import charts

HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLES = os.path.join(HERE, "..", "..", "examples")

# What is run for a figure: `ranks` of `program` with `arguments`.
#   prefix    before the names of its figures
#   ours      options for our launcher only
#   only      the MPIs that it is run with, if not all
#   copies    so many copies of the program are started without a launcher
#   times     of start-up: how often the launcher is started, by MPI
#   beside    other processes that compute meanwhile, each as (percent, period in ms)
#   later     seconds after the launcher that they start; 0: before it
Run = collections.namedtuple("Run", "program arguments ranks prefix ours only copies times beside "
                             "later", defaults=((), 2, "", (), None, 0, None, (), 0))

TRIES = 4  # of a run, while other programs use the CPUs
# Neighbours that take a share of a CPU in short or in long slices, one or two of them, there already
# or later.
NEIGHBOURS = [("0", ()), ("10short", ((10, 2),)), ("10long", ((10, 200),)),
              ("50short", ((50, 2),)), ("50long", ((50, 200),)), ("100", ((100, 100),)),
              ("two50", ((50, 20), (50, 20))), ("two100", ((100, 100), (100, 100)))]
FEW = {"ours": 10, "openmpi": 1, "mpich": 3}
LARGE = "bcast,gather,allgather,alltoall,reduce,allreduce,reduce_scatter"
GROUPS = {
    "raw": [Run("line")],
    "latency": [Run("point_to_point", ("latency",))],
    "multiple": [Run("point_to_point", ("multiple",))],
    "posted": [Run("point_to_point", ("posted",))],
    "calls": [Run("calls")],
    "rate": [Run("point_to_point", ("rate",))],
    "bandwidth": [Run("point_to_point", ("bandwidth",))],
    "stream": [Run("point_to_point", ("stream",))],
    "bidirectional": [Run("point_to_point", ("bidirectional",))],
    "fresh": [Run("point_to_point", ("fresh",))],
    "plain": [Run("point_to_point", (figure,), prefix="plain-", ours=("--no-shared-heap",))
              for figure in ("latency", "bandwidth", "fresh")],
    "strided": [Run("strided")],
    # MPICH's ranks hang where both lock one target, and Open MPI's do not survive a swap.
    "windows": [Run("windows", ("limits",), only=("ours",)), Run("windows"),
                Run("windows", ("computing",)),
                Run("windows", ("both",), only=("ours", "openmpi")),
                Run("windows", ("swap",), only=("ours", "mpich")),
                Run("windows", ("crowded",), 8, only=("ours", "openmpi"))],
    "pack": [Run("pack", ("20",), 1)],
    "collectives": [Run("collectives", ("blocking",))],
    "nonblocking": [Run("collectives", ("nonblocking", "8", "65536"))],
    "fresh-collectives": [Run("collectives", (LARGE, "65536", "1048576", "fresh"))],
    # More ranks than CPUs, the usual numbers; MPICH spins, so only a barrier, or it takes minutes.
    "crowded": [Run("collectives", ("barrier,bcast,allreduce,alltoall", "8", "1024"), ranks,
                    only=("ours", "openmpi")) for ranks in (4, 8, 16)]
               + [Run("collectives", ("barrier",), ranks, only=("mpich",)) for ranks in (4, 8)]
               + [Run("collectives", ("barrier",), 64, only=("ours",))],
    "beside": [Run("beside", ("0.25",), prefix=f"beside_{name}_", beside=neighbours)
               for name, neighbours in NEIGHBOURS]
              + [Run("beside", ("0.25", "0.6"), prefix="beside_100later_", beside=((100, 100),),
                     later=0.5)],
    "threads": [Run("threads"), Run("threads", ("self",), 1)],
    "flood": [Run("flood", (), 3)],
    # Each rank times its own calls: what operations cost in which one rank only sends.
    "own": [Run("beside", ("own",), 4, only=("ours", "openmpi")), Run("beside", ("own",), 2)],
    "start": [Run("empty", (), ranks, times=FEW) for ranks in (2, 64)]
             + [Run("empty", (), ranks, prefix="bare_", only=("ours",), copies=ranks, times=FEW)
                for ranks in (2, 64)],
    "footprint": [Run("footprint", (), ranks) for ranks in (2, 64)],
    "stencil": [Run("stencil", box.split(), prefix="stencil_" + box.split()[1] + "_")
                for box in ("32 16 16 20000", "48 24 24 8000", "64 32 32 4000", "128 64 64 400",
                            "256 128 128 40")],
    "cg": [Run("conjugate_gradient", (side, "1000", solves), prefix="cg_" + side + "_")
           for side, solves in (("16", "100"), ("32", "10"), ("64", "2"))],
}
APPLICATIONS = ("stencil", "conjugate_gradient")
# As one builds what shall be fast; and the loops become the same code, and lie alike, with each MPI.
FAST = ("-O3", "-march=native", "-fno-inline-functions", "-fno-inline-small-functions",
        "-fno-inline-functions-called-once", "-falign-functions=64")
MPI_PROGRAMS = ("point_to_point", "calls", "collectives", "strided", "pack", "empty", "footprint",
                "beside", "flood", "threads", "windows")
OWN_PROGRAMS = ("line", "spawn", "neighbour")

Batch = collections.namedtuple("Batch", "figure bytes ranks mpi unit value before after raw round")


def options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="figures: " + " ".join(GROUPS))
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help="those to measure (all)")
    parser.add_argument("--rounds", type=int, default=5, help="how often (5)")
    parser.add_argument("--quick", action="store_true", help="one round")
    parser.add_argument("--ranks", type=int, help="instead of 2, where any number will do")
    parser.add_argument("--build", default=".", help="where ours was built (.)")
    parser.add_argument("--out", default="bench", help="folder of the results (bench)")
    parser.add_argument("--near", type=float, default=80,
                        help="a line of less than so many ns is near (80)")
    parser.add_argument("--only", help="MPIs to run, with commas between (ours,openmpi,mpich)")
    found = parser.parse_args()
    for figure in found.figures:
        if figure not in GROUPS:
            parser.error(f"{figure} is no figure; there are {' '.join(GROUPS)}")
    if found.rounds < 1:
        parser.error(f"--rounds is {found.rounds}, must be at least 1")
    return found


def find_mpis(build, only):
    """name -> (compiler, launcher), of those that are there."""
    wanted = {
        "ours": (os.path.join(build, "mpicc"), os.path.join(build, "mprun")),
        "openmpi": (os.environ.get("BENCH_OPENMPI_CC", "mpicc.openmpi"),
                    os.environ.get("BENCH_OPENMPI_EXEC", "mpiexec.openmpi")),
        "mpich": (os.environ.get("BENCH_MPICH_CC", "mpicc.mpich"),
                  os.environ.get("BENCH_MPICH_EXEC", "mpiexec.mpich")),
    }
    mpis = {}
    for name, (compiler, launcher) in wanted.items():
        if only and name not in only.split(","):
            continue
        missing = [tool for tool in (compiler, launcher) if not shutil.which(tool)]
        if missing:
            print(f"{name} is left out: no {' and no '.join(missing)}")
        else:
            mpis[name] = (compiler, launcher)
    if "ours" not in mpis:
        sys.exit("compare.py: ours was not built here; see --build")
    return mpis


def build_programs(mpis, folder):
    flags = ["-std=gnu11", "-O2", "-w"]
    header = os.path.join(HERE, "bench.h")

    def build(compiler, source, name, more=()):
        made = os.path.join(folder, name)
        if not os.path.exists(made) or os.path.getmtime(made) < max(
                map(os.path.getmtime, (source, header, shutil.which(compiler)))):
            subprocess.run([compiler, *flags, *more, "-o", made, source, "-lm"], check=True)

    for name, (compiler, _) in mpis.items():
        for program in MPI_PROGRAMS:
            build(compiler, os.path.join(HERE, program + ".c"), program + "." + name)
        for program in APPLICATIONS:
            build(compiler, os.path.join(EXAMPLES, program + ".c"), program + "." + name, FAST)
    for program in OWN_PROGRAMS:
        build(os.environ.get("CC", "cc").split()[0], os.path.join(HERE, program + ".c"), program)


def busy_seconds():
    """What all CPUs together have worked so far, for whomever, or was taken from them."""
    with open("/proc/stat") as file:
        user, nice, system, _, _, *interrupts = file.readline().split()[1:9]
    return sum(map(int, (user, nice, system, *interrupts))) / os.sysconf("SC_CLK_TCK")


def our_seconds():
    return sum(used.ru_utime + used.ru_stime for used in map(
        resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


class Bench:
    def __init__(self, arguments):
        self.arguments = arguments
        self.folder = os.path.join(arguments.out, "programs")
        os.makedirs(self.folder, exist_ok=True)
        self.mpis = find_mpis(os.path.abspath(arguments.build), arguments.only)
        self.cpus = len(os.sched_getaffinity(0))
        self.batches = []
        self.failed = set()
        os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
        build_programs(self.mpis, self.folder)

    def output(self, command):
        """Standard output of a command; None where it failed, which is said once."""
        text = " ".join(command)
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, timeout=120, text=True)
            if done.returncode == 0:
                return done.stdout
            reason = f"status {done.returncode}: {done.stderr.strip()[-300:]}"
        except subprocess.TimeoutExpired:
            reason = "more than 120 seconds"
        if text not in self.failed:
            self.failed.add(text)
            print(f"\nfailed: {text}: {reason}")
        return None

    def line(self):
        """The line's time just now, in ns; 0 where there is but one CPU."""
        if self.cpus < 2:
            return 0.0
        output = self.output([os.path.join(self.folder, "line"), "line"])
        return statistics.median(float(row.split()[2]) for row in output.splitlines()) \
            if output else 0.0

    def undisturbed(self, command):
        """Output of a command and the line around it, if other programs left it the CPUs; after
        some tries, of the run that they left them most."""
        best = None
        for _ in range(TRIES):
            before, busy, ours, start = self.line(), busy_seconds(), our_seconds(), time.monotonic()
            output = self.output(command)
            others = (busy_seconds() - busy - our_seconds() + ours) / self.cpus
            others /= time.monotonic() - start
            if output is None:
                return None, 0.0, 0.0
            if best is None or others < best[0]:
                best = others, output, before, self.line()
            if others < 0.05:
                break
        return best[1:]

    def beside(self, run, mpi):
        """Output of a run with its neighbours."""
        neighbours = []

        def start():
            for share in run.beside:
                neighbours.append(subprocess.Popen(
                    [os.path.join(self.folder, "neighbour"), *map(str, share)],
                    start_new_session=True))

        timer = threading.Timer(run.later, start)
        if run.later:
            timer.start()
        else:
            start()
            time.sleep(0.05)  # until the system has found them a place
        output = self.output(self.command(run, mpi))
        timer.cancel()
        for neighbour in neighbours:
            neighbour.kill()
            neighbour.wait()
        return output

    def command(self, run, mpi):
        if run.program == "line":
            return [os.path.join(self.folder, "line")]
        program = os.path.join(self.folder, run.program + "." + mpi)
        start = []
        if run.times:
            start = [os.path.join(self.folder, "spawn"), f"{run.prefix}start",
                     str(run.times[mpi]), str(run.copies or 1)]
        if run.copies:
            return start + [program]
        launch = [self.mpis[mpi][1]]
        if mpi == "openmpi" and run.ranks > self.cpus:
            launch.append("--oversubscribe")
        if mpi == "ours":
            launch += run.ours
        return start + launch + ["-n", str(run.ranks), program, *run.arguments]

    def measure(self, run, mpi, number):
        """One run; its lines become batches."""
        inside = run.program in ("line", "point_to_point", "calls", "strided", "windows") or (
            run.program == "collectives" and run.ranks == 2)
        if run.program == "beside":
            before = self.line()
            output = self.beside(run, mpi)
            after = self.line()
        elif inside:
            output, before, after = self.output(self.command(run, mpi)), 0.0, 0.0
        else:
            output, before, after = self.undisturbed(self.command(run, mpi))
        if run.program not in (*APPLICATIONS, "beside") or run.ranks > self.cpus:
            before = after = 0.0
        for row in (output or "").splitlines():
            seconds = re.match(r"seconds: computing (\S+) communicating (\S+) total (\S+)", row)
            if seconds:
                for what, value in zip(("computing", "communicating", "total"), seconds.groups()):
                    self.note(run, mpi, number, what, 0, float(value) * 1e3, "ms", before, after, 0)
            elif len(words := row.split()) == 7 and run.program not in APPLICATIONS:
                times = [float(word) for word in words[4:]]
                if not inside:
                    times[:2] = before, after
                self.note(run, mpi, number, words[0], int(words[1]), float(words[2]), words[3],
                          *times)

    def note(self, run, mpi, number, figure, size, value, unit, before, after, raw):
        if not run.times and run.prefix:
            figure = run.prefix + figure
        self.batches.append(Batch(figure, size, run.ranks, mpi, unit, value, before, after, raw,
                                  number))

    def rounds(self):
        names = self.arguments.figures or list(GROUPS)
        rounds = 1 if self.arguments.quick else self.arguments.rounds
        for number in range(rounds):
            for name in names:
                if name == "footprint" and number:
                    continue  # always the same
                print(f"\rround {number + 1} of {rounds}: {name:20}", end="", flush=True)
                for run in GROUPS[name]:
                    if run.program == "collectives" and run.ranks == 2 and self.arguments.ranks:
                        run = run._replace(ranks=self.arguments.ranks)
                    if run.program == "line":
                        self.measure(run, "ours", number)
                        continue
                    mpis = [mpi for mpi in self.mpis if not run.only or mpi in run.only]
                    turn = number % len(mpis) if mpis else 0
                    for mpi in mpis[turn:] + mpis[:turn]:
                        self.measure(run, mpi, number)
        print("\r" + " " * 50 + "\r", end="")


def situation(batch, near):
    """near or far, by the line before and after; any where it was not measured; or None: moved."""
    if not batch.before or not batch.after:
        return "any"
    sides = {time < near for time in (batch.before, batch.after)}
    return None if len(sides) == 2 else "near" if True in sides else "far"


def quartiles(values):
    values = sorted(values)
    if len(values) == 1:
        return values * 3
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return [low, middle, high]


def summarize(batches, near):
    """(situation, figure, bytes, ranks) -> {unit, line, raw, mpis: {mpi: [q1, median, q3, n]}}"""
    grouped = collections.defaultdict(lambda: collections.defaultdict(list))
    for batch in batches:
        where = situation(batch, near)
        if where:
            grouped[where, batch.figure, batch.bytes, batch.ranks][batch.mpi].append(batch)
    order = {batch.figure: None for batch in batches}
    order = {figure: place for place, figure in enumerate(order)}
    figures = {}
    for key, by_mpi in sorted(grouped.items(), key=lambda item: (order[item[0][1]], item[0])):
        every = [batch for found in by_mpi.values() for batch in found]
        row = {"unit": every[0].unit, "mpis": {}}
        row["line"] = statistics.median(batch.before for batch in every)
        row["raw"] = statistics.median(batch.raw for batch in every)
        for mpi, found in by_mpi.items():
            row["mpis"][mpi] = quartiles([batch.value for batch in found]) + [len(found)]
        medians = {mpi: row["mpis"][mpi][1] for mpi in row["mpis"]}
        theirs = [median for mpi, median in medians.items() if mpi != "ours"]
        row["ratio"] = None
        if theirs and medians.get("ours"):
            speed = row["unit"].endswith("/s")
            row["ratio"] = max(theirs) / medians["ours"] if speed else medians["ours"] / min(theirs)
        figures[key] = row
    return figures


TITLES = {"near": "CPUs near each other", "far": "CPUs far from each other",
          "any": "Where the distance of the CPUs was not measured"}


def digits(value):
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"


def print_table(figures, mpis, near):
    for where, title in TITLES.items():
        rows = [(key, row) for key, row in figures.items() if key[0] == where]
        if not rows:
            continue
        limit = {"near": f" (line under {near:g} ns)", "far": f" (line of {near:g} ns or more)"}
        print(f"\n{title}{limit.get(where, '')}; median (quartiles)")
        print(f"{'figure':26}{'bytes':>8} {'ranks':>5} unit " +
              "".join(f"{mpi:>24}" for mpi in mpis) + f"{'ratio':>8}{'line':>6}{'copy':>7}")
        for (_, figure, size, ranks), row in rows:
            cells = ""
            for mpi in mpis:
                if mpi in row["mpis"]:
                    low, middle, high, _ = row["mpis"][mpi]
                    text = f"{digits(middle)} ({digits(low)}-{digits(high)})"
                    cells += f"{text:>24}"
                else:
                    cells += f"{'-':>24}"
            ratio = f"{row['ratio']:8.2f}" if row["ratio"] else f"{'-':>8}"
            line = f"{row['line']:6.0f}" if row["line"] else f"{'-':>6}"
            raw = f"{row['raw']:7.3g}" if row["raw"] else f"{'-':>7}"
            print(f"{figure:26}{size or '-':>8} {ranks:5} {row['unit']:4} {cells}{ratio}{line}{raw}")


def write_csv(bench, figures):
    with open(os.path.join(bench.arguments.out, "batches.csv"), "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(Batch._fields)
        writer.writerows(bench.batches)
    with open(os.path.join(bench.arguments.out, "figures.csv"), "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow("situation figure bytes ranks unit mpi q1 median q3 batches line raw ratio"
                        .split())
        for key, row in figures.items():
            for mpi, values in row["mpis"].items():
                ratio = f"{row['ratio']:.3f}" if mpi == "ours" and row["ratio"] else ""
                writer.writerow([*key, row["unit"], mpi, *(f"{v:.6g}" for v in values),
                                 f"{row['line']:.4g}", f"{row['raw']:.4g}", ratio])


def processor():
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return os.uname().machine


def main():
    arguments = options()
    bench = Bench(arguments)
    load = os.getloadavg()[0]
    bench.rounds()
    figures = summarize(bench.batches, arguments.near)
    print(f"{processor()}, {bench.cpus} CPUs; load average {load:.1f} before, "
          f"{os.getloadavg()[0]:.1f} after")
    print("ratio: our time to that of the better of the others; line: ns between the CPUs; copy: "
          "GB/s of\nmemcpy between the processes (of pack: us of a loop written by hand)")
    print_table(figures, list(bench.mpis), arguments.near)
    write_csv(bench, figures)
    plots = charts.draw(figures, list(bench.mpis), arguments.out)
    print(f"\nIn {arguments.out}: batches.csv, figures.csv and {len(plots)} plots")
    return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main())
