#!/usr/bin/env bash
# Guess: for an item that won all its comparisons the Bradley–Terry estimate is infinite, so evalica.bradley_terry() raises,
# warns, or gives it a very large score; the order of the others, who did win and lose, is still there.
#
# What happens: every item gets the same score, 1e-06, without an error or a warning, and with iterations=2 (of at most
# 100) it looks like a quick convergence. The same with an item that lost all its comparisons. newman() does so for
# an undefeated item. One vote against it, and all scores are there.
#
# What it means: after the first few votes on clips almost every set has an undefeated clip, and a table of equal scores
# reads as "no difference". Add a prior (half a virtual win and loss each) or check for it before showing a ranking.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check evalica==0.4.2 numpy==2.4.6 pandas==3.1.1

venv/bin/python -W error - <<'PY'
from importlib.metadata import version

import evalica

print("evalica", version("evalica"))


def scores(wins, method=evalica.bradley_terry):
    left, right = zip(*wins)
    result = method(list(left), list(right), [evalica.Winner.X] * len(wins))
    found = {item: float(f"{score:.3g}") for item, score in sorted(result.scores.to_dict().items())}
    print(f"{method.__name__}: {found}, {result.iterations} iterations of at most {result.limit}")
    return found, result.iterations


# b beats c three times of four, a beats both and never loses.
undefeated = [("a", "b"), ("a", "c"), ("b", "c"), ("b", "c"), ("c", "b"), ("b", "c")]
same = {"a": 1e-06, "b": 1e-06, "c": 1e-06}

found, iterations = scores(undefeated)
assert found == same and iterations < 10
found, _ = scores(undefeated, evalica.newman)
assert found == same
found, _ = scores([("a", "b"), ("b", "a"), ("a", "b"), ("a", "c"), ("b", "c")])  # c never wins
assert found == same

found, _ = scores([*undefeated, ("b", "a")])
assert found["a"] > found["b"] > found["c"], found
print("One undefeated item: everything is equal.")
PY
