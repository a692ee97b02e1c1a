"""Films beside ffmpeg's own: a grid and its `xstack`, with the same encoder, preset and size; `hw.join` of equal streams
and its concat with `-c copy`. Wants `ffmpeg`.

`python tests/benchmarks/bench_film.py [CLIPS [ROUNDS]]`. What is promised stands beside each figure.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hailuo_widgets.media.probe import probe

CLIPS, COLUMNS, SECONDS = 24, 6, 6
MANY, MANY_COLUMNS = 100, 10
ROUNDS = 3
JOINS = 7


def clips(folder: Path, count: int) -> list[Path]:
    """Clips of 1920 × 1080 with much that moves."""
    found = []
    for index in range(count):
        path = folder / f"{index}.mp4"
        if index < 6:
            source = f"testsrc2=size=1920x1080:rate=24:duration={SECONDS},hue=h={index * 60}"
            command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-c:v", "libx264", "-preset", "veryfast"]
            subprocess.run([*command, "-pix_fmt", "yuv420p", str(path)], check=True)
        else:
            shutil.copyfile(found[index % 6], path)
        found.append(path)
    return found


def xstack(paths: list[Path], out: Path, columns: int) -> float:
    """The same grid by ffmpeg: scaled, padded, encoded. Its memory is not ours to promise: 0."""
    rows = -(-len(paths) // columns)
    wide, high = 1920 // columns // 2 * 2, 1080 // rows // 2 * 2
    scaled = "".join(
        f"[{index}:v]scale={wide}:{high}:force_original_aspect_ratio=decrease,pad={wide}:{high}:-1:-1[v{index}];"
        for index in range(len(paths))
    )
    layout = "|".join(f"{index % columns * wide}_{index // columns * high}" for index in range(len(paths)))
    inputs = [word for path in paths for word in ("-i", str(path))]
    stacked = f"xstack=inputs={len(paths)}:layout={layout}:fill=black,pad=1920:1080[out]"
    graph = scaled + "".join(f"[v{index}]" for index in range(len(paths))) + stacked
    command = ["ffmpeg", "-v", "error", "-y", *inputs, "-filter_complex", graph, "-map", "[out]", "-an"]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-movflags", "+faststart"]
    subprocess.run([*command, str(out)], check=True)
    return 0.0


def ours(paths: list[Path], out: Path, columns: int) -> float:
    """The film in a process of its own; its peak of memory in MB."""
    code = (
        "import re, sys; from hailuo_widgets.media.film import FilmCell, video\n"
        "video([FilmCell(each, each[-9:]) for each in sys.argv[3:]], sys.argv[1], columns=int(sys.argv[2]))\n"
        r"print(re.search(r'VmHWM:\s+(\d+) kB', open('/proc/self/status').read())[1])"
    )
    command = [sys.executable, "-c", code, str(out), str(columns), *map(str, paths)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) / 1000


def joined(paths: list[Path], out: Path) -> float:
    """Seconds of `hw.join`, in a process of its own that has loaded it."""
    code = (
        "import sys, time; from hailuo_widgets.media.join import join\n"
        "start = time.perf_counter(); join(sys.argv[2:], sys.argv[1]); print(time.perf_counter() - start)"
    )
    command = [sys.executable, "-c", code, str(out), *map(str, paths)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def concatenated(paths: list[Path], out: Path) -> float:
    """Seconds of ffmpeg's concat, its start included: there is no other way to run it."""
    listed = out.with_suffix(".txt")
    listed.write_text("".join(f"file '{path}'\n" for path in paths), "utf-8")
    command = ["ffmpeg", "-v", "error", "-y", "-f", "concat", "-safe", "0", "-i", str(listed), "-c", "copy"]
    start = time.perf_counter()
    subprocess.run([*command, "-movflags", "+faststart", str(out)], check=True)
    return time.perf_counter() - start


def processor() -> float:
    """Seconds of the processor that ended children have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    if shutil.which("ffmpeg") is None:
        sys.exit("There is no ffmpeg to compare with.")
    count = int(sys.argv[1]) if len(sys.argv) > 1 else CLIPS
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = clips(folder, count)
        mine = min(joined(paths, folder / "joined.mp4") for _ in range(JOINS))
        theirs = min(concatenated(paths, folder / "concat.mp4") for _ in range(JOINS))
        print(f"hw.join of {count} equal clips: {mine:.2f} s, ffmpeg's concat with -c copy {theirs:.2f} s")
        print(f"  {mine / theirs:.2f} × its time (at most 1.2)")
        ways = {"ours": ours, "xstack": xstack}
        seconds: dict[str, list[float]] = {way: [] for way in ways}
        used: dict[str, list[float]] = {way: [] for way in ways}
        memory = 0.0
        for _ in range(rounds):
            for way, make in ways.items():
                start, before = time.perf_counter(), processor()
                memory = max(memory, make(paths, folder / f"{way}.mp4", COLUMNS))
                seconds[way].append(time.perf_counter() - start)
                used[way].append(processor() - before)
        mine, theirs = min(seconds["ours"]), min(seconds["xstack"])
        print(f"{count} clips of {SECONDS} s, 1920 × 1080: {mine:.1f} s, ffmpeg's xstack {theirs:.1f} s")
        print(f"  {mine / theirs:.2f} × its time (at most 1.0)")
        mine, theirs = min(used["ours"]), min(used["xstack"])
        print(f"  of the processor {mine:.1f} s and {theirs:.1f} s: {mine / theirs:.2f} ×")
        print(f"  memory: {memory:.0f} MB (at most 400)")
        sizes = [(folder / each).stat().st_size / 1e6 for each in ("ours.mp4", "xstack.mp4")]
        print(f"  {sizes[0]:.1f} MB, ffmpeg's {sizes[1]:.1f} MB; {probe(folder / 'ours.mp4').frames} frames")
        memory = ours([paths[index % count] for index in range(MANY)], folder / "many.mp4", MANY_COLUMNS)
        print(f"{MANY} clips, memory: {memory:.0f} MB (at most 400)")


if __name__ == "__main__":
    main()
