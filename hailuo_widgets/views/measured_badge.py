"""What a measure says of a clip's camera, in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hailuo_widgets.measure.ordered import obeyed
from hailuo_widgets.views.grid_view import MEASURES, SeenMove

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


def marked(ordered: tuple[tuple[str, ...], ...], measured: Measured) -> dict[str, Any]:
    """What a grid's item says of a measured clip: `seen`, `obeyed` and `figures`."""
    return {
        "seen": badge_text(ordered, measured),
        "obeyed": obeyed(ordered, measured) if any(ordered) else None,
        "figures": tuple(getattr(measured, name) for name in MEASURES),
    }


def figures(measured: Measured) -> list[tuple[str, str]]:
    """The measures in words, with their units, for the details of one clip."""
    found = [
        ("Motion", measured.motion, "{:.1f}% of the width a second"),
        ("Jitter", measured.jitter, "{:.2f}% of the width a second"),
        ("Flicker", measured.flicker, "{:.2f}% of full brightness"),
        ("Sharpness", measured.sharpness, "{:.2f} of its sharpest"),
        ("Brightness", measured.brightness, "{:.0f}%"),
        ("Loop", measured.loop, "SSIM {:.2f}"),
    ]
    cuts = [("Cuts", ", ".join(f"frame {each}" for each in measured.cuts))] if measured.cuts else []
    return [(name, words.format(value)) for name, value, words in found if value is not None] + cuts


def asked_in_words(ordered: tuple[tuple[str, ...], ...]) -> str:
    """The requested moves as one line: "pan left + pedestal up, then push in"."""
    return _line(list(ordered))


def moves(measured: Measured) -> tuple[SeenMove, ...]:
    """The measured moves, as they are drawn over the clip."""
    return tuple(
        SeenMove(
            step.start,
            step.stop,
            step.right,
            step.down,
            step.growth,
            _line([step.commands or step.families]) or f"can't tell: {step.reason}",
        )
        for step in measured.steps
    )


def _line(steps: list[Step]) -> str:
    text = ", then ".join(" + ".join(step) for step in steps if step)
    return text.lower()


def _size(steps: list[SeenStep]) -> str:
    """How fast the background moves, where there is one step only: shift, or growth where that is more."""
    if len(steps) != 1:
        return ""
    speed = steps[0].speed
    return f" {speed:.0f}%/s" if speed >= 0.5 else ""
