"""A whole provider, as another package would bring it: a vendor with one POST to buy and one GET to ask."""

from hailuo_widgets.errors import AuthenticationError, BalanceError, VendorError
from hailuo_widgets.providers import Flow, HttpCall, Phase, Provider, Task, TaskState, answers, fields
from hailuo_widgets.spec.catalog import ModelSpec
from hailuo_widgets.spec.request import VideoRequest

WORDS = {"waiting": Phase.QUEUED, "drawing": Phase.RUNNING, "done": Phase.SUCCEEDED, "broken": Phase.FAILED}
CODES: dict[str, type[VendorError]] = {"bad_key": AuthenticationError, "no_money": BalanceError}


class Example(Provider):
    """The wire of api.example.com."""

    name = "example"
    catalog = """
        [example]
        title = "Example Films"
        key = "EXAMPLE_API_KEY"
        hosts = ["https://api.example.com"]
        prompt_max = 1000
        pictures = ["url"]
        camera = "en"
        currency = "USD"

        [[example.rows]]
        models = ["Example-1"]
        modes = ["T2V", "I2V"]
        required = ["prompt"]
        durations = { 768P = [6] }
        defaults = { duration = 6, resolution = "768P" }
        prices = { 768P = { 6 = 0.20 } }
    """

    def submit(self, request: VideoRequest, row: ModelSpec) -> Flow[TaskState]:
        """Buy a clip: yield the one paying call, be sent the reply, return the task."""
        body = {"model": row.wire_model, "prompt": request.prompt, "seconds": request.duration}
        if request.first_frame:
            body["image"] = request.first_frame.to_wire()
        reply = yield HttpCall("POST", "/v1/clips", json=body, paying=True)
        task_id, _ = answers.submitted(reply, CODES, places=(("id",),))
        return TaskState(Task(task_id), Phase.QUEUED)

    def poll(self, task: Task) -> Flow[TaskState]:
        """Ask how it stands. A word that is not in `WORDS` means that it still runs."""
        reply = yield HttpCall("GET", f"/v1/clips/{task.id}")
        answer = answers.answered(reply, CODES)
        word = fields.text(answer.get("status"))
        phase = fields.phase(word, WORDS)
        if phase is Phase.FAILED:
            return TaskState(task, phase, word, error=answers.failure(reply, *answers.said(answer), CODES))
        url = fields.clip_url(answer.get("url"), reply) if phase is Phase.SUCCEEDED else None
        return TaskState(task, phase, word, progress=fields.percent(answer.get("percent")), url=url)
