#!/usr/bin/env bash
# Guess: covertable's pairwise designs depend on which rows are allowed, not on how the constraint is written: as a list of
# conditions, or as one Python function over all the factors ({"operator": "fn", "requires": [...], "evaluate": ...}).
#
# What happens: both cover every allowed pair and obey the constraint, but on 100 small random designs the function makes
# 54% more rows. A condition is looked at as soon as its own factors are set; a function that requires all factors
# can't be called before the row is complete, too late to choose the other values well. With conditions the library
# needs about as many rows as a plain greedy cover of the allowed cells.
#
# What it means: every row of a sweep is a clip to pay for. Write constraints as conditions, or as one function for each
# group of factors that belong together.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check covertable==3.2.0

venv/bin/python - <<'PY'
import itertools
import random
from importlib.metadata import version

from covertable import make

print("covertable", version("covertable"))


def pairs(row):
    return {(i, row[i], j, row[j]) for i, j in itertools.combinations(range(len(row)), 2)}


def conditions(axes, forbidden):
    rules = []
    for i, a, j, b in sorted(forbidden):
        either = [{"operator": "ne", "left": i, "value": a}, {"operator": "ne", "left": j, "value": b}]
        rules.append({"operator": "or", "conditions": either})
    return make(axes, constraints=rules)


def one_function(axes, forbidden):
    every = list(range(len(axes)))

    def allowed(row):
        return not pairs([row[i] for i in every]) & forbidden

    return make(axes, constraints=[{"operator": "fn", "requires": every, "evaluate": allowed}])


def function_each(axes, forbidden):
    rules = []
    for i, a, j, b in sorted(forbidden):
        rule = lambda row, i=i, a=a, j=j, b=b: (row[i], row[j]) != (a, b)  # noqa: E731
        rules.append({"operator": "fn", "requires": [i, j], "evaluate": rule})
    return make(axes, constraints=rules)


def greedy(axes, forbidden):
    cells = [row for row in itertools.product(*axes) if not pairs(row) & forbidden]
    missing, rows = set().union(*map(pairs, cells)), []
    while missing:
        rows.append(max(cells, key=lambda row: len(pairs(row) & missing)))
        missing -= pairs(rows[-1])
    return rows


chance = random.Random(1)
counts = dict.fromkeys((conditions, function_each, one_function, greedy), 0)
for _ in range(100):
    size = chance.randint(3, 5)
    axes = [[f"{i}.{j}" for j in range(chance.randint(2, 4))] for i in range(size)]
    forbidden = set()
    for _ in range(chance.randint(1, 5)):
        i, j = sorted(chance.sample(range(size), 2))
        forbidden.add((i, chance.choice(axes[i]), j, chance.choice(axes[j])))
    wanted = set().union(*(pairs(row) for row in itertools.product(*axes) if not pairs(row) & forbidden))
    for way in counts:
        rows = [tuple(row) for row in way(axes, forbidden)]
        assert set().union(set(), *map(pairs, rows)) == wanted, way  # all allowed pairs, and no others
        counts[way] += len(rows)
for way, rows in counts.items():
    print(f"{way.__name__}: {rows} rows for 100 designs, {rows / counts[conditions] - 1:+.0%}")
assert counts[one_function] > 1.3 * counts[conditions]
assert counts[function_each] < 1.05 * counts[conditions]
assert 0.9 < counts[greedy] / counts[conditions] < 1.1
PY
