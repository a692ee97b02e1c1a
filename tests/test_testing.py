"""The suite that other packages' providers can run: ours pass it, and each broken rule is named."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from hailuo_widgets.errors import VendorFaultError
from hailuo_widgets.providers import HttpCall, Phase, Task, TaskState, names, provider
from hailuo_widgets.spec.request import VideoRequest
from hailuo_widgets.testing import check_provider

ADAPTER = Path(__file__).parent / "data" / "example_provider.py"
URL = "https://example.com/clip.mp4"
OK = {"base_resp": {"status_code": 0, "status_msg": "success"}}
WORDS = {"error": {"code": "param_error", "message": "words"}}
MINIMAX = {
    "accepted": {"task_id": "1", **OK},
    "running": {"task_id": "1", "status": "Processing", **OK},
    "done": [
        {"task_id": "1", "status": "Success", "file_id": "2", **OK},
        {"file": {"file_id": 2, "download_url": URL}, **OK},
    ],
    "failed": {"task_id": "1", "status": "Fail", "base_resp": {"status_code": 1026, "status_msg": "input sensitive"}},
}
PPIO = {
    "accepted": {"task_id": "1"},
    "running": {"task": {"task_id": "1", "status": "TASK_STATUS_PROCESSING", "progress_percent": 40}, "videos": []},
    "done": {"task": {"task_id": "1", "status": "TASK_STATUS_SUCCEED"}, "videos": [{"video_url": URL}]},
    "failed": {"task": {"task_id": "1", "status": "TASK_STATUS_FAILED", "reason": "ILLEGAL_PROMPT"}},
}
ANSWERS = {
    "minimax": MINIMAX,
    "sketch": MINIMAX,
    "ppio": PPIO,
    "novita": PPIO,
    "modelverse": {
        "accepted": {"output": {"task_id": "1"}, "request_id": "r"},
        "running": {"output": {"task_id": "1", "task_status": "Running"}, "request_id": ""},
        "done": {"output": {"task_id": "1", "task_status": "Success", "urls": [URL]}, "request_id": ""},
        "failed": {"output": {"task_id": "1", "task_status": "Failure", "error_message": "code=X, message=y"}},
    },
    "evolink": {
        "accepted": {"id": "task-unified-1", "status": "pending", "progress": 0},
        "running": {"id": "task-unified-1", "status": "processing", "progress": 40},
        "done": {"id": "task-unified-1", "status": "completed", "progress": 100, "results": [URL]},
        "failed": {"id": "task-unified-1", "status": "failed", **WORDS},
    },
    "acedata": {
        "accepted": {"task_id": "1"},
        "running": {"id": "1", "request": {}},
        "done": {"id": "1", "response": {"success": True, "data": [{"video_url": URL, "state": "succeeded"}]}},
        "failed": {"id": "1", "response": {"success": False, **WORDS}},
    },
}
H3 = {
    "accepted": {"task_id": "1"},
    "running": {"task": {"id": "1", "status": "running"}},
    "done": {"task": {"id": "1", "status": "succeeded", "content": {"url": URL}}},
    "failed": {"task": {"id": "1", "status": "failed", "error": {"code": "1026", "message": "sensitive"}}},
}
EXAMPLE = {
    "accepted": {"id": 7},
    "running": {"status": "drawing", "percent": 40},
    "done": {"status": "done", "url": URL},
    "failed": {"status": "broken", "error": {"message": "The projector caught fire."}},
}


@pytest.mark.parametrize("name", names())
def test_ours_keep_the_rules(name):
    check_provider(type(provider(name)), **ANSWERS[name])


def test_so_does_the_second_wire():
    check_provider(type(provider("minimax")), request=VideoRequest(prompt="A fox", model="MiniMax-H3"), **H3)


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def example(tmp_path):
    """The example of the documentation, with something else in some places."""

    def make(*changes):
        text = ADAPTER.read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "changed_provider.py"
        path.write_text(text)
        return load(path).Example

    yield make
    sys.modules.pop("changed_provider", None)


def test_so_does_the_example_of_the_documentation(example):
    check_provider(example(), **EXAMPLE)


def complaint(kind, **answers):
    with pytest.raises(AssertionError) as caught:
        check_provider(kind, **{**EXAMPLE, **answers})
    return str(caught.value)


ACCEPTED = "answer = answers.answered(reply, CODES)"
BUY = '"/v1/clips", json=body, paying=True)'


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([("fields.phase(word, WORDS)", "WORDS[word]")], "KeyError('reticulating_splines')"),
        ([("fields.phase(word, WORDS)", "WORDS.get(word, Phase.SUCCEEDED)")], "such a task still runs"),
        ([(ACCEPTED, "answer = __import__('json').loads(reply.body)")], "which is no VendorError"),
        ([(ACCEPTED, "answer = reply.json()")], "which is no VendorError"),
        ([(", paying=True", "")], "submit makes 0 paying calls"),
        ([(BUY, BUY + "\n        reply = yield HttpCall('POST', '/v1/clips', json=body, paying=True)")], "2 paying"),
        ([('"GET", f"/v1/clips/{task.id}"', '"GET", f"/v1/clips/{task.id}", paying=True')], "1 paying calls are made"),
        ([('fields.clip_url(answer.get("url"), reply)', 'answer.get("url")')], "no address on the web"),
        ([("error=answers.failure(reply, *answers.said(answer), CODES)", "error=None")], "failed comes without an error"),
        ([('f"/v1/clips/{task.id}"', '"https://example.com/elsewhere"')], "path below the base URL"),
        ([("import ModelSpec\n", "import ModelSpec\nimport requests\n")], "imports requests"),
        ([("import ModelSpec\n", "import ModelSpec\nfrom urllib import request\n")], "imports urllib.request"),
        ([('hosts = ["https:', 'hosts = ["http:')], "not https"),
        ([("        [example]\n", "        [example\n")], "catalogue can't be read"),
        ([("[[example.rows]]", "[[example.rest]]")], "no row for example"),
        ([('name = "example"', 'name = ""')], "no name"),
        ([("def poll(", "async def poll(self, task):\n        raise ValueError\n\n    def unused(")], "poll is async"),
        ([("def poll(", "def pol(")], "has no poll"),
        ([('required = ["prompt"]', 'required = ["prompt", "first_frame"]')], "Give a request that can"),
        ([('reply = yield HttpCall("GET"', 'while True:\n            reply = yield HttpCall("GET"')], "without end"),
    ],
)  # fmt: skip
def test_each_broken_rule_is_named(example, changes, said, monkeypatch):
    monkeypatch.setitem(sys.modules, "requests", sys)  # what is imported there is not what this is about
    assert said in complaint(example(*changes))


def test_a_clear_no_to_an_unclear_answer_is_found(example):
    kind = example()

    class Careless(kind):
        def submit(self, request, row):
            reply = yield HttpCall("POST", "/v1/clips", json={}, paying=True)
            try:
                return TaskState(Task(str(reply.object()["id"])), Phase.QUEUED)
            except (KeyError, VendorFaultError):
                raise VendorFaultError("No.", charged="no", retryable=True) from None

    Careless.__module__ = kind.__module__
    assert "may have been charged" in complaint(Careless)


def test_a_question_that_gives_up_at_a_gateways_page_is_found(example):
    kind = example()

    class Faint(kind):
        def poll(self, task):
            try:
                return (yield from super().poll(task))
            except VendorFaultError as error:
                raise VendorFaultError(str(error), retryable=False) from None

    Faint.__module__ = kind.__module__
    assert "must be asked again" in complaint(Faint)


def test_answers_that_don_t_fit_are_named(example):
    kind = example()
    assert "takes the done answer for running" in complaint(kind, done={"status": "waiting for the sun"})
    assert "no task for the accepted answer" in complaint(kind, accepted={})


def test_what_is_no_provider_at_all():
    assert "no subclass" in complaint(dict)
