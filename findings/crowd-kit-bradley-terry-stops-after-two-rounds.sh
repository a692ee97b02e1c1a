#!/usr/bin/env bash
# Guess: BradleyTerry(n_iter=1000) of crowd-kit iterates until the scores change by less than `tol` (1e-5), or for 1000
# rounds, and so gives the Bradley–Terry estimate of the votes, like choix.
#
# What happens: it ends after two rounds, whatever n_iter and tol are: what it compares the new scores with is the new
# scores. loss_history_ stays empty, no warning. Among two groups of clips that are linked by a few votes, a weak
# clip of the better group comes out below the best clip of the worse group, though the votes say the opposite.
#
# What it means: scores are too close together, and the order is wrong wherever not everything was compared with everything:
# sweeps judged in batches, or pairs picked by what is uncertain. Use choix instead, or write the loop out.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  crowd-kit==1.4.2 choix==0.4.1 numpy==2.4.6 pandas==3.1.1 scipy==1.17.1

venv/bin/python -W ignore - <<'PY'
from importlib.metadata import version

import choix
import numpy as np
import pandas as pd
from crowdkit.aggregation import BradleyTerry

print("crowd-kit", version("crowd-kit"), "choix", version("choix"))
# (better, worse, votes that agree, votes that don't). fox beats crane and owl, wren beats ant and bee; one pair links the two.
RECORD = [
    ("fox", "crane", 16, 4), ("fox", "owl", 16, 4), ("crane", "owl", 10, 10),
    ("wren", "ant", 16, 4), ("wren", "bee", 16, 4), ("ant", "bee", 10, 10),
    ("owl", "ant", 9, 1),
]  # fmt: skip
votes = [pair for a, b, yes, no in RECORD for pair in [(a, b)] * yes + [(b, a)] * no]
names = sorted({name for pair in votes for name in pair})
table = pd.DataFrame([{"worker": "w", "left": a, "right": b, "label": a} for a, b in votes])


def centred(strengths):
    return {name: round(float(s), 2) for name, s in zip(names, strengths - np.mean(strengths), strict=True)}


def kit(**options):
    model = BradleyTerry(**options).fit(table)
    return centred(np.log(model.scores_.reindex(names).to_numpy())), model.loss_history_


def mm_round(p):
    """One round of the minorization–maximization method, written out."""
    wins, weight = dict.fromkeys(names, 0), dict.fromkeys(names, 0.0)
    for a, b in votes:
        wins[a] += 1
        for name in (a, b):
            weight[name] += 1 / (p[a] + p[b])
    new = {name: wins[name] / weight[name] for name in names}
    return {name: new[name] / sum(new.values()) for name in names}


p = dict.fromkeys(names, 1.0)
rounds = []
for _ in range(5000):
    p = mm_round(p)
    rounds.append(centred(np.log([p[name] for name in names])))

found, losses = kit(n_iter=1000, tol=1e-12)
index = {name: i for i, name in enumerate(names)}
right = centred(choix.ilsr_pairwise(len(names), [(index[a], index[b]) for a, b in votes]))
print("crowd-kit, n_iter=1000:", found, "losses:", losses)
print("two rounds by hand:    ", rounds[1])
print("5000 rounds by hand:   ", rounds[-1])
print("choix:                 ", right)

assert right == rounds[-1]
assert kit(n_iter=2)[0] == found == rounds[1] != rounds[2]
assert kit(n_iter=1)[0] == rounds[0] != found
assert losses == []
assert right["owl"] > right["wren"] + 0.5
assert found["owl"] < found["wren"] - 0.2
print("1000 rounds were asked for, two were made, and wren is ranked above owl.")
PY
