"""What a measure says of a clip's camera, in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hailuo_widgets.measure.ordered import obeyed

if TYPE_CHECKING:
    from hailuo_widgets.measure.record import Measured, SeenStep, Step


def badge_text(ordered: tuple[tuple[str, ...], ...], measured: Measured) -> str:
    """One short line for a card or a grid.

    Args:
        ordered: The steps of commands that were ordered, none for a clip without.
        measured: What was measured.

    Returns:
        `"pan left ✓ 8%/s"` where it is as ordered; `"asked pan left · seen tilt up"` where it is not, or where only the
        family is seen; `"can't tell: …"` with the reason; `"seen pan left 8%/s"` where nothing was ordered;
        `"not measured: …"` for a broken clip.
    """
    if measured.error:
        return f"not measured: {measured.error}"
    reason = next((step.reason for step in measured.steps if step.families is None), "")
    if not measured.families or None in measured.families:
        return f"can't tell: {reason}" if reason else "can't tell"
    seen = _line([named or family for named, family in zip(measured.camera, measured.families, strict=True)])
    size = _size(measured.steps)
    if not any(ordered):
        return f"seen {seen}{size}"
    asked = _line(list(ordered))
    if obeyed(ordered, measured):
        return f"{asked} ✓{size}"
    return f"asked {asked} · seen {seen}"


def _line(steps: list[Step]) -> str:
    text = ", then ".join(" + ".join(step) for step in steps if step)
    return text.lower()


def _size(steps: list[SeenStep]) -> str:
    """How fast the background moves, where there is one step only: shift, or growth where that is more."""
    if len(steps) != 1:
        return ""
    step = steps[0]
    speed = max((step.right**2 + step.down**2) ** 0.5, abs(step.growth))
    return f" {speed:.0f}%/s" if speed >= 0.5 else ""
