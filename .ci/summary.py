"""Add up pytest's reports: a table, and a last line `N passed, N failed`. Fails where no test ran or one failed."""

import sys
from pathlib import Path
from xml.etree import ElementTree as ET


def main(folder: Path) -> int:
    totals = [0, 0, 0]
    print(f"{'checks':<20} {'passed':>7} {'failed':>7} {'skipped':>8} {'seconds':>8}")
    for report in sorted(folder.glob("*.xml")):
        for suite in ET.parse(report).getroot().iter("testsuite"):  # written by the run before
            tests, failed, skipped = (
                int(suite.get("tests", 0)),
                int(suite.get("failures", 0)) + int(suite.get("errors", 0)),
                int(suite.get("skipped", 0)),
            )
            seconds = float(suite.get("time", 0))
            print(f"{report.stem:<20} {tests - failed - skipped:7} {failed:7} {skipped:8} {seconds:8.0f}")
            totals = [totals[0] + tests - failed - skipped, totals[1] + failed, totals[2] + skipped]
    passed, failed, skipped = totals
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return int(failed > 0 or passed == 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
