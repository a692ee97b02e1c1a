"""Records as a data frame and as Parquet, where what that needs is installed; and what can be kept at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hailuo_widgets.disk import writing
from hailuo_widgets.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import pandas as pd


def storable(value: Any) -> Any:
    """JSON without halves of characters, which neither databases nor files take."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {storable(name): storable(each) for name, each in value.items()}
    return [storable(each) for each in value] if isinstance(value, list) else value


def spreadsheet_text(value: str) -> str:
    """Text that a spreadsheet shows and never computes: it would take one that begins with `=` for a formula."""
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def data_frame(records: Iterable[dict[str, Any]], columns: Sequence[str] = ()) -> pd.DataFrame:
    """One row a record.

    Args:
        records: Names and values.
        columns: Those that are there even if there are no records.

    Raises:
        UsageError: If pandas is not installed.
    """
    try:
        import pandas as pd
    except ModuleNotFoundError:
        raise UsageError("A data frame needs pandas.", hint="%pip install pandas") from None
    rows = list(records)
    return pd.DataFrame(rows, columns=None if rows else list(columns))


def json_lines(records: Iterable[dict[str, Any]]) -> str:
    """Records as a JSON object a line."""
    return "".join(f"{json.dumps(storable(each), ensure_ascii=False)}\n" for each in records)


def to_parquet(frame: pd.DataFrame, path: Path) -> Path:
    """Write a data frame into a Parquet file.

    Raises:
        UsageError: If pyarrow is not installed.
        LibraryError: If the disk refuses it.
    """
    try:
        with writing(path):
            frame.to_parquet(path)
    except ImportError:
        raise UsageError("Parquet needs pyarrow.", hint="%pip install pyarrow") from None
    return path
