"""Which cell makes better clips, and how sure that is: from votes to verdicts, the next pair and the next dollar."""

from hailuo_widgets.judge.agreement import Consistency
from hailuo_widgets.judge.pairs import Pair
from hailuo_widgets.judge.spending import Advice
from hailuo_widgets.judge.study import Chance, Effect, Standing, Study, fit

__all__ = ["Advice", "Chance", "Consistency", "Effect", "Pair", "Standing", "Study", "fit"]
