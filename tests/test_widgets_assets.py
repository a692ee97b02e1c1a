"""What the views share is joined into one module and one style sheet each."""

import re

from hailuo_widgets.views._assets import joined


def test_joined_files_import_and_export_nothing_among_themselves():
    module = joined("dom.js", "placed.js", "job_card.js")
    assert not re.search(r'^import |from "\./', module, re.MULTILINE)
    assert re.findall(r"^export .*", module, re.MULTILINE) == ["export default placed((model, signal) => {"]
    assert module.index("function element") < module.index("function layOut")
