"""A kernel that is killed in the middle of its clips, and the one that is started after it."""

import pytest

CELLS = 2  # no more sketches are under way at once than there are cores
# How long they pretend to take, so that both are in a state for many seconds: a fifth of it is spent before they run.
SECONDS = {"queued": 60, "running": 16}


@pytest.mark.parametrize("state", SECONDS)
def test_after_a_kill_the_next_kernel_says_so_and_the_clips_arrive(state, start_kernel):
    kernel = start_kernel()
    kernel.run(f"%load_ext hailuo_widgets\n%hailuo config sketch_seconds={SECONDS[state]}")
    for number in range(CELLS):
        kernel.run(f"%%hailuo fox{number}\nFox number {number} trots across fresh snow")
    kernel.run(
        "import time\n"
        f"while not all(each.state == {state!r} for each in (fox0, fox1)): time.sleep(0.05)\n"
        "print(fox0.task_id)"
    )
    kernel.kill()
    kernel = start_kernel()
    loaded = kernel.execute("%load_ext hailuo_widgets")
    kernel.reply(loaded)
    assert (
        kernel.text(loaded).strip()
        == f"hailuo_widgets: {CELLS} unfinished clips from an earlier session. Run `%hailuo resume` to continue."
    )
    kernel.run("import hailuo_widgets as hw\njobs = hw.resume(show=False)")
    told = kernel.execute("print(*[each.result(100).id == each.id for each in jobs], len(hw.library()), hw.resume())")
    assert kernel.reply(told, 120).content["status"] == "ok", kernel.text(told)
    assert kernel.text(told).strip() == f"{' '.join(['True'] * CELLS)} {CELLS} []"
