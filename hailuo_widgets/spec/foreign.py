"""What other tools call something, and what it is called here. A newcomer types `seed` and `aspect_ratio` first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hailuo_widgets.spec.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

_SAME = {
    "ratio": ("aspect_ratio", "aspect", "ar", "size"),
    "duration": ("seconds", "length", "time", "video_length"),
    "resolution": ("quality", "res", "height", "width"),
    "first_frame": ("image", "img", "init_image", "start_image", "first_image", "first_frame_image", "image_url"),
    "last_frame": ("end_image", "last_image", "tail_image", "last_frame_image", "end_frame"),
    "subject": ("subject_reference", "face", "character"),
    "prompt_optimizer": ("enhance_prompt", "prompt_enhancer", "expand_prompt"),
    "provider": ("vendor", "api", "backend"),
}
_MANY = {"n", "num", "count", "num_videos", "num_samples", "samples", "batch_size", "variations"}
_NO_NEGATIVE = "Hailuo has no negative prompt. Describe what you want to see in the prompt."
_NO_SAMPLING = "A model sets its sampling itself."
_LACKING = {
    "seed": "Hailuo has no seed: two clips of one request always differ. {repeat} makes several to choose from.",
    "upscale": "To make a draft of MiniMax-H3 again in 2K, call .promote() on its clip. Other models can't upscale.",
    **dict.fromkeys(("negative_prompt", "negative", "neg_prompt", "neg"), _NO_NEGATIVE),
    "camera": "Write camera commands into the prompt, in brackets: [Pan left].",
    "fps": "A model sets its frame rate itself.",
    **dict.fromkeys(("steps", "num_inference_steps", "sampler", "scheduler", "temperature", "strength"), _NO_SAMPLING),
    **dict.fromkeys(("cfg", "cfg_scale", "guidance", "guidance_scale"), _NO_SAMPLING),
}
_OPTIONS = {"prompt_optimizer": "--optimizer"}
_REPEAT = {True: "--repeat 3", False: "hw.sweep(…, repeat=3)"}


def hint(name: str, known: Iterable[str], *, option: bool = False) -> str:
    """What to write instead of a name that does not exist here.

    Args:
        name: As it was written: `--aspect-ratio`, `aspect_ratio`.
        known: What exists, as it is written there.
        option: Whether it was an option of `%%hailuo`, and not a keyword in Python.
    """
    plain = name.lstrip("-").replace("-", "_").casefold()
    if plain in _LACKING:
        return _LACKING[plain].format(repeat=_REPEAT[option])
    if plain in _MANY:
        return f"For several clips of one request: {_REPEAT[option]}."
    for ours, theirs in _SAME.items():
        if plain in theirs:
            return f"Did you mean {_OPTIONS.get(ours, '--' + ours.replace('_', '-')) if option else ours}?"
    return did_you_mean(name, known)
