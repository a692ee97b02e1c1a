"""A process that has read clips can fork: what is collected in the child has no threads that it would wait for."""

from __future__ import annotations

import subprocess
import sys

from support.clips import source

CODE = """
import gc, os, signal, sys
from hailuo_widgets.media.frames import contact_sheet, last_frame, poster
from hailuo_widgets.media.probe import probe
gc.disable()
for read in (probe, poster, last_frame, contact_sheet): read(sys.argv[1])
child = os.fork()
if child == 0:
    signal.alarm(20)
    gc.collect()
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0)
"""


def test_clips_that_were_read_before_a_fork_can_be_collected_after_it(tmp_path):
    clip = source(tmp_path / "clip.mp4", width=640, height=360, frames=30)
    assert subprocess.run([sys.executable, "-c", CODE, str(clip)], check=False).returncode == 0
